/**
 * Partition tables as ESP-IDF's projects have them: text of
 * `name, type, subtype, offset, size, flags`, one partition a line.
 *
 * Source: ESP-IDF, "Partition Tables".
 *
 * @module
 */

import { parse } from "npm:csv-parse@6.2.0/sync";
import { alignUp } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import {
  isPrimary,
  partitionAlignment,
  partitionProblems,
  type PartitionRules,
} from "./partition_rules.ts";
import {
  MAX_NAME_SIZE,
  MAX_PARTITIONS,
  type Partition,
  PARTITION_TABLE_OFFSET,
  PARTITION_TABLE_SECTOR,
} from "./partition_table.ts";
import {
  partitionSubtypeName,
  partitionTypeName,
  SUBTYPE_PRIMARY,
  SUBTYPE_RECOVERY,
  SUBTYPE_UNDEFINED,
  subtypeNames,
  TYPE_BOOTLOADER,
  TYPE_DATA,
  TYPE_PARTITION_TABLE,
  typeNames,
} from "./partition_types.ts";

/** Options of {@linkcode parsePartitionCsv}. */
export interface PartitionCsvOptions extends PartitionRules {
  /** Where the chip's bootloader is in flash, for a table that lists it. */
  readonly bootloaderOffset?: number | undefined;
  /** Where the recovery bootloader is in flash, for a table that lists it. */
  readonly recoveryBootloaderOffset?: number | undefined;
  /**
   * Accept a table that breaks ESP-IDF's rules.
   *
   * @default {false}
   */
  readonly unchecked?: boolean | undefined;
}

/** A line of the file, with what it leaves to be found out as `undefined`. */
interface Row {
  readonly line: number;
  readonly name: string;
  readonly type: number;
  readonly subtype: number;
  readonly offset: number | undefined;
  /** Negative: up to this flash address. */
  readonly size: number | undefined;
  readonly encrypted: boolean;
  readonly readonly: boolean;
}

const COLUMNS = 6;
const FLAGS: readonly ("encrypted" | "readonly")[] = ["encrypted", "readonly"];
const HEADING = [
  "# ESP-IDF Partition Table",
  "# Name, Type, SubType, Offset, Size, Flags",
];
const UNITS: Readonly<Record<string, number>> = { k: 0x400, m: 0x10_0000 };
/** 0xFF means "any" where a program looks for partitions. */
const MAX_TYPE = 0xfe;
const MAX_UINT32 = 0xffff_ffff;

/**
 * Reads a partition table from text. An offset that is left out is the end of
 * the partition before, aligned; a negative size ends at that flash address.
 *
 * @throws {SyntaxError} If a line cannot be read.
 * @throws {ImageError} If the table breaks a rule; its offset is the entry's in the binary table.
 */
export function parsePartitionCsv(
  text: string,
  options: PartitionCsvOptions = {},
): Partition[] {
  const rows = readRows(text.replace(/^\ufeff/, ""));
  const partitions = placeRows(rows, options);
  const [problem] = options.unchecked
    ? []
    : partitionProblems(partitions, options);
  if (problem === undefined) return partitions;
  const { index, message } = problem;
  throw new ImageError(
    `Cannot read partition table: line ${rows[index]?.line}: partition "${
      rows[index]?.name
    }" ${message}`,
    { offset: index * 32 },
  );
}

function readRows(text: string): Row[] {
  const rows: Row[] = [];
  let line = 0;
  for (const raw of text.split(/\r\n|\r|\n/)) {
    line++;
    const content = raw.trim();
    if (content === "" || content.startsWith("#")) continue;
    if (rows.length === MAX_PARTITIONS) {
      throw unreadable(
        line,
        `there are more than ${MAX_PARTITIONS} partitions`,
      );
    }
    rows.push(readRow(splitLine(content, line), line));
  }
  if (rows.length > 0) return rows;
  throw unreadable(line, "there is no partition");
}

