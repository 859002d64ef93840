/**
 * What a fuzz run of partition tables and OTA data starts from, and what it
 * feeds. `parse` may throw an `ImageError`, or a `SyntaxError` for text.
 */

import {
  bootPartition,
  parseOtaData,
  selectOtaSlot,
} from "../../lib/image/ota_data.ts";
import { parsePartitionCsv } from "../../lib/image/partition_csv.ts";
import { partitionProblems } from "../../lib/image/partition_rules.ts";
import {
  encodePartitionTable,
  parsePartitionTable,
} from "../../lib/image/partition_table.ts";
import type { FuzzTarget } from "./_fuzz.ts";
import {
  CUSTOM_TYPES,
  SINGLE_APP,
  SINGLE_APP_CSV,
  TWO_OTA,
  TWO_OTA_CSV,
  TWO_OTA_FORMATTED,
} from "./_partition_vectors.ts";

const { partitions: TABLE } = parsePartitionTable(TWO_OTA);
const encoder = new TextEncoder();

function otaSeed(slots: readonly number[]): Uint8Array {
  return slots.reduce<Uint8Array>(
    (bytes, slot) => selectOtaSlot(bytes, slot, 2),
    new Uint8Array(0x2000).fill(0xff),
  );
}

/** The decoders of this folder's partition modules. */
export const PARTITION_TARGETS: readonly FuzzTarget[] = [
  {
    name: "partition table",
    seeds: [SINGLE_APP, TWO_OTA, CUSTOM_TYPES, SINGLE_APP.subarray(0, 96)],
    parse(bytes) {
      const { partitions } = parsePartitionTable(bytes);
      partitionProblems(partitions, { flashSize: 0x40_0000 });
      encodePartitionTable(partitions);
    },
  },
  {
    name: "partition CSV",
    seeds: [SINGLE_APP_CSV, TWO_OTA_CSV, TWO_OTA_FORMATTED].map((csv) =>
      encoder.encode(csv)
    ),
    parse(bytes) {
      const text = new TextDecoder().decode(bytes);
      const partitions = parsePartitionCsv(text, { bootloaderOffset: 0x1000 });
      encodePartitionTable(partitions);
    },
  },
  {
    name: "OTA data",
    seeds: [otaSeed([]), otaSeed([1]), otaSeed([1, 0])],
    parse(bytes) {
      bootPartition(parseOtaData(bytes), TABLE);
      selectOtaSlot(bytes, 1, 2);
    },
  },
];
