/**
 * A file for flash, taken apart by the partition table within.
 *
 * @module
 */

import { alignDown, formatAddress } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { CHIPS } from "../chips/registry.ts";
import { ImageError } from "../errors.ts";
import { joinRaw } from "./_raw.ts";
import { imageSize, parseImage } from "./esp_image.ts";
import { type FlashFormat, unpackFlashFile } from "./flash_content.ts";
import { detectImageChip } from "./image_info.ts";
import {
  parsePartitionTable,
  type Partition,
  PARTITION_TABLE_OFFSET,
  PARTITION_TABLE_SECTOR,
  PARTITION_TABLE_SIZE,
} from "./partition_table.ts";
import type { Segment } from "./segment.ts";

/** The least that can be erased. */
const SECTOR_SIZE = 0x1000;
/** What flash holds where nothing was written. */
const ERASED = 0xff;

/** Options of {@linkcode splitImage}. */
export interface SplitOptions {
  /** Which chip the file is for; found out from the bootloader unless told. */
  readonly chip?: ChipFamily | undefined;
  /**
   * Where a raw file begins, in bytes from the start of flash.
   *
   * @default {0}
   */
  readonly targetOffset?: number | undefined;
  /**
   * Where the partition table is.
   *
   * @default {0x8000}
   */
  readonly tableOffset?: number | undefined;
  /**
   * Keep the erased flash at the end of each part.
   *
   * @default {false}
   */
  readonly keepPadding?: boolean | undefined;
}

/** What a part is. */
export type SplitKind =
  | "bootloader"
  | "partition-table"
  | "partition"
  /** What no partition has. */
  | "other";

/** A part of a file for flash. */
export interface SplitPart {
  /** What it is. */
  readonly kind: SplitKind;
  /** What it is called; parts that are `other` have their address as a name. */
  readonly name: string;
  /** Where it begins in flash. */
  readonly address: number;
  /** How many bytes it has; 0 if all of it is erased. */
  readonly size: number;
  /** The partition that it fills. */
  readonly partition?: Partition;
  /**
   * Its bytes, 0xFF where the file has a gap: a view if there is no gap.
   *
   * @throws {ImageError} If its gaps are larger than any flash.
   */
  read(): Uint8Array;
}

/** A file for flash, taken apart. */
export interface SplitImage {
  /** The file's format. */
  readonly format: FlashFormat;
  /** The chip that it is for, if that is known. */
  readonly chip?: ChipFamily;
  /** The parts, by address. */
  readonly parts: readonly SplitPart[];
}

/**
 * Takes a file for flash apart: raw, Intel HEX or UF2. What the partition table
 * within says are partitions, what stands in front of it is the bootloader, and
 * what remains are parts of their own. Without a table, each stretch of an
 * Intel HEX or UF2 file is a part.
 *
 * A part ends behind the last byte that is written (in a raw file, that is not
 * 0xFF), but an image not before its header says.
 *
 * @throws {ImageError} If the file is malformed, is raw and has no partition
 * table, or its partitions overlap.
 */
export function splitImage(
  file: Uint8Array,
  options: SplitOptions = {},
): SplitImage {
  const {
    targetOffset = 0,
    tableOffset = PARTITION_TABLE_OFFSET,
    keepPadding = false,
  } = options;
  const { format, chip, segments } = unpackFlashFile(file, {
    address: targetOffset,
    chip: options.chip,
  });
  const flash = new Flash(segments, format === "raw");
  const finish = (
    found: ChipFamily | undefined,
    ranges: readonly Range[],
  ): SplitImage => ({
    format,
    ...(found && { chip: found }),
    parts: ranges.toSorted((a, b) => a.address - b.address)
      .map((range) => makePart(flash, range, keepPadding)),
  });
  if (!isWritten(flash.from(tableOffset)[0] ?? ERASED)) {
    if (format === "raw") throw lackOfTable(tableOffset, targetOffset);
    return finish(
      chip,
      segments.map(({ address, data }) => other(address, data.length)),
    );
  }
  const bootloader = findBootloader(flash, chip, tableOffset);
  const named = namedRanges(flash, tableOffset, bootloader?.address);
  return finish(
    chip ?? bootloader?.chip,
    [...named, ...remainders(flash, named)],
  );
}

function lackOfTable(tableOffset: number, targetOffset: number): ImageError {
  return new ImageError(
    `Cannot split: there is no partition table at ${
      formatAddress(tableOffset)
    }`,
    {
      offset: Math.max(0, tableOffset - targetOffset),
      hint: "Say where the table is, and where in flash the file begins.",
    },
  );
}

/** A part before it is known what it holds. */
type Range = Omit<SplitPart, "read">;

function other(address: number, size: number): Range {
  const name = formatAddress(address).replace("_", "");
  return { kind: "other", name, address, size };
}

/** Bytes at flash addresses. */
class Flash {
  readonly #segments: readonly Segment[];
  /** Whether erased flash counts as not written: a raw file cannot leave gaps. */
  readonly #isRaw: boolean;

  /** Makes a flash of segments that are in order and do not overlap. */
  constructor(segments: readonly Segment[], isRaw: boolean) {
    this.#segments = segments;
    this.#isRaw = isRaw;
  }

  /** Where what is written in a range begins and ends; `undefined` if nothing is. */
  written(
    start: number,
    end: number,
  ): { readonly start: number; readonly end: number } | undefined {
    const pieces = this.clip(start, end).flatMap(({ address, data }) => {
      const size = this.#isRaw
        ? data.findLastIndex(isWritten) + 1
        : data.length;
      const first = this.#isRaw ? data.findIndex(isWritten) : 0;
      return size === 0
        ? []
        : [{ start: address + first, end: address + size }];
    });
    const [first, last] = [pieces[0], pieces.at(-1)];
    return first && last && { start: first.start, end: last.end };
  }