function splitLine(content: string, line: number): string[] {
  try {
    const [fields = []]: string[][] = parse(content, { trim: true });
    return fields;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw unreadable(line, reason.charAt(0).toLowerCase() + reason.slice(1));
  }
}

function readRow(fields: readonly string[], line: number): Row {
  const [name = "", type = "", subtype = "", offset = "", size = ""] = fields;
  const excess = fields.slice(COLUMNS).find((field) => field !== "");
  if (excess !== undefined) {
    throw unreadable(line, `"${excess}" is behind the last column`);
  }
  if (new TextEncoder().encode(name).length > MAX_NAME_SIZE) {
    throw unreadable(line, `"${name}" has more than ${MAX_NAME_SIZE} bytes`);
  }
  if (name.includes("\0")) throw unreadable(line, "the name has a zero byte");
  const types = typeNames();
  const typeNumber = readNumberOrName(type, "type", types, line);
  return {
    line,
    name,
    type: typeNumber,
    subtype: readSubtype(subtype, typeNumber, line),
    offset: readBytes(offset, "offset", line),
    size: readBytes(size, "size", line),
    ...readFlags(fields[COLUMNS - 1] ?? "", line),
  };
}

/** What has no subtype is data of an undefined kind, unless the subtype makes it what it is. */
function readSubtype(text: string, type: number, line: number): number {
  const isNeeded = type !== TYPE_DATA && partitionTypeName(type) !== `${type}`;
  if (text === "" && !isNeeded) return SUBTYPE_UNDEFINED;
  return readNumberOrName(text, "subtype", subtypeNames(type), line);
}

function readNumberOrName(
  text: string,
  what: string,
  names: ReadonlyMap<string, number>,
  line: number,
): number {
  const value = names.get(text.toLowerCase()) ?? readNumber(text);
  if (value >= 0 && value <= MAX_TYPE) return value;
  const known = names.size === 0 ? "" : `: ${[...names.keys()].join(", ")}`;
  throw unreadable(
    line,
    `"${text}" is no ${what} from 0 to ${MAX_TYPE}${known}`,
  );
}

/** Reads an offset or a size; `undefined` if the tool is to find it out. */
function readBytes(
  text: string,
  what: "offset" | "size",
  line: number,
): number | undefined {
  if (text === "" || text.toUpperCase() === "N/A") return undefined;
  const sign = what === "size" && text.startsWith("-") ? -1 : 1;
  const digits = sign < 0 ? text.slice(1) : text;
  const unit = UNITS[digits.slice(-1).toLowerCase()];
  const value = readNumber(unit === undefined ? digits : digits.slice(0, -1)) *
    (unit ?? 1);
  if (value <= MAX_UINT32) return sign * value;
  throw unreadable(
    line,
    `"${text}" is no ${what} in bytes, such as 0x1000, 4096, 4K or 1M`,
  );
}

/** A whole number in decimal, `0x` hex, `0o` octal or `0b` binary; `NaN` if it is none. */
function readNumber(text: string): number {
  return /^(0x[0-9a-f]+|0o[0-7]+|0b[01]+|0|[1-9]\d*)$/i.test(text)
    ? Number(text)
    : NaN;
}

function readFlags(
  text: string,
  line: number,
): Pick<Row, "encrypted" | "readonly"> {
  const flags = text.split(":").map((flag) => flag.trim()).filter(Boolean);
  const unknown = flags.find((flag) => !FLAGS.some((known) => known === flag));
  if (unknown !== undefined) {
    throw unreadable(line, `"${unknown}" is no flag: ${FLAGS.join(", ")}`);
  }
  return {
    encrypted: flags.includes("encrypted"),
    readonly: flags.includes("readonly"),
  };
}

