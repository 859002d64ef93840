/**
 * Partition tables: what lies where in flash.
 *
 * ```
 * entry    AA 50 | type | subtype | offset (4) | size (4) | name (16) | flags (4)   up to 95 times
 * digest   EB EB | FF (14) | MD5 of the entries (16)                                may be absent
 * end      FF (32), and on to 0xC00 bytes
 * ```
 *
 * All words are little-endian. The table has a flash sector of its own; what
 * stands in it behind 0xC00 bytes is a signature, which is not looked at here.
 * Source: ESP-IDF, "Partition Tables", and `esp_flash_partitions.h`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { equalBytes, viewOf } from "../bytes.ts";
import { EspError, ImageError } from "../errors.ts";

/** Where a partition table is in flash unless a project moves it. */
export const PARTITION_TABLE_OFFSET = 0x8000;
/** What a partition table has of flash, in bytes: one sector. */
export const PARTITION_TABLE_SECTOR = 0x1000;
/** How many bytes of that are the table. */
export const PARTITION_TABLE_SIZE = 0xc00;
/** The most partitions: one entry is the MD5 digest's. */
export const MAX_PARTITIONS = 95;
/** The most bytes of a name, as UTF-8. */
export const MAX_NAME_SIZE = 16;

const ENTRY_SIZE = 32;
const ENTRY_MAGIC = 0x50aa;
const DIGEST_MAGIC = 0xebeb;
const END_MAGIC = 0xffff;
const NAME_OFFSET = 12;
const FLAGS_OFFSET = 28;
const DIGEST_OFFSET = 16;
const FLAG_ENCRYPTED = 1;
const FLAG_READONLY = 2;
const KNOWN_FLAGS = FLAG_ENCRYPTED | FLAG_READONLY;
const DIGEST_HINT =
  "The table is damaged, or was edited by hand: write it again, from its CSV file.";

/** One partition. */
export interface Partition {
  /** What it is called. */
  readonly name: string;
  /** Its type: 0 app, 1 data, 2 bootloader, 3 partition table; from 0x40 on a project's own. */
  readonly type: number;
  /** Its subtype, whose meaning depends on the type. */
  readonly subtype: number;
  /** Where it begins in flash, in bytes. */
  readonly offset: number;
  /** How many bytes it has. */
  readonly size: number;
  /** Whether it is encrypted where the chip encrypts its flash. */
  readonly encrypted: boolean;
  /** Whether the application may not write to it. */
  readonly readonly: boolean;
  /** Flag bits that have no name here, if there are any. */
  readonly unknownFlags?: number;
}

/** A partition table. */
export interface PartitionTable {
  /** The partitions in the table's order. */
  readonly partitions: readonly Partition[];
  /** Whether it has an MD5 digest, which is right then. */
  readonly hasMd5: boolean;
}

/** Options of {@linkcode encodePartitionTable}. */
export interface EncodePartitionTableOptions {
  /**
   * Leave out the MD5 digest, for bootloaders of ESP-IDF before 3.1.
   *
   * @default {false}
   */
  readonly noMd5?: boolean;
}

/**
 * Reads a binary partition table, from its first byte to its end mark or to the
 * end of the bytes.
 *
 * @throws {ImageError} If there is no table, an entry is malformed, or the MD5 digest is wrong.
 */
export function parsePartitionTable(bytes: Uint8Array): PartitionTable {
  const view = viewOf(bytes.subarray(0, PARTITION_TABLE_SIZE));
  const partitions: Partition[] = [];
  let hasMd5 = false;
  for (let offset = 0; offset < view.byteLength; offset += ENTRY_SIZE) {
    if (offset + ENTRY_SIZE > view.byteLength) {
      throw invalid("it ends within an entry", offset);
    }
    const entry = bytes.subarray(offset, offset + ENTRY_SIZE);
    const magic = view.getUint16(offset, true);
    if (magic === END_MAGIC && entry.every((byte) => byte === 0xff)) break;
    if (hasMd5) throw invalid("an entry follows the MD5 digest", offset);
    if (magic === DIGEST_MAGIC) {
      checkDigest(bytes.subarray(0, offset), entry);
      hasMd5 = true;
    } else if (magic === ENTRY_MAGIC) {
      partitions.push(parseEntry(entry, offset));
    } else {
      throw invalid(
        `entry ${partitions.length} does not begin with aa 50`,
        offset,
      );
    }
  }
  if (partitions.length > 0) return { partitions, hasMd5 };
  throw invalid(
    "it has no entry",
    0,
    "Flash that was erased looks like this: write a partition table first, or say where it is.",
  );
}

