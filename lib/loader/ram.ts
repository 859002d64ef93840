/**
 * RAM: programs into it, bytes out of it.
 *
 * @module
 */

import { formatAddress, viewOf } from "../bytes.ts";
import { ChipError } from "../errors.ts";
import type { OperationOptions } from "../progress.ts";
import { loadSegment, type RamSegment } from "./_load_segment.ts";
import { operate } from "./_operation.ts";
import type { Loader } from "./loader.ts";
import { publishedStub, stubRanges } from "./stub.ts";

export type { RamSegment };

const WORD_SIZE = 4;
/** How often {@linkcode dumpMem} tells its progress, in words. */
const WORDS_PER_EVENT = 64;

/**
 * Loads a program into RAM and runs it. The loader is gone afterwards.
 *
 * @param entry Where the program is entered.
 * @throws {ChipError} `ram-overlap` if it would overwrite the stub that loads it.
 */
export async function loadRam(
  loader: Loader,
  segments: readonly RamSegment[],
  entry: number,
  options: OperationOptions = {},
): Promise<void> {
  const { clock } = loader.link;
  await operate(clock, "load the program into RAM", options, async (signal) => {
    if (loader.isStub) await checkOverlap(loader, segments, { signal });
    for (const segment of segments) {
      await loadSegment(loader, "ram", segment, { ...options, signal });
    }
    await loader.memEnd({ entry }, { signal });
  });
}

async function checkOverlap(
  loader: Loader,
  segments: readonly RamSegment[],
  options: OperationOptions,
): Promise<void> {
  const stub = loader.stub ?? await publishedStub(loader, options);
  // A stub of one's own that ran already: nobody knows where it is.
  if (stub === undefined) return;
  for (const { address, data } of segments) {
    const hit = stubRanges(stub).find(({ start, end }) =>
      address < end && start < address + data.length
    );
    if (hit === undefined) continue;
    throw new ChipError(
      `Cannot load ${data.length} bytes at ${
        formatAddress(address)
      }: the stub is at ${formatAddress(hit.start)} to ${
        formatAddress(hit.end)
      }`,
      { code: "ram-overlap", hint: "Connect without the stub." },
    );
  }
}

/**
 * Reads memory, one word a command.
 *
 * @param address On a word.
 * @param size In bytes; need not be whole words.
 * @throws {RangeError} If the address is not on a word, or the size is negative.
 */
export async function dumpMem(
  loader: Loader,
  address: number,
  size: number,
  options: OperationOptions = {},
): Promise<Uint8Array> {
  const what = `dump memory at ${formatAddress(address)}`;
  if (address % WORD_SIZE !== 0 || !Number.isInteger(size) || size < 0) {
    throw new RangeError(
      `Cannot ${what}: the address must be on a word, and ${size} a size`,
    );
  }
  const words = Math.ceil(size / WORD_SIZE);
  const bytes = new Uint8Array(words * WORD_SIZE);
  const view = viewOf(bytes);
  return await operate(loader.link.clock, what, options, async (signal) => {
    for (let word = 0; word < words; word++) {
      const offset = word * WORD_SIZE;
      const value = await loader.readReg(address + offset, { signal });
      view.setUint32(offset, value, true);
      if (
        word % WORDS_PER_EVENT === WORDS_PER_EVENT - 1 || word === words - 1
      ) {
        options.onProgress?.({
          kind: "dump",
          port: loader.port,
          address,
          done: Math.min(size, offset + WORD_SIZE),
          total: size,
        });
      }
    }
    return bytes.subarray(0, size);
  });
}
