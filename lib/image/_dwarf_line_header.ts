/** The head of a line table. Source: DWARF 5, section 6.2.4; DWARF 4, section 6.2.4. */

import { DwarfCursor } from "./_dwarf_cursor.ts";
import {
  type DwarfTexts,
  type FormSizes,
  readNumber,
  readText,
} from "./_dwarf_forms.ts";

/** What it takes to run a line program. */
export interface LineHeader extends FormSizes {
  /** Where the unit is in `.debug_line`. */
  readonly offset: number;
  /** Bytes of the shortest instruction. */
  readonly minLength: number;
  /** Operations of an instruction; more than 1 only where instructions are bundles. */
  readonly maxOperations: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Operands of the opcodes from 1 on. */
  readonly operands: readonly number[];
  /** Where the tables of folders and files are. */
  readonly tables: number;
  /** Where the program is, and where it ends. */
  readonly program: number;
  readonly end: number;
}

/** Reads the head of the unit that the cursor is of. */
export function parseLineHeader(
  cursor: DwarfCursor,
  offset: number,
): LineHeader {
  const version = cursor.u16();
  if (version < 2 || version > 5) {
    throw cursor.error(`version ${version} of a line table is not known`);
  }
  const addressSize = version === 5 ? cursor.u8() : 4;
  if (version === 5) cursor.skip(1); // segment selectors
  const headerSize = cursor.u32();
  const program = cursor.at + headerSize;
  if (program > cursor.end) throw cursor.error("a header is past its unit");
  const minLength = cursor.u8();
  const maxOperations = version >= 4 ? cursor.u8() : 1;
  cursor.skip(1); // default_is_stmt
  const lineBase = cursor.i8();
  const lineRange = cursor.u8();
  const opcodeBase = cursor.u8();
  if (lineRange === 0) throw cursor.error("line_range is 0");
  if (opcodeBase === 0) throw cursor.error("opcode_base is 0");
  const operands = Array.from({ length: opcodeBase - 1 }, () => cursor.u8());
  return {
    offset,
    version,
    addressSize,
    minLength,
    maxOperations: Math.max(1, maxOperations),
    lineBase,
    lineRange,
    opcodeBase,
    operands,
    tables: cursor.at,
    program,
    end: cursor.end,
  };
}

/** Where names come from. */
export interface FileNames extends DwarfTexts {
  /** `.debug_line`. */
  readonly line: Uint8Array;
  /** Where the unit was compiled. */
  readonly folder: string | undefined;
  /** Where in `.debug_line` the program itself names more files. */
  readonly defined: readonly number[];
}

/** The path of a file of a unit, as complete as the unit has it. */
export function filePath(
  header: LineHeader,
  index: number,
  names: FileNames,
): string | undefined {
  const cursor = new DwarfCursor(
    names.line,
    ".debug_line",
    header.tables,
    header.program,
  );
  return header.version === 5
    ? pathInTables(cursor, header, index, names)
    : pathInLists(cursor, index, names);
}

/** Versions 2 to 4: lists that end in a zero byte, whose first entry is number 1. */
function pathInLists(
  cursor: DwarfCursor,
  index: number,
  names: FileNames,
): string | undefined {
  const folders = cursor.at;
  while (skipEntry(cursor));
  for (let i = 1; cursor.at < cursor.end; i++) {
    const at = cursor.at;
    if (!skipEntry(cursor)) return definedPath(index - i, folders, names);
    const folder = cursor.uleb();
    cursor.uleb(); // time
    cursor.uleb(); // size
    if (i === index) return joinEntry(at, folder, folders, names);
  }
  return undefined;
}

/** A file that the program names. */
function definedPath(
  index: number,
  folders: number,
  names: FileNames,
): string | undefined {
  const at = names.defined[index];
  if (at === undefined) return undefined;
  const cursor = new DwarfCursor(names.line, ".debug_line", at);
  cursor.skipString();
  return joinEntry(at, cursor.uleb(), folders, names);
}

function joinEntry(
  at: number,
  folder: number,
  folders: number,
  names: FileNames,
): string {
  const cursor = new DwarfCursor(names.line, ".debug_line", folders);
  for (let i = 1; i < folder && skipEntry(cursor); i++);
  const name = new DwarfCursor(names.line, ".debug_line", at).string();
  return joinPath(
    names.folder,
    folder === 0 ? undefined : cursor.string(),
    name,
  );
}

/** Goes past a text; false at the empty one that ends a list. */
function skipEntry(cursor: DwarfCursor): boolean {
  const start = cursor.at;
  cursor.skipString();
  return cursor.at > start + 1;
}

const LNCT_PATH = 1;
const LNCT_DIRECTORY_INDEX = 2;

interface Entry {
  path?: string | undefined;
  folder: number;
}

/** Version 5: tables that tell their own format, whose first entry is number 0. */
function pathInTables(
  cursor: DwarfCursor,
  header: LineHeader,
  index: number,
  names: FileNames,
): string | undefined {
  const folders = cursor.at;
  // Folder 0 is where the unit was compiled.
  const root = readTable(cursor, header, names, 0);
  const file = readTable(cursor, header, names, index);
  if (file?.path === undefined) return undefined;
  cursor.at = folders;
  const folder = readTable(cursor, header, names, file.folder);
  return joinPath(names.folder, root?.path, folder?.path, file.path);
}

/** Goes past a table; the wanted entry alone has its texts read. */
function readTable(
  cursor: DwarfCursor,
  header: LineHeader,
  names: DwarfTexts,
  wanted: number,
): Entry | undefined {
  const format = Array.from(
    { length: cursor.u8() },
    () => [cursor.uleb(), cursor.uleb()] as const,
  );
  const count = cursor.uleb();
  if (count > cursor.end - cursor.at) {
    throw cursor.error("a table has more entries than bytes");
  }
  let found: Entry | undefined;
  for (let i = 0; i < count; i++) {
    const entry: Entry = { folder: 0 };
    for (const [content, form] of format) {
      if (content === LNCT_PATH && i === wanted) {
        entry.path = readText(cursor, form, header, names);
      } else {
        const number = readNumber(cursor, form, header);
        if (content === LNCT_DIRECTORY_INDEX) entry.folder = number ?? 0;
      }
    }
    if (i === wanted) found = entry;
  }
  return found;
}

function joinPath(...parts: readonly (string | undefined)[]): string {
  let path = "";
  for (const part of parts) {
    if (part === undefined || part === "") continue;
    path = path === "" || isAbsolute(part) ? part : `${path}/${part}`;
  }
  return path;
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[a-z]:[/\\])/i.test(path);
}
