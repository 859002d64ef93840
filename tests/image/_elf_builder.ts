/**
 * ELF files for tests: written from the System V ABI, apart from our reader.
 *
 * ```
 * header (52) | program headers | segments' data | sections' data | section headers
 * ```
 */

/** A section of a test's ELF. */
export interface ElfBuilderSection {
  readonly name: string;
  /** PROGBITS (1) unless told otherwise. */
  readonly type?: number;
  /** WRITE (1), ALLOC (2), EXECINSTR (4); ALLOC unless told otherwise. */
  readonly flags?: number;
  readonly address?: number;
  readonly data?: Uint8Array;
  /** Differs from the data's length in NOBITS. */
  readonly size?: number;
  readonly link?: number;
  readonly info?: number;
  readonly entrySize?: number;
}

/** A program header of a test's ELF, with data of its own. */
export interface ElfBuilderSegment {
  /** PT_LOAD (1) unless told otherwise. */
  readonly type?: number;
  readonly address: number;
  readonly physicalAddress?: number;
  readonly data: Uint8Array;
  readonly memorySize?: number;
  readonly flags?: number;
}

/** A symbol of a test's ELF. */
export interface ElfBuilderSymbol {
  readonly name: string;
  readonly value: number;
  readonly size?: number;
  /** STT_FUNC (2) unless told otherwise. */
  readonly type?: number;
  /** STB_GLOBAL (1) unless told otherwise. */
  readonly binding?: number;
  readonly sectionIndex?: number;
}

/** What a test's ELF is made of. */
export interface ElfBuilderOptions {
  /** EM_XTENSA (94) unless told otherwise; EM_RISCV is 243. */
  readonly machine?: number;
  /** ET_EXEC (2) unless told otherwise. */
  readonly type?: number;
  readonly entry?: number;
  readonly sections?: readonly ElfBuilderSection[];
  readonly segments?: readonly ElfBuilderSegment[];
  readonly symbols?: readonly ElfBuilderSymbol[];
}

const HEADER_SIZE = 52;
const PROGRAM_HEADER_SIZE = 32;
const SECTION_HEADER_SIZE = 40;
const SYMBOL_SIZE = 16;

/**
 * Builds an ELF: section 0 is empty, then come the sections, `.symtab` and
 * `.strtab` if there are symbols, and `.shstrtab` last.
 */
export function buildElf(
  options: ElfBuilderOptions = {},
): Uint8Array<ArrayBuffer> {
  const segments = options.segments ?? [];
  const sections = allSections(options);
  const names = stringTable(sections.map(({ name }) => name));
  const placed = sections.map((section) => ({
    ...section,
    data: section.name === ".shstrtab"
      ? names.bytes
      : section.data ?? new Uint8Array(),
  }));
  let offset = HEADER_SIZE + segments.length * PROGRAM_HEADER_SIZE;
  const place = ({ data }: { readonly data: Uint8Array }) => {
    const start = Math.ceil(offset / 4) * 4;
    offset = start + data.length;
    return start;
  };
  const segmentOffsets = segments.map(place);
  const sectionOffsets = placed.map(place);
  const headers = Math.ceil(offset / 4) * 4;
  const elf = new Uint8Array(headers + placed.length * SECTION_HEADER_SIZE);
  const view = new DataView(elf.buffer);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, options.type ?? 2, true);
  view.setUint16(18, options.machine ?? 94, true);
  words(view, 20, [1, options.entry ?? 0]);
  words(view, 28, [segments.length === 0 ? 0 : HEADER_SIZE, headers, 0]);
  [
    HEADER_SIZE,
    PROGRAM_HEADER_SIZE,
    segments.length,
    SECTION_HEADER_SIZE,
    placed.length,
    placed.length - 1,
  ].forEach((value, i) => view.setUint16(40 + i * 2, value, true));
  segments.forEach((segment, i) => {
    const { data, address } = segment;
    const start = segmentOffsets[i] ?? 0;
    elf.set(data, start);
    words(view, HEADER_SIZE + i * PROGRAM_HEADER_SIZE, [
      ...[segment.type ?? 1, start],
      ...[address, segment.physicalAddress ?? address],
      ...[data.length, segment.memorySize ?? data.length],
      ...[segment.flags ?? 5, 4],
    ]);
  });
  placed.forEach((section, i) => {
    const { data } = section;
    const start = sectionOffsets[i] ?? 0;
    elf.set(data, start);
    words(view, headers + i * SECTION_HEADER_SIZE, [
      ...[names.offsets[i] ?? 0, section.type ?? 1, section.flags ?? 2],
      ...[section.address ?? 0, i === 0 ? 0 : start],
      ...[section.size ?? data.length, section.link ?? 0, section.info ?? 0],
      ...[1, section.entrySize ?? 0],
    ]);
  });
  return elf;
}

function allSections(options: ElfBuilderOptions): ElfBuilderSection[] {
  const { sections = [], symbols } = options;
  const all: ElfBuilderSection[] = [
    { name: "", type: 0, flags: 0 },
    ...sections,
  ];
  if (symbols !== undefined) {
    const names = stringTable(symbols.map(({ name }) => name));
    const table = new Uint8Array((symbols.length + 1) * SYMBOL_SIZE);
    const view = new DataView(table.buffer);
    symbols.forEach((symbol, i) => {
      const at = (i + 1) * SYMBOL_SIZE;
      words(view, at, [
        ...[names.offsets[i] ?? 0, symbol.value, symbol.size ?? 0],
      ]);
      table[at + 12] = (symbol.binding ?? 1) << 4 | (symbol.type ?? 2);
      view.setUint16(at + 14, symbol.sectionIndex ?? 1, true);
    });
    const [link, entrySize] = [all.length + 1, SYMBOL_SIZE];
    all.push(
      { name: ".symtab", type: 2, flags: 0, data: table, link, entrySize },
      { name: ".strtab", type: 3, flags: 0, data: names.bytes },
    );
  }
  return [...all, { name: ".shstrtab", type: 3, flags: 0 }];
}

function stringTable(
  names: readonly string[],
): { bytes: Uint8Array; offsets: number[] } {
  const encoder = new TextEncoder();
  const bytes = [0];
  const offsets = names.map((name) => {
    if (name === "") return 0;
    const offset = bytes.length;
    bytes.push(...encoder.encode(name), 0);
    return offset;
  });
  return { bytes: Uint8Array.from(bytes), offsets };
}

function words(view: DataView, at: number, values: readonly number[]): void {
  values.forEach((value, i) => view.setUint32(at + i * 4, value, true));
}
