/**
 * A page of an NVS partition, which is a flash sector:
 *
 * ```
 * 0     state (4) | sequence number (4) | version (1) | FF … | CRC-32 of bytes 4 to 27 (4)
 * 32    two bits per entry: 11 empty, 10 written, 00 erased; four bits are spare
 * 64    126 entries of 32 bytes
 * ```
 *
 * All words are little-endian. States are changed by clearing bits, so that the
 * sector need not be erased. Source: ESP-IDF, "Non-Volatile Storage Library",
 * internals.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { viewOf } from "../bytes.ts";

/** The size of a page, in bytes. */
export const PAGE_SIZE = 4096;
/** The size of an entry, in bytes. */
export const ENTRY_SIZE = 32;
/** How many entries a page has. */
export const ENTRIES_PER_PAGE = 126;
/** Where the first entry of a page is. */
export const FIRST_ENTRY_OFFSET = 64;

/** The least size of a partition that a device can write to, in bytes. */
export const NVS_MIN_WRITABLE_SIZE = 3 * PAGE_SIZE;

const SEQUENCE_OFFSET = 4;
const VERSION_OFFSET = 8;
const HEADER_CRC_OFFSET = 28;
const STATES_OFFSET = 32;
/** Version n is written as this less n - 1. */
const VERSION_1 = 0xff;
const CRC_START = 0xffff_ffff;

/** NVS's format: version 2 splits blobs, so that they can be longer than a page. */
export type NvsVersion = 1 | 2;

/** What a page is used for; `freeing` is being copied to another. */
export type NvsPageState = "empty" | "active" | "full" | "freeing" | "corrupt";

const STATE_CODES = {
  active: 0xffff_fffe,
  full: 0xffff_fffc,
  freeing: 0xffff_fff8,
} as const;

/** A state that a page in use has. */
type UsedState = keyof typeof STATE_CODES;

/** What has become of an entry. */
export const ENTRY_STATE = {
  empty: 0b11,
  written: 0b10,
  erased: 0b00,
} as const;

/** NVS's CRC-32, which starts from all ones. */
export function nvsCrc(bytes: Uint8Array): number {
  return crc32(bytes, CRC_START);
}

/** A page's bytes, seen as a page. Its entries are plain text. */
export class NvsPageBytes {
  /** Where the page is in the partition, in bytes. */
  readonly offset: number;
  /** The page's bytes, a view of the partition. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(partition: Uint8Array, offset: number) {
    this.offset = offset;
    this.bytes = partition.subarray(offset, offset + PAGE_SIZE);
    this.#view = viewOf(this.bytes);
  }

  /** What the page is used for; a header with a wrong checksum makes it corrupt. */
  get state(): NvsPageState {
    const code = this.#view.getUint32(0, true);
    if (code === CRC_START && this.bytes.every((byte) => byte === 0xff)) {
      return "empty";
    }
    const crc = this.#view.getUint32(HEADER_CRC_OFFSET, true);
    if (crc !== this.#headerCrc()) return "corrupt";
    const states = Object.keys(STATE_CODES) as UsedState[];
    return states.find((state) => STATE_CODES[state] === code) ?? "corrupt";
  }

  /** Whether the page has, or may have, entries that count. */
  get isUsed(): boolean {
    return Object.hasOwn(STATE_CODES, this.state);
  }

  /** The page's place among the pages in use: the newest has the greatest. */
  get sequence(): number {
    return this.#view.getUint32(SEQUENCE_OFFSET, true);
  }

  /** The version byte's meaning; 3 and more are of a time to come. */
  get version(): number {
    return VERSION_1 - this.#view.getUint8(VERSION_OFFSET) + 1;
  }

  /** The index behind the last entry that is not empty. */
  get end(): number {
    let end = ENTRIES_PER_PAGE;
    while (end > 0 && this.entryState(end - 1) === ENTRY_STATE.empty) end--;
    return end;
  }

  /** How many entries have a state. */
  count(state: number): number {
    let count = 0;
    for (let index = 0; index < ENTRIES_PER_PAGE; index++) {
      if (this.entryState(index) === state) count++;
    }
    return count;
  }

  /** Erases the page and puts it to use. */
  activate(sequence: number, version: NvsVersion): void {
    this.erase();
    this.#view.setUint32(SEQUENCE_OFFSET, sequence, true);
    this.#view.setUint8(VERSION_OFFSET, VERSION_1 - version + 1);
    this.#view.setUint32(HEADER_CRC_OFFSET, this.#headerCrc(), true);
    this.setState("active");
  }

  /** Changes the state of a page in use. */
  setState(state: UsedState): void {
    this.#view.setUint32(0, STATE_CODES[state], true);
  }

  /** Makes the page empty. */
  erase(): void {
    this.bytes.fill(0xff);
  }

  /** The state of an entry: two bits. */
  entryState(index: number): number {
    const byte = this.#view.getUint8(STATES_OFFSET + (index >> 2));
    return (byte >> ((index & 3) * 2)) & 0b11;
  }

  /** Clears bits of the states of entries in `[index, end)`. */
  markEntries(index: number, end: number, state: number): void {
    for (let at = index; at < end; at++) {
      const offset = STATES_OFFSET + (at >> 2);
      const cleared = (~state & 0b11) << ((at & 3) * 2);
      this.#view.setUint8(offset, this.#view.getUint8(offset) & ~cleared);
    }
  }

  /** Where an entry is, in bytes from the partition's start. */
  offsetOf(index: number): number {
    return this.offset + FIRST_ENTRY_OFFSET + index * ENTRY_SIZE;
  }

  /** The bytes of one or more entries, a view. */
  entries(index: number, count = 1): Uint8Array {
    const start = this.offsetOf(index) - this.offset;
    return this.bytes.subarray(start, start + count * ENTRY_SIZE);
  }

  /** Writes whole entries behind the last one that is not empty. They must fit. */
  append(entries: Uint8Array): void {
    const index = this.end;
    const end = index + entries.length / ENTRY_SIZE;
    this.entries(index, end - index).set(entries);
    this.markEntries(index, end, ENTRY_STATE.written);
  }

  #headerCrc(): number {
    return nvsCrc(this.bytes.subarray(SEQUENCE_OFFSET, HEADER_CRC_OFFSET));
  }
}

/** How many of a partition's pages must stay empty: one, if a device can write to it. */
export function keptPages(count: number): number {
  return count * PAGE_SIZE < NVS_MIN_WRITABLE_SIZE ? 0 : 1;
}

/** A partition's pages, in the order of their places. */
export function pagesOf(partition: Uint8Array): NvsPageBytes[] {
  return Array.from(
    { length: Math.floor(partition.length / PAGE_SIZE) },
    (_, index) => new NvsPageBytes(partition, index * PAGE_SIZE),
  );
}
