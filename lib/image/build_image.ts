/**
 * From a program to an image.
 *
 * @module
 */

import {
  alignUp,
  CHECKSUM_SEED,
  formatAddress,
  viewOf,
  xorChecksum,
} from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { ImageError } from "../errors.ts";
import {
  CHECKSUM_ALIGNMENT,
  CHIP_ID_OFFSET,
  DIGEST_FLAG_OFFSET,
  DIGEST_SIZE,
  EXTENDED_HEADER_SIZE,
  HEADER_SIZE,
  MAX_REVISION_ANY,
  MAX_REVISION_OFFSET,
  MAX_SEGMENTS,
  MIN_REVISION_OFFSET,
  SEGMENT_HEADER_SIZE,
  sha256,
  WP_PIN_DISABLED,
} from "./_layout.ts";
import { IMAGE_MAGIC } from "./esp_image.ts";
import { FLASH_MODES, type FlashMode, nibbleOf } from "./flash_parameters.ts";
import type { Segment } from "./segment.ts";

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
