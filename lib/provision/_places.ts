/** Where a job's files and partitions are in flash. */

import { formatAddress } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { EspError } from "../errors.ts";
import { parsePartitionCsv } from "../image/partition_csv.ts";
import {
  findPartition,
  parsePartitionTable,
  type Partition,
  PARTITION_TABLE_OFFSET,
} from "../image/partition_table.ts";

/** The two bytes that a partition table begins with. */
export const TABLE_MAGIC = [0xaa, 0x50];

/** A range of flash. */
export interface Place {
  /** Where it begins, in bytes. */
  readonly address: number;
  /** How many bytes it has; infinite where only an address was given. */
  readonly size: number;
}

/**
 * Reads a partition table, as CSV or as it is in flash.
 *
 * @throws {ImageError} If it is damaged or breaks a rule.
 * @throws {SyntaxError} If it is neither.
 */
export function readTable(
  bytes: Uint8Array,
  chip: ChipFamily,
): readonly Partition[] {
  if (TABLE_MAGIC.every((byte, index) => bytes[index] === byte)) {
    return parsePartitionTable(bytes).partitions;
  }
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  return parsePartitionCsv(text, {
    bootloaderOffset: chip.flash.bootloaderOffset,
  });
}

/** The partition table among files, if one of them is one. */
export function tableAmong(
  files: readonly { readonly address?: number; readonly data: Uint8Array }[],
): readonly Partition[] | undefined {
  const file = files.find(({ address, data }) =>
    address === PARTITION_TABLE_OFFSET &&
    TABLE_MAGIC.every((byte, index) => data[index] === byte)
  );
  return file && parsePartitionTable(file.data).partitions;
}

/**
 * Finds where something goes that names an address or a partition.
 *
 * @throws {EspError} `partition-unknown`.
 */
export function placeOf(
  { address, partition }: {
    readonly address?: number | undefined;
    readonly partition?: string | undefined;
  },
  table: readonly Partition[] | undefined,
): Place {
  if (partition === undefined) return { address: address ?? 0, size: Infinity };
  if (table === undefined) {
    throw new EspError(
      `Cannot find partition "${partition}": the firmware has no partition table`,
      { code: "partition-unknown" },
    );
  }
  const { offset, size } = findPartition(table, partition);
  return { address: offset, size };
}

/** A place's range, for messages. */
export function formatPlace({ address, size }: Place): string {
  return `${formatAddress(address)} to ${formatAddress(address + size)}`;
}
