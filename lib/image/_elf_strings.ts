/**
 * The names in an ELF file.
 *
 * @module
 */

import { ImageError } from "../errors.ts";

/** What a file may say again and again: linkers let names share their ends. */
const REUSE = 4;
/** What a small file may do. */
const LEAST_BUDGET = 0x1_0000;

/** A string table: names that end in a zero byte, told by their offset. */
export class StringTable {
  readonly #data: Uint8Array;
  readonly #offset: number;
  readonly #decoder = new TextDecoder();
  #budget: number;

  /**
   * @param data The table's bytes.
   * @param offset Where they are in the file.
   */
  constructor(data: Uint8Array, offset: number) {
    this.#data = data;
    this.#offset = offset;
    this.#budget = LEAST_BUDGET + REUSE * data.length;
  }

  /**
   * Reads a name.
   *
   * @param field Whose name it is, for the message.
   * @param at Where the file says so.
   * @throws {ImageError} If it begins or ends behind the table, or if names are repeated without end.
   */
  read(start: number, field: string, at: number): string {
    const end = start < this.#data.length ? this.#data.indexOf(0, start) : -1;
    if (end < 0) {
      throw new ImageError(
        `Cannot parse ELF: ${field} is no name in the string table at ${this.#offset}`,
        { offset: at },
      );
    }
    this.#budget -= end - start;
    if (this.#budget < 0) {
      throw new ImageError(
        `Cannot parse ELF: ${field} repeats too much of the string table at ${this.#offset}`,
        { offset: at },
      );
    }
    return this.#decoder.decode(this.#data.subarray(start, end));
  }
}
