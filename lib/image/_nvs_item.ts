/**
 * Items of an NVS partition: an entry, and behind it the data that do not fit
 * in it, 32 bytes per entry, padded with FF.
 *
 * ```
 * 0    namespace (1) | type (1) | entries (1) | chunk (1) | CRC-32 of all but itself (4)
 * 8    key, ended and padded with zeros (16)
 * 24   a number (1 to 8), or, of a string, a blob or a chunk of one:
 *      size (2) | FF FF | CRC-32 of the data (4), or, of the index of a blob:
 *      size (4) | number of chunks (1) | number of the first chunk (1) | FF FF
 * ```
 *
 * Source: ESP-IDF, "Non-Volatile Storage Library", internals.
 *
 * @module
 */

import { alignUp, concatBytes, padTo, viewOf } from "../bytes.ts";
import {
  ENTRIES_PER_PAGE,
  ENTRY_SIZE,
  ENTRY_STATE,
  nvsCrc,
  type NvsPageBytes,
} from "./_nvs_page.ts";

/** What an item holds. */
export const ITEM_TYPE = {
  u8: 0x01,
  u16: 0x02,
  u32: 0x04,
  u64: 0x08,
  i8: 0x11,
  i16: 0x12,
  i32: 0x14,
  i64: 0x18,
  string: 0x21,
  /** A blob of version 1. */
  blob: 0x41,
  /** A chunk of a blob of version 2. */
  blobData: 0x42,
  /** What says which chunks make up a blob of version 2. */
  blobIndex: 0x48,
} as const;

/** The namespace of the items that name the namespaces. */
export const NAMESPACES = 0;
/** How many namespaces there can be, beside that one. */
export const MAX_NAMESPACES = 254;
/** The chunk number of what is no chunk. */
export const NO_CHUNK = 0xff;
/** The number of the first chunk of every second version of a blob. */
export const SECOND_CHUNK_START = 0x80;
/** How many chunks a blob can have. */
export const MAX_CHUNKS = 0x7f;

const CRC_OFFSET = 4;
const KEY_OFFSET = 8;
/** Where the value of an item is that is one entry. */
export const VALUE_OFFSET = 24;
const DATA_CRC_OFFSET = 28;
const VALUE_SIZE = 8;
const KEY_SIZE = 16;

/** What an item is to be made of. */
export interface ItemSource {
  /** The namespace's number. */
  readonly namespace: number;
  /** One of {@linkcode ITEM_TYPE}. */
  readonly type: number;
  /** The key, in ASCII. */
  readonly key: string;
  /** The chunk's number, of a chunk. */
  readonly chunk?: number;
  /** A number of at most 8 bytes, an index, or the data of any other type. */
  readonly data: Uint8Array;
}

/** An item in a page. */
export interface Item {
  /** The page that it is in. */
  readonly page: NvsPageBytes;
  /** The index of its first entry. */
  readonly index: number;
  /** How many entries it has. */
  readonly span: number;
  /** The namespace's number. */
  readonly namespace: number;
  /** One of {@linkcode ITEM_TYPE}, or what is not known. */
  readonly type: number;
  /** The chunk's number, or {@linkcode NO_CHUNK}. */
  readonly chunk: number;
  /** The key. */
  readonly key: string;
  /** What the value is: 8 bytes, or the data; a view. */
  readonly data: Uint8Array;
  /** Why it cannot be read, if it cannot. */
  readonly damage?: string;
}

/** Something in a partition that a device passes over. */
export interface NvsIssue {
  /** Where it is, in bytes from the partition's start. */
  readonly offset: number;
  /** What is wrong, as a sentence without a period; it tells no value. */
  readonly message: string;
}

/** Whether data stand behind the first entry of an item of this type. */
function hasData(type: number): boolean {
  return type === ITEM_TYPE.string || type === ITEM_TYPE.blob ||
    type === ITEM_TYPE.blobData;
}

/** How many entries an item with that much data behind its first entry has. */
export function spanOf(size: number): number {
  return 1 + alignUp(size, ENTRY_SIZE) / ENTRY_SIZE;
}

