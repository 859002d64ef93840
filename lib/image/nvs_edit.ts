/**
 * NVS partitions: changing some keys and keeping all others.
 *
 * @module
 */

import { equalBytes, viewOf } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import {
  type Item,
  ITEM_TYPE,
  MAX_NAMESPACES,
  NAMESPACES,
  SECOND_CHUNK_START,
} from "./_nvs_item.ts";
import { deadItems } from "./_nvs_live.ts";
import { ENTRY_STATE, type NvsPageBytes, pagesOf } from "./_nvs_page.ts";
import { identity, type Scan, scanPartition } from "./_nvs_scan.ts";
import { needsRecovery, UsedPages } from "./_nvs_used_pages.ts";
import { writeNamespace, writeValue } from "./_nvs_write.ts";
import { type NvsChanges, toChanges } from "./nvs_contents.ts";
import { decryptNvs, encryptNvs } from "./nvs_encryption.ts";
import type { NvsKeys } from "./nvs_keys.ts";
import { contentsOf } from "./nvs_parse.ts";
import { equalNvsValues, type NvsValue } from "./nvs_value.ts";

/** Options of {@linkcode editNvs}. */
export interface EditNvsOptions {
  /** The keys of an encrypted partition. */
  readonly keys?: NvsKeys | undefined;
}

/** A sector of flash that is to be written. */
export interface NvsSector {
  /** Where it is, in bytes from the partition's start. */
  readonly offset: number;
  /** What is to be in it: 4096 bytes, a view. */
  readonly data: Uint8Array;
  /** Whether it must be erased first, because bits are to be set again. */
  readonly needsErase: boolean;
}

/** A partition that has been changed. */
export interface NvsEdit {
  /** The whole partition as it is to be. */
  readonly partition: Uint8Array;
  /**
   * What is to be written back; none if nothing changes. In this order, no key
   * but those that change is missing if it is broken off between two sectors;
   * to edit what is there then brings it to its end.
   */
  readonly sectors: readonly NvsSector[];
}

/** New values by key, or `null` for a key to erase, by namespace. */
type Wanted = ReadonlyMap<string, ReadonlyMap<string, NvsValue | null>>;

/**
 * Changes and erases keys of a partition, as a device does it: new values go
 * behind those that are there, old ones are marked as erased, and a page is
 * copied where room must be made. All other keys are kept. A value that is
 * there already, and a key to erase that is not there, change nothing. A new
 * value may be of another type than the old one. What a loss of power has left
 * half done is brought to its end, even if nothing is to be changed.
 *
 * ```ts
 * import { buildNvs, editNvs, parseNvs } from "@espline/espline/image";
 *
 * const partition = buildNvs({ wifi: { ssid: "old", pin: "1234" } }, { size: 0x3000 });
 * const edit = editNvs(partition, { wifi: { ssid: "new", pin: null } });
 * console.log(edit.sectors.length, parseNvs(edit.partition).contents.get("wifi"));
 * ```
 *
 * @param partition Is left as it is.
 * @throws {TypeError} If something is no value, such as a number without a width.
 * @throws {RangeError} If a name or a value is out of its range.
 * @throws {ImageError} If it is no NVS partition, its entries cannot be read, or there is no room.
 */
export function editNvs(
  partition: Uint8Array,
  changes: NvsChanges,
  options: EditNvsOptions = {},
): NvsEdit {
  const { keys } = options;
  const plain = keys === undefined
    ? partition.slice()
    : decryptNvs(partition, keys);
  const scan = scanPartition(plain, keys !== undefined);
  const wanted = selectChanges(scan, toChanges(changes));
  if (wanted.size > 0 || needsRecovery(scan)) applyChanges(scan, wanted);
  const edited = keys === undefined ? plain : encryptNvs(plain, keys);
  return { partition: edited, sectors: changedSectors(partition, edited) };
}

