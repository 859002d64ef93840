/**
 * Partition tables as people read them.
 *
 * @module
 */

import {
  formatPartitionSize,
  type Partition,
  partitionSubtypeName,
  partitionTypeName,
} from "../image/mod.ts";
import { inColumns, printable } from "./text.ts";

const HEADINGS = ["Name", "Type", "SubType", "Offset", "Size", "Flags"];

/** A table in columns, one line for each partition below a line of headings. */
export function partitionTable(partitions: readonly Partition[]): string[] {
  return inColumns([HEADINGS, ...partitions.map(cells)]);
}

function cells(partition: Partition): string[] {
  const { name, type, subtype, offset, size, unknownFlags } = partition;
  const flags = [
    partition.encrypted && "encrypted",
    partition.readonly && "readonly",
    unknownFlags !== undefined && `0x${unknownFlags.toString(16)}`,
  ];
  return [
    printable(name),
    partitionTypeName(type),
    partitionSubtypeName(type, subtype),
    `0x${offset.toString(16)}`,
    formatPartitionSize(size),
    flags.filter(Boolean).join(" "),
  ];
}
