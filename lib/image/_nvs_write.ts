/**
 * Putting values into the pages of an NVS partition, one behind another.
 *
 * @module
 */

import { encodeUint32 } from "../bytes.ts";
import type { ImageError } from "../errors.ts";
import {
  encodeItem,
  ITEM_TYPE,
  type ItemSource,
  MAX_CHUNKS,
  NAMESPACES,
  spanOf,
} from "./_nvs_item.ts";
import {
  ENTRIES_PER_PAGE,
  ENTRY_SIZE,
  type NvsPageBytes,
  type NvsVersion,
} from "./_nvs_page.ts";
import { encodeValue, type NvsValue } from "./nvs_value.ts";

/** How many bytes a string with its zero, or a blob of version 1, can have. */
const MAX_ITEM_SIZE = { 1: 1984, 2: 4000 } as const;

/** Where items go. */
export interface ItemPages {
  /** The format's version. */
  readonly version: NvsVersion;
  /**
   * The page that items are put in.
   *
   * @throws {ImageError} If there is none.
   */
  current(): NvsPageBytes;
  /**
   * Leaves the current page and goes to the next.
   *
   * @throws {ImageError} If there is none.
   */
  turn(): void;
  /** Whether an item of that many entries, which is no chunk, goes into the current page. */
  fits(span: number): boolean;
  /** Whether a blob of that size, which can be split, begins in the current page. */
  begins(size: number): boolean;
  /** Says that there is no room. */
  noRoom(): ImageError;
}

/** A place for a value. */
export interface ItemPlace {
  /** The namespace's name. */
  readonly name: string;
  /** The namespace's number. */
  readonly namespace: number;
  /** The key. */
  readonly key: string;
}

/**
 * Writes the name of a namespace.
 *
 * @throws {ImageError} If there is no room.
 */
export function writeNamespace(
  pages: ItemPages,
  name: string,
  namespace: number,
): void {
  writeItem(pages, {
    namespace: NAMESPACES,
    type: ITEM_TYPE.u8,
    key: name,
    data: Uint8Array.of(namespace),
  });
}

/**
 * Writes a value.
 *
 * @param chunkStart The number of a blob's first chunk.
 * @throws {RangeError} If the value is too long for a partition of this version.
 * @throws {ImageError} If there is no room.
 */
export function writeValue(
  pages: ItemPages,
  { name, namespace, key }: ItemPlace,
  value: NvsValue,
  chunkStart = 0,
): void {
  const data = encodeValue(value);
  const source = { namespace, key, type: ITEM_TYPE[value.kind], data };
  if (value.kind === "blob" && pages.version === 2) {
    writeBlob(pages, source, chunkStart);
    return;
  }
  const limit = MAX_ITEM_SIZE[pages.version];
  if (data.length > limit) {
    throw new RangeError(
      `Cannot store ${name}/${key}: a ${value.kind} of ${data.length} bytes${
        value.kind === "string" ? " with its zero" : ""
      } is longer than the ${limit} that version ${pages.version} allows`,
    );
  }
  writeItem(pages, source);
}

function writeItem(pages: ItemPages, source: ItemSource): void {
  const item = encodeItem(source);
  const span = item.length / ENTRY_SIZE;
  if (!pages.fits(span)) pages.turn();
  if (!pages.fits(span)) throw pages.noRoom();
  pages.current().append(item);
}

/** Splits a blob where pages end, and says behind it what it was split into. */
function writeBlob(
  pages: ItemPages,
  source: ItemSource,
  chunkStart: number,
): void {
  const { data } = source;
  if (!pages.begins(data.length)) pages.turn();
  let count = 0;
  for (let offset = 0; offset < data.length || count === 0; count++) {
    if (count > 0) pages.turn();
    const room = tailroom(pages.current());
    if (room < 0 || count === MAX_CHUNKS) throw pages.noRoom();
    const chunk = data.subarray(offset, offset + room);
    const type = ITEM_TYPE.blobData;
    pages.current().append(
      encodeItem({ ...source, type, chunk: chunkStart + count, data: chunk }),
    );
    offset += chunk.length;
  }
  const index = Uint8Array.of(
    ...encodeUint32(data.length),
    count,
    chunkStart,
    0xff,
    0xff,
  );
  writeItem(pages, { ...source, type: ITEM_TYPE.blobIndex, data: index });
}

/** How many bytes of a chunk fit behind its own entry; negative if not even that fits. */
export function tailroom(page: NvsPageBytes): number {
  return (ENTRIES_PER_PAGE - page.end - spanOf(0)) * ENTRY_SIZE;
}
