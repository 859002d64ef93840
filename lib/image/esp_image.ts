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
 * Version 2, on the ESP8266 only, has the part that is mapped from flash in front,
 * and a CRC-32 instead of the digest:
 *
 * ```
 * header      EA | 04 | flash mode | size and frequency | entry (4)
 * segment     0 (4) | size (4) | data
 * image       header, segments and tail as above | CRC (4)
 * ```
 *
 * All words are little-endian. Sources: esptool documentation, "Firmware Image
 * Format"; ESP-IDF, `esp_app_format.h`; version 2: watching esptool 5.6.
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
  esp8266Crc,
  EXTENDED_HEADER_SIZE,
  HEADER_SIZE,
  LEGACY_MIN_REVISION_OFFSET,
  MAX_REVISION_OFFSET,
  MAX_SEGMENTS,
  MIN_REVISION_OFFSET,
  PINS_OFFSET,
  SEGMENT_HEADER_SIZE,
  V2_COUNT,
  V2_MAGIC,
} from "./_layout.ts";
import { sha256 } from "./_digest.ts";
import type { Segment } from "./segment.ts";

/** The first byte of an image. */
export const IMAGE_MAGIC = 0xe9;
const CRC_SIZE = 4;

/** The part of the flash pins' setting that images carry. */
export interface PinSettings {
  /** The write-protect pin; 0xEE leaves the pin to eFuse. */
  readonly writeProtect: number;
  /** The drive strengths of CLK, Q, D, CS0, HD and WP, in this order. */
  readonly drives: readonly number[];
}

/** The part of the header that only chips after the ESP8266 have. */
export interface ExtendedHeader {
  /** How the flash's pins are set. */
  readonly pins: PinSettings;
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

/** A segment of an image. */
export interface ImageSegment extends Segment {
  /** Where its header is, in bytes from the image's start; its data follow. */
  readonly offset: number;
}

/** An image, taken apart. */
export interface EspImage {
  /** Which of the formats it has. */
  readonly version: 1 | 2;
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
  readonly segments: readonly ImageSegment[];
  /** The checksum that the image carries. */
  readonly checksum: number;
  /** The checksum that it should carry. */
  readonly expectedChecksum: number;
  /** How many bytes the image has without the digest or CRC. */
  readonly size: number;
  /** The digest that the image carries, as a view. */
  readonly digest?: Uint8Array;
  /** The CRC that an image of version 2 carries. */
  readonly crc?: number;
}

/** How many bytes an image has, with what follows its checksum. */
export function imageSize({ size, digest, crc }: EspImage): number {
  return size + (digest?.length ?? 0) + (crc === undefined ? 0 : CRC_SIZE);
}

/**
 * Takes an image apart. A wrong checksum or digest is told, not thrown.
 *
 * @param chip Decides whether the header is extended.
 * @throws {ImageError} If the bytes are no image or end too early.
 */
export function parseImage(image: Uint8Array, chip: ChipFamily): EspImage {
  return chip.imageChipId === undefined && image[0] === V2_MAGIC
    ? parseVersion2(image)
    : parseVersion1(image, chip);
}

function parseVersion1(image: Uint8Array, chip: ChipFamily): EspImage {
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
  const { segments, end } = parseSegments(
    image,
    HEADER_SIZE + extendedSize,
    countSegments(view, 0),
  );
  const size = alignUp(end + 1, CHECKSUM_ALIGNMENT);
  const extended = extendedSize === 0 ? undefined : parseExtendedHeader(view);
  const total = size + (extended?.hasDigest ? DIGEST_SIZE : 0);
  checkSize(image, total);
  return {
    version: 1,
    ...parseHeader(view),
    ...(extended && { extended }),
    segments,
    ...parseChecksum(view, segments, size),
    ...(extended?.hasDigest && { digest: image.subarray(size, total) }),
  };
}

function parseVersion2(image: Uint8Array): EspImage {
  const view = viewOf(image);
  if (image.length < HEADER_SIZE || image[1] !== V2_COUNT) {
    throw new ImageError(
      "Cannot parse image: it does not begin with a header of version 2",
      { offset: 0 },
    );
  }
  const mapped = parseSegments(image, HEADER_SIZE, 1);
  const inner = mapped.end;
  if (image.length < inner + HEADER_SIZE || image[inner] !== IMAGE_MAGIC) {
    throw new ImageError(
      "Cannot parse image: its first segment is not followed by a header",
      { offset: inner },
    );
  }
  const loaded = parseSegments(
    image,
    inner + HEADER_SIZE,
    countSegments(view, inner),
  );
  const size = alignUp(loaded.end + 1, CHECKSUM_ALIGNMENT);
  checkSize(image, size + CRC_SIZE);
  return {
    version: 2,
    ...parseHeader(view),
    segments: [...mapped.segments, ...loaded.segments],
    ...parseChecksum(view, loaded.segments, size),
    crc: view.getUint32(size, true),
  };
}

function parseHeader(
  view: DataView,
): Pick<EspImage, "flashMode" | "flashSize" | "flashFrequency" | "entry"> {
  return {
    flashMode: view.getUint8(2),
    flashSize: view.getUint8(3) >> 4,
    flashFrequency: view.getUint8(3) & 0xf,
    entry: view.getUint32(4, true),
  };
}

function parseChecksum(
  view: DataView,
  segments: readonly Segment[],
  size: number,
): Pick<EspImage, "checksum" | "expectedChecksum" | "size"> {
  return {
    checksum: view.getUint8(size - 1),
    expectedChecksum: segments.reduce(
      (sum, { data }) => xorChecksum(data, sum),
      CHECKSUM_SEED,
    ),
    size,
  };
}

function checkSize(image: Uint8Array, promised: number): void {
  if (image.length >= promised) return;
  throw new ImageError(
    `Cannot parse image: it has ${image.length} bytes, its headers promise ${promised}`,
    { offset: image.length },
  );
}

function parseExtendedHeader(view: DataView): ExtendedHeader {
  return {
    pins: {
      writeProtect: view.getUint8(PINS_OFFSET),
      drives: [1, 2, 3].flatMap((index) => {
        const pair = view.getUint8(PINS_OFFSET + index);
        return [pair & 0xf, pair >> 4];
      }),
    },
    chipId: view.getUint16(CHIP_ID_OFFSET, true),
    legacyMinRevision: view.getUint8(LEGACY_MIN_REVISION_OFFSET),
    minRevision: view.getUint16(MIN_REVISION_OFFSET, true),
    maxRevision: view.getUint16(MAX_REVISION_OFFSET, true),
    hasDigest: view.getUint8(DIGEST_FLAG_OFFSET) === 1,
  };
}

/** Reads how many segments the header at `header` announces. */
function countSegments(view: DataView, header: number): number {
  const count = view.getUint8(header + 1);
  if (count <= MAX_SEGMENTS) return count;
  throw new ImageError(
    `Cannot parse image: it has ${count} segments, ${MAX_SEGMENTS} are allowed`,
    { offset: header + 1 },
  );
}

function parseSegments(
  image: Uint8Array,
  start: number,
  count: number,
): { segments: ImageSegment[]; end: number } {
  const view = viewOf(image);
  const segments: ImageSegment[] = [];
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
      offset,
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

/** Whether the CRC that an image carries is right; `undefined` if it carries none. */
export function isCrcValid(
  image: Uint8Array,
  parsed: EspImage,
): boolean | undefined {
  if (parsed.crc === undefined) return undefined;
  return parsed.crc === esp8266Crc(image.subarray(0, parsed.size));
}
