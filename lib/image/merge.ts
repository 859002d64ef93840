/**
 * Several files for flash as one.
 *
 * @module
 */

import { alignDown, alignUp, formatAddress } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { ImageError } from "../errors.ts";
import {
  type FlashParameters,
  patchFlashParameters,
} from "./flash_parameters.ts";
import { type FlashFormat, unpackFlashFile } from "./flash_content.ts";
import { formatIntelHex } from "./intel_hex.ts";
import { joinRaw } from "./_raw.ts";
import type { Segment } from "./segment.ts";
import { encodeUf2 } from "./uf2.ts";

/** One past the last address. */
const ADDRESS_SPACE = 2 ** 32;
/** The least that can be erased. */
const SECTOR_SIZE = 0x1000;
/** A file to be merged. */
export interface MergeFile extends Segment {
  /** What it is called in messages. */
  readonly name?: string | undefined;
}

/** Options of {@linkcode mergeImages}. */
export interface MergeOptions {
  /** Which chip the files are for. */
  readonly chip: ChipFamily;
  /**
   * The merged file's format.
   *
   * @default {"raw"}
   */
  readonly format?: FlashFormat | undefined;
  /**
   * Where the merged file will be written, in bytes from the start of flash;
   * no file may be in front of it.
   *
   * @default {0}
   */
  readonly targetOffset?: number | undefined;
  /** How much of the flash a raw file fills, up to this address. */
  readonly padToSize?: number | undefined;
  /** Flash parameters for the image at the bootloader's offset; those left out are kept. */
  readonly parameters?: FlashParameters | undefined;
  /** How many bytes go into a block of UF2; as many as fit unless told. */
  readonly chunkSize?: number | undefined;
  /**
   * Whether the blocks of UF2 carry MD5 digests.
   *
   * @default {true}
   */
  readonly md5?: boolean | undefined;
  /** Told, as a sentence without its period, what has not been done as it was asked for. */
  readonly onNote?: ((message: string) => void) | undefined;
}

/**
 * Merges files for flash into one. An Intel HEX or UF2 file goes where it says itself.
 *
 * @returns The merged file. A raw one begins at the target offset and has 0xFF
 * where no file is; the others say where their bytes belong, and have no gaps.
 * @throws {RangeError} If two files touch the same sector, one is in front of
 * the target offset or goes past 32 bits, or the chip does not know a flash
 * parameter's name.
 * @throws {ImageError} If an Intel HEX or UF2 file is malformed, no file holds
 * anything, or a raw file would be larger than any flash.
 *
 * @example A bootloader and an application as one file
 * ```ts
 * import { mergeImages } from "@espline/espline/image";
 * import { chipById } from "@espline/espline";
 *
 * const files = [
 *   { address: 0x0, data: Uint8Array.of(1, 2, 3, 4) },
 *   { address: 0x1_0000, data: Uint8Array.of(5, 6, 7, 8) },
 * ];
 * const merged = mergeImages(files, { chip: chipById("esp32c3") });
 * console.log(merged.length); // 65540
 * ```
 */
export function mergeImages(
  files: readonly MergeFile[],
  options: MergeOptions,
): Uint8Array<ArrayBuffer> {
  const { chip, format = "raw", targetOffset = 0, chunkSize, md5 } = options;
  const pieces = files.flatMap((file) => unpack(file, chip))
    .sort((a, b) => a.address - b.address)
    .map((piece) => patch(piece, options));
  checkPlaces(pieces, targetOffset);
  noteUnheeded(format, options);
  switch (format) {
    case "raw":
      return joinRaw(pieces, targetOffset, endOf(pieces, options.padToSize));
    case "hex":
      return formatIntelHex(pieces);
    case "uf2":
      return encodeUf2(pieces, {
        familyId: chip.image.uf2FamilyId,
        chunkSize,
        md5,
      });
  }
}

interface Piece extends MergeFile {
  /** The file that it comes from. */
  readonly file: MergeFile;
}

function unpack(file: MergeFile, chip: ChipFamily): Piece[] {
  const { address, data, name } = file;
  try {
    return unpackFlashFile(data, { address, chip }).segments
      .map((segment) => ({ ...segment, name, file }));
  } catch (cause) {
    if (!(cause instanceof ImageError) || name === undefined) throw cause;
    const { message, code, offset, hint } = cause;
    throw new ImageError(`Cannot merge "${name}": ${message}`, {
      ...{ code, offset, hint, cause },
    });
  }
}

/** Tells of options that mean something to other formats only. */
function noteUnheeded(format: FlashFormat, options: MergeOptions): void {
  const { padToSize, chunkSize, md5, onNote } = options;
  if (format !== "raw" && padToSize !== undefined) {
    onNote?.(`There is no padding in a file of the format ${format}`);
  }
  if (format !== "uf2" && (chunkSize !== undefined || md5 === false)) {
    onNote?.(`There are no blocks of UF2 in a file of the format ${format}`);
  }
}

function patch(piece: Piece, options: MergeOptions): Piece {
  const { chip, parameters = {}, onNote } = options;
  const isAsked = Object.values(parameters).some((name) => name !== undefined);
  const isPlace = piece.address === chip.flash.bootloaderOffset;
  if (!isAsked || !isPlace || piece.data.length === 0) return piece;
  try {
    return {
      ...piece,
      data: patchFlashParameters(piece.data, parameters, chip),
    };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    onNote?.(
      `Flash parameters are left as they are in ${
        describePiece(piece)
      }: ${error.message}`,
    );
    return piece;
  }
}

function checkPlaces(pieces: readonly Piece[], targetOffset: number): void {
  const [first] = pieces;
  if (first === undefined) {
    throw new ImageError("Cannot merge: no file holds anything", { offset: 0 });
  }
  if (first.address < targetOffset) {
    throw new RangeError(
      `Cannot merge: ${describePiece(first)} is in front of the target offset ${
        formatAddress(targetOffset)
      }`,
    );
  }
  const far = pieces.find(({ address, data }) =>
    address + data.length > ADDRESS_SPACE
  );
  if (far !== undefined) {
    throw new RangeError(
      `Cannot merge: ${describePiece(far)} goes past 32 bits`,
    );
  }
  pieces.reduce((piece, next) => {
    const end = piece.address + piece.data.length;
    if (
      piece.file !== next.file &&
      alignUp(end, SECTOR_SIZE) > alignDown(next.address, SECTOR_SIZE)
    ) {
      throw new RangeError(
        `Cannot merge: ${describePiece(piece)} and ${
          describePiece(next)
        } touch the same 4 KiB sector`,
      );
    }
    return next;
  });
}

/** Where the last byte is, or the padding ends. */
function endOf(pieces: readonly Piece[], padToSize = 0): number {
  return pieces.reduce(
    (end, { address, data }) => Math.max(end, address + data.length),
    padToSize,
  );
}

function describePiece({ name, address, data }: MergeFile): string {
  return `${name === undefined ? `${data.length} bytes` : `"${name}"`} at ${
    formatAddress(address)
  }`;
}
