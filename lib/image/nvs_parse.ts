/**
 * NVS partitions: from bytes to namespaces, keys and values.
 *
 * @module
 */

import { concatBytes } from "../bytes.ts";
import { type Item, ITEM_TYPE, type NvsIssue } from "./_nvs_item.ts";
import { addIssue, liveItems } from "./_nvs_live.ts";
import {
  ENTRY_STATE,
  type NvsPageBytes,
  type NvsPageState,
  type NvsVersion,
} from "./_nvs_page.ts";
import { type Scan, scanPartition } from "./_nvs_scan.ts";
import type { NvsContents } from "./nvs_contents.ts";
import { decryptNvs } from "./nvs_encryption.ts";
import type { NvsKeys } from "./nvs_keys.ts";
import { decodeValue, type NvsValue } from "./nvs_value.ts";

export type { NvsIssue, NvsPageState, NvsVersion };

/** A page of a partition. */
export interface NvsPage {
  /** Where it is, in bytes from the partition's start. */
  readonly offset: number;
  /** What it is used for. */
  readonly state: NvsPageState;
  /** Its place among the pages in use, of a page in use: the newest has the greatest. */
  readonly sequence?: number;
  /** How many of its 126 entries are written, of a page in use. */
  readonly written: number;
  /** How many are erased, of a page in use: they can be written again when the page is. */
  readonly erased: number;
}

/** A partition, taken apart. */
export interface NvsPartition {
  /** The version of its format; 2 if it is empty. */
  readonly version: NvsVersion;
  /** Its namespaces, keys and values; blobs are views where they are in one piece. */
  readonly contents: NvsContents;
  /** Its pages, in the order of their places. */
  readonly pages: readonly NvsPage[];
  /** What a device would pass over, and so does this. */
  readonly issues: readonly NvsIssue[];
}

/** Options of {@linkcode parseNvs}. */
export interface ParseNvsOptions {
  /** The keys of an encrypted partition. */
  readonly keys?: NvsKeys | undefined;
}

/**
 * Takes a partition apart. What a device passes over (erased entries, wrong
 * checksums, halves of items) is passed over; of a key that is there twice, the
 * newest value counts.
 *
 * @throws {ImageError} If it is no NVS partition, is of a later version, or has
 * entries of which none can be read, as an encrypted one has without its keys.
 */
export function parseNvs(
  partition: Uint8Array,
  options: ParseNvsOptions = {},
): NvsPartition {
  const { keys } = options;
  const plain = keys === undefined ? partition : decryptNvs(partition, keys);
  const scan = scanPartition(plain, keys !== undefined);
  return {
    version: scan.version,
    contents: contentsOf(scan),
    pages: scan.pages.map(describePage),
    issues: scan.issues,
  };
}

/** The values that a scan has found. What they cannot be made of is added to its issues. */
export function contentsOf(scan: Scan): NvsContents {
  const contents = new Map<string, Map<string, NvsValue>>();
  for (const name of scan.namespaces.values()) contents.set(name, new Map());
  for (const { item, chunks } of liveItems(scan)) {
    const name = scan.namespaces.get(item.namespace);
    const values = name === undefined ? undefined : contents.get(name);
    const value = valueOf(item, chunks);
    if (values === undefined) {
      addIssue(scan, item, "A key is of a namespace that has no name");
    } else if (value === undefined) {
      addIssue(scan, item, `A key has the unknown type ${item.type}`);
    } else {
      values.set(item.key, value);
    }
  }
  return contents;
}

function valueOf(item: Item, chunks: readonly Item[]): NvsValue | undefined {
  if (item.type !== ITEM_TYPE.blobIndex) {
    return decodeValue(item.type, item.data);
  }
  const value = concatBytes(chunks.map(({ data }) => data));
  return { kind: "blob", value };
}

function describePage(page: NvsPageBytes): NvsPage {
  const { offset, state, sequence } = page;
  if (!page.isUsed) return { offset, state, written: 0, erased: 0 };
  return {
    offset,
    state,
    sequence,
    written: page.count(ENTRY_STATE.written),
    erased: page.count(ENTRY_STATE.erased),
  };
}
