/**
 * NVS partitions: from namespaces, keys and values to bytes.
 *
 * @module
 */

import { ImageError } from "../errors.ts";
import {
  ENTRIES_PER_PAGE,
  keptPages,
  NVS_MIN_WRITABLE_SIZE,
  type NvsPageBytes,
  type NvsVersion,
  PAGE_SIZE,
  pagesOf,
} from "./_nvs_page.ts";
import { MAX_NAMESPACES } from "./_nvs_item.ts";
import { type ItemPages, writeNamespace, writeValue } from "./_nvs_write.ts";
import { type NvsContentsLike, toContents } from "./nvs_contents.ts";
import { encryptNvs } from "./nvs_encryption.ts";
import type { NvsKeys } from "./nvs_keys.ts";

export { NVS_MIN_WRITABLE_SIZE };

/** Options of {@linkcode buildNvs}. */
export interface BuildNvsOptions {
  /**
   * The partition's size in bytes: a multiple of 4096. One page is kept empty,
   * unless there are fewer than three: then a device can only read it.
   */
  readonly size: number;
  /**
   * The format's version. Version 1 is for firmware that is older than ESP-IDF 3.2.
   *
   * @default {2}
   */
  readonly version?: NvsVersion | undefined;
  /** The keys to encrypt the partition with. */
  readonly keys?: NvsKeys | undefined;
}

/**
 * Builds a partition. For the same contents in the same order, the bytes are
 * those of ESP-IDF's `nvs_partition_gen`.
 *
 * ```ts
 * import { buildNvs, parseNvs, u8 } from "@espline/espline/image";
 *
 * const partition = buildNvs({
 *   wifi: { ssid: "workshop", channel: u8(6), token: Uint8Array.of(1, 2, 3) },
 * }, { size: 0x3000 });
 * console.log(parseNvs(partition).contents.get("wifi")?.get("ssid"));
 * ```
 *
 * @throws {TypeError} If something is no value, such as a number without a width.
 * @throws {RangeError} If the size, a name or a value is out of its range.
 * @throws {ImageError} If the contents do not fit.
 */
export function buildNvs(
  contents: NvsContentsLike,
  options: BuildNvsOptions,
): Uint8Array<ArrayBuffer> {
  const { size, version = 2, keys } = options;
  if (!Number.isSafeInteger(size) || size <= 0 || size % PAGE_SIZE !== 0) {
    throw new RangeError(
      `Cannot build NVS of ${size} bytes: its size must be a multiple of ${PAGE_SIZE}`,
    );
  }
  const namespaces = toContents(contents);
  if (namespaces.size > MAX_NAMESPACES) {
    throw new RangeError(
      `Cannot build NVS: it has ${namespaces.size} namespaces, ${MAX_NAMESPACES} are allowed`,
    );
  }
  const partition = new Uint8Array(size).fill(0xff);
  const pages = new FreshPages(pagesOf(partition), version);
  let namespace = 0;
  for (const [name, values] of namespaces) {
    namespace++;
    writeNamespace(pages, name, namespace);
    for (const [key, value] of values) {
      writeValue(pages, { name, namespace, key }, value);
    }
  }
  return keys === undefined ? partition : encryptNvs(partition, keys);
}

/** Pages that are used one after another. */
class FreshPages implements ItemPages {
  readonly version: NvsVersion;
  readonly #pages: readonly NvsPageBytes[];
  readonly #usable: number;
  #index = -1;

  constructor(pages: readonly NvsPageBytes[], version: NvsVersion) {
    this.version = version;
    this.#pages = pages;
    this.#usable = pages.length - keptPages(pages.length);
    this.turn();
  }

  current(): NvsPageBytes {
    const page = this.#pages[this.#index];
    if (page === undefined) throw this.noRoom();
    return page;
  }

  turn(): void {
    if (this.#index >= 0) this.current().setState("full");
    this.#index++;
    if (this.#index >= this.#usable) throw this.noRoom();
    this.current().activate(this.#index, this.version);
  }

  /** As ESP-IDF's tool has it, data leave the last entry of a page free; a page of its own they may fill. */
  fits(span: number): boolean {
    const { end } = this.current();
    if (span === 1 || end === 0) return end + span <= ENTRIES_PER_PAGE;
    return end + span < ENTRIES_PER_PAGE;
  }

  begins(): boolean {
    return this.current().end < ENTRIES_PER_PAGE;
  }

  noRoom(): ImageError {
    const size = this.#pages.length * PAGE_SIZE;
    const kept = this.#usable < this.#pages.length
      ? ", of which a page must stay empty"
      : "";
    return new ImageError(
      `Cannot build NVS: its contents do not fit ${size} bytes${kept}`,
      { offset: size, hint: "Make the partition larger." },
    );
  }
}
