/**
 * What is in a plain NVS partition, item by item, as a device would find it.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import {
  type Item,
  ITEM_TYPE,
  NAMESPACES,
  type NvsIssue,
  readItems,
} from "./_nvs_item.ts";
import {
  ENTRY_STATE,
  type NvsPageBytes,
  type NvsVersion,
  PAGE_SIZE,
  pagesOf,
} from "./_nvs_page.ts";

/** A partition's pages and items. */
export interface Scan {
  /** All pages, in the order of their places. */
  readonly pages: readonly NvsPageBytes[];
  /** The pages in use, from the oldest to the newest. */
  readonly used: readonly NvsPageBytes[];
  /** The items that can be read, from the oldest to the newest. */
  readonly items: readonly Item[];
  /** The names of the namespaces by their numbers. */
  readonly namespaces: ReadonlyMap<number, string>;
  /** The format's version: 2 unless there are only pages of version 1. */
  readonly version: NvsVersion;
  /** What could not be read. */
  readonly issues: NvsIssue[];
}

/**
 * Finds the items of a partition.
 *
 * @param decrypted Whether the entries have been decrypted, for the hint.
 * @throws {ImageError} If it is no NVS partition, is of a later version, or has
 * entries of which none can be read, as an encrypted one has without its keys.
 */
export function scanPartition(partition: Uint8Array, decrypted: boolean): Scan {
  const pages = checkPages(partition);
  const used = pages.filter((page) => page.isUsed)
    .sort((a, b) => a.sequence - b.sequence);
  const issues: NvsIssue[] = pages.filter(({ state }) => state === "corrupt")
    .map(({ offset }) => ({ offset, message: "A page has an invalid header" }));
  const all = used.flatMap((page) => readItems(page, issues));
  const items = all.filter(({ damage }) => damage === undefined);
  checkReadable(used, items, decrypted);
  return {
    pages,
    used,
    items,
    namespaces: namesOf(items),
    version: used.every(({ version }) => version === 1) && used.length > 0
      ? 1
      : 2,
    issues,
  };
}

/** A key of maps for what has a namespace's number and a key. */
export function identity(
  { namespace, key }: Pick<Item, "namespace" | "key">,
): string {
  return `${namespace}/${key}`;
}

function checkPages(partition: Uint8Array): NvsPageBytes[] {
  if (partition.length === 0 || partition.length % PAGE_SIZE !== 0) {
    throw new ImageError(
      `Cannot parse NVS: ${partition.length} bytes are not one or more pages of ${PAGE_SIZE} bytes`,
      { offset: partition.length },
    );
  }
  const pages = pagesOf(partition);
  const used = pages.filter((page) => page.isUsed);
  const [later] = used.filter(({ version }) => version > 2);
  if (later !== undefined) {
    throw new ImageError(
      `Cannot parse NVS: the page at ${
        formatAddress(later.offset)
      } is of version ${later.version}, which is not known`,
      { offset: later.offset },
    );
  }
  if (used.length === 0 && pages.some(({ state }) => state === "corrupt")) {
    throw new ImageError("Cannot parse NVS: no page has a valid header", {
      offset: 0,
      hint:
        "This is no NVS partition, or it is of a flash that the chip encrypts as a whole.",
    });
  }
  return pages;
}

function checkReadable(
  used: readonly NvsPageBytes[],
  items: readonly Item[],
  decrypted: boolean,
): void {
  const [first] = used.filter((page) => page.count(ENTRY_STATE.written) > 0);
  if (items.length > 0 || first === undefined) return;
  throw new ImageError("Cannot parse NVS: no entry can be read", {
    offset: first.offset,
    hint: decrypted
      ? "These may not be its keys, or it is not encrypted."
      : "It may be encrypted: give its keys.",
  });
}

/** A number's first name counts, as it does for a device. */
function namesOf(items: readonly Item[]): Map<number, string> {
  const names = new Map<number, string>();
  for (const { namespace, type, key, data } of items) {
    if (namespace !== NAMESPACES || type !== ITEM_TYPE.u8) continue;
    const [number = NAMESPACES] = data;
    if (!names.has(number)) names.set(number, key);
  }
  return names;
}