/** Finds out what the rows leave to be found out. */
function placeRows(
  rows: readonly Row[],
  options: PartitionCsvOptions,
): Partition[] {
  const { tableOffset = PARTITION_TABLE_OFFSET } = options;
  let next = tableOffset + PARTITION_TABLE_SECTOR;
  return rows.map((row) => {
    const { line, ...fields } = row;
    const place = givenPlace(row, options);
    const offset = place.offset ?? alignUp(next, partitionAlignment(row.type));
    if (place.size === undefined) throw unreadable(line, "there is no size");
    const size = place.size < 0 ? -place.size - offset : place.size;
    if (size < 0) {
      throw unreadable(
        line,
        `"${row.name}" begins at ${hex(offset)}, behind its end at ${
          hex(offset + size)
        }`,
      );
    }
    if (offset > MAX_UINT32 || size > MAX_UINT32) {
      throw unreadable(line, `"${row.name}" is not within 4 GiB`);
    }
    const partition = { ...fields, offset, size };
    if (!isPrimary(partition)) next = offset + size;
    return partition;
  });
}

/** Where a row says that it is, which the bootloader and the table need not say. */
function givenPlace(
  row: Row,
  options: PartitionCsvOptions,
): Pick<Row, "offset" | "size"> {
  const fixed = fixedPlace(row, options);
  for (const field of ["offset", "size"] as const) {
    const [given, must] = [row[field], fixed[field]];
    if (given === undefined || must === undefined || given === must) continue;
    throw unreadable(
      row.line,
      `"${row.name}" has ${field} ${hex(given)}, but must have ${hex(must)}`,
    );
  }
  return { offset: fixed.offset ?? row.offset, size: fixed.size ?? row.size };
}

function fixedPlace(
  { type, subtype, line }: Row,
  options: PartitionCsvOptions,
): Pick<Row, "offset" | "size"> {
  const { tableOffset = PARTITION_TABLE_OFFSET } = options;
  if (type === TYPE_PARTITION_TABLE) {
    const offset = subtype === SUBTYPE_PRIMARY ? tableOffset : undefined;
    return { offset, size: PARTITION_TABLE_SECTOR };
  }
  if (type !== TYPE_BOOTLOADER) return { offset: undefined, size: undefined };
  const { bootloaderOffset, recoveryBootloaderOffset } = options;
  if (bootloaderOffset === undefined || bootloaderOffset >= tableOffset) {
    throw unreadable(line, "where the chip's bootloader is has not been said");
  }
  if (subtype === SUBTYPE_RECOVERY && recoveryBootloaderOffset === undefined) {
    throw unreadable(
      line,
      "where the recovery bootloader is has not been said",
    );
  }
  return {
    offset: subtype === SUBTYPE_PRIMARY
      ? bootloaderOffset
      : subtype === SUBTYPE_RECOVERY
      ? recoveryBootloaderOffset
      : undefined,
    size: tableOffset - bootloaderOffset,
  };
}

/**
 * Writes a partition table as text that ESP-IDF's tool reads as well.
 *
 * @throws {RangeError} If a partition has a name or a flag that the text has no way to say.
 */
export function formatPartitionCsv(partitions: readonly Partition[]): string {
  const rows = partitions.map((partition) => {
    const { name, type, subtype, offset, size } = partition;
    if (/^\s|\s$|^#|[,"$\r\n]/.test(name) || partition.unknownFlags) {
      throw new RangeError(
        `Cannot write partition "${name}" as CSV: its name or its flags cannot be said there`,
      );
    }
    return [
      name,
      partitionTypeName(type),
      partitionSubtypeName(type, subtype),
      hex(offset),
      formatPartitionSize(size),
      FLAGS.filter((flag) => partition[flag]).join(":"),
    ].join(",");
  });
  return [...HEADING, ...rows, ""].join("\n");
}

/** A number of bytes as ESP-IDF's tool writes it: `1M`, `24K`, `0x1234`. */
export function formatPartitionSize(size: number): string {
  for (const [unit, bytes] of [["M", 0x10_0000], ["K", 0x400]] as const) {
    if (size % bytes === 0) return `${size / bytes}${unit}`;
  }
  return hex(size);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function unreadable(line: number, why: string): SyntaxError {
  return new SyntaxError(`Cannot read partition table: line ${line}: ${why}`);
}