/** Makes an item's entries. */
export function encodeItem(source: ItemSource): Uint8Array {
  const { namespace, type, key, chunk = NO_CHUNK, data } = source;
  const entry = new Uint8Array(ENTRY_SIZE).fill(0xff);
  const view = viewOf(entry);
  const span = hasData(type) ? spanOf(data.length) : 1;
  entry.set([namespace, type, span, chunk]);
  entry.fill(0, KEY_OFFSET, KEY_OFFSET + KEY_SIZE);
  entry.set(new TextEncoder().encode(key), KEY_OFFSET);
  if (hasData(type)) {
    view.setUint16(VALUE_OFFSET, data.length, true);
    view.setUint32(DATA_CRC_OFFSET, nvsCrc(data), true);
  } else {
    entry.set(data, VALUE_OFFSET);
  }
  view.setUint32(CRC_OFFSET, entryCrc(entry), true);
  return hasData(type) ? concatBytes([entry, padTo(data, ENTRY_SIZE)]) : entry;
}

/** The items of a page, in their order, and what is wrong with others. */
export function readItems(page: NvsPageBytes, issues: NvsIssue[] = []): Item[] {
  const items: Item[] = [];
  for (let index = 0; index < ENTRIES_PER_PAGE;) {
    if (page.entryState(index) !== ENTRY_STATE.written) {
      index++;
      continue;
    }
    const item = readItem(page, index);
    const damage = typeof item === "string" ? item : item.damage;
    if (damage !== undefined) {
      issues.push({ offset: page.offsetOf(index), message: damage });
    }
    if (typeof item === "string") {
      index++;
    } else {
      items.push(item);
      index += item.span;
    }
  }
  return items;
}

/** Reads an item, or tells why its entry is none. */
function readItem(page: NvsPageBytes, index: number): Item | string {
  const entry = page.entries(index);
  const view = viewOf(entry);
  if (view.getUint32(CRC_OFFSET, true) !== entryCrc(entry)) {
    return "An entry has a wrong checksum";
  }
  const span = view.getUint8(2);
  if (span === 0 || index + span > ENTRIES_PER_PAGE) {
    return `An entry claims to be ${span} entries`;
  }
  const type = view.getUint8(1);
  const size = view.getUint16(VALUE_OFFSET, true);
  const data = hasData(type)
    ? page.entries(index + 1, span - 1).subarray(0, size)
    : entry.subarray(VALUE_OFFSET, VALUE_OFFSET + VALUE_SIZE);
  const key = decodeKey(entry.subarray(KEY_OFFSET, KEY_OFFSET + KEY_SIZE));
  const damage = damageOf(page, index, span, type, view);
  return {
    page,
    index,
    span,
    namespace: view.getUint8(0),
    type,
    chunk: view.getUint8(3),
    key,
    data,
    ...(damage !== undefined && { damage }),
  };
}

function damageOf(
  page: NvsPageBytes,
  index: number,
  span: number,
  type: number,
  view: DataView,
): string | undefined {
  for (let at = index + 1; at < index + span; at++) {
    if (page.entryState(at) !== ENTRY_STATE.written) {
      return "An item is not written to its end";
    }
  }
  const size = hasData(type) ? view.getUint16(VALUE_OFFSET, true) : 0;
  if (span !== spanOf(size)) {
    return `An item of ${size} bytes has ${span} entries`;
  }
  if (!hasData(type)) return undefined;
  const data = page.entries(index + 1, span - 1).subarray(0, size);
  return nvsCrc(data) === view.getUint32(DATA_CRC_OFFSET, true)
    ? undefined
    : "An item's data have a wrong checksum";
}

/** Keys are ASCII; whatever else is in one becomes a character of its own. */
function decodeKey(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, end < 0 ? KEY_SIZE : end));
}

/** The checksum of an entry: all of it but the checksum's own place. */
function entryCrc(entry: Uint8Array): number {
  return nvsCrc(
    concatBytes([entry.subarray(0, CRC_OFFSET), entry.subarray(KEY_OFFSET)]),
  );
}
