/**
 * Which items of an NVS partition count: of a key the newest that is whole.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { type Item, ITEM_TYPE, NAMESPACES } from "./_nvs_item.ts";
import { identity, type Scan } from "./_nvs_scan.ts";

/** An item that counts. */
export interface LiveItem {
  /** The item; of a blob of version 2 its index. */
  readonly item: Item;
  /** The chunks of such a blob, in their order. */
  readonly chunks: readonly Item[];
}

/** The items that hold the keys' values, from the oldest to the newest. */
export function liveItems(scan: Scan): LiveItem[] {
  const chunks = newestChunks(scan.items);
  const live = new Map<string, LiveItem>();
  for (const item of scan.items) {
    if (item.namespace === NAMESPACES) continue;
    if (item.type === ITEM_TYPE.blobData) continue;
    const own = item.type === ITEM_TYPE.blobIndex
      ? findChunks(item, chunks)
      : [];
    if (own === undefined) {
      addIssue(scan, item, "A blob lacks some of its data");
    } else {
      // The newest goes last.
      live.delete(identity(item));
      live.set(identity(item), { item, chunks: own });
    }
  }
  return [...live.values()];
}

/**
 * The items that do not count, since there is a newer one or a part is missing.
 * A device erases them when it comes upon them.
 */
export function deadItems(scan: Scan): Item[] {
  const live = new Set(
    liveItems(scan).flatMap(({ item, chunks }) => [item, ...chunks]),
  );
  const names = scan.items.filter(({ namespace }) => namespace === NAMESPACES);
  const newest = new Map(
    names.map((item) => [`${item.key}/${item.data[0]}`, item]),
  );
  for (const item of newest.values()) live.add(item);
  return scan.items.filter((item) => !live.has(item));
}

/** Adds to what is wrong with a partition. */
export function addIssue(
  { issues }: Scan,
  { page, index }: Item,
  message: string,
): void {
  issues.push({ offset: page.offsetOf(index), message });
}

/** The newest of each chunk, by its key and number. */
function newestChunks(items: readonly Item[]): Map<string, Item> {
  const chunks = items.filter(({ type }) => type === ITEM_TYPE.blobData);
  return new Map(chunks.map((item) => [chunkName(item, item.chunk), item]));
}

function chunkName(item: Item, chunk: number): string {
  return `${chunk} ${identity(item)}`;
}

/** The chunks that a blob's index promises, or `undefined` if they are not all there. */
function findChunks(
  index: Item,
  chunks: ReadonlyMap<string, Item>,
): Item[] | undefined {
  const view = viewOf(index.data);
  const [count, first] = [view.getUint8(4), view.getUint8(5)];
  const found: Item[] = [];
  let size = 0;
  for (let chunk = first; chunk < first + count; chunk++) {
    const item = chunks.get(chunkName(index, chunk));
    if (item === undefined) return undefined;
    size += item.data.length;
    found.push(item);
  }
  return size === view.getUint32(0, true) ? found : undefined;
}
