/**
 * What the applications in a board's flash say about themselves.
 *
 * @module
 */

import {
  APP_DESCRIPTOR_OFFSET,
  APP_DESCRIPTOR_SIZE,
  type AppDescriptor,
  isAppDescriptor,
  parseAppDescriptor,
} from "../image/app_descriptor.ts";
import {
  bootPartition,
  OTA_DATA_SIZE,
  parseOtaData,
} from "../image/ota_data.ts";
import type { Partition } from "../image/partition_table.ts";
import {
  SUBTYPE_OTA_DATA,
  TYPE_APP,
  TYPE_DATA,
} from "../image/partition_types.ts";
import type { Device } from "./device.ts";
import {
  readPartitionTable,
  type ResolvePartitionOptions,
} from "./partitions.ts";

/** An application's partition and what is in it. */
export interface InstalledApp {
  /** The partition. */
  readonly partition: Partition;
  /** What the application in it says about itself; absent if there is none, or one without a descriptor. */
  readonly descriptor?: AppDescriptor;
  /** Whether the bootloader starts it, as far as the OTA data tell. */
  readonly boots: boolean;
}

/**
 * Reads the descriptor of every application in a board's flash. The bootloader
 * may still refuse the one that is to start, and take another.
 *
 * @throws {ImageError} If there is no partition table in flash, or the OTA data are damaged.
 */
export async function readApps(
  device: Device,
  options: ResolvePartitionOptions = {},
): Promise<InstalledApp[]> {
  const { signal, timeout, onProgress } = options;
  const reading = { signal, timeout, onProgress };
  const partitions = options.partitions ??
    (await readPartitionTable(device, options)).partitions;
  const otaData = partitions.find(({ type, subtype }) =>
    type === TYPE_DATA && subtype === SUBTYPE_OTA_DATA
  );
  // Without OTA data nothing has been chosen, as when they are erased.
  const chosen = otaData === undefined
    ? new Uint8Array(OTA_DATA_SIZE).fill(0xff)
    : await device.readFlash(otaData.offset, OTA_DATA_SIZE, undefined, reading);
  const starts = bootPartition(parseOtaData(chosen), partitions);
  const apps: InstalledApp[] = [];
  for (const partition of partitions) {
    if (partition.type !== TYPE_APP) continue;
    const bytes = await device.readFlash(
      partition.offset + APP_DESCRIPTOR_OFFSET,
      APP_DESCRIPTOR_SIZE,
      undefined,
      reading,
    );
    apps.push({
      partition,
      ...(isAppDescriptor(bytes) && { descriptor: parseAppDescriptor(bytes) }),
      boots: partition === starts,
    });
  }
  return apps;
}
