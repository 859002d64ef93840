import { viewOf } from "../bytes.ts";
import { ImageError } from "../errors.ts";

/** The longest LEB128 number that is read: 64 bits. */
const MAX_LEB128 = 10;

/** Reads one value after the other from debug data; whatever goes past its end is an {@linkcode ImageError}. */
export class DwarfCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #section: string;
  /** Where the next value is, from the section's start. */
  at: number;
  /** Where the part that is read ends. */
  readonly end: number;

  /**
   * @param bytes The whole section.
   * @param section Its name, for messages.
   */
  constructor(bytes: Uint8Array, section: string, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#section = section;
    this.at = at;
    this.end = end;
    if (at > bytes.length || end > bytes.length) {
      throw this.error("a part is past its end");
    }
  }

  /** Whether everything has been read. */
  get isDone(): boolean {
    return this.at >= this.end;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** An unsigned LEB128 number; exact up to 2^53. */
  uleb(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < MAX_LEB128; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw this.error("a number has no end");
  }

  /** A signed LEB128 number; exact up to 2^53. */
  sleb(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < MAX_LEB128; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) return byte & 0x40 ? value - scale : value;
    }
    throw this.error("a number has no end");
  }

  /** The text up to a zero byte. */
  string(): string {
    const start = this.at;
    this.skipString();
    return new TextDecoder().decode(this.#bytes.subarray(start, this.at - 1));
  }

  skipString(): void {
    const size = this.#bytes.subarray(this.at, this.end).indexOf(0);
    if (size < 0) throw this.error("a text has no end");
    this.at += size + 1;
  }

  skip(size: number): void {
    this.#take(size);
  }

  /** An initial length and the cursor of as many bytes; this one goes on behind them. */
  unit(): DwarfCursor {
    const start = this.at;
    const size = this.u32();
    if (size >= 0xffff_fff0) {
      throw this.error("a unit is in the 64-bit format", start);
    }
    const at = this.#take(size);
    return new DwarfCursor(this.#bytes, this.#section, at, at + size);
  }

  /** What is wrong with the data. */
  error(what: string, offset = this.at): ImageError {
    return new ImageError(`Cannot parse ${this.#section}: ${what}`, { offset });
  }

  #take(size: number): number {
    const { at } = this;
    if (at + size > this.end) throw this.error("it ends too early");
    this.at += size;
    return at;
  }
}
