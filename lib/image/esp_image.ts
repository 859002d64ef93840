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

import {
  alignUp,
  CHECKSUM_SEED,
  equalBytes,
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
  LEGACY_MIN_REVISION_OFFSET,
  MAX_REVISION_OFFSET,
  MAX_SEGMENTS,
  MIN_REVISION_OFFSET,
  SEGMENT_HEADER_SIZE,
  sha256,
} from "./_layout.ts";
import type { Segment } from "./segment.ts";

/** The first byte of an image. */
export const IMAGE_MAGIC = 0xe9;

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