function parseEntry(entry: Uint8Array, offset: number): Partition {
  const view = viewOf(entry);
  const label = entry.subarray(NAME_OFFSET, NAME_OFFSET + MAX_NAME_SIZE);
  const end = label.indexOf(0);
  const flags = view.getUint32(FLAGS_OFFSET, true);
  const unknownFlags = (flags & ~KNOWN_FLAGS) >>> 0;
  return {
    name: parseName(end < 0 ? label : label.subarray(0, end), offset),
    type: view.getUint8(2),
    subtype: view.getUint8(3),
    offset: view.getUint32(4, true),
    size: view.getUint32(8, true),
    encrypted: (flags & FLAG_ENCRYPTED) !== 0,
    readonly: (flags & FLAG_READONLY) !== 0,
    ...(unknownFlags !== 0 && { unknownFlags }),
  };
}

function parseName(bytes: Uint8Array, offset: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
  } catch {
    throw invalid("a name is not UTF-8", offset + NAME_OFFSET);
  }
}

function checkDigest(entries: Uint8Array, entry: Uint8Array): void {
  const told = entry.subarray(DIGEST_OFFSET);
  const actual = md5(entries);
  if (equalBytes(told, actual)) return;
  throw invalid(
    `its MD5 digest is ${told.toHex()}, that of its entries ${actual.toHex()}`,
    entries.length + DIGEST_OFFSET,
    DIGEST_HINT,
  );
}

/**
 * Encodes a partition table, padded with 0xFF to 0xC00 bytes. Whether the
 * partitions overlap is for {@linkcode partitionProblems} to say.
 *
 * @throws {RangeError} If there is no partition, there are too many, or one does not fit an entry.
 */
export function encodePartitionTable(
  partitions: readonly Partition[],
  options: EncodePartitionTableOptions = {},
): Uint8Array<ArrayBuffer> {
  if (partitions.length === 0 || partitions.length > MAX_PARTITIONS) {
    throw new RangeError(
      `Cannot encode partition table: it has ${partitions.length} partitions, 1 to ${MAX_PARTITIONS} are possible`,
    );
  }
  const table = new Uint8Array(PARTITION_TABLE_SIZE).fill(0xff);
  partitions.forEach((partition, index) =>
    encodeEntry(table.subarray(index * ENTRY_SIZE), partition)
  );
  if (options.noMd5) return table;
  const end = partitions.length * ENTRY_SIZE;
  viewOf(table).setUint16(end, DIGEST_MAGIC, true);
  table.set(md5(table.subarray(0, end)), end + DIGEST_OFFSET);
  return table;
}

function encodeEntry(entry: Uint8Array, partition: Partition): void {
  const { name, encrypted, readonly, unknownFlags = 0 } = partition;
  const label = new TextEncoder().encode(name);
  if (label.length > MAX_NAME_SIZE || label.includes(0)) {
    throw new RangeError(
      `Cannot encode partition "${name}": its name is not one of up to ${MAX_NAME_SIZE} bytes`,
    );
  }
  const view = viewOf(entry);
  view.setUint16(0, ENTRY_MAGIC, true);
  view.setUint8(2, checked(partition, "type", 0xff));
  view.setUint8(3, checked(partition, "subtype", 0xff));
  view.setUint32(4, checked(partition, "offset", 0xffff_ffff), true);
  view.setUint32(8, checked(partition, "size", 0xffff_ffff), true);
  entry.fill(0, NAME_OFFSET, NAME_OFFSET + MAX_NAME_SIZE);
  entry.set(label, NAME_OFFSET);
  const flags = unknownFlags | (encrypted ? FLAG_ENCRYPTED : 0) |
    (readonly ? FLAG_READONLY : 0);
  view.setUint32(FLAGS_OFFSET, flags >>> 0, true);
}

function checked(
  partition: Partition,
  field: "type" | "subtype" | "offset" | "size",
  max: number,
): number {
  const value = partition[field];
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(
    `Cannot encode partition "${partition.name}": its ${field} is ${value}, which is not from 0 to ${max}`,
  );
}

/**
 * Finds the partition of a name.
 *
 * @throws {EspError} `partition-unknown` if there is none, or more than one.
 */
export function findPartition(
  partitions: readonly Partition[],
  name: string,
): Partition {
  const found = partitions.filter((partition) => partition.name === name);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const names = partitions.map((partition) => partition.name).join(", ");
  throw new EspError(
    `Cannot find partition "${name}": ${
      only === undefined ? "none has" : `${found.length} have`
    } this name`,
    { code: "partition-unknown", hint: `The table has ${names}.` },
  );
}

function md5(bytes: Uint8Array): Uint8Array {
  return createHash("md5").update(bytes).digest();
}

function invalid(why: string, offset: number, hint?: string): ImageError {
  return new ImageError(`Cannot parse partition table: ${why}`, {
    offset,
    hint,
  });
}
