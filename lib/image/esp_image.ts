/**
 * ESP images: what a ROM or a second-stage bootloader loads.
 *
 * ```
 * header      E9 | segments | flash mode | size and frequency | entry (4)
 * extended    16 bytes: pins, chip id, revisions, digest flag (not on the ESP8266)
 * segment     address (4) | size (4) | data                       as often as the header says
 * tail        zeros up to 16 n - 1 | checksum (1) | SHA-256 (32) if the digest flag is set
 * ```
 *
 * All words are little-endian. Sources: esptool documentation, "Firmware Image
 * Format"; ESP-IDF, `esp_app_format.h`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  alignUp,
  CHECKSUM_SEED,
  equalBytes,
  formatAddress,
  viewOf,
  xorChecksum,
} from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { ImageError } from "../errors.ts";
import type { Segment } from "./segment.ts";

/** The first byte of an image. */
export const IMAGE_MAGIC = 0xe9;

const HEADER_SIZE = 8;
const EXTENDED_HEADER_SIZE = 16;
const SEGMENT_HEADER_SIZE = 8;
const CHECKSUM_ALIGNMENT = 16;
const DIGEST_SIZE = 32;
const MAX_SEGMENTS = 16;
const CHIP_ID_OFFSET = 12;
const LEGACY_MIN_REVISION_OFFSET = 14;
const MIN_REVISION_OFFSET = 15;
const MAX_REVISION_OFFSET = 17;
const DIGEST_FLAG_OFFSET = 23;
/** The write-protect pin of an image that leaves the pin to eFuse. */
const WP_PIN_DISABLED = 0xee;
/** "Any revision": the greatest that the field holds. */
const MAX_REVISION_ANY = 0xffff;

/** Flash access modes, as the image header's byte 2. */
export const FLASH_MODES = Object.freeze({ qio: 0, qout: 1, dio: 2, dout: 3 });

/** How the flash is read: address and data on four or two lines. */
export type FlashMode = keyof typeof FLASH_MODES;

/** The part of the header that only chips after the ESP8266 have. */
export interface ExtendedHeader {
  /** Which chip the image is for. */
  readonly chipId: number;
  /** The byte in which images before ESP-IDF 4.4 give the least revision. */
  readonly legacyMinRevision: number;
  /** The least chip revision that it runs on: major × 100 + minor. */
  readonly minRevision: number;
  /** The greatest chip revision that it runs on: major × 100 + minor; 65535 is any, 0 is unsaid. */
  readonly maxRevision: number;
  /** Whether a SHA-256 digest follows the checksum. */
  readonly hasDigest: boolean;
}

/** An image, taken apart. */
export interface EspImage {
  /** The flash mode's number. */
  readonly flashMode: number;
  /** The flash size's nibble. */
  readonly flashSize: number;
  /** The flash frequency's nibble. */
  readonly flashFrequency: number;
  /** Where the program starts. */
  readonly entry: number;
  /** The extended header, where the chip has one. */
  readonly extended?: ExtendedHeader;
  /** The segments in their order; their data are views of the image. */
  readonly segments: readonly Segment[];
  /** The checksum that the image carries. */
  readonly checksum: number;
  /** The checksum that it should carry. */
  readonly expectedChecksum: number;
  /** How many bytes the image has without the digest. */
  readonly size: number;
  /** The digest that the image carries, as a view. */
  readonly digest?: Uint8Array;
}

/**
 * Takes an image apart. A wrong checksum or digest is told, not thrown.
 *
 * @param chip Decides whether the header is extended.
 * @throws {ImageError} If the bytes are no image or end too early.
 */
export function parseImage(image: Uint8Array, chip: ChipFamily): EspImage {
  const view = viewOf(image);
  const extendedSize = chip.imageChipId === undefined
    ? 0
    : EXTENDED_HEADER_SIZE;
  if (image.length < HEADER_SIZE + extendedSize || image[0] !== IMAGE_MAGIC) {
    throw new ImageError(
      `Cannot parse image: it does not begin with a header for ${chip.name}`,
      { offset: 0 },
    );
  }
  const { segments, end } = parseSegments(image, HEADER_SIZE + extendedSize);
  const size = alignUp(end + 1, CHECKSUM_ALIGNMENT);
  const extended = extendedSize === 0 ? undefined : parseExtendedHeader(view);
  const total = size + (extended?.hasDigest ? DIGEST_SIZE : 0);
  if (image.length < total) {
    throw new ImageError(
      `Cannot parse image: it has ${image.length} bytes, its headers promise ${total}`,
      {
        offset: image.length,
      },
    );
  }
  return {
    flashMode: view.getUint8(2),
    flashSize: view.getUint8(3) >> 4,
    flashFrequency: view.getUint8(3) & 0xf,
    entry: view.getUint32(4, true),
    ...(extended && { extended }),
    segments,
    checksum: view.getUint8(size - 1),
    expectedChecksum: segments.reduce(
      (sum, { data }) => xorChecksum(data, sum),
      CHECKSUM_SEED,
    ),
    size,
    ...(extended?.hasDigest && { digest: image.subarray(size, total) }),
  };
}

