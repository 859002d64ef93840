/**
 * From addresses to lines of source: the line tables in an ELF file's debug
 * data, versions 2 to 5 of DWARF in its 32-bit format.
 *
 * @module
 */

import { ImageError } from "../errors.ts";
import { DwarfCursor } from "./_dwarf_cursor.ts";
import {
  filePath,
  type LineHeader,
  parseLineHeader,
} from "./_dwarf_line_header.ts";
import { type LineRow, runLineProgram } from "./_dwarf_line_program.ts";
import { findFolders, type UnitSections } from "./_dwarf_units.ts";
import type { ElfFile } from "./elf.ts";
import { lastIndexUpTo } from "./sorted.ts";

/** Where the code at an address comes from. */
export interface SourceLine {
  /** The file's path, as complete as the compiler has told it. */
  readonly file: string;
  /** The line, from 1; `undefined` if the compiler knows none. */
  readonly line: number | undefined;
}

/** A run of addresses that rise: what a compiler made of one section of code. */
interface Sequence {
  /** The addresses, half-open. */
  readonly low: number;
  readonly high: number;
  /** Where its program is in `.debug_line`. */
  readonly start: number;
  readonly unit: Unit;
}

interface Unit {
  readonly header: LineHeader;
  readonly defined: number[];
}

/** `sh_flags` of a section whose data are compressed. */
const SHF_COMPRESSED = 0x800;
const NO_BYTES = new Uint8Array();

/**
 * The line tables of a program. Its rows are not kept: what is kept is where
 * each run of addresses is told of, and an address has that part read again.
 */
export class LineTable {
  /** What could not be read, in words; the rest is there all the same. */
  readonly problems: string[] = [];
  readonly #sections: UnitSections & { readonly line: Uint8Array };
  /** By their lowest address. */
  readonly #sequences: readonly Sequence[];
  /** The highest address of a sequence and all before it. */
  readonly #reach: readonly number[];
  #folders: ReadonlyMap<number, string> | undefined;

  /** Looks through the tables, in time in proportion to their size. A file without any has no lines. */
  constructor(elf: ElfFile) {
    this.#sections = {
      line: this.#section(elf, ".debug_line"),
      info: this.#section(elf, ".debug_info"),
      abbrev: this.#section(elf, ".debug_abbrev"),
      str: this.#section(elf, ".debug_str"),
      lineStr: this.#section(elf, ".debug_line_str"),
    };
    const sequences: Sequence[] = [];
    this.#try(() => this.#readUnits(sequences));
    this.#sequences = sequences.sort((a, b) => a.low - b.low);
    let reach = 0;
    this.#reach = sequences.map(({ high }) => reach = Math.max(reach, high));
  }

  /** Whether there are lines at all. */
  get isEmpty(): boolean {
    return this.#sequences.length === 0;
  }

  /** Finds the line that the code at an address comes from; `undefined` if none is known. */
  find(address: number): SourceLine | undefined {
    const sequence = this.#sequenceAt(address);
    if (sequence === undefined) return undefined;
    const { unit } = sequence;
    return this.#try(() => {
      const row = this.#rowAt(sequence, address);
      if (row === undefined) return undefined;
      this.#folders ??= this.#try(() => findFolders(this.#sections)) ??
        new Map();
      const file = filePath(unit.header, row.file, {
        ...this.#sections,
        folder: this.#folders.get(unit.header.offset),
        defined: unit.defined,
      });
      if (file === undefined) return undefined;
      return { file, line: row.line > 0 ? row.line : undefined };
    });
  }

  #readUnits(sequences: Sequence[]): void {
    const lines = new DwarfCursor(this.#sections.line, ".debug_line");
    while (!lines.isDone) {
      const offset = lines.at;
      const cursor = lines.unit();
      this.#try(() => readUnit(cursor, offset, sequences));
    }
  }

  #sequenceAt(address: number): Sequence | undefined {
    let i = lastIndexUpTo(this.#sequences, address, ({ low }) => low);
    for (; (this.#reach[i] ?? 0) > address; i--) {
      const sequence = this.#sequences[i];
      if (sequence !== undefined && sequence.high > address) return sequence;
    }
    return undefined;
  }

  /** The last row that is not behind the address. */
  #rowAt({ unit, start }: Sequence, address: number): LineRow | undefined {
    const { header } = unit;
    const { line } = this.#sections;
    const cursor = new DwarfCursor(line, ".debug_line", start, header.end);
    let found: LineRow | undefined;
    runLineProgram(header, cursor, {
      row(row) {
        if (row.address > address) return true;
        found = { ...row };
        return false;
      },
      end: () => true,
    });
    return found;
  }

  #section(elf: ElfFile, name: string): Uint8Array {
    const section = elf.section(name);
    if (section === undefined) return NO_BYTES;
    if ((section.flags & SHF_COMPRESSED) === 0) return section.data;
    this.problems.push(`Cannot parse ${name}: it is compressed`);
    return NO_BYTES;
  }

  /** Does what it can, and takes note of what it cannot. */
  #try<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      const known = this.problems.length >= MAX_PROBLEMS ||
        this.problems.includes(error.message);
      if (!known) this.problems.push(error.message);
      return undefined;
    }
  }
}

/** A damaged file has the same said of thousands of units. */
const MAX_PROBLEMS = 8;

function readUnit(
  cursor: DwarfCursor,
  offset: number,
  sequences: Sequence[],
): void {
  const header = parseLineHeader(cursor, offset);
  const unit: Unit = { header, defined: [] };
  cursor.at = header.program;
  let start = header.program;
  let low: number | undefined;
  runLineProgram(header, cursor, {
    row({ address }) {
      low ??= address;
      return false;
    },
    end(high) {
      if (low !== undefined && high > low) {
        sequences.push({ low, high, start, unit });
      }
      low = undefined;
      start = cursor.at;
      return false;
    },
    file: (at) => void unit.defined.push(at),
  });
}
