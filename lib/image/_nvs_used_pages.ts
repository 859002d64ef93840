/**
 * The pages of an NVS partition that has been written to, changed in the way
 * that a device changes them: what is new goes behind what is there, what is
 * old is marked as erased, and a page is kept empty for copying another.
 *
 * @module
 */

import { ImageError } from "../errors.ts";
import { type Item, readItems } from "./_nvs_item.ts";
import {
  ENTRIES_PER_PAGE,
  ENTRY_STATE,
  keptPages,
  type NvsPageBytes,
  type NvsVersion,
  PAGE_SIZE,
} from "./_nvs_page.ts";
import type { Scan } from "./_nvs_scan.ts";
import { type ItemPages, tailroom } from "./_nvs_write.ts";

/**
 * Whether a loss of power has ended the copying of a page: it is not done, or
 * no page is free.
 */
export function needsRecovery({ pages, used }: Scan): boolean {
  return used.some(({ state }) => state === "freeing") ||
    pages.length - used.length < keptPages(pages.length);
}

/** A blob does not begin in less room than this if it does not end there, in bytes. */
const LEAST_CHUNK = 400;
const MAX_SEQUENCE = 0xffff_ffff;

/** Pages with items in them, and free ones. */
export class UsedPages implements ItemPages {
  readonly version: NvsVersion;
  readonly #pages: readonly NvsPageBytes[];
  /** From the oldest to the newest. */
  readonly #used: NvsPageBytes[];

  constructor({ pages, used, version }: Scan) {
    this.version = version;
    this.#pages = pages;
    this.#used = [...used];
    this.#recover();
    if (this.#active !== undefined) tidy(this.#active);
  }

  current(): NvsPageBytes {
    if (this.#active === undefined) throw this.noRoom();
    return this.#active;
  }

  fits(span: number): boolean {
    const page = this.#active;
    return page !== undefined && page.end + span <= ENTRIES_PER_PAGE;
  }

  begins(size: number): boolean {
    const room = this.#active === undefined ? -1 : tailroom(this.#active);
    return room >= Math.min(size, LEAST_CHUNK);
  }

  turn(): void {
    this.#active?.setState("full");
    const [free, ...others] = this.#free;
    if (free === undefined) throw this.noRoom();
    if (others.length >= keptPages(this.#pages.length)) this.#activate(free);
    else this.#reclaim(free);
  }

  noRoom(): ImageError {
    const count = (state: number) =>
      this.#used.reduce((sum, page) => sum + page.count(state), 0);
    return new ImageError(
      `Cannot edit NVS: there is no room, ${
        count(ENTRY_STATE.written)
      } entries are written in ${this.#used.length} of ${this.#pages.length} pages`,
      {
        offset: this.#pages.length * PAGE_SIZE,
        hint: "Erase keys that are not needed, or make the partition larger.",
      },
    );
  }

  /** The page that a device writes to: the newest, unless it is full. */
  get #active(): NvsPageBytes | undefined {
    const newest = this.#used.at(-1);
    return newest?.state === "active" ? newest : undefined;
  }

  get #free(): NvsPageBytes[] {
    return this.#pages.filter((page) => !this.#used.includes(page));
  }

  #activate(page: NvsPageBytes): void {
    const newest = this.#used.at(-1)?.sequence ?? -1;
    if (newest === MAX_SEQUENCE) {
      throw new ImageError(
        "Cannot edit NVS: its newest page has the last number that there is",
        { offset: page.offset },
      );
    }
    page.activate(newest + 1, this.version);
    this.#used.push(page);
  }

  /** Copies what is left in the page with the fewest entries, and erases it. */
  #reclaim(free: NvsPageBytes): void {
    const [victim] = this.#used.toSorted((a, b) =>
      a.count(ENTRY_STATE.written) - b.count(ENTRY_STATE.written)
    );
    if (victim === undefined) throw this.noRoom();
    this.#activate(free);
    this.#move(victim, readItems(victim));
  }

  #move(from: NvsPageBytes, items: readonly Item[]): void {
    for (const { index, span, damage } of items) {
      if (damage !== undefined) continue;
      if (!this.fits(span)) throw this.noRoom();
      this.current().append(from.entries(index, span));
    }
    from.erase();
    this.#used.splice(this.#used.indexOf(from), 1);
  }

  /** Goes on where a loss of power has ended the copying of a page, on the device or while this was written back. */
  #recover(): void {
    const noneFree = this.#free.length < keptPages(this.#pages.length);
    for (const page of [...this.#used]) {
      const items = readItems(page);
      if (page.state === "freeing") {
        if (items.length > 0) this.#prepare();
        this.#move(page, items);
      } else if (noneFree && items.length === 0) {
        this.#move(page, items);
      }
    }
  }

  /** Makes sure that there is a page to write to. */
  #prepare(): void {
    const [free] = this.#free;
    if (this.#active !== undefined) tidy(this.#active);
    else if (free !== undefined) this.#activate(free);
  }
}

/**
 * Marks as erased what a device would, before it writes to a page: items that
 * are not written to their end, and entries that are written but not marked so.
 */
function tidy(page: NvsPageBytes): void {
  for (const { index, span } of readItems(page)) {
    const states = Array.from(
      { length: span },
      (_, at) => page.entryState(index + at),
    );
    if (states.some((state) => state !== ENTRY_STATE.written)) {
      page.markEntries(index, index + span, ENTRY_STATE.erased);
    }
  }
  let end = ENTRIES_PER_PAGE;
  while (end > page.end && isBlank(page.entries(end - 1))) end--;
  for (let index = 0; index < end; index++) {
    if (page.entryState(index) === ENTRY_STATE.empty) {
      page.markEntries(index, index + 1, ENTRY_STATE.erased);
    }
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0xff);
}
