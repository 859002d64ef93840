/** What a job's files say about themselves: the application and the partition table. */

import { createHash } from "node:crypto";
import type { ChipFamily } from "../chips/family.ts";
import {
  isAppDescriptor,
  parseAppDescriptor,
} from "../image/app_descriptor.ts";
import { IMAGE_MAGIC, parseImage } from "../image/esp_image.ts";
import {
  parsePartitionTable,
  type Partition,
  PARTITION_TABLE_OFFSET,
  PARTITION_TABLE_SIZE,
} from "../image/partition_table.ts";
import { TABLE_MAGIC } from "./_places.ts";
import type { BoardApplication } from "./result.ts";

/** What files say about themselves. */
export interface FirmwareContents {
  /** The application that starts first. */
  readonly application?: BoardApplication;
  /** The digest of the partition table that is written. */
  readonly partitionTableSha256?: string;
}

interface File {
  readonly address: number;
  readonly data: Uint8Array;
}

/** Looks for both in files, each of which may also be a whole flash in one. */
export function contentsOf(
  files: readonly File[],
  table: readonly Partition[] | undefined,
  chip: ChipFamily,
): FirmwareContents {
  const bytes = readAt(files, PARTITION_TABLE_OFFSET)
    .subarray(0, PARTITION_TABLE_SIZE);
  const hasTable = TABLE_MAGIC.every((byte, index) => bytes[index] === byte);
  const application = applicationAmong(
    files,
    table ?? (hasTable ? partitionsIn(bytes) : []),
    chip,
  );
  return {
    ...(application && { application }),
    ...(hasTable &&
      {
        partitionTableSha256: createHash("sha256").update(bytes).digest("hex"),
      }),
  };
}

function partitionsIn(bytes: Uint8Array): readonly Partition[] {
  try {
    return parsePartitionTable(bytes).partitions;
  } catch {
    // It only helps to find the application.
    return [];
  }
}

function applicationAmong(
  files: readonly File[],
  table: readonly Partition[],
  chip: ChipFamily,
): BoardApplication | undefined {
  // The bootloader of a board without OTA data prefers the factory application,
  // whose subtype is the least, and then the first slot.
  const slots = table.filter(({ type }) => type === APP_TYPE)
    .toSorted((a, b) => a.subtype - b.subtype)
    .map(({ offset }) => offset);
  const places = [...slots, ...files.map(({ address }) => address)];
  for (const place of places) {
    const found = applicationIn(readAt(files, place), chip);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The partition type of applications. */
const APP_TYPE = 0;

function applicationIn(
  bytes: Uint8Array,
  chip: ChipFamily,
): BoardApplication | undefined {
  if (bytes[0] !== IMAGE_MAGIC) return undefined;
  try {
    const [first] = parseImage(bytes, chip).segments;
    if (first === undefined || !isAppDescriptor(first.data)) return undefined;
    const { project, version, idfVersion, elfSha256 } = parseAppDescriptor(
      first.data,
    );
    return { project, version, idfVersion, elfSha256: elfSha256.toHex() };
  } catch {
    // Damage is told of by the checks of the job, where it matters.
    return undefined;
  }
}

/** What the files put at an address and behind it. */
function readAt(files: readonly File[], place: number): Uint8Array {
  const file = files.find(({ address, data }) =>
    address <= place && place < address + data.length
  );
  return file?.data.subarray(place - file.address) ?? new Uint8Array();
}
