/**
 * Partitions of a board by name: its partition table, from its flash or from a
 * file, and what may be written where.
 *
 * @module
 */

import { readFile } from "./_read_file.ts";
import { formatAddress } from "../bytes.ts";
import { EspError, ImageError } from "../errors.ts";
import {
  findOtaData,
  OTA_DATA_SIZE,
  otaSlots,
  selectOtaSlot,
  type SelectOtaSlotOptions,
} from "../image/ota_data.ts";
import {
  parsePartitionCsv,
  type PartitionCsvOptions,
} from "../image/partition_csv.ts";
import {
  findPartition,
  parsePartitionTable,
  type Partition,
  PARTITION_TABLE_OFFSET,
  PARTITION_TABLE_SIZE,
  type PartitionTable,
} from "../image/partition_table.ts";
import type { OperationOptions } from "../progress.ts";
import type { Device } from "./device.ts";
import { FLASH_SECTOR_SIZE } from "./flash_files.ts";

/** Options of {@linkcode readPartitionTable}. */
export interface ReadPartitionTableOptions extends OperationOptions {
  /**
   * Where the table is in flash.
   *
   * @default {0x8000}
   */
  readonly tableOffset?: number | undefined;
}

/** Options of {@linkcode resolvePartition}. */
export interface ResolvePartitionOptions extends ReadPartitionTableOptions {
  /** The table; read from the board's flash if left out. */
  readonly partitions?: readonly Partition[] | undefined;
}

/** Options of {@linkcode checkPartitionFit}. */
export interface PartitionFitOptions {
  /**
   * Write to a partition that is readonly.
   *
   * @default {false}
   */
  readonly force?: boolean | undefined;
}

/** Options of {@linkcode selectBootSlot}. */
export interface SelectBootSlotOptions
  extends ResolvePartitionOptions, SelectOtaSlotOptions {}

/**
 * Reads a partition table from a file, binary or CSV.
 *
 * @throws {EspError} `file-invalid` if it cannot be read, or is neither.
 * @throws {SyntaxError} If it is text, and a line cannot be read.
 * @throws {ImageError} If it is binary and damaged, or text that breaks ESP-IDF's rules.
 */
export async function loadPartitionTable(
  file: string | URL,
  options: PartitionCsvOptions = {},
): Promise<readonly Partition[]> {
  const bytes = await readFile(file);
  const isBinary = bytes[0] === 0xaa && bytes[1] === 0x50;
  if (isBinary) return parsePartitionTable(bytes).partitions;
  return parsePartitionCsv(decodeText(bytes, file), options);
}

function decodeText(bytes: Uint8Array, file: string | URL): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new EspError(
      `Cannot read "${file}": it is no partition table, neither binary nor text`,
      { code: "file-invalid", cause },
    );
  }
}

/**
 * Reads the partition table in a board's flash.
 *
 * @throws {ImageError} If there is none, or it is damaged.
 */
export async function readPartitionTable(
  device: Device,
  options: ReadPartitionTableOptions = {},
): Promise<PartitionTable> {
  const { tableOffset = PARTITION_TABLE_OFFSET, ...limits } = options;
  const bytes = await device.readFlash(
    tableOffset,
    PARTITION_TABLE_SIZE,
    undefined,
    limits,
  );
  try {
    return parsePartitionTable(bytes);
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    const place = formatAddress(tableOffset);
    throw new ImageError(
      `Cannot read the partition table at ${place} on "${device.port}": ${
        cause.message.replace(/^[^:]*: /, "")
      }`,
      {
        code: cause.code,
        offset: tableOffset + cause.offset,
        hint: cause.hint ??
          "The table may be elsewhere, or the flash may be encrypted.",
        cause,
      },
    );
  }
}

/**
 * Finds a partition by name, in a table that is given or that the board has.
 *
 * @throws {EspError} `partition-unknown` if there is none of this name.
 * @throws {ImageError} If the board's table cannot be read.
 */
export async function resolvePartition(
  device: Device,
  name: string,
  options: ResolvePartitionOptions = {},
): Promise<Partition> {
  return findPartition(await partitionsOf(device, options), name);
}

async function partitionsOf(
  device: Device,
  { partitions, ...options }: ResolvePartitionOptions,
): Promise<readonly Partition[]> {
  return partitions ?? (await readPartitionTable(device, options)).partitions;
}

/**
 * Makes sure that so many bytes may be written to a partition.
 *
 * @throws {EspError} `partition-too-small`, or `partition-readonly` without `force`.
 */
export function checkPartitionFit(
  { name, size, readonly }: Partition,
  bytes: number,
  options: PartitionFitOptions = {},
): void {
  if (bytes > size) {
    throw new EspError(
      `Cannot write ${bytes} bytes to partition "${name}": it has ${size}`,
      { code: "partition-too-small" },
    );
  }
  if (readonly && !options.force) {
    throw new EspError(`Cannot write to partition "${name}": it is readonly`, {
      code: "partition-readonly",
      hint: "Use force to write it all the same.",
    });
  }
}

/**
 * Makes the bootloader of a board start an OTA slot from now on. Only the copy
 * of the OTA data that does not count is written, so that power may fail.
 *
 * @param slot The slot's number, 0 for `ota_0`.
 * @returns The slot's partition.
 * @throws {EspError} `partition-unknown` if the table has no OTA data.
 * @throws {RangeError} If there is no such slot.
 * @throws {ImageError} If the flash holds something else than OTA data, as where it is encrypted.
 */
export async function selectBootSlot(
  device: Device,
  slot: number,
  options: SelectBootSlotOptions = {},
): Promise<Partition | undefined> {
  const { signal, timeout, onProgress, state, force } = options;
  const limits = { signal, timeout, onProgress };
  const partitions = await partitionsOf(device, options);
  const { offset } = findOtaData(partitions);
  const slots = otaSlots(partitions);
  const before = await device.readFlash(
    offset,
    OTA_DATA_SIZE,
    undefined,
    limits,
  );
  const after = selectOtaSlot(before, slot, slots.length, { state, force });
  for (let at = 0; at < OTA_DATA_SIZE; at += FLASH_SECTOR_SIZE) {
    const sector = after.subarray(at, at + FLASH_SECTOR_SIZE);
    if (sector.every((byte, index) => byte === before[at + index])) continue;
    await device.writeFlash({ [offset + at]: sector }, limits);
  }
  return slots[slot];
}
