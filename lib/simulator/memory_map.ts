/**
 * What the chip's processor sees: RAM and registers by address.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import type { MemoryRegion } from "../chips/family.ts";

const PAGE_SIZE = 0x1000;

/** A word that is more than storage. */
export interface Register {
  /** Replaces what is stored. */
  read?(): number;
  /**
   * Called with what is written.
   *
   * @returns What is stored.
   */
  write?(value: number): number;
}

/**
 * The address space. Whatever is written is kept, except in mask ROM and in
 * read-only words; what nobody has written reads as zero.
 */
export class MemoryMap {
  readonly #roms: readonly MemoryRegion[];
  readonly #pages = new Map<number, Uint8Array>();
  readonly #registers = new Map<number, Register>();

  /** Makes a map in which the regions of kind `rom` cannot be written. */
  constructor(regions: readonly MemoryRegion[]) {
    this.#roms = regions.filter((region) => region.kind === "rom");
  }

  /** Makes a word more than storage. */
  define(address: number, register: Register): void {
    this.#registers.set(address, register);
  }

  /** Sets a word that no program can change. */
  fix(address: number, value: number): void {
    this.define(address, { read: () => value, write: () => value });
  }

  /** Reads a word, as a program on the chip does. */
  readWord(address: number): number {
    const register = this.#registers.get(address);
    if (register?.read !== undefined) return register.read() >>> 0;
    return viewOf(this.read(address, 4)).getUint32(0, true);
  }

  /** Writes a word, as a program on the chip does. */
  writeWord(address: number, value: number): void {
    const register = this.#registers.get(address);
    const stored = register?.write?.(value >>> 0) ?? value;
    const bytes = new Uint8Array(4);
    viewOf(bytes).setUint32(0, stored, true);
    this.write(address, bytes);
  }

  /** Reads bytes of RAM; registers read as what is stored. Yields a copy. */
  read(address: number, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    this.#eachPage(address, size, (number, offset, at, count) => {
      const page = this.#pages.get(number);
      if (page !== undefined) {
        bytes.set(page.subarray(offset, offset + count), at);
      }
    });
    return bytes;
  }

  /** Writes bytes of RAM; what falls into ROM is lost. */
  write(address: number, data: Uint8Array): void {
    if (this.#roms.some((rom) => address >= rom.start && address < rom.end)) {
      return;
    }
    this.#eachPage(address, data.length, (number, offset, at, count) => {
      let page = this.#pages.get(number);
      if (page === undefined) {
        page = new Uint8Array(PAGE_SIZE);
        this.#pages.set(number, page);
      }
      page.set(data.subarray(at, at + count), offset);
    });
  }

  /** Power has been lost: everything that was written is gone. */
  clear(): void {
    this.#pages.clear();
  }

  #eachPage(
    address: number,
    size: number,
    visit: (page: number, offset: number, at: number, count: number) => void,
  ): void {
    for (let at = 0; at < size;) {
      const offset = (address + at) % PAGE_SIZE;
      const count = Math.min(PAGE_SIZE - offset, size - at);
      visit(Math.floor((address + at) / PAGE_SIZE), offset, at, count);
      at += count;
    }
  }
}
