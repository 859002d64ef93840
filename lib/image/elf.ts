/**
 * ELF files: what compilers and linkers make.
 *
 * 32 bits, little-endian, for Xtensa and RISC-V. Nothing is copied: the data of
 * sections and segments are views of the file. Source: System V ABI, edition
 * 4.1, chapters 4 and 5, with the escapes for 65280 and more headers.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import { PT_LOAD, SHT_NOBITS, SHT_NULL, SHT_STRTAB } from "./_elf_layout.ts";
import { StringTable } from "./_elf_strings.ts";

/** The architectures that ESP chips have. */
export type ElfMachine = "xtensa" | "riscv";

/** A section: what a linker calls a part of the program. */
export interface ElfSection {
  /** Its name, such as `.text`. */
  readonly name: string;
  /** `sh_type`: 1 has bytes in the file, 8 (`nobits`) has none; others in the ABI. */
  readonly type: number;
  /** `sh_flags`: 1 write, 2 in memory when the program runs, 4 execute; others in the ABI. */
  readonly flags: number;
  /** Where it is when the program runs, or 0. */
  readonly address: number;
  /** Where its data are in the file. */
  readonly offset: number;
  /** How many bytes it has when the program runs. */
  readonly size: number;
  /** `sh_link`: another section's index, as the type has it. */
  readonly link: number;
  /** `sh_info`, as the type has it. */
  readonly info: number;
  /** How many bytes each entry of a table has. */
  readonly entrySize: number;
  /** Its bytes in the file, as a view; none for `nobits`. */
  readonly data: Uint8Array;
}

/** A program header: what a loader calls a part of the program. */
export interface ElfProgramHeader {
  /** `p_type`: 1 is loaded. */
  readonly type: number;
  /** `p_flags`: 1 execute, 2 write, 4 read. */
  readonly flags: number;
  /** Where its data are in the file. */
  readonly offset: number;
  /** Where it is when the program runs. */
  readonly virtualAddress: number;
  /** Where it is loaded. */
  readonly physicalAddress: number;
  /** How many bytes it has when the program runs. */
  readonly memorySize: number;
  /** Its bytes in the file, as a view. */
  readonly data: Uint8Array;
}

/** An ELF file, taken apart. */
export interface ElfFile {
  /** The whole file. */
  readonly bytes: Uint8Array;
  /** The architecture. */
  readonly machine: ElfMachine;
  /** `e_type`: 2 is a program that can run. */
  readonly type: number;
  /** Where the program starts. */
  readonly entry: number;
  /** Every section, by its index. */
  readonly sections: readonly ElfSection[];
  /** Every program header, in the file's order. */
  readonly programHeaders: readonly ElfProgramHeader[];
  /** The first section of a name. */
  section(name: string): ElfSection | undefined;
}

const MACHINES: ReadonlyMap<number, ElfMachine> = new Map([
  [94, "xtensa"],
  [243, "riscv"],
]);
const MAGIC = 0x464c_457f;
const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;
const HEADER_SIZE = 52;
const SECTION_HEADER_SIZE = 40;
const PROGRAM_HEADER_SIZE = 32;
/** `e_phnum` and `e_shstrndx` when section 0 has the number. */
const ESCAPED = 0xffff;

/** Where the fields of the header are that a file may lie about. */
const FIELDS = {
  class: 4,
  data: 5,
  machine: 18,
  phoff: 28,
  shoff: 32,
  phentsize: 42,
  phnum: 44,
  shentsize: 46,
  shnum: 48,
  shstrndx: 50,
} as const;

/** A table of headers: where it is and how many it has. */
interface Table {
  readonly offset: number;
  readonly count: number;
}

/**
 * Takes an ELF file apart. Names are read, symbols are not: see
 * {@linkcode parseElfSymbols}.
 *
 * @throws {ImageError} If the bytes are no ELF file for an ESP chip, or a
 * field points past their end; the message names the field.
 */
export function parseElf(bytes: Uint8Array): ElfFile {
  const view = viewOf(bytes);
  const machine = parseIdentity(view);
  const { sectionTable, programTable, namesIndex } = parseTables(view);
  const unnamed = parseSections(bytes, sectionTable);
  const sections = nameSections(view, unnamed, sectionTable, namesIndex);
  return {
    bytes,
    machine,
    type: view.getUint16(16, true),
    entry: view.getUint32(24, true),
    sections,
    programHeaders: parseProgramHeaders(bytes, programTable),
    section: (name) => sections.find((section) => section.name === name),
  };
}

function parseIdentity(view: DataView): ElfMachine {
  if (view.byteLength < HEADER_SIZE || view.getUint32(0, true) !== MAGIC) {
    throw invalid("it does not begin with an ELF header", 0);
  }
  if (view.getUint8(FIELDS.class) !== CLASS_32) {
    throw invalid("EI_CLASS is not 1 (32 bits)", FIELDS.class);
  }
  if (view.getUint8(FIELDS.data) !== LITTLE_ENDIAN) {
    throw invalid("EI_DATA is not 1 (little-endian)", FIELDS.data);
  }
  const number = view.getUint16(FIELDS.machine, true);
  const machine = MACHINES.get(number);
  if (machine === undefined) {
    throw invalid(
      `e_machine is ${number}, neither 94 (Xtensa) nor 243 (RISC-V)`,
      FIELDS.machine,
    );
  }
  return machine;
}