/** Leaves out what is as it should be. */
function selectChanges(scan: Scan, changes: Wanted): Wanted {
  const contents = contentsOf(scan);
  const wanted = new Map<string, Map<string, NvsValue | null>>();
  for (const [name, values] of changes) {
    const before = contents.get(name);
    const changed = [...values].filter(([key, value]) => {
      const old = before?.get(key);
      if (value === null || old === undefined) return value !== (old ?? null);
      return !equalNvsValues(old, value);
    });
    if (changed.length > 0) wanted.set(name, new Map(changed));
  }
  return wanted;
}

function applyChanges(scan: Scan, wanted: Wanted): void {
  const old = scan.items.filter(({ namespace, key }) =>
    namespace !== NAMESPACES &&
    wanted.get(scan.namespaces.get(namespace) ?? "")?.has(key)
  );
  for (const { page, index, span } of [...old, ...deadItems(scan)]) {
    page.markEntries(index, index + span, ENTRY_STATE.erased);
  }
  const chunkStarts = nextChunkStarts(old);
  const numbers = numbersOf(scan);
  const pages = new UsedPages(scan);
  for (const [name, values] of wanted) {
    for (const [key, value] of values) {
      if (value === null) continue;
      const namespace = numbers.get(name) ?? freeNumber(scan, numbers);
      if (!numbers.has(name)) writeNamespace(pages, name, namespace);
      numbers.set(name, namespace);
      const place = { name, namespace, key };
      writeValue(pages, place, value, chunkStarts.get(identity(place)));
    }
  }
}

/** A blob's chunks are numbered so that they are not taken for those of the blob before. */
function nextChunkStarts(old: readonly Item[]): Map<string, number> {
  const indexes = old.filter(({ type }) => type === ITEM_TYPE.blobIndex);
  return new Map(indexes.map((item) => {
    const start = viewOf(item.data).getUint8(5);
    return [identity(item), start === 0 ? SECOND_CHUNK_START : 0];
  }));
}

/** The numbers of the namespaces by their names; a name's first number counts. */
function numbersOf({ namespaces }: Scan): Map<string, number> {
  return new Map(
    [...namespaces].reverse().map(([number, name]) => [name, number]),
  );
}

/** A number that neither a namespace has nor items whose namespace has no name. */
function freeNumber(
  { items, namespaces }: Scan,
  numbers: ReadonlyMap<string, number>,
): number {
  const taken = new Set([
    ...items.map(({ namespace }) => namespace),
    ...namespaces.keys(),
    ...numbers.values(),
  ]);
  for (let number = NAMESPACES + 1; number <= MAX_NAMESPACES; number++) {
    if (!taken.has(number)) return number;
  }
  throw new ImageError(
    `Cannot edit NVS: it has ${MAX_NAMESPACES} namespaces, and can have no more`,
    { offset: 0 },
  );
}

/** What is to be written back, in an order that can be broken off. */
function changedSectors(before: Uint8Array, after: Uint8Array): NvsSector[] {
  const old = pagesOf(before);
  return pagesOf(after)
    .flatMap((page, index) => {
      const was = old[index];
      return was === undefined || equalBytes(was.bytes, page.bytes)
        ? []
        : [{ page, was, turn: turnOf(page, was) }];
    })
    .sort((a, b) => a.turn - b.turn || a.page.sequence - b.page.sequence)
    .map(({ page, was }) => ({
      offset: page.offset,
      data: page.bytes,
      needsErase: page.bytes.some((byte, at) =>
        (byte & ~(was.bytes[at] ?? 0)) !== 0
      ),
    }));
}

/**
 * When a page is written back, so that what it held is elsewhere by then:
 * pages that were free; what has been added to; pages that have been put to use
 * again, where each may have been copied to the one before it; what has only
 * been marked; and at last what is to be empty.
 */
function turnOf(page: NvsPageBytes, was: NvsPageBytes): number {
  if (!page.isUsed) return 4;
  if (!was.isUsed) return 0;
  if (page.sequence !== was.sequence) return 2;
  return page.end > was.end ? 1 : 3;
}
