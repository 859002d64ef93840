import assert from "node:assert/strict";
import { checkInventory } from "../../lib/provision/inventory_check.ts";
import {
  exportInventory,
  mergeInventories,
} from "../../lib/provision/inventory_merge.ts";
import type { InventoryRow } from "../../lib/provision/inventory_row.ts";
import { openStore, runLine } from "../../lib/provision/mod.ts";
import { board, JOB, withBoards } from "./_boards.ts";

function row(index: number, cells: InventoryRow = {}): InventoryRow {
  return {
    mac: `24:0a:c4:00:00:${index.toString(16).padStart(2, "0")}`,
    serial_number: `LMP-${String(index).padStart(4, "0")}`,
    pool: "lamps",
    result: "pass",
    ...cells,
  };
}

function messages(rows: readonly InventoryRow[]): string[] {
  return checkInventory(rows).map(({ kind, message }) => `${kind}: ${message}`);
}

Deno.test("checkInventory finds nothing in a good run", () => {
  const rows = Array.from(
    { length: 20 },
    (_, index) =>
      row(index, { duration_ms: String(5000 + 100 * index), job: "lamp" }),
  );
  // A board that failed first and was written again is one board.
  assert.deepEqual(checkInventory([row(3, { result: "fail" }), ...rows]), []);
});

Deno.test("checkInventory finds identities that were used twice", () => {
  assert.deepEqual(
    messages([
      row(1, { package: "ESP32-D0WD" }),
      row(2),
      row(3, { serial_number: "LMP-0002" }),
      row(1, { mac: "24:0A:C4:00:00:01", serial_number: "LMP-0003" }),
      // Another pool has numbers of its own, and this chip another package.
      row(1, { pool: "boxes", serial_number: "1", package: "ESP32-U4WDH" }),
    ]),
    [
      'mac-reuse: 24:0a:c4:00:00:01 has 2 serial numbers in "lamps": LMP-0001, LMP-0003',
      "mac-reuse: 24:0a:c4:00:00:01 is on different boards: package ESP32-D0WD, ESP32-U4WDH",
      'serial-reuse: LMP-0002 of "lamps" is on 2 boards: 24:0a:c4:00:00:02, 24:0a:c4:00:00:03',
    ],
  );
});

Deno.test("checkInventory finds numbers that no board has", () => {
  assert.deepEqual(
    messages([
      row(2),
      row(9),
      row(3),
      row(5),
      row(90, { serial_number: "A1" }),
    ]),
    [
      'serial-gap: No board has LMP-0004 of "lamps"',
      'serial-gap: No board has LMP-0006 to LMP-0008 of "lamps"',
    ],
  );
  // 1-8, 2-6 and 3-4 by Luhn; 4 would be 2.
  const serials = ["X18", "X26", "X34", "X43"];
  const rows = serials.map((serial_number, index) =>
    row(index, { serial_number })
  );
  assert.deepEqual(
    checkInventory(rows, { checkDigit: "luhn" }).map(({ message }) => message),
    ['X43 of "lamps" has a wrong check digit'],
  );
});

Deno.test("checkInventory finds boards that never passed, and runs out of the usual", () => {
  const usual = Array.from(
    { length: 9 },
    (_, index) =>
      row(index, { duration_ms: "10000", job: "lamp", job_sha256: "a" }),
  );
  assert.deepEqual(
    messages([
      ...usual,
      row(9, { duration_ms: "41000", job: "lamp", job_sha256: "a" }),
      row(10, { duration_ms: "2400", job: "lamp", job_sha256: "a" }),
      row(11, { duration_ms: "1", job: "lamp", job_sha256: "b" }),
      row(12, { result: "fail", error: "Cannot connect" }),
      // Which board this was, nobody knows.
      { mac: "", port: "COM9", result: "fail", error_code: "no-sync-reply" },
    ]),
    [
      "no-pass: 24:0a:c4:00:00:0c has never passed: Cannot connect",
      'suspicious-duration: 24:0a:c4:00:00:09 took 41.0 s for "lamp (a)", where 10.0 s is usual',
      'suspicious-duration: 24:0a:c4:00:00:0a took 2.4 s for "lamp (a)", where 10.0 s is usual',
    ],
  );
});

Deno.test("mergeInventories takes what was seen last, and forgets no serial number", () => {
  const early = row(1, {
    finished_at: "2026-01-01T00:00:00.000Z",
    station: "one",
    firmware_version: "1.0",
    note: "blue",
  });
  const late = row(1, {
    finished_at: "2026-01-02T00:00:00.000Z",
    station: "two",
    result: "fail",
    serial_number: "",
    firmware_version: "",
    note: "",
  });
  const look = { mac: early.mac ?? "", port: "x", result: "", finished_at: "" };
  for (const tables of [[[early], [late], [look]], [[look], [late, early]]]) {
    const [merged, ...others] = mergeInventories(tables);
    assert.equal(others.length, 0);
    assert.deepEqual(
      [merged?.station, merged?.result, merged?.serial_number],
      ["two", "fail", "LMP-0001"],
    );
    assert.deepEqual([merged?.firmware_version, merged?.note], ["", "blue"]);
  }
});

Deno.test("exportInventory has one row per device that a store knows", async () => {
  await using store = await openStore(":memory:");
  const boards = [board(0), board(1)];
  await withBoards(boards, async () => {
    await runLine(boards, JOB, { store, station: "one" });
    await runLine(boards.slice(0, 1), JOB, { store, station: "two" });
  });
  const rows = await exportInventory(store);
  assert.deepEqual(
    rows.map(({ station, result }) => [station, result]).toSorted(),
    [["one", "pass"], ["two", "pass"]],
  );
  assert.equal((await store.attempts()).length, 3);
});