function parseExtendedHeader(view: DataView): ExtendedHeader {
  return {
    chipId: view.getUint16(CHIP_ID_OFFSET, true),
    legacyMinRevision: view.getUint8(LEGACY_MIN_REVISION_OFFSET),
    minRevision: view.getUint16(MIN_REVISION_OFFSET, true),
    maxRevision: view.getUint16(MAX_REVISION_OFFSET, true),
    hasDigest: view.getUint8(DIGEST_FLAG_OFFSET) === 1,
  };
}

function parseSegments(
  image: Uint8Array,
  start: number,
): { segments: Segment[]; end: number } {
  const view = viewOf(image);
  const count = view.getUint8(1);
  if (count > MAX_SEGMENTS) {
    throw new ImageError(
      `Cannot parse image: it has ${count} segments, ${MAX_SEGMENTS} are allowed`,
      { offset: 1 },
    );
  }
  const segments: Segment[] = [];
  let offset = start;
  for (let index = 0; index < count; index++) {
    const dataStart = offset + SEGMENT_HEADER_SIZE;
    const size = dataStart <= image.length
      ? view.getUint32(offset + 4, true)
      : Infinity;
    if (dataStart + size > image.length) {
      throw new ImageError(
        `Cannot parse image: segment ${index} goes past its end`,
        { offset },
      );
    }
    segments.push({
      address: view.getUint32(offset, true),
      data: image.subarray(dataStart, dataStart + size),
    });
    offset = dataStart + size;
  }
  return { segments, end: offset };
}

/** Whether the digest that an image carries is right; `undefined` if it carries none. */
export function isDigestValid(
  image: Uint8Array,
  parsed: EspImage,
): boolean | undefined {
  if (parsed.digest === undefined) return undefined;
  return equalBytes(parsed.digest, sha256(image.subarray(0, parsed.size)));
}

/** Flash parameters by name; a parameter that is left out is kept. */
export interface FlashParameters {
  /** The access mode. */
  readonly mode?: FlashMode | undefined;
  /** The size, such as `4MB`. */
  readonly size?: string | undefined;
  /** The frequency, such as `40m`. */
  readonly frequency?: string | undefined;
}

/**
 * Changes the flash parameters in an image's header, and its digest with them.
 *
 * @returns `image` itself if nothing changes, else a changed copy.
 * @throws {ImageError} If the bytes are no image of the chip.
 * @throws {RangeError} If the chip does not know a parameter's name.
 */
export function patchFlashParameters(
  image: Uint8Array,
  parameters: FlashParameters,
  chip: ChipFamily,
): Uint8Array {
  const parsed = parseImage(image, chip);
  const mode = parameters.mode === undefined
    ? parsed.flashMode
    : FLASH_MODES[parameters.mode];
  const size = parameters.size === undefined
    ? parsed.flashSize
    : nibbleOf(chip, "flash size", chip.flash.sizes, parameters.size);
  const frequency = parameters.frequency === undefined
    ? parsed.flashFrequency
    : nibbleOf(
      chip,
      "flash frequency",
      chip.flash.frequencies,
      parameters.frequency,
    );
  const sizeAndFrequency = size << 4 | frequency;
  if (image[2] === mode && image[3] === sizeAndFrequency) return image;
  const patched = image.slice();
  patched[2] = mode;
  patched[3] = sizeAndFrequency;
  if (parsed.digest !== undefined) {
    patched.set(sha256(patched.subarray(0, parsed.size)), parsed.size);
  }
  return patched;
}

function nibbleOf(
  chip: ChipFamily,
  what: string,
  table: Readonly<Record<string, number>>,
  name: string,
): number {
  const nibble = Object.hasOwn(table, name) ? table[name] : undefined;
  if (nibble === undefined) {
    throw new RangeError(
      `Cannot encode ${what} "${name}": ${chip.name} knows ${
        Object.keys(table).join(", ")
      }`,
    );
  }
  return nibble;
}

/** A program: what is loaded, and where it starts. */
export interface Program {
  /** Where it starts. */
  readonly entry: number;
  /** What is loaded, in the order in which the image has it. */
  readonly segments: readonly Segment[];
}

