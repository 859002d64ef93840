/**
 * What is to be written to flash, and where.
 *
 * @module
 */

import { readFile } from "./_read_file.ts";
import { alignDown, alignUp, equalBytes, formatAddress } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { EspError } from "../errors.ts";
import { buildImageFiles } from "../image/build_image.ts";
import { unpackFlashFile } from "../image/flash_content.ts";
import type { BuildImageOptions } from "../image/image_options.ts";
import { isIntelHex, parseIntelHex } from "../image/intel_hex.ts";
import type { Segment } from "../image/segment.ts";
import { isUf2 } from "../image/uf2.ts";

/** Bytes of a flash sector, the least that can be erased. */
export const FLASH_SECTOR_SIZE = 0x1000;

/** Flash parameters of an image that is made of an ELF file; `elf2image`'s defaults if left out. */
export type ImageParameters = Pick<
  BuildImageOptions,
  "flashMode" | "flashFrequency" | "flashSize"
>;

/** How an ELF file begins. */
const ELF_MAGIC = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46);

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
  /** What `data` are that only a chip makes into bytes for flash; none for plain bytes. */
  readonly container?: FlashContainer | undefined;
}

/** Files of which the connected chip decides what is written: a UF2 file of several families, or an ELF file. */
export type FlashContainer = "uf2" | "elf";

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
 * Reads files and checks their addresses. A path or URL may lead to an Intel
 * HEX or UF2 file, which say themselves where their bytes go, or an ELF file,
 * of which an image is made.
 *
 * @returns The files by rising address.
 * @throws {RangeError} If an address is no whole number from 0 on, or two files touch the same sector.
 * @throws {EspError} `file-invalid` if a file is empty or cannot be read.
 * @throws {ImageError} If an Intel HEX file is malformed.
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
    pairs.map(async ([address, source]) => {
      const file = { address, ...await load(source) };
      return isPath(source) ? unpackHex(file) : [file];
    }),
  );
  return inOrder(placed.flat());
}

/**
 * Makes bytes for flash of what is still a container.
 *
 * @param parameters Flash parameters of an image that is made of an ELF file.
 * @returns The files by rising address.
 * @throws {RangeError} If two files touch the same sector.
 * @throws {ImageError} If a container is malformed, or not for the chip.
 */
export function unpackContainers(
  files: readonly PlacedFile[],
  chip: ChipFamily,
  parameters: ImageParameters,
): PlacedFile[] {
  return inOrder(files.flatMap((file) => unpack(file, chip, parameters)));
}

/** @throws {RangeError} If two files touch the same sector. */
function inOrder(files: readonly PlacedFile[]): PlacedFile[] {
  const sorted = files.toSorted((a, b) => a.address - b.address);
  const known = sorted.filter(({ container }) => container === undefined);
  known.forEach((file, index) => checkOverlap(file, known[index + 1]));
  return sorted;
}

function isPath(source: FlashSource): source is string | URL {
  return typeof source === "string" || source instanceof URL;
}

function unpackHex(file: PlacedFile): PlacedFile[] {
  const { data } = file;
  if (isUf2(data)) return [{ ...file, container: "uf2" }];
  if (startsWith(data, ELF_MAGIC)) return [{ ...file, container: "elf" }];
  return isIntelHex(data) ? pieces(file, parseIntelHex(data)) : [file];
}

function unpack(
  file: PlacedFile,
  chip: ChipFamily,
  parameters: ImageParameters,
): PlacedFile[] {
  const { container, ...plain } = file;
  if (container === undefined) return [file];
  if (container === "uf2") {
    return pieces(plain, unpackFlashFile(file.data, { chip }).segments);
  }
  const images = buildImageFiles(file.data, { chip, ...parameters });
  return pieces(
    plain,
    images.map(({ address = file.address, data }) => ({ address, data })),
  );
}

/** @throws {RangeError} If there is something to compare with: it would have to be taken apart as well. */
function pieces(file: PlacedFile, segments: readonly Segment[]): PlacedFile[] {
  if (file.previous !== undefined) {
    throw new RangeError(
      `Cannot compare ${
        describeFile(file)
      } with an older file: only plain files can be`,
    );
  }
  return segments.map(({ address, data }) => ({ ...file, address, data }));
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, start.length), start);
}

async function load(source: FlashSource): Promise<PreparedFile> {
  if (source instanceof Uint8Array) return nonEmpty({ data: source });
  if (!isPath(source)) return nonEmpty(source);
  const name = String(source);
  return nonEmpty({ data: await readFile(source), name });
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
