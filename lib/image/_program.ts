/**
 * From an ELF file to what an image loads of it.
 *
 * @module
 */

import { alignUp } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { ImageError } from "../errors.ts";
import {
  PT_LOAD,
  SHT_FINI_ARRAY,
  SHT_INIT_ARRAY,
  SHT_PREINIT_ARRAY,
  SHT_PROGBITS,
} from "./_elf_layout.ts";
import type { ElfFile } from "./elf.ts";
import type { Segment } from "./segment.ts";

/** A program: what is loaded, and where it starts. */
export interface Program {
  /** Where it starts. */
  readonly entry: number;
  /** What is loaded, in the order in which the image has it. */
  readonly segments: readonly Segment[];
}

/** A part of a program. */
interface Part extends Segment {
  /** The name of its section, or of the first that were merged. */
  readonly name: string;
}

/** A program, and where it came from. */
export interface SourcedProgram extends Program {
  /** The ELF file that it came from. */
  readonly elf?: ElfFile;
  /** The app descriptor, if the ELF file has one that is mapped from flash. */
  readonly appDescriptor?: Uint8Array;
}

/** Sections with these types are loaded. */
const LOADED_TYPES: ReadonlySet<number> = new Set([
  SHT_PROGBITS,
  SHT_INIT_ARRAY,
  SHT_FINI_ARRAY,
  SHT_PREINIT_ARRAY,
]);

/** The section with which ESP-IDF's applications begin. */
const APP_DESCRIPTOR = ".flash.appdesc";
/** The section with which what ESP-IDF's bootloaders load begins. */
const BOOTLOADER_DESCRIPTOR = ".dram0.bootdesc";

/** A half-open range of addresses. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** How an ELF file's program is taken. */
export interface ElfProgramOptions {
  /** The chip. */
  readonly chip: ChipFamily;
  /** Whether program headers are loaded instead of sections. */
  readonly useSegments: boolean;
  /** The ranges of which a neighbour must be in the same ones to be merged. */
  readonly ranges: readonly Range[];
  /** Whether sections are put in the order of their addresses before neighbours are merged. */
  readonly sortSections: boolean;
  /** Whether segments are put in the order of their addresses, those mapped from flash first. */
  readonly sortSegments: boolean;
}

/**
 * Takes what is loaded from an ELF file: neighbours of the same kind are
 * merged, data are padded with zeros to whole words.
 *
 * @throws {ImageError} If nothing is loaded, or sections share their bytes.
 */
export function programOf(
  elf: ElfFile,
  options: ElfProgramOptions,
): SourcedProgram {
  const { chip, useSegments } = options;
  const parts = useSegments ? loadedSegments(elf) : loadedSections(elf);
  checkParts(elf, parts, useSegments);
  if (options.sortSections) parts.sort((a, b) => a.address - b.address);
  const merged = mergeNeighbours(parts, options.ranges);
  const app = elf.section(APP_DESCRIPTOR);
  return {
    entry: elf.entry,
    segments: options.sortSegments ? inOrder(merged, chip) : merged,
    elf,
    ...(app !== undefined && isMapped(chip, app.address) &&
      { appDescriptor: app.data }),
  };
}

/** Parts what is mapped from flash from what is loaded into RAM, both in their order. */
export function splitMapped<S extends Segment>(
  segments: readonly S[],
  chip: ChipFamily,
): { mapped: S[]; loaded: S[] } {
  const { mapped = [], loaded = [] } = Object.groupBy(
    segments,
    ({ address }) => isMapped(chip, address) ? "mapped" : "loaded",
  );
  return { mapped, loaded };
}

function isMapped(chip: ChipFamily, address: number): boolean {
  return chip.memory.some(({ kind, start, end }) =>
    (kind === "irom" || kind === "drom") && start <= address && address < end
  );
}

function loadedSections(elf: ElfFile): Part[] {
  return elf.sections.filter(({ type, address, data }) =>
    LOADED_TYPES.has(type) && address > 0 && data.length > 0
  ).map(({ name, address, data }) => ({ name, address, data }));
}

function loadedSegments(elf: ElfFile): Part[] {
  return elf.programHeaders.filter(({ type, physicalAddress, data }) =>
    type === PT_LOAD && physicalAddress > 0 && data.length > 0
  ).map(({ physicalAddress, data }) => ({
    name: "",
    address: physicalAddress,
    data,
  }));
}

/** Bytes that are loaded twice would let a small file make an image without end. */
function checkParts(
  elf: ElfFile,
  parts: readonly Part[],
  useSegments: boolean,
): void {
  const headers = useSegments ? "program headers" : "sections";
  if (parts.length === 0) {
    throw new ImageError(
      `Cannot build image: no ${headers} of the ELF file are loaded`,
      { offset: 0 },
    );
  }
  const size = parts.reduce((sum, { data }) => sum + data.length, 0);
  if (size > elf.bytes.length) {
    throw new ImageError(
      `Cannot build image: ${headers} of the ELF file share their bytes`,
      { offset: 0 },
    );
  }
}

function mergeNeighbours(
  parts: readonly Part[],
  ranges: readonly Range[],
): Part[] {
  const groups: { kind: string; end: number; parts: [Part, ...Part[]] }[] = [];
  for (const part of parts) {
    const { address } = part;
    const kind = ranges
      .map(({ start, end }) => start <= address && address < end).join();
    const end = address + alignUp(part.data.length, 4);
    const last = groups.at(-1);
    if (last?.kind === kind && last.end === address) {
      last.parts.push(part);
      last.end = end;
    } else {
      groups.push({ kind, end, parts: [part] });
    }
  }
  return groups.map(({ parts }) => join(parts));
}

function join(parts: readonly [Part, ...Part[]]): Part {
  const [first] = parts;
  if (parts.length === 1) return first;
  const size = parts.reduce((sum, p) => sum + alignUp(p.data.length, 4), 0);
  const data = new Uint8Array(size);
  for (const part of parts) data.set(part.data, part.address - first.address);
  return { ...first, data };
}

/** The order of an image: what is mapped, the app descriptor first, then the rest, the bootloader's first. */
function inOrder(parts: readonly Part[], chip: ChipFamily): Part[] {
  const sorted = parts.toSorted((a, b) => a.address - b.address);
  const { mapped, loaded } = splitMapped(sorted, chip);
  return [
    ...withFirst(mapped, APP_DESCRIPTOR),
    ...withFirst(loaded, BOOTLOADER_DESCRIPTOR),
  ];
}

/** The first of a name comes first, then the others as they were. */
function withFirst(parts: readonly Part[], name: string): readonly Part[] {
  const first = parts.find((part) => part.name === name);
  if (first === undefined) return parts;
  return [first, ...parts.filter((part) => part !== first)];
}
