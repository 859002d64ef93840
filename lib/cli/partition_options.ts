/**
 * Partitions on the command line: where the table comes from, and how its
 * partitions are named and shown.
 *
 * @module
 */

import type { Device } from "../../mod.ts";
import { CHIPS } from "../chips/registry.ts";
import {
  findPartition,
  type Partition,
  PARTITION_TABLE_OFFSET,
  partitionSubtypeName,
  partitionTypeName,
} from "../image/mod.ts";
import type { Options, OptionValues } from "./command.ts";
import { deviceLibrary } from "./device_library.ts";
import { setting } from "./options.ts";
import { parseUint32 } from "./values.ts";

/** Where the table comes from. */
export const TABLE_OPTIONS = {
  tableFile: setting<string | undefined>({
    flags: "--partition-table <file>",
    summary:
      "take the partition table from a file, CSV or binary (default: from the board)",
    fallback: undefined,
    parse: String,
  }),
  tableOffset: setting({
    flags: "--partition-table-offset <address>",
    summary: "where the partition table is in flash (default: 0x8000)",
    fallback: PARTITION_TABLE_OFFSET,
    parse: parseUint32,
  }),
} satisfies Options;

/** A partition by name, for a verb that takes an address as well. */
export const PARTITION_OPTIONS = {
  partition: setting<string | undefined>({
    flags: "--partition <name>",
    summary: "use a partition instead of an address",
    fallback: undefined,
    parse: String,
  }),
  ...TABLE_OPTIONS,
} satisfies Options;

/** Gives a board's partitions, from a file that has been read or from its flash. */
export type PartitionSource = (device: Device) => Promise<readonly Partition[]>;

type TableChoice = OptionValues<typeof TABLE_OPTIONS>;

/**
 * Reads the partition table's file, if there is one, before a port is opened for it.
 *
 * @param chip What `--chip` says.
 * @throws {EspError} `file-invalid` if it cannot be read.
 */
export async function partitionSource(
  choice: TableChoice,
  chip: string,
): Promise<PartitionSource> {
  const partitions = await partitionsInFile(choice, chip);
  if (partitions !== undefined) return () => Promise.resolve(partitions);
  const { tableOffset } = choice;
  return async (device) => {
    const { readPartitionTable } = await deviceLibrary();
    return (await readPartitionTable(device, { tableOffset })).partitions;
  };
}

/**
 * Reads the partition table's file.
 *
 * @param chip What `--chip` says.
 * @returns `undefined` if there is none.
 * @throws {EspError} `file-invalid` if it cannot be read.
 */
export async function partitionsInFile(
  { tableFile, tableOffset }: TableChoice,
  chip: string,
): Promise<readonly Partition[] | undefined> {
  if (tableFile === undefined) return undefined;
  const { loadPartitionTable } = await deviceLibrary();
  return await loadPartitionTable(tableFile, {
    tableOffset,
    bootloaderOffset: bootloaderOffset(chip),
  });
}

/**
 * Prepares to find the partition that `--partition` names.
 *
 * @returns `undefined` if none is named.
 * @throws {EspError} `file-invalid` if the table's file cannot be read.
 */
export async function chosenPartition(
  options: OptionValues<typeof PARTITION_OPTIONS>,
  chip: string,
): Promise<((device: Device) => Promise<Partition>) | undefined> {
  const { partition } = options;
  if (partition === undefined) return undefined;
  const source = await partitionSource(options, chip);
  return async (device) => findPartition(await source(device), partition);
}

/** Where `--chip`'s bootloader is in flash, which a table in CSV need not say; `undefined` with `auto`. */
export function bootloaderOffset(chip: string): number | undefined {
  return CHIPS.find(({ id }) => id === chip)?.flash.bootloaderOffset;
}

/** A partition as `--json` tells it: the library's, and the names of its type and subtype. */
export function namedPartition(partition: Partition): object {
  const { type, subtype } = partition;
  return {
    ...partition,
    typeName: partitionTypeName(type),
    subtypeName: partitionSubtypeName(type, subtype),
  };
}