/** Options of {@linkcode buildImage}. */
export interface BuildImageOptions {
  /** Which chip the image is for. */
  readonly chip: ChipFamily;
  /**
   * The flash access mode.
   *
   * @default {"qio"}
   */
  readonly flashMode?: FlashMode;
  /**
   * The flash size.
   *
   * @default {"1MB"}
   */
  readonly flashSize?: string;
  /**
   * The flash frequency.
   *
   * @default {"40m"}
   */
  readonly flashFrequency?: string;
  /**
   * The least chip revision, major × 100 + minor. Not on the ESP8266.
   *
   * @default {0}
   */
  readonly minRevision?: number;
  /**
   * The greatest chip revision, major × 100 + minor. Not on the ESP8266.
   *
   * @default {65535}
   */
  readonly maxRevision?: number;
}

/**
 * Builds an image that the chip's ROM loads into RAM: version 1 on the ESP8266, with
 * extended header and SHA-256 digest on the others.
 *
 * Data are padded with zeros to whole words. Segments that a chip maps from
 * flash need a page alignment that this function does not lay out.
 *
 * @throws {ImageError} If there are too many segments, or one is mapped from flash.
 * @throws {RangeError} If the chip does not know a flash parameter's name.
 */
export function buildImage(
  program: Program,
  options: BuildImageOptions,
): Uint8Array<ArrayBuffer> {
  const { chip } = options;
  checkProgram(program, chip);
  const extendedSize = chip.imageChipId === undefined
    ? 0
    : EXTENDED_HEADER_SIZE;
  const end = program.segments.reduce(
    (offset, { data }) =>
      offset + SEGMENT_HEADER_SIZE + alignUp(data.length, 4),
    HEADER_SIZE + extendedSize,
  );
  const size = alignUp(end + 1, CHECKSUM_ALIGNMENT);
  const image = new Uint8Array(size + (extendedSize === 0 ? 0 : DIGEST_SIZE));
  const view = viewOf(image);
  writeHeader(view, program, options);
  let offset = HEADER_SIZE + extendedSize;
  for (const { address, data } of program.segments) {
    view.setUint32(offset, address, true);
    view.setUint32(offset + 4, alignUp(data.length, 4), true);
    image.set(data, offset + SEGMENT_HEADER_SIZE);
    offset += SEGMENT_HEADER_SIZE + alignUp(data.length, 4);
  }
  image[size - 1] = program.segments.reduce(
    (sum, { data }) => xorChecksum(data, sum),
    CHECKSUM_SEED,
  );
  if (extendedSize > 0) image.set(sha256(image.subarray(0, size)), size);
  return image;
}

function checkProgram({ segments }: Program, chip: ChipFamily): void {
  if (segments.length > MAX_SEGMENTS) {
    throw new ImageError(
      `Cannot build image: it has ${segments.length} segments, ${MAX_SEGMENTS} are allowed`,
      {
        offset: 1,
      },
    );
  }
  for (const { address } of segments) {
    const region = chip.memory.find(({ start, end }) =>
      start <= address && address < end
    );
    if (region?.kind === "irom" || region?.kind === "drom") {
      throw new ImageError(
        `Cannot build image: the segment at ${
          formatAddress(address)
        } is mapped from flash`,
        {
          offset: 0,
          hint: "Build an image with mapped segments with elf2image.",
        },
      );
    }
  }
}

function writeHeader(
  view: DataView,
  program: Program,
  options: BuildImageOptions,
): void {
  const { chip, flashMode = "qio", flashSize = "1MB", flashFrequency = "40m" } =
    options;
  const size = nibbleOf(chip, "flash size", chip.flash.sizes, flashSize);
  const frequency = nibbleOf(
    chip,
    "flash frequency",
    chip.flash.frequencies,
    flashFrequency,
  );
  view.setUint8(0, IMAGE_MAGIC);
  view.setUint8(1, program.segments.length);
  view.setUint8(2, FLASH_MODES[flashMode]);
  view.setUint8(3, size << 4 | frequency);
  view.setUint32(4, program.entry, true);
  if (chip.imageChipId === undefined) return;
  view.setUint8(HEADER_SIZE, WP_PIN_DISABLED);
  view.setUint16(CHIP_ID_OFFSET, chip.imageChipId, true);
  view.setUint16(MIN_REVISION_OFFSET, options.minRevision ?? 0, true);
  view.setUint16(
    MAX_REVISION_OFFSET,
    options.maxRevision ?? MAX_REVISION_ANY,
    true,
  );
  view.setUint8(DIGEST_FLAG_OFFSET, 1);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}
