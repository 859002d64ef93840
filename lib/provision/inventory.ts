/**
 * The inventory: a CSV table with one row per device, as it was seen last.
 *
 * @module
 */

import { parse } from "npm:csv-parse@6.2.0/sync";
import { stringify } from "npm:csv-stringify@6.9.0/sync";
import manifest from "../../deno.json" with { type: "json" };
import { EspError } from "../errors.ts";
import { readReason, sanitizeText } from "./_text.ts";
import { writeAtomically } from "./_atomic.ts";
import type { BoardResult } from "./result.ts";

/**
 * The columns, in their order. `chip_id` is the ESP8266's own, elsewhere the
 * last three bytes of the MAC address; ids are hex, times ISO 8601 in UTC.
 * `firmware_sha256` has one digest per file by rising address, with spaces
 * between; it is empty unless every file has been verified.
 */
export const INVENTORY_COLUMNS = [
  "mac",
  "serial_number",
  "chip_id",
  "chip",
  "revision",
  "flash_manufacturer",
  "flash_device",
  "flash_size",
  "firmware_sha256",
  "result",
  "duration_ms",
  "finished_at",
  "started_at",
  "job",
  "job_sha256",
  "pool",
  "attempt",
  "baud",
  "station",
  "slot",
  "port",
  "failed_step",
  "error_code",
  "error",
  "features",
  "crystal_mhz",
  "tool_version",
] as const;

/** A column's name. */
export type InventoryColumn = typeof INVENTORY_COLUMNS[number];

/**
 * A device's cells by column. A column that a row does not have keeps what the
 * table has for the device; an empty cell empties it. Columns that are not ours
 * (a `note`, say) are kept as they are.
 */
export type InventoryRow = Readonly<Record<string, string>>;

/**
 * Makes a row of a board's result.
 *
 * The row of a board that was only looked at lacks the columns that tell of a
 * job, so that a look never wipes a job's record; if the look failed, it has
 * those that tell of the failure.
 */
export function inventoryRow(result: BoardResult): InventoryRow {
  const { identity, flash, failure } = result;
  const row: Record<InventoryColumn, string> = {
    mac: identity?.mac ?? "",
    serial_number: result.claim?.key ?? "",
    chip_id: identity === undefined ? "" : hex(identity.chipId, 8),
    chip: identity?.description ?? "",
    revision: identity?.revision === undefined
      ? ""
      : `v${identity.revision.major}.${identity.revision.minor}`,
    flash_manufacturer: flash === undefined ? "" : hex(flash.manufacturer, 2),
    flash_device: flash === undefined ? "" : hex(flash.device, 4),
    flash_size: flash?.size === undefined ? "" : formatSize(flash.size),
    firmware_sha256: result.files.map(({ sha256 }) => sha256).join(" "),
    result: result.result,
    duration_ms: String(Math.round(result.durationMs)),
    finished_at: result.finishedAt,
    started_at: result.startedAt,
    job: result.job ?? "",
    job_sha256: result.jobSha256 ?? "",
    pool: result.claim?.pool ?? "",
    attempt: String(result.attempt),
    baud: result.baud === undefined ? "" : String(result.baud),
    station: result.station,
    slot: result.slot,
    port: result.port,
    failed_step: failure?.step ?? "",
    error_code: failure?.code ?? "",
    error: failure?.message ?? "",
    features: identity?.features.join(", ") ?? "",
    crystal_mhz: identity === undefined ? "" : String(identity.crystalMhz),
    tool_version: manifest.version,
  };
  return Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => !isUnknown(column, result))
      .map(([column, cell]) => [column, sanitizeText(cell)]),
  );
}

/** Makes rows of a line's results; boards that were cancelled before their turn have none. */
export function inventoryRows(results: readonly BoardResult[]): InventoryRow[] {
  return results.filter(({ steps }) => steps.length > 0).map(inventoryRow);
}

/** What a look at a board cannot tell. */
const FIRMWARE_COLUMNS: readonly string[] = [
  "serial_number",
  "pool",
  "firmware_sha256",
  "job",
  "job_sha256",
  "attempt",
  "baud",
] satisfies InventoryColumn[];

/** What a look at a board only has to tell if it went wrong. */
const OUTCOME_COLUMNS: readonly string[] = [
  "result",
  "duration_ms",
  "finished_at",
  "started_at",
  "failed_step",
  "error_code",
  "error",
] satisfies InventoryColumn[];

