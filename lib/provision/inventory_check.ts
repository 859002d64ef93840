/**
 * What is wrong with an inventory: identities used twice, numbers left out,
 * boards that never passed.
 *
 * @module
 */

import { checkDigit } from "./_check_digit.ts";
import type { InventoryRow } from "./inventory_row.ts";
import type { GeneratorSource } from "./job_identity.ts";

/**
 * What was found:
 * `mac-reuse`, one MAC address with two serial numbers of a pool, or on two
 * different chips; `serial-reuse`, one serial number on two boards;
 * `serial-gap`, numbers that no board has; `serial-invalid`, a serial number
 * whose check digit is wrong; `no-pass`, a board with attempts and none that
 * passed; `suspicious-duration`, a run that passed and took far more or less
 * time than its like.
 */
export type InventoryFindingKind =
  | "mac-reuse"
  | "serial-reuse"
  | "serial-gap"
  | "serial-invalid"
  | "no-pass"
  | "suspicious-duration";

/** Something that a person should look at. */
export interface InventoryFinding {
  /** What it is. */
  readonly kind: InventoryFindingKind;
  /** A sentence for a person. */
  readonly message: string;
  /** The MAC addresses that it is about; empty where no board is. */
  readonly macs: readonly string[];
}

/** Options of {@linkcode checkInventory}. */
export interface CheckInventoryOptions {
  /**
   * How serial numbers end.
   *
   * @default without a check digit
   */
  readonly checkDigit?: GeneratorSource["checkDigit"];
}

/** A duration this many times the median, or less than its part, is suspicious. */
const SUSPICIOUS_FACTOR = 4;
/** Fewer runs have no median worth the name. */
const MIN_RUNS = 8;

/**
 * Looks for what is wrong in the records of a production run.
 *
 * @param rows All there are, several per device too: the rows of every
 * station's file, or those of `attemptRows`. Merged rows hide what was used twice.
 *
 * @example One serial number on two boards
 * ```ts
 * import { checkInventory } from "@espline/espline/provision";
 *
 * const rows = [
 *   { mac: "24:0a:c4:00:00:01", serial_number: "LMP-1", result: "pass" },
 *   { mac: "24:0a:c4:00:00:02", serial_number: "LMP-1", result: "pass" },
 * ];
 * console.log(checkInventory(rows).map(({ kind }) => kind)); // [ "serial-reuse" ]
 * ```
 */
export function checkInventory(
  rows: readonly InventoryRow[],
  options: CheckInventoryOptions = {},
): InventoryFinding[] {
  return [
    ...reusedMacs(rows),
    ...reusedSerials(rows),
    ...checkSerials(rows, options),
    ...neverPassed(rows),
    ...suspiciousDurations(rows),
  ];
}

function* reusedMacs(rows: readonly InventoryRow[]) {
  for (const [mac, same] of groupBy(rows, macOf)) {
    for (const [pool, pooled] of groupBy(same, serialPool)) {
      const serials = unique(pooled, "serial_number");
      if (serials.length < 2) continue;
      const message =
        `${mac} has ${serials.length} serial numbers in "${pool}"`;
      yield finding("mac-reuse", `${message}: ${list(serials)}`, [mac]);
    }
    for (const column of ["package", "flash_manufacturer", "flash_device"]) {
      const values = unique(same, column);
      if (values.length < 2) continue;
      const message = `${mac} is on different boards: ${column}`;
      yield finding("mac-reuse", `${message} ${list(values)}`, [mac]);
      break;
    }
  }
}

function* reusedSerials(rows: readonly InventoryRow[]) {
  for (const [pool, pooled] of groupBy(rows, serialPool)) {
    for (const [serial, same] of groupBy(pooled, serialOf)) {
      const macs = [...groupBy(same, macOf).keys()];
      if (macs.length < 2) continue;
      const message = `${serial} of "${pool}" is on ${macs.length} boards`;
      yield finding("serial-reuse", `${message}: ${list(macs)}`, macs);
    }
  }
}

/** What stands before a serial's number, and the number. */
interface Numbered {
  readonly series: string;
  readonly digits: string;
}