  /** What of the segments lies in a range. */
  clip(start: number, end: number): Segment[] {
    const pieces: Segment[] = [];
    for (let index = this.#firstBehind(start);; index++) {
      const segment = this.#segments[index];
      if (segment === undefined || segment.address >= end) return pieces;
      const { address, data } = segment;
      pieces.push({
        address: Math.max(address, start),
        data: data.subarray(Math.max(0, start - address), end - address),
      });
    }
  }

  /** The bytes from an address on, as far as they go without a gap. */
  from(address: number, size = Infinity): Uint8Array {
    const [first] = this.clip(address, address + size);
    return first?.address === address ? first.data : new Uint8Array();
  }

  /** The number of the first segment that ends behind an address. */
  #firstBehind(address: number): number {
    let [low, high] = [0, this.#segments.length];
    while (low < high) {
      const middle = low + high >> 1;
      const segment = this.#segments[middle];
      if (segment !== undefined && endOf(segment) <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Bootloader {
  readonly address: number;
  readonly chip: ChipFamily;
}

/** Finds the image that stands where a chip's ROM looks for it. */
function findBootloader(
  flash: Flash,
  chip: ChipFamily | undefined,
  tableOffset: number,
): Bootloader | undefined {
  const chips = chip === undefined ? CHIPS : [chip];
  const addresses = new Set(chips.map(bootloaderOffset));
  for (const address of [...addresses].sort((a, b) => a - b)) {
    const bytes = flash.from(address, tableOffset - address);
    const found = tryDetect(bytes, chip);
    if (found && bootloaderOffset(found) === address) {
      return { address, chip: found };
    }
  }
  return undefined;
}

function bootloaderOffset({ flash }: ChipFamily): number {
  return flash.bootloaderOffset;
}

/** The chip that an image is for; `undefined` if the bytes are none. */
function tryDetect(
  bytes: Uint8Array,
  chip?: ChipFamily,
): ChipFamily | undefined {
  try {
    if (chip === undefined) return detectImageChip(bytes);
    parseImage(bytes, chip);
    return chip;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return undefined;
  }
}

/** The bootloader, the table and the partitions. */
function namedRanges(
  flash: Flash,
  tableOffset: number,
  bootloaderAddress: number | undefined,
): Range[] {
  const table = flash.from(tableOffset, PARTITION_TABLE_SIZE);
  const partitions = parsePartitionTable(table).partitions.map(
    (partition): Range => ({
      kind: "partition",
      name: partition.name,
      address: partition.offset,
      size: partition.size,
      partition,
    }),
  );
  const ranges = partitions.filter(({ size }) => size > 0);
  addRange(ranges, {
    kind: "partition-table",
    name: "partition-table",
    address: tableOffset,
    size: PARTITION_TABLE_SECTOR,
  });
  if (bootloaderAddress !== undefined) {
    const behind = ranges.map(({ address }) => address)
      .filter((address) => address > bootloaderAddress);
    addRange(ranges, {
      kind: "bootloader",
      name: "bootloader",
      address: bootloaderAddress,
      size: Math.min(...behind) - bootloaderAddress,
    });
  }
  ranges.sort((a, b) => a.address - b.address);
  ranges.forEach((range, index) => {
    const next = ranges[index + 1];
    if (next === undefined || endOfRange(range) <= next.address) return;
    throw new ImageError(
      `Cannot split: "${range.name}" and "${next.name}" overlap at ${
        formatAddress(next.address)
      }`,
      { offset: next.address },
    );
  });
  return ranges;
}

/** Adds a range that the table leaves unsaid; newer tables name the bootloader and themselves. */
function addRange(ranges: Range[], range: Range): void {
  const known = ranges.findIndex(({ address }) => address === range.address);
  if (known < 0) ranges.push(range);
  else ranges.splice(known, 1, { ...ranges[known], ...range });
}

/** What is written outside of the ranges, from a sector's start on. */
function remainders(flash: Flash, ranges: readonly Range[]): Range[] {
  const starts = [0, ...ranges.map(endOfRange)];
  return starts.flatMap((start, index) => {
    const end = ranges[index]?.address ?? Infinity;
    const written = flash.written(start, end);
    if (written === undefined) return [];
    const address = Math.max(start, alignDown(written.start, SECTOR_SIZE));
    return [other(address, written.end - address)];
  });
}

/** Makes a part of a range, which is no longer than what is written unless padding is kept. */
function makePart(flash: Flash, range: Range, keepPadding: boolean): SplitPart {
  const { address } = range;
  const size = keepPadding ? range.size : usedSize(flash, range);
  return {
    ...range,
    size,
    read: () => {
      const whole = flash.from(address, size);
      return whole.length === size
        ? whole
        : joinRaw(flash.clip(address, address + size), address, address + size);
    },
  };
}

/** How much of a range is not erased, or is a whole image or table. */
function usedSize(flash: Flash, { kind, address, size }: Range): number {
  const written = flash.written(address, address + size);
  if (written === undefined) return 0;
  const whole = kind === "partition-table"
    ? PARTITION_TABLE_SIZE
    : imageSizeAt(flash.from(address, size));
  return Math.min(size, Math.max(written.end - address, whole));
}

/** The size of the image that begins here; 0 if there is none. */
function imageSizeAt(bytes: Uint8Array): number {
  const chip = tryDetect(bytes);
  return chip === undefined ? 0 : imageSize(parseImage(bytes, chip));
}

function isWritten(byte: number): boolean {
  return byte !== ERASED;
}

function endOf({ address, data }: Segment): number {
  return address + data.length;
}

function endOfRange({ address, size }: Range): number {
  return address + size;
}
