import { formatAddress } from "../bytes.ts";
import { CommandError, FrameError, TimeoutError } from "../errors.ts";
import type { OperationOptions } from "../progress.ts";
import { FLASH_DATA } from "../protocol/commands.ts";
import type { FlashBlock, FlashSource } from "./_flash_source.ts";
import type { Loader } from "./loader.ts";

/** One write, as all its steps need it. */
export interface FlashWrite {
  readonly loader: Loader;
  readonly source: FlashSource;
  readonly address: number;
  /** Bytes of flash in all. */
  readonly total: number;
  readonly options: OperationOptions;
}

interface Failure {
  /** The packet that failed; -1 when opening the flash has. */
  readonly index: number;
  readonly error: unknown;
}

/** A stub's status for a damaged packet: the high byte. */
const STUB_CHECKSUM = 0xc1;

/**
 * Sends all packets of a source. What fails is sent again from where the
 * device can take it up: a ROM counts a damaged packet as taken, and after a
 * lost reply nobody knows whether the packet was, so the flash is opened anew.
 */
export async function sendToFlash(write: FlashWrite): Promise<void> {
  const failures = new Map<number, number>();
  // Opening the flash erases, so from here on it is no longer what it was.
  report(write, 0);
  for (let from = 0;;) {
    const failure = await sendFrom(write, from);
    if (failure === undefined) return;
    const { index, error } = failure;
    const tries = (failures.get(index) ?? 0) + 1;
    failures.set(index, tries);
    if (tries >= write.loader.link.writeAttempts) throw error;
    if (index >= 0) from = write.source.resume(index);
    note(write, index, error);
  }
}

async function sendFrom(
  write: FlashWrite,
  from: number,
): Promise<Failure | undefined> {
  const { loader, source, options: { signal } } = write;
  let index = -1;
  try {
    await source.begin(loader, from, { signal });
    let done = source.filledBefore(from);
    let limit = 0;
    for (index = from; index < source.blocks; index++) {
      const block = await source.block(index);
      await sendBlock(write, block, index, from);
      done += block.fills;
      report(write, index === source.blocks - 1 ? write.total : done);
      limit = FLASH_DATA.timeout(loader.link.timeouts, {
        ...block,
        sequence: index,
      });
    }
    // A stub answers a packet before it writes it, so only this shows how the
    // last one fared. A ROM has written by then, and would leave the loader.
    if (loader.isStub) {
      await source.end(loader, { reboot: false }, { limit, signal });
    }
    return undefined;
  } catch (error) {
    if (!canRetry(write, index, error)) throw error;
    return { index, error };
  }
}

async function sendBlock(
  write: FlashWrite,
  { data, writes }: FlashBlock,
  index: number,
  from: number,
): Promise<void> {
  const { loader, source, options: { signal } } = write;
  const place = { sequence: index - from, writes };
  for (let attempt = 1;; attempt++) {
    try {
      return await source.send(loader, data, place, { signal });
    } catch (error) {
      // A stub looks at the checksum first, and takes the packet again.
      const last = attempt >= loader.link.writeAttempts;
      if (!isDamaged(loader, error) || last) throw error;
      note(write, index, error);
    }
  }
}

function isDamaged(loader: Loader, error: unknown): boolean {
  return loader.isStub && error instanceof CommandError &&
    error.status >> 8 === STUB_CHECKSUM;
}

function canRetry(
  { loader, options: { signal } }: FlashWrite,
  index: number,
  error: unknown,
): boolean {
  if (signal?.aborted) return false;
  if (error instanceof TimeoutError || error instanceof FrameError) return true;
  return index >= 0 && error instanceof CommandError &&
    error.code === "command-failed" && !isDamaged(loader, error);
}

function note(
  { loader, source, address, options }: FlashWrite,
  index: number,
  error: unknown,
): void {
  const why = error instanceof Error ? error.message : String(error);
  const what = index < 0 ? "the start" : `packet ${index} of ${source.blocks}`;
  options.onProgress?.({
    kind: "note",
    port: loader.port,
    message: `Writing at ${formatAddress(address)} tries ${what} again: ${why}`,
  });
}

function report(
  { loader, address, total, options }: FlashWrite,
  done: number,
): void {
  options.onProgress?.({
    kind: "write",
    port: loader.port,
    address,
    done: Math.min(done, total),
    total,
  });
}
