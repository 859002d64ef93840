/**
 * Intel HEX: addressed bytes as lines of text.
 *
 * ```
 * : | data bytes (1) | offset (2, big-endian) | record type (1) | data | checksum (1)
 * ```
 *
 * every byte as two hex digits; the bytes of a line add up to 0 modulo 256.
 * Source: Intel, "Hexadecimal Object File Format Specification", revision A, 1988.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import { ADDRESS_END, checkAddressable, joinRuns } from "./_runs.ts";
import type { Segment } from "./segment.ts";

/** Record types. */
const DATA = 0x00;
const END_OF_FILE = 0x01;
const EXTENDED_SEGMENT_ADDRESS = 0x02;
const START_SEGMENT_ADDRESS = 0x03;
const EXTENDED_LINEAR_ADDRESS = 0x04;
const START_LINEAR_ADDRESS = 0x05;

/** How many data bytes the records of a fixed size have. */
const SIZES: Readonly<Record<number, number>> = {
  [END_OF_FILE]: 0,
  [EXTENDED_SEGMENT_ADDRESS]: 2,
  [START_SEGMENT_ADDRESS]: 4,
  [EXTENDED_LINEAR_ADDRESS]: 2,
  [START_LINEAR_ADDRESS]: 4,
};

/** Size, offset, type and checksum. */
const OVERHEAD = 5;
/** What a segment address counts. */
const PARAGRAPH = 0x10;
/** Colon, size, offset and type come before the data. */
const DATA_COLUMN = 9;
/** How far an offset of 16 bits reaches. */
const BANK = 0x1_0000;
/** How many data bytes {@linkcode formatIntelHex} puts into a line. */
const LINE_BYTES = 16;

const COLON = 0x3a;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const DIGITS = new TextEncoder().encode("0123456789ABCDEF");
const NO_DIGIT = 0xff;
/** What a character stands for as a hex digit. */
const NIBBLES = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? NO_DIGIT : value;
});

/** Whether bytes begin as an Intel HEX file does. */
export function isIntelHex(bytes: Uint8Array): boolean {
  // The shortest line has a colon and ten digits.
  return bytes.length > 2 * OVERHEAD && bytes[0] === COLON &&
    bytes.subarray(1, 1 + 2 * OVERHEAD).every((code) =>
      NIBBLES[code] !== NO_DIGIT
    );
}

/** A line of the file. */
interface Line {
  /** From 1. */
  readonly number: number;
  /** Where its first character is. */
  readonly start: number;
}

/** The data of consecutive lines with consecutive addresses. */
interface Run extends Segment {
  /** The first of the lines. */
  readonly line: Line;
}

/**
 * Parses an Intel HEX file. Where its program starts is checked but not told:
 * it means nothing to flash.
 *
 * @returns One segment for each stretch of addresses, by address.
 * @throws {ImageError} If a line is no record, has a wrong checksum or claims
 * an address that another has, or there is no end-of-file record.
 * The message names the line, the offset is where the line begins.
 */
export function parseIntelHex(bytes: Uint8Array): Segment[] {
  return new HexReader(bytes).read();
}

