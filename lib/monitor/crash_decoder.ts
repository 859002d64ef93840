/**
 * Crash reports and other lines with addresses, decoded by a program's ELF file.
 *
 * @module
 */

import {
  type AddressDecoder,
  type CodeLocation,
  formatLocation,
} from "./address_decoder.ts";
import { unwind, type Unwound } from "./_unwind.ts";

/** A number of 32 bits as logs have it. */
const ADDRESS = /\b0x([0-9a-f]{8})\b/gi;
/** `MEPC    : 0x4200232c` in a register dump. */
const REGISTER = /\b([A-Z][A-Z0-9/]*) *: 0x([0-9a-f]{8})\b/g;
const DUMP_START = /register dump:?\s*$/i;
/** A row of a dump of the stack: by ESP-IDF with `0x`, by the ESP8266's SDKs without. */
const STACK_ROW = /^([0-9a-f]{8}):((?: +(?:0x)?[0-9a-f]{8}\b)+)/i;
const STACK_START = /^(Stack memory:|>>>stack>>>)\s*$/;
/** Registers that hold return addresses. */
const RETURN_REGISTER = /\bRA *: 0x([0-9a-f]{8})\b/i;
/** As ESP-IDF's dump names them, in the order of their numbers. */
const RISCV_REGISTERS: readonly string[] =
  ("ZERO RA SP GP TP T0 T1 T2 S0/FP S1 A0 A1 A2 A3 A4 A5 " +
    "A6 A7 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 T3 T4 T5 T6").split(" ");
/** A stack is dumped up to its end, a few kilobytes; this is enough for what is worth a look. */
const MAX_WORDS = 0x4000;
const MAX_CALLERS = 40;

const UNWOUND = "Called from, by the unwind data of the ELF file:";
const GUESS =
  "Return addresses on the stack, the innermost first; a guess, as old ones may be among them:";

/** Follows a device's lines, and says what the addresses in them are. */
export class CrashDecoder {
  readonly #program: AddressDecoder;
  #registers = new Map<string, number>();
  /** The words of the stack that is being dumped, by their address. */
  #stack: Map<number, number> | undefined;

  /** Makes a decoder of a program's lines. */
  constructor(program: AddressDecoder) {
    this.#program = program;
  }

  /**
   * Takes the next line.
   *
   * @param text The line, without colours.
   * @returns What to say below it: `0x400d0018: app_main at /src/main.c:12`.
   */
  push(text: string): string[] {
    const row = STACK_ROW.exec(text);
    if (this.#stack !== undefined && row !== null) {
      this.#addRow(row[1] ?? "", row[2] ?? "");
      return [];
    }
    const notes = /^\s*(ctx: |sp: |$)/.test(text) && this.#stack?.size === 0
      ? []
      : this.end();
    if (STACK_START.test(text)) this.#stack = new Map();
    if (DUMP_START.test(text)) this.#registers = new Map();
    for (const [, name = "", digits = ""] of text.matchAll(REGISTER)) {
      this.#registers.set(name, parseInt(digits, 16));
    }
    return [...notes, ...this.#addresses(text)];
  }

  /** Says what there is to say of a stack whose dump is over. */
  end(): string[] {
    const stack = this.#stack;
    this.#stack = undefined;
    if (stack === undefined || stack.size === 0) return [];
    const { returns, stackPointer, complete } = this.#unwind(stack);
    const calls = returns.filter((word) => this.#program.isCode(word - 1));
    const isWhole = complete && calls.length === returns.length;
    const rest = isWhole ? [] : [...stack]
      .filter(([at, word]) =>
        at >= stackPointer && this.#program.isReturnAddress(word)
      )
      .map(([, word]) => word);
    return [
      ...this.#list(calls.length === 0 ? undefined : UNWOUND, calls),
      ...this.#list(GUESS, rest.slice(0, MAX_CALLERS)),
    ];
  }

  /** Follows the calls of a RISC-V chip by the program's unwind data, as far as it has any. */
  #unwind(memory: ReadonlyMap<number, number>): Unwound {
    const pc = this.#registers.get("MEPC");
    if (pc === undefined || this.#program.elf.machine !== "riscv") {
      return { returns: [], stackPointer: 0, complete: false };
    }
    const registers = new Map(
      [...this.#registers].flatMap(([name, value]) => {
        const number = RISCV_REGISTERS.indexOf(name);
        return number < 0 ? [] : [[number, value] as const];
      }),
    );
    return unwind(this.#program.frames, { pc, registers, memory });
  }

  #list(title: string | undefined, returns: readonly number[]): string[] {
    const locations = returns.map((word) => this.#program.decodeCall(word))
      .filter((location) => location !== undefined);
    if (title === undefined || locations.length === 0) return [];
    return [title, ...locations.map(formatLocation)];
  }

  #addRow(address: string, words: string): void {
    let at = parseInt(address, 16);
    for (const word of words.trim().split(/ +/)) {
      if ((this.#stack?.size ?? MAX_WORDS) >= MAX_WORDS) return;
      this.#stack?.set(at, parseInt(word.replace(/^0x/i, ""), 16));
      at += 4;
    }
  }

  /** Every address of code in a line, once. */
  #addresses(text: string): string[] {
    const returns = RETURN_REGISTER.exec(text)?.[1];
    const found = new Map<number, CodeLocation>();
    for (const [, digits = ""] of text.matchAll(ADDRESS)) {
      const address = parseInt(digits, 16);
      const location = digits === returns
        ? this.#program.decodeCall(address)
        : this.#program.decode(address);
      if (location !== undefined) found.set(address, location);
    }
    return [...found.values()].map(formatLocation);
  }
}
