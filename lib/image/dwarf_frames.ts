/**
 * How to go from a function to its caller: the call frame information in an ELF
 * file's `.debug_frame`. Source: DWARF 5, section 6.4.
 *
 * @module
 */

import { ImageError } from "../errors.ts";
import { DwarfCursor } from "./_dwarf_cursor.ts";
import { type FrameState, runFrameProgram } from "./_dwarf_frame_program.ts";
import type { ElfFile } from "./elf.ts";
import { lastIndexUpTo } from "./sorted.ts";

/** Where a function's frame and what it saved are, at one address of its code. Registers have their DWARF numbers. */
export interface FrameRule {
  /** The register that the frame is found by: it and `cfaOffset` are the caller's stack pointer. */
  readonly cfaRegister: number;
  /** Added to the register, in bytes. */
  readonly cfaOffset: number;
  /** Where registers of the caller are saved, in bytes from the frame's address; `undefined` if one is lost. */
  readonly saved: ReadonlyMap<number, number | undefined>;
  /** The register, or its saved value, that is the return address. */
  readonly returnRegister: number;
}

/** What functions have in common (CIE). */
interface Common {
  readonly codeFactor: number;
  readonly dataFactor: number;
  readonly returnRegister: number;
  readonly initial: FrameState;
}

/** A function's part (FDE). */
interface Function {
  readonly low: number;
  readonly high: number;
  readonly common: number;
  readonly program: DwarfCursor;
}

const SECTION = ".debug_frame";
/** `CIE_id`. */
const COMMON_ID = 0xffff_ffff;

/** The unwind data of a program. */
export class FrameTable {
  /** What could not be read, in words. */
  readonly problem: string | undefined;
  readonly #data: Uint8Array;
  readonly #functions: readonly Function[];
  readonly #commons = new Map<number, Common>();

  /** Looks through the table. A file without one has no rules. */
  constructor(elf: ElfFile) {
    this.#data = elf.section(SECTION)?.data ?? new Uint8Array();
    const functions: Function[] = [];
    try {
      this.#read(functions);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.problem = error.message;
    }
    this.#functions = functions.sort((a, b) => a.low - b.low);
  }

  /** Finds the rule for an address; `undefined` if there is none, or it is of a kind that compilers do not make. */
  find(address: number): FrameRule | undefined {
    const found = this.#functionAt(address);
    if (found === undefined) return undefined;
    try {
      const common = this.#common(found.common);
      const { at, end } = found.program;
      const { cfa, saved } = runFrameProgram({
        cursor: new DwarfCursor(this.#data, SECTION, at, end),
        start: found.low,
        address,
        ...common,
      });
      return cfa && {
        cfaRegister: cfa.register,
        cfaOffset: cfa.offset,
        saved,
        returnRegister: common.returnRegister,
      };
    } catch (error) {
      if (error instanceof ImageError) return undefined;
      throw error;
    }
  }

  #read(functions: Function[]): void {
    const table = new DwarfCursor(this.#data, SECTION);
    while (!table.isDone) {
      const entry = table.unit();
      if (entry.isDone) continue;
      const common = entry.u32();
      if (common === COMMON_ID) continue;
      const low = entry.u32();
      const high = low + entry.u32();
      functions.push({ low, high, common, program: entry });
    }
  }

  #functionAt(address: number): Function | undefined {
    const at = lastIndexUpTo(this.#functions, address, ({ low }) => low);
    const found = this.#functions[at];
    return found !== undefined && address < found.high ? found : undefined;
  }

  #common(offset: number): Common {
    const known = this.#commons.get(offset);
    if (known !== undefined) return known;
    const cursor = new DwarfCursor(this.#data, SECTION, offset).unit();
    if (cursor.u32() !== COMMON_ID) throw cursor.error("that is no CIE");
    const version = cursor.u8();
    if (cursor.string() !== "") throw cursor.error("an augmentation");
    if (version >= 4) cursor.skip(2); // sizes of addresses and segments
    const codeFactor = cursor.uleb();
    const dataFactor = cursor.sleb();
    const returnRegister = version === 1 ? cursor.u8() : cursor.uleb();
    const initial = runFrameProgram({
      cursor,
      start: 0,
      address: 0,
      codeFactor,
      dataFactor,
    });
    const common = { codeFactor, dataFactor, returnRegister, initial };
    this.#commons.set(offset, common);
    return common;
  }
}