class HexReader {
  readonly #bytes: Uint8Array;
  /** The data of all lines; two digits are one byte. */
  readonly #pool: Uint8Array;
  #poolEnd = 0;
  readonly #runs: Run[] = [];
  /** The run that goes on: where it belongs, and where in the pool it begins. */
  #open: { line: Line; address: number; poolStart: number } | undefined;
  #line: Line = { number: 0, start: 0 };
  /** What is added to offsets. */
  #base = 0;
  /** The first address that an offset from the base cannot have. */
  #limit = ADDRESS_END;
  #isEnded = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#pool = new Uint8Array(bytes.length >> 1);
  }

  read(): Segment[] {
    const { length } = this.#bytes;
    for (let start = 0; start < length;) {
      const found = this.#bytes.indexOf(LINE_FEED, start);
      const next = found < 0 ? length : found + 1;
      this.#line = { number: this.#line.number + 1, start };
      this.#readLine(start, this.#trimmedEnd(start, next));
      start = next;
    }
    if (!this.#isEnded) {
      throw this.#error("no end-of-file record comes after it", {
        hint: "The file may be incomplete.",
      });
    }
    this.#closeRun();
    return joinRuns(
      this.#runs,
      (_, { line }) => this.#error("its address is taken already", { line }),
    );
  }

  /** Where a line ends without its line end and spaces. */
  #trimmedEnd(start: number, end: number): number {
    let trimmed = end;
    while (trimmed > start && (this.#bytes[trimmed - 1] ?? 0) <= SPACE) {
      trimmed--;
    }
    return trimmed;
  }

  #readLine(start: number, end: number): void {
    if (start === end) return;
    if (this.#isEnded) {
      throw this.#error("it comes after the end-of-file record");
    }
    const dataStart = this.#poolEnd;
    const { type, offset } = this.#readRecord(start, end);
    const data = this.#pool.subarray(dataStart, this.#poolEnd);
    if (type === DATA) return this.#addData(offset, data, dataStart);
    // Only data stay.
    this.#poolEnd = dataStart;
    const size = SIZES[type];
    const name = `record type ${hexByte(type)}`;
    if (size === undefined) throw this.#error(`its ${name} is not known`);
    if (data.length !== size) {
      throw this.#error(
        `its ${name} has ${size} data bytes, not ${data.length}`,
      );
    }
    const [high = 0, low = 0] = data;
    if (type === END_OF_FILE) this.#isEnded = true;
    if (type === EXTENDED_SEGMENT_ADDRESS) {
      this.#base = (high << 8 | low) * PARAGRAPH;
      this.#limit = this.#base + BANK;
    }
    if (type === EXTENDED_LINEAR_ADDRESS) {
      this.#base = (high << 8 | low) * BANK;
      this.#limit = ADDRESS_END;
    }
  }

  /** Reads a record; its data are added to the pool. */
  #readRecord(start: number, end: number): { type: number; offset: number } {
    if (this.#bytes[start] !== COLON) {
      throw this.#error('it does not begin with ":"');
    }
    const digits = end - start - 1;
    const promised = 2 * (this.#byteAt(start + 1) + OVERHEAD);
    if (digits !== promised) {
      throw this.#error(
        `it has ${digits} digits, its size promises ${promised}`,
      );
    }
    const checksumAt = end - 2;
    let sum = 0;
    for (let at = start + 1; at < checksumAt; at += 2) {
      const byte = this.#byteAt(at);
      sum += byte;
      if (at >= start + DATA_COLUMN) this.#pool[this.#poolEnd++] = byte;
    }
    const checksum = this.#byteAt(checksumAt);
    const expected = -sum & 0xff;
    if (checksum !== expected) {
      throw this.#error(
        `its checksum is ${hexByte(checksum)}, its bytes give ${
          hexByte(expected)
        }`,
      );
    }
    return {
      type: this.#byteAt(start + 7),
      offset: this.#byteAt(start + 3) << 8 | this.#byteAt(start + 5),
    };
  }

  #byteAt(at: number): number {
    const high = NIBBLES[this.#bytes[at] ?? 0] ?? NO_DIGIT;
    const low = NIBBLES[this.#bytes[at + 1] ?? 0] ?? NO_DIGIT;
    if (high !== NO_DIGIT && low !== NO_DIGIT) return high << 4 | low;
    const column = at - this.#line.start + 1;
    throw this.#error(`columns ${column} and ${column + 1} are no hex digits`);
  }

  #addData(offset: number, data: Uint8Array, poolStart: number): void {
    const address = this.#base + offset;
    if (address + data.length > this.#limit) {
      throw this.#error("its data go past the end of the address space");
    }
    const open = this.#open;
    const size = open === undefined ? 0 : poolStart - open.poolStart;
    if (open?.address === address - size) return;
    this.#closeRun(poolStart);
    this.#open = { line: this.#line, address, poolStart };
  }

  #closeRun(poolEnd: number = this.#poolEnd): void {
    if (this.#open === undefined) return;
    const { line, address, poolStart } = this.#open;
    const data = this.#pool.subarray(poolStart, poolEnd);
    this.#runs.push({ line, address, data });
    this.#open = undefined;
  }

  #error(
    what: string,
    options: { hint?: string; line?: Line } = {},
  ): ImageError {
    const { number, start } = options.line ?? this.#line;
    return new ImageError(`Cannot parse Intel HEX: line ${number}: ${what}`, {
      offset: start,
      hint: options.hint,
    });
  }
}

/**
 * Writes segments as an Intel HEX file: by address, 16 bytes in a line, the
 * upper half of the addresses only where one is needed.
 *
 * @returns The file's text, in ASCII.
 * @throws {RangeError} If two segments overlap, or one goes past 32 bits.
 */
export function formatIntelHex(
  segments: readonly Segment[],
): Uint8Array<ArrayBuffer> {
  for (const segment of segments) checkAddressable("format Intel HEX", segment);
  const runs = joinRuns(
    segments,
    (address) =>
      new RangeError(
        `Cannot format Intel HEX: two segments have ${formatAddress(address)}`,
      ),
  );
  const last = runs.at(-1);
  const isBanked = last !== undefined &&
    last.address + last.data.length > BANK;
  const writer = new HexWriter(runs);
  let bank = isBanked ? undefined : 0;
  for (const { address, data } of runs) {
    for (let done = 0; done < data.length;) {
      const at = address + done;
      const offset = at % BANK;
      if (bank !== at - offset) {
        bank = at - offset;
        const upper = bank / BANK;
        writer.record(
          EXTENDED_LINEAR_ADDRESS,
          0,
          Uint8Array.of(upper >> 8, upper),
        );
      }
      const size = Math.min(LINE_BYTES, data.length - done, BANK - offset);
      writer.record(DATA, offset, data.subarray(done, done + size));
      done += size;
    }
  }
  writer.record(END_OF_FILE, 0, new Uint8Array());
  return writer.text();
}

class HexWriter {
  readonly #text: Uint8Array<ArrayBuffer>;
  #end = 0;

  /** Makes a writer with room for runs. */
  constructor(runs: readonly Segment[]) {
    const lineOverhead = 2 * OVERHEAD + ":\n".length;
    const room = runs.reduce((size, { data }) => {
      // A run begins and ends a line, and so does each bank that it crosses.
      const lines = Math.ceil(data.length / LINE_BYTES);
      const banks = Math.ceil(data.length / BANK) + 1;
      return size + 2 * data.length + lineOverhead * (lines + 2 * banks) +
        4 * banks;
    }, lineOverhead);
    this.#text = new Uint8Array(room);
  }

  record(type: number, offset: number, data: Uint8Array): void {
    this.#text[this.#end++] = COLON;
    const header = [data.length, offset >> 8, offset & 0xff, type];
    let sum = 0;
    for (const bytes of [header, data]) {
      for (const byte of bytes) {
        this.#byte(byte);
        sum += byte;
      }
    }
    this.#byte(-sum & 0xff);
    this.#text[this.#end++] = LINE_FEED;
  }

  text(): Uint8Array<ArrayBuffer> {
    return this.#text.subarray(0, this.#end);
  }

  #byte(byte: number): void {
    this.#text[this.#end++] = DIGITS[byte >> 4] ?? 0;
    this.#text[this.#end++] = DIGITS[byte & 0xf] ?? 0;
  }
}

function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
