/**
 * The inventory: a CSV table with one row per device, as it was seen last.
 *
 * @module
 */

import { parse } from "npm:csv-parse@6.2.0/sync";
import { stringify } from "npm:csv-stringify@6.9.0/sync";
import { EspError } from "../errors.ts";
import { writeAtomically } from "./_atomic.ts";
import { readReason } from "./_text.ts";
import { INVENTORY_COLUMNS, type InventoryRow } from "./inventory_row.ts";

/**
 * Puts rows into a table: a row replaces the one of the same MAC address, or,
 * while the address is not known, the one without an address of the same
 * station and port.
 */
export function mergeInventory(
  table: readonly InventoryRow[],
  rows: readonly InventoryRow[],
): InventoryRow[] {
  const merged = new Map<string, InventoryRow>();
  for (const row of [...table, ...rows]) {
    const { mac, station = "", port } = row;
    const key = mac ? `mac ${mac.toLowerCase()}` : `port ${station} ${port}`;
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
