/**
 * The symbols of an ELF file: names of functions and data, for debuggers.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import { SHT_STRTAB, SHT_SYMTAB } from "./_elf_layout.ts";
import { StringTable } from "./_elf_strings.ts";
import type { ElfFile, ElfSection } from "./elf.ts";

/** What a symbol names. */
export type ElfSymbolType =
  | "none"
  | "object"
  | "function"
  | "section"
  | "file"
  | "other";

/** Who sees a symbol. */
export type ElfSymbolBinding = "local" | "global" | "weak" | "other";

/** A symbol. */
export interface ElfSymbol {
  /** Its name, as the compiler mangled it. */
  readonly name: string;
  /** Its value: an address, where it names a function or an object. */
  readonly value: number;
  /** How many bytes it names, or 0 if nobody knows. */
  readonly size: number;
  /** What it names. */
  readonly type: ElfSymbolType;
  /** Who sees it. */
  readonly binding: ElfSymbolBinding;
  /** `st_shndx`: the index of its section; 0 if it is defined elsewhere, 0xfff1 if it is a mere number. */
  readonly sectionIndex: number;
}

const SYMBOL_SIZE = 16;
const TYPES: readonly ElfSymbolType[] = [
  "none",
  "object",
  "function",
  "section",
  "file",
];
const BINDINGS: readonly ElfSymbolBinding[] = ["local", "global", "weak"];

/**
 * Reads the symbols, in the file's order, without the empty one at their head.
 * A stripped file has none. It takes time each time that it is called.
 *
 * @throws {ImageError} If the table or a name in it cannot be read.
 */
export function parseElfSymbols(elf: ElfFile): ElfSymbol[] {
  const table = elf.sections.find(({ type }) => type === SHT_SYMTAB);
  if (table === undefined) return [];
  const strings = stringsOf(elf, table);
  const view = viewOf(table.data);
  const count = table.data.length / SYMBOL_SIZE;
  return Array.from({ length: Math.max(0, count - 1) }, (_, i) => {
    const index = i + 1;
    const at = index * SYMBOL_SIZE;
    const info = view.getUint8(at + 12);
    return {
      name: strings.read(
        view.getUint32(at, true),
        `st_name of symbol ${index}`,
        table.offset + at,
      ),
      value: view.getUint32(at + 4, true),
      size: view.getUint32(at + 8, true),
      type: TYPES[info & 0xf] ?? "other",
      binding: BINDINGS[info >> 4] ?? "other",
      sectionIndex: view.getUint16(at + 14, true),
    };
  });
}

function stringsOf(elf: ElfFile, table: ElfSection): StringTable {
  const { offset, data, link, entrySize } = table;
  if (entrySize !== SYMBOL_SIZE || data.length % SYMBOL_SIZE !== 0) {
    throw new ImageError(
      `Cannot parse ELF: sh_entsize or sh_size of the symbol table is no multiple of ${SYMBOL_SIZE}`,
      { offset },
    );
  }
  const names = elf.sections[link];
  if (names?.type !== SHT_STRTAB) {
    throw new ImageError(
      `Cannot parse ELF: sh_link of the symbol table is ${link}, which is no string table`,
      { offset },
    );
  }
  return new StringTable(names.data, names.offset);
}
