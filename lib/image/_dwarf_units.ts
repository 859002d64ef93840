/** What compilation units say of themselves. Source: DWARF 5, section 7.5; DWARF 4, section 7.5. */

import { DwarfCursor } from "./_dwarf_cursor.ts";
import {
  type DwarfTexts,
  readNumber,
  readText,
  skipForm,
} from "./_dwarf_forms.ts";

const AT_STMT_LIST = 0x10;
const AT_COMP_DIR = 0x1b;
const FORM_IMPLICIT_CONST = 0x21;
/** Unit types that have 8 or 12 more bytes in their header. */
const EXTRA_HEADER: ReadonlyMap<number, number> = new Map([
  [2, 12], // type: signature and offset
  [4, 8], // skeleton: id
  [5, 8], // split: id
  [6, 12], // split type
]);

/** The sections that it takes. */
export interface UnitSections extends DwarfTexts {
  /** `.debug_info`. */
  readonly info: Uint8Array;
  /** `.debug_abbrev`. */
  readonly abbrev: Uint8Array;
}

/**
 * Finds the folders in which the units were compiled.
 *
 * @returns Folders by the offset of the unit's line table in `.debug_line`.
 * @throws {ImageError} If the data are damaged.
 */
export function findFolders(sections: UnitSections): Map<number, string> {
  const folders = new Map<number, string>();
  const info = new DwarfCursor(sections.info, ".debug_info");
  const abbreviations = new Abbreviations(sections.abbrev);
  while (!info.isDone) {
    const { lines, folder } = readUnit(info.unit(), sections, abbreviations);
    if (lines !== undefined && folder !== undefined) folders.set(lines, folder);
  }
  return folders;
}

interface Unit {
  lines?: number | undefined;
  folder?: string | undefined;
}

function readUnit(
  cursor: DwarfCursor,
  texts: DwarfTexts,
  abbreviations: Abbreviations,
): Unit {
  const unit: Unit = {};
  if (cursor.isDone) return unit;
  const version = cursor.u16();
  if (version < 2 || version > 5) return unit;
  const type = version === 5 ? cursor.u8() : 0;
  const addressFirst = version === 5 ? cursor.u8() : undefined;
  const list = cursor.u32();
  const sizes = { version, addressSize: addressFirst ?? cursor.u8() };
  cursor.skip(EXTRA_HEADER.get(type) ?? 0);
  const declaration = abbreviations.find(list, cursor.uleb());
  if (declaration === undefined) return unit;
  for (const [attribute, form] of attributes(declaration)) {
    if (attribute === AT_STMT_LIST) {
      unit.lines = readNumber(cursor, form, sizes);
    } else if (attribute === AT_COMP_DIR) {
      unit.folder = readText(cursor, form, sizes, texts);
    } else {
      skipForm(cursor, form, sizes);
    }
  }
  return unit;
}

/** How often the whole section may be looked through: units may share a part of it. */
const REUSE = 4;
/** What a small file may do. */
const LEAST_BUDGET = 0x1_0000;

/** `.debug_abbrev`, in which each unit has a list of declarations. */
class Abbreviations {
  readonly #data: Uint8Array;
  #budget: number;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#budget = LEAST_BUDGET + REUSE * data.length;
  }

  /** The attributes' names and forms of a code, in the list that begins at an offset. */
  find(offset: number, wanted: number): DwarfCursor | undefined {
    const cursor = new DwarfCursor(this.#data, ".debug_abbrev", offset);
    for (;;) {
      const start = cursor.at;
      const code = cursor.uleb();
      if (code === 0) return undefined;
      cursor.uleb(); // tag
      cursor.skip(1); // has children
      if (code === wanted) return cursor;
      for (const _ of attributes(cursor));
      this.#budget -= cursor.at - start;
      if (this.#budget < 0) throw cursor.error("it is read again and again");
    }
  }
}

function* attributes(
  declaration: DwarfCursor,
): Generator<readonly [attribute: number, form: number]> {
  for (;;) {
    const attribute = declaration.uleb();
    const form = declaration.uleb();
    if (form === FORM_IMPLICIT_CONST) declaration.sleb();
    if (attribute === 0 && form === 0) return;
    yield [attribute, form];
  }
}
