/**
 * One inventory of several: of a store's attempts, or of several stations' files.
 *
 * @module
 */

import { mergeInventory } from "./inventory.ts";
import { type InventoryRow, isOfRun } from "./inventory_row.ts";
import type { Store } from "./store/store.ts";

/**
 * Makes the inventory of everything that a store knows, however many stations
 * use it: one row per device, as its last attempt left it.
 *
 * @throws {EspError} `store-failed` if the store cannot be read.
 *
 * @example As a file
 * ```ts
 * import { exportInventory, formatInventory, openStore } from "@espline/espline/provision";
 *
 * await using store = await openStore(":memory:");
 * console.log(formatInventory(await exportInventory(store)));
 * ```
 */
export async function exportInventory(store: Store): Promise<InventoryRow[]> {
  return mergeInventory([], await attemptRows(store));
}

/**
 * One row per attempt that a store knows, the oldest first.
 *
 * @throws {EspError} `store-failed` if the store cannot be read.
 */
export async function attemptRows(store: Store): Promise<InventoryRow[]> {
  return (await store.attempts()).map(({ row }) => row);
}

/**
 * Makes one inventory of several stations': what was seen last counts, by
 * `finished_at`, and rows that were only looked at count least. What is a
 * device's for good, such as its serial number, outlasts a table that does not
 * know it.
 */
export function mergeInventories(
  tables: readonly (readonly InventoryRow[])[],
): InventoryRow[] {
  const rows = tables.flat().toSorted((a, b) => compareTimes(a, b));
  return mergeInventory([], rows.map(withoutGaps));
}

function compareTimes(a: InventoryRow, b: InventoryRow): number {
  // ISO 8601 in UTC, so text order is time order; nothing comes first.
  const [one = "", other = ""] = [a["finished_at"], b["finished_at"]];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A table has a cell for each column, so an empty one may only say that nobody knew. */
function withoutGaps(row: InventoryRow): InventoryRow {
  // A row that tells of no run has nothing to say about the last one.
  const tells = row["result"] !== undefined && row["result"] !== "";
  return Object.fromEntries(
    Object.entries(row).filter(([column, cell]) =>
      cell !== "" || tells && isOfRun(column)
    ),
  );
}