function parseTables(view: DataView): {
  readonly sectionTable: Table;
  readonly programTable: Table;
  readonly namesIndex: number;
} {
  const shoff = view.getUint32(FIELDS.shoff, true);
  const shnum = view.getUint16(FIELDS.shnum, true);
  const phnum = view.getUint16(FIELDS.phnum, true);
  const shstrndx = view.getUint16(FIELDS.shstrndx, true);
  const isEscaped = shoff !== 0 &&
    (shnum === 0 || phnum === ESCAPED || shstrndx === ESCAPED);
  if (isEscaped) checkTable(view, "sh", { offset: shoff, count: 1 });
  /** A field of section 0 that stands in for one of the header. */
  const escape = (field: number) => view.getUint32(shoff + field, true);
  const sectionTable = {
    offset: shoff,
    count: shoff === 0 ? 0 : shnum === 0 ? escape(20) : shnum,
  };
  const programTable = {
    offset: view.getUint32(FIELDS.phoff, true),
    count: isEscaped && phnum === ESCAPED ? escape(28) : phnum,
  };
  checkTable(view, "sh", sectionTable);
  checkTable(view, "ph", programTable);
  return {
    sectionTable,
    programTable,
    namesIndex: isEscaped && shstrndx === ESCAPED ? escape(24) : shstrndx,
  };
}

function checkTable(
  view: DataView,
  prefix: "sh" | "ph",
  { offset, count }: Table,
): void {
  if (count === 0) return;
  const known = prefix === "sh" ? SECTION_HEADER_SIZE : PROGRAM_HEADER_SIZE;
  const size = view.getUint16(FIELDS[`${prefix}entsize`], true);
  if (size !== known) {
    throw invalid(
      `e_${prefix}entsize is ${size}, not ${known}`,
      FIELDS[`${prefix}entsize`],
    );
  }
  if (offset > view.byteLength) {
    throw invalid(`e_${prefix}off is past its end`, FIELDS[`${prefix}off`]);
  }
  if (offset + count * size > view.byteLength) {
    throw invalid(
      `e_${prefix}num is ${count}, more than it has`,
      FIELDS[`${prefix}num`],
    );
  }
}

function parseSections(bytes: Uint8Array, table: Table): ElfSection[] {
  const view = viewOf(bytes);
  return Array.from({ length: table.count }, (_, index) => {
    const at = table.offset + index * SECTION_HEADER_SIZE;
    const word = (field: number) => view.getUint32(at + field, true);
    const type = word(4);
    const [offset, size] = [word(16), word(20)];
    const isEmpty = type === SHT_NULL ||
      type === SHT_NOBITS;
    return {
      name: "",
      type,
      flags: word(8),
      address: word(12),
      offset,
      size,
      link: word(24),
      info: word(28),
      entrySize: word(36),
      data: isEmpty
        ? bytes.subarray(0, 0)
        : take(bytes, `section ${index}`, "sh", { offset, size, at: at + 16 }),
    };
  });
}

function nameSections(
  view: DataView,
  sections: readonly ElfSection[],
  table: Table,
  namesIndex: number,
): readonly ElfSection[] {
  if (namesIndex === 0) return sections;
  const names = sections[namesIndex];
  if (names?.type !== SHT_STRTAB) {
    throw invalid(
      `e_shstrndx is ${namesIndex}, which is no string table`,
      FIELDS.shstrndx,
    );
  }
  const strings = new StringTable(names.data, names.offset);
  return sections.map((section, index) => {
    const at = table.offset + index * SECTION_HEADER_SIZE;
    const start = view.getUint32(at, true);
    const name = strings.read(start, `sh_name of section ${index}`, at);
    return { ...section, name };
  });
}

function parseProgramHeaders(
  bytes: Uint8Array,
  table: Table,
): ElfProgramHeader[] {
  const view = viewOf(bytes);
  return Array.from({ length: table.count }, (_, index) => {
    const at = table.offset + index * PROGRAM_HEADER_SIZE;
    const word = (field: number) => view.getUint32(at + field, true);
    const [offset, size, memorySize] = [word(4), word(16), word(20)];
    const what = `program header ${index}`;
    if (word(0) === PT_LOAD && memorySize < size) {
      throw invalid(`p_memsz of ${what} is less than its p_filesz`, at + 20);
    }
    return {
      type: word(0),
      flags: word(24),
      offset,
      virtualAddress: word(8),
      physicalAddress: word(12),
      memorySize,
      data: take(bytes, what, "p", { offset, size, at: at + 4 }),
    };
  });
}

/** The bytes that a header tells of. */
function take(
  bytes: Uint8Array,
  what: string,
  prefix: "sh" | "p",
  { offset, size, at }: { offset: number; size: number; at: number },
): Uint8Array {
  if (size === 0) return bytes.subarray(0, 0);
  if (offset > bytes.length) {
    throw invalid(`${prefix}_offset of ${what} is past its end`, at);
  }
  if (offset + size > bytes.length) {
    const field = prefix === "sh" ? "sh_size" : "p_filesz";
    throw invalid(
      `${field} of ${what} goes past its end`,
      at + (prefix === "sh" ? 4 : 12),
    );
  }
  return bytes.subarray(offset, offset + size);
}

function invalid(what: string, offset: number): ImageError {
  return new ImageError(`Cannot parse ELF: ${what}`, { offset });
}