function* checkSerials(
  rows: readonly InventoryRow[],
  { checkDigit: kind }: CheckInventoryOptions,
) {
  const numbers: (Numbered & { readonly pool: string })[] = [];
  for (const [pool, pooled] of groupBy(rows, serialPool)) {
    for (const [serial, same] of groupBy(pooled, serialOf)) {
      const number = parseSerial(serial);
      if (number === undefined) continue;
      const digits = kind === undefined
        ? number.digits
        : number.digits.slice(0, -1);
      if (digits === "") continue;
      if (
        kind !== undefined &&
        number.digits !== digits + checkDigit(kind, digits)
      ) {
        const message = `${serial} of "${pool}" has a wrong check digit`;
        yield finding("serial-invalid", message, [
          ...groupBy(same, macOf).keys(),
        ]);
        continue;
      }
      numbers.push({ pool, series: number.series, digits });
    }
  }
  for (
    const series of groupBy(numbers, (n) => `${n.pool}\n${n.series}`).values()
  ) {
    yield* gapsOf(series);
  }
}

/** The last run of digits counts; what stands behind it belongs to the series. */
function parseSerial(serial: string): Numbered | undefined {
  const [, before = "", digits, after = ""] =
    /^(.*?)(\d{1,15})(\D*)$/.exec(serial) ?? [];
  return digits === undefined
    ? undefined
    : { series: `${before}#${after}`, digits };
}

function* gapsOf(series: readonly (Numbered & { readonly pool: string })[]) {
  const sorted = series.toSorted((a, b) => Number(a.digits) - Number(b.digits));
  for (const [index, { pool, series: name, digits }] of sorted.entries()) {
    const before = sorted[index - 1];
    const from = before === undefined ? NaN : Number(before.digits) + 1;
    const to = Number(digits) - 1;
    if (!(from <= to)) continue;
    const show = (number: number) =>
      name.replace("#", () => String(number).padStart(digits.length, "0"));
    const what = from === to ? show(from) : `${show(from)} to ${show(to)}`;
    const message = `No board has ${what} of "${pool}"`;
    yield finding("serial-gap", message, []);
  }
}

function* neverPassed(rows: readonly InventoryRow[]) {
  for (const [mac, same] of groupBy(rows, macOf)) {
    const results = unique(same, "result");
    if (results.length === 0 || results.includes("pass")) continue;
    const last = same.at(-1);
    const error = last?.["error"] || last?.["error_code"] || "";
    const why = error === "" ? "" : `: ${error}`;
    yield finding("no-pass", `${mac} has never passed${why}`, [mac]);
  }
}

function* suspiciousDurations(rows: readonly InventoryRow[]) {
  const passed = rows.filter(({ result }) => result === "pass");
  for (const [job, same] of groupBy(passed, jobOf)) {
    const times = same.map(durationOf).filter((ms) => ms > 0);
    if (times.length < MIN_RUNS) continue;
    const median = times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
    for (const row of same) {
      const ms = durationOf(row);
      const isNormal = ms <= median * SUSPICIOUS_FACTOR &&
        ms >= median / SUSPICIOUS_FACTOR;
      if (!(ms > 0) || isNormal) continue;
      const mac = macOf(row);
      const message = `${mac ?? row["port"]} took ${
        seconds(ms)
      } for "${job}", where ${seconds(median)} is usual`;
      yield finding("suspicious-duration", message, mac ? [mac] : []);
    }
  }
}

function finding(
  kind: InventoryFindingKind,
  message: string,
  macs: readonly string[],
): InventoryFinding {
  return { kind, message, macs };
}

/** Groups what has a key, in the order in which keys first come. */
function groupBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string | undefined,
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function macOf({ mac }: InventoryRow): string | undefined {
  return mac?.toLowerCase() || undefined;
}

function serialOf({ serial_number: serial }: InventoryRow): string | undefined {
  return serial || undefined;
}

/** The pool of a row that has a serial number. */
function serialPool(row: InventoryRow): string | undefined {
  return serialOf(row) === undefined ? undefined : row["pool"] ?? "";
}

function jobOf({ job, job_sha256: digest }: InventoryRow): string | undefined {
  return job === undefined
    ? undefined
    : `${job}${digest ? ` (${digest.slice(0, 8)})` : ""}`;
}

function durationOf({ duration_ms: ms = "" }: InventoryRow): number {
  return Number(ms);
}

function unique(rows: readonly InventoryRow[], column: string): string[] {
  return [...new Set(rows.map((row) => row[column] ?? ""))].filter(Boolean);
}

const MOST_LISTED = 5;

function list(values: readonly string[]): string {
  const rest = values.length - MOST_LISTED;
  const shown = values.slice(0, MOST_LISTED).join(", ");
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
