/**
 * What ESP-IDF demands of a partition table: places, sizes and names.
 *
 * Source: ESP-IDF, "Partition Tables".
 *
 * @module
 */

import {
  type Partition,
  PARTITION_TABLE_OFFSET,
  PARTITION_TABLE_SECTOR,
} from "./partition_table.ts";
import {
  SUBTYPE_COREDUMP,
  SUBTYPE_NVS,
  SUBTYPE_OTA_DATA,
  SUBTYPE_PRIMARY,
  SUBTYPE_TEE_OTA_DATA,
  TYPE_APP,
  TYPE_BOOTLOADER,
  TYPE_DATA,
  TYPE_PARTITION_TABLE,
} from "./partition_types.ts";

/** An app is mapped from flash in pages of this. */
const APP_ALIGNMENT = 0x1_0000;
/** A flash sector. */
const SECTOR_SIZE = 0x1000;
/** One sector for each of two copies. */
const OTA_DATA_SIZE = 0x2000;
/** Two pages and one to move data to; NVS that is only read needs no third. */
const MIN_NVS_SIZE = 0x3000;

/** What a table is judged by. */
export interface PartitionRules {
  /**
   * Where the table is in flash.
   *
   * @default {0x8000}
   */
  readonly tableOffset?: number | undefined;
  /** The size of the flash chip, in bytes, if it is known. */
  readonly flashSize?: number | undefined;
  /** The version of Secure Boot, whose first wants apps of whole 64 KiB. */
  readonly secureBoot?: 1 | 2 | undefined;
}

/** A rule that a partition breaks. */
export interface PartitionProblem {
  /** The number of the partition in the table, from 0 on. */
  readonly index: number;
  /** What is wrong, as it follows the partition's name in a message. */
  readonly message: string;
}

/** Where a partition of a type has to begin: at a multiple of this. */
export function partitionAlignment(type: number): number {
  return type === TYPE_APP ? APP_ALIGNMENT : SECTOR_SIZE;
}

/** Whether a partition is the bootloader or the partition table that the chip starts with. */
export function isPrimary({ type, subtype }: Partition): boolean {
  return subtype === SUBTYPE_PRIMARY &&
    (type === TYPE_BOOTLOADER || type === TYPE_PARTITION_TABLE);
}

/** Finds what ESP-IDF's own tool would refuse in a table. */
export function partitionProblems(
  partitions: readonly Partition[],
  rules: PartitionRules = {},
): PartitionProblem[] {
  return [
    ...partitions.flatMap((partition, index) =>
      ownProblems(partition, rules).map((message) => ({ index, message }))
    ),
    ...sameNames(partitions),
    ...secondOtaData(partitions),
    ...overlaps(partitions),
  ];
}

/** What is wrong with a partition, whatever else is in the table. */
function ownProblems(partition: Partition, rules: PartitionRules): string[] {
  const { type, offset, size } = partition;
  const { tableOffset = PARTITION_TABLE_OFFSET, flashSize, secureBoot } = rules;
  const tableEnd = tableOffset + PARTITION_TABLE_SECTOR;
  const alignment = partitionAlignment(type);
  const unit = type !== TYPE_APP
    ? 1
    : secureBoot === 1
    ? APP_ALIGNMENT
    : SECTOR_SIZE;
  return [
    offset % alignment !== 0 &&
    `begins at ${hex(offset)}, not at a multiple of ${hex(alignment)}`,
    size === 0 && "has no bytes",
    size % unit !== 0 &&
    `has ${hex(size)} bytes, not a multiple of ${hex(unit)}`,
    offset < tableEnd && !isPrimary(partition) &&
    `begins at ${hex(offset)}, before the partition table's end at ${
      hex(tableEnd)
    }`,
    flashSize !== undefined && offset + size > flashSize &&
    `ends at ${hex(offset + size)}, behind the end of the flash at ${
      hex(flashSize)
    }`,
    ...(type === TYPE_DATA ? dataProblems(partition) : []),
  ].filter((problem) => typeof problem === "string");
}

function dataProblems({ subtype, size, readonly }: Partition): string[] {
  const isOtaData = subtype === SUBTYPE_OTA_DATA ||
    subtype === SUBTYPE_TEE_OTA_DATA;
  return [
    isOtaData && size !== OTA_DATA_SIZE &&
    `has ${hex(size)} bytes: OTA data have ${hex(OTA_DATA_SIZE)}`,
    subtype === SUBTYPE_NVS && size < MIN_NVS_SIZE && !readonly &&
    `has ${hex(size)} bytes: NVS has at least ${
      hex(MIN_NVS_SIZE)
    }, or is readonly`,
    (subtype === SUBTYPE_OTA_DATA || subtype === SUBTYPE_COREDUMP) &&
    readonly && "is readonly, but has to be written to",
  ].filter((problem) => typeof problem === "string");
}

function sameNames(partitions: readonly Partition[]): PartitionProblem[] {
  const seen = new Set<string>();
  return partitions.flatMap(({ name }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [{ index, message: "has the name of another" }];
  });
}

function secondOtaData(partitions: readonly Partition[]): PartitionProblem[] {
  return [SUBTYPE_OTA_DATA, SUBTYPE_TEE_OTA_DATA].flatMap((subtype) =>
    partitions.map((partition, index) => ({ partition, index }))
      .filter(({ partition }) =>
        partition.type === TYPE_DATA && partition.subtype === subtype
      )
      .slice(1)
      .map(({ index }) => ({
        index,
        message: "is a second partition of OTA data",
      }))
  );
}

function overlaps(partitions: readonly Partition[]): PartitionProblem[] {
  const sorted = partitions.map((partition, index) => ({ partition, index }))
    .sort((a, b) => a.partition.offset - b.partition.offset);
  const problems: PartitionProblem[] = [];
  let reaching = sorted[0]?.partition;
  for (const { partition, index } of sorted.slice(1)) {
    if (reaching === undefined) break;
    const end = reaching.offset + reaching.size;
    if (partition.offset < end) {
      problems.push({
        index,
        message: `begins at ${
          hex(partition.offset)
        } and overlaps "${reaching.name}", which ends at ${hex(end)}`,
      });
    }
    if (partition.offset + partition.size > end) reaching = partition;
  }
  return problems;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
