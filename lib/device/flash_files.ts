/**
 * What is to be written to flash, and where.
 *
 * @module
 */

import { alignDown, alignUp, formatAddress } from "../bytes.ts";
import { EspError } from "../errors.ts";

/** Bytes of a flash sector, the least that can be erased. */
export const FLASH_SECTOR_SIZE = 0x1000;

/** A file that has been read, and perhaps compressed, once for many boards. */
export interface PreparedFile {
  /** The file's bytes. */
  readonly data: Uint8Array;
  /** A zlib stream of exactly `data`. Used as long as the bytes need no change on their way. */
  readonly deflated?: Uint8Array | undefined;
  /** What it is called in messages. */
  readonly name?: string | undefined;
  /** Whether the chip encrypts it on its way into flash. */
  readonly encrypt?: boolean | undefined;
  /**
   * What was written there before, so that only the sectors that differ are
   * written. If the flash does not hold the whole file then, all of it is.
   */
  readonly previous?: Uint8Array | undefined;
}

/** A file's path or URL, or its bytes. */
export type FlashSource = string | URL | Uint8Array | PreparedFile;

/** Files by flash address: an object, whose keys are numbers or text such as `"0x10000"`, or pairs. */
export type FlashFiles =
  | Readonly<Record<number | string, FlashSource>>
  | ReadonlyArray<readonly [address: number, source: FlashSource]>;

/** A file and its flash address. */
export interface PlacedFile extends PreparedFile {
  /** Where in flash, in bytes. */
  readonly address: number;
}

/**
 * Reads files and checks their addresses.
 *
 * @returns The files by rising address.
 * @throws {RangeError} If an address is no whole number from 0 on, or two files touch the same sector.
 * @throws {EspError} `file-invalid` if a file is empty or cannot be read.
 */
export async function loadFlashFiles(files: FlashFiles): Promise<PlacedFile[]> {
  const pairs = Array.isArray(files)
    ? files as ReadonlyArray<readonly [number, FlashSource]>
    : Object.entries(files).map(([address, source]) =>
      [Number(address), source] as const
    );
  for (const [address] of pairs) {
    if (!Number.isInteger(address) || address < 0 || address > 0xffff_ffff) {
      throw new RangeError(
        `Cannot write flash at ${address}: it is no address`,
      );
    }
  }
  const placed = await Promise.all(
    pairs.map(async ([address, source]) => ({
      address,
      ...await load(source),
    })),
  );
  placed.sort((a, b) => a.address - b.address);
  placed.forEach((file, index) => checkOverlap(file, placed[index + 1]));
  return placed;
}

async function load(source: FlashSource): Promise<PreparedFile> {
  if (source instanceof Uint8Array) return nonEmpty({ data: source });
  if (typeof source !== "string" && !(source instanceof URL)) {
    return nonEmpty(source);
  }
  const name = String(source);
  try {
    return nonEmpty({ data: await Deno.readFile(source), name });
  } catch (cause) {
    if (cause instanceof EspError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EspError(`Cannot read "${name}": ${reason}`, {
      code: "file-invalid",
      cause,
    });
  }
}

function nonEmpty(file: PreparedFile): PreparedFile {
  if (file.data.length > 0) return file;
  throw new EspError(`Cannot write "${file.name ?? "data"}": it is empty`, {
    code: "file-invalid",
  });
}

function checkOverlap(file: PlacedFile, next: PlacedFile | undefined): void {
  if (next === undefined) return;
  const end = alignUp(file.address + file.data.length, FLASH_SECTOR_SIZE);
  if (end <= alignDown(next.address, FLASH_SECTOR_SIZE)) return;
  throw new RangeError(
    `Cannot write flash: ${describeFile(file)} and ${
      describeFile(next)
    } touch the same 4 KiB sector`,
  );
}

/** A file's name and place, for messages. */
export function describeFile({ name, address, data }: PlacedFile): string {
  return `${name === undefined ? `${data.length} bytes` : `"${name}"`} at ${
    formatAddress(address)
  }`;
}