function isUnknown(column: string, { job, result }: BoardResult): boolean {
  if (job !== undefined) return false;
  return FIRMWARE_COLUMNS.includes(column) ||
    (result === "pass" && OUTCOME_COLUMNS.includes(column));
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** Formats a size in bytes as flash chips are sold: `512KB`, `4MB`. */
export function formatSize(bytes: number): string {
  return bytes % 0x10_0000 === 0
    ? `${bytes / 0x10_0000}MB`
    : `${Math.round(bytes / 0x400)}KB`;
}

/**
 * Puts rows into a table: a row replaces the one of the same MAC address, or,
 * while the address is not known, the one without an address of the same port.
 */
export function mergeInventory(
  table: readonly InventoryRow[],
  rows: readonly InventoryRow[],
): InventoryRow[] {
  const merged = new Map<string, InventoryRow>();
  for (const row of [...table, ...rows]) {
    const key = row.mac ? `mac ${row.mac.toLowerCase()}` : `port ${row.port}`;
    merged.set(key, { ...merged.get(key), ...row });
  }
  return [...merged.values()];
}

/**
 * Formats a table as CSV (RFC 4180, CRLF) with a header line.
 *
 * A cell that a spreadsheet would take for a formula, since it begins with `=`,
 * `+`, `-`, `@`, a tab or a carriage return, gets an apostrophe in front, which
 * {@linkcode parseInventory} takes away again.
 */
export function formatInventory(rows: readonly InventoryRow[]): string {
  const columns = [
    ...new Set([...INVENTORY_COLUMNS, ...rows.flatMap(Object.keys)]),
  ];
  const records = rows.map((row) =>
    columns.map((column) =>
      Object.hasOwn(row, column) ? guardFormula(row[column] ?? "") : ""
    )
  );
  return stringify([columns.map(guardFormula), ...records], {
    record_delimiter: "windows",
    quoted_match: /[\r\n]/,
  });
}

/**
 * Parses what {@linkcode formatInventory} formats, and what a spreadsheet makes of it.
 *
 * @throws {SyntaxError} If the text is no CSV table, a row has too few or too
 * many cells, or there are no columns `mac` and `port`.
 */
export function parseInventory(text: string): InventoryRow[] {
  if (text.trim() === "") return [];
  let records: string[][];
  try {
    records = parse(text, {
      bom: true,
      record_delimiter: ["\r\n", "\n"],
      skip_empty_lines: true,
    });
  } catch (cause) {
    throw new SyntaxError(`Cannot parse inventory: ${readReason(cause)}`, {
      cause,
    });
  }
  const [header = [], ...rest] = records;
  const columns = header.map(unguardFormula);
  const missing = ["mac", "port"].find((column) => !columns.includes(column));
  const twin = columns.find((name, index) => columns.indexOf(name) !== index);
  if (missing !== undefined || twin !== undefined) {
    throw new SyntaxError(
      missing === undefined
        ? `Cannot parse inventory: column "${twin}" is there twice`
        : `Cannot parse inventory: there is no column "${missing}"`,
    );
  }
  return rest.map((cells) =>
    Object.fromEntries(
      columns.map((column, index) => [
        column,
        unguardFormula(cells[index] ?? ""),
      ]),
    )
  );
}

/** Also guards what has guards already, so that taking one away always gives back the cell. */
function guardFormula(cell: string): string {
  return /^'*[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
}

function unguardFormula(cell: string): string {
  return /^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell;
}

/**
 * Reads an inventory.
 *
 * @returns Its rows; none if there is no such file.
 * @throws {EspError} `file-invalid` if the file cannot be read or is no inventory.
 */
export async function readInventory(path: string): Promise<InventoryRow[]> {
  try {
    const bytes = await Deno.readFile(path);
    return parseInventory(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    );
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return [];
    throw new EspError(
      `Cannot read inventory "${path}": ${readReason(cause)}`,
      {
        code: "file-invalid",
        hint: "It has been left as it is. Repair it, or choose another file.",
        cause,
      },
    );
  }
}

/**
 * Puts rows into an inventory file, and replaces the file in one step: it holds
 * the old table or the new one, never half a row. One program at a time may do so.
 *
 * @returns The table as it is now.
 * @throws {EspError} `file-invalid` if the file cannot be read, is no
 * inventory, or cannot be replaced; then it is as it was.
 */
export async function writeInventory(
  path: string,
  rows: readonly InventoryRow[],
): Promise<InventoryRow[]> {
  const table = mergeInventory(await readInventory(path), rows);
  try {
    await writeAtomically(path, formatInventory(table));
  } catch (cause) {
    throw new EspError(
      `Cannot write inventory "${path}": ${readReason(cause)}`,
      {
        code: "file-invalid",
        hint:
          "It has been left as it is. Close programs that have it open, and check that its folder can be written.",
        cause,
      },
    );
  }
  return table;
}
