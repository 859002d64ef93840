/**
 * From addresses in a program to functions, files and lines.
 *
 * @module
 */

import { ImageError } from "../errors.ts";
import { FrameTable } from "../image/dwarf_frames.ts";
import { LineTable } from "../image/dwarf_lines.ts";
import { type ElfFile, type ElfSection, parseElf } from "../image/elf.ts";
import { type ElfSymbol, parseElfSymbols } from "../image/elf_symbols.ts";
import { lastIndexUpTo } from "../image/sorted.ts";
import { endsCall } from "./_call_sites.ts";

/** Where code is from, as far as it is known. */
export interface CodeLocation {
  /** The address that was asked for. */
  readonly address: number;
  /** The function's name, as the compiler mangled it. */
  readonly function?: string;
  /** How far behind the function's start the address is, in bytes. */
  readonly offset?: number;
  /** The source file's path. */
  readonly file?: string;
  /** The line in it, from 1. */
  readonly line?: number;
}

/** `sh_flags` of code that is in memory: SHF_ALLOC and SHF_EXECINSTR. */
const CODE = 6;
/** `st_shndx` of what linker scripts define: numbers that may happen to be addresses of code. */
const SHN_ABS = 0xfff1;
/** Marks that assemblers set, which name nothing: `$x`, `.L12`. */
const MARK = /^(\$|\.L|$)/;

/** Knows a program by its ELF file. */
export class AddressDecoder {
  /** The file. */
  readonly elf: ElfFile;
  /** What could not be read, in words; the rest is there all the same. */
  readonly problems: string[];
  /** How to go from a function to its caller. */
  readonly frames: FrameTable;
  readonly #code: readonly ElfSection[];
  readonly #lines: LineTable;
  /** Functions and labels in code, by their address; the better of two at one address. */
  readonly #symbols: readonly ElfSymbol[];

  /**
   * Reads the file's symbols, and looks through its line tables.
   *
   * @throws {ImageError} If the bytes are no ELF file of an ESP chip.
   */
  constructor(bytes: Uint8Array) {
    this.elf = parseElf(bytes);
    this.#code = this.elf.sections.filter(({ flags, data }) =>
      (flags & CODE) === CODE && data.length > 0
    );
    this.#lines = new LineTable(this.elf);
    this.problems = this.#lines.problems;
    this.frames = new FrameTable(this.elf);
    if (this.frames.problem !== undefined) {
      this.problems.push(this.frames.problem);
    }
    this.#symbols = this.#readSymbols();
  }

  /** Whether the program has code at an address. */
  isCode(address: number): boolean {
    return this.#sectionAt(address) !== undefined;
  }

  /** Whether an address is in code and behind a call, as every return address is. */
  isReturnAddress(address: number): boolean {
    // What returns to the very start of a section was not called from it.
    const section = this.#sectionAt(address - 1);
    return section !== undefined &&
      endsCall(this.elf.machine, section.data, address - section.address);
  }

  /**
   * Finds out where the code at an address is from.
   *
   * @returns `undefined` if the program has no code there.
   */
  decode(address: number): CodeLocation | undefined {
    const section = this.#sectionAt(address);
    if (section === undefined) return undefined;
    const symbol = this.#symbolAt(address, section);
    const source = this.#lines.find(address);
    return {
      address,
      ...(symbol !== undefined &&
        { function: symbol.name, offset: address - symbol.value }),
      ...(source !== undefined && { file: source.file }),
      ...(source?.line !== undefined && { line: source.line }),
    };
  }

  /** As {@linkcode decode}, but of the call that returns to an address. */
  decodeCall(address: number): CodeLocation | undefined {
    const location = this.decode(address - 1);
    if (location?.offset === undefined) {
      return location && { ...location, address };
    }
    return { ...location, address, offset: location.offset + 1 };
  }

  #sectionAt(address: number): ElfSection | undefined {
    return this.#code.find((section) =>
      address >= section.address &&
      address < section.address + section.data.length
    );
  }

  #readSymbols(): ElfSymbol[] {
    let symbols: ElfSymbol[];
    try {
      symbols = parseElfSymbols(this.elf);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.problems.push(error.message);
      return [];
    }
    if (symbols.length === 0) {
      this.problems.push("The ELF file has no symbols: it was stripped");
    }
    const named = symbols.filter(({ name, type, value, sectionIndex }) =>
      (type === "function" || type === "none") && !MARK.test(name) &&
      sectionIndex !== SHN_ABS && this.isCode(value)
    ).sort((a, b) => a.value - b.value || rank(b) - rank(a));
    return named.filter(({ value }, i) => value !== named[i - 1]?.value);
  }

  /** The function around an address; or, in assembler without functions, the label before it. */
  #symbolAt(address: number, section: ElfSection): ElfSymbol | undefined {
    const at = lastIndexUpTo(this.#symbols, address, ({ value }) => value);
    const label = this.#symbols[at];
    for (let i = at; i > at - MAX_LABELS; i--) {
      const symbol = this.#symbols[i];
      if (symbol === undefined) break;
      if (symbol.size === 0) continue;
      if (address < symbol.value + symbol.size) return symbol;
      break;
    }
    return label?.size === 0 && label.value >= section.address
      ? label
      : undefined;
  }
}

/** How many labels a function may have within it before its address is not looked for any more. */
const MAX_LABELS = 256;

/** Which of two symbols at one address is the name: a function's, then one that all can see. */
function rank({ type, size, binding }: ElfSymbol): number {
  return (type === "function" ? 8 : 0) + (size > 0 ? 4 : 0) +
    (binding === "global" ? 2 : binding === "weak" ? 1 : 0);
}

/** Writes a location as ESP-IDF's monitor does: `0x400d0018: app_main at /src/main.c:12`. */
export function formatLocation(location: CodeLocation): string {
  const { address, function: name = "??", file, line } = location;
  const where = file === undefined ? "" : ` at ${file}:${line ?? "?"}`;
  return `0x${address.toString(16).padStart(8, "0")}: ${name}${where}`;
}
