/**
 * The ESP8266's images, which have no extended header.
 *
 * ```
 * version 1   two files: segments for RAM, as the ROM loads them; what is mapped, as it is
 * version 2   EA | 4 | mode | size, frequency | entry | 0 (4) | size (4) | what is mapped
 *             then an image of version 1 | CRC-32 (4)
 * version 3   one image: what is mapped, then segments for RAM | checksum | SHA-256
 * ```
 *
 * Sources: esptool documentation, "Firmware Image Format"; watching esptool 5.6.
 *
 * @module
 */

import { alignDown, alignUp, formatAddress, padTo, viewOf } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import { writeHeader } from "./_header.ts";
import type { Digesting } from "./_digest.ts";
import {
  CHECKSUM_ALIGNMENT,
  DIGEST_SIZE,
  esp8266Crc,
  HEADER_SIZE,
  SEGMENT_HEADER_SIZE,
  V2_COUNT,
  V2_MAGIC,
} from "./_layout.ts";
import { checkPages, type PlacedSegment, placeInLine } from "./_placement.ts";
import { type Program, type SourcedProgram, splitMapped } from "./_program.ts";
import { elfDigest, writeBody } from "./_write_image.ts";
import type { BuildImageOptions } from "./image_options.ts";
import type { Segment } from "./segment.ts";

/** A file of an image, and where in flash it goes if the image says so. */
export interface ImageFile {
  /** Where in flash, in bytes; absent if a partition table decides. */
  readonly address?: number;
  /** Its bytes. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What is mapped is filled up to a multiple of this in version 2. */
const V2_ALIGNMENT = 16;
/** The pages in which a version 3 image's loader, made for the ESP32, maps flash. */
const V3_PAGE_SIZE = 0x1_0000;
/** A version 2 image is written to the start of a sector. */
const SECTOR_SIZE = 0x1000;

/**
 * Builds the files.
 *
 * @throws {ImageError} If the program cannot be placed.
 * @throws {RangeError} If an option's value is none of the chip's.
 */
export function* buildEsp8266Image(
  program: SourcedProgram,
  options: BuildImageOptions,
): Digesting<ImageFile[]> {
  const { mapped, loaded } = splitMapped(program.segments, options.chip);
  if (options.version === 3) {
    checkPages(mapped, V3_PAGE_SIZE);
    return [{ data: yield* buildV3(program, options) }];
  }
  const [irom, ...more] = mapped;
  if (more.length > 0) {
    throw new ImageError(
      `Cannot build image: ${mapped.length} segments are mapped from flash, 1 is allowed`,
      { offset: 0, hint: "Version 3 allows more." },
    );
  }
  const ram = { ...program, segments: loaded };
  return options.version === 2
    ? [yield* buildV2(ram, irom, options)]
    : buildV1(ram, irom, options);
}

function buildV1(
  ram: Program,
  irom: Segment | undefined,
  options: BuildImageOptions,
): ImageFile[] {
  const { segments, end } = placeInLine(ram.segments, HEADER_SIZE);
  const size = alignUp(end + 1, CHECKSUM_ALIGNMENT);
  const data = writeBody({
    ...{ size, end: size, fill: 0, checksumOffset: size - 1 },
    ...{ segments, summed: segments },
    writeHeaders: (view) =>
      writeHeader(view, { program: ram, count: segments.length, options }),
  });
  const first = { address: 0, data };
  if (irom === undefined) return [first];
  const address = flashOffset(irom, options);
  if (address < size) {
    throw new ImageError(
      `Cannot build image: the segment at ${
        formatAddress(irom.address)
      } overlaps the ${size} bytes for RAM at the start of flash`,
      { offset: 0 },
    );
  }
  return [first, { address, data: padTo(irom.data, 4, 0).slice() }];
}

function* buildV2(
  ram: SourcedProgram,
  irom: Segment | undefined,
  options: BuildImageOptions,
): Digesting<ImageFile> {
  const mapped: PlacedSegment[] = irom === undefined ? [] : [{
    address: 0,
    data: irom.data,
    size: alignUp(irom.data.length, V2_ALIGNMENT),
    offset: HEADER_SIZE,
  }];
  const start = mapped.reduce(
    (end, { size }) => end + SEGMENT_HEADER_SIZE + size,
    HEADER_SIZE,
  );
  const { segments, end } = placeInLine(ram.segments, start + HEADER_SIZE);
  const bodySize = alignUp(end + 1, CHECKSUM_ALIGNMENT);
  const header = { program: ram, options };
  const data = writeBody({
    ...{ size: bodySize + 4, end: bodySize, fill: 0 },
    inserted: yield* elfDigest(ram, options.elfDigestOffset),
    ...{ segments: [...mapped, ...segments], summed: segments },
    checksumOffset: bodySize - 1,
    writeHeaders(view) {
      writeHeader(view, { ...header, magic: V2_MAGIC, count: V2_COUNT });
      writeHeader(view, { ...header, count: segments.length }, start);
    },
  });
  const sum = esp8266Crc(data.subarray(0, bodySize));
  viewOf(data).setUint32(bodySize, sum, true);
  const offset = irom === undefined ? 0 : flashOffset(irom, options);
  return { address: alignDown(offset, SECTOR_SIZE), data };
}

function* buildV3(
  program: Program,
  options: BuildImageOptions,
): Digesting<Uint8Array<ArrayBuffer>> {
  const { segments, end } = placeInLine(program.segments, HEADER_SIZE);
  const size = alignUp(end + 1, CHECKSUM_ALIGNMENT);
  const sizes = options.chip.image.version3Sizes;
  const data = writeBody({
    ...{ size: size + DIGEST_SIZE, end: size, fill: 0 },
    ...{ segments, summed: segments, checksumOffset: size - 1 },
    writeHeaders: (view) =>
      writeHeader(view, { program, count: segments.length, options, sizes }),
  });
  data.set(yield data.subarray(0, size), size);
  return data;
}

/** Where in flash a mapped address is: the map begins with the flash. */
function flashOffset(
  { address }: Segment,
  { chip }: BuildImageOptions,
): number {
  const map = chip.memory.find(({ kind }) => kind === "irom");
  return address - (map?.start ?? 0);
}
