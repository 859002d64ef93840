/**
 * A device's row of the inventory: its columns, and how a result fills them.
 *
 * @module
 */

import manifest from "../../deno.json" with { type: "json" };
import { sanitizeText } from "./_text.ts";
import type { BoardResult, BoardSecurity, BoardUsb } from "./result.ts";

/**
 * The columns, in their order; those of the job and of the row come after them.
 *
 * Ids are hex, times ISO 8601 in UTC, durations milliseconds. `chip_id` is the
 * ESP8266's own, elsewhere the last three bytes of the MAC address.
 * `firmware_sha256` has one digest per firmware file by rising address, with spaces
 * between; it is empty unless every file has been verified. So are the columns
 * of the application, which come from its own description.
 */
export const INVENTORY_COLUMNS = [
  "mac",
  "serial_number",
  "chip_id",
  "chip",
  "package",
  "revision",
  "features",
  "psram",
  "crystal_mhz",
  "flash_manufacturer",
  "flash_device",
  "flash_size",
  "usb",
  "security_flags",
  "flash_crypt_count",
  "job",
  "job_sha256",
  "firmware_project",
  "firmware_version",
  "idf_version",
  "elf_sha256",
  "firmware_sha256",
  "partition_table_sha256",
  "pool",
  "label_code",
  "batch",
  "bom_rev",
  "result",
  "failed_step",
  "error_code",
  "error",
  "started_at",
  "finished_at",
  "duration_ms",
  "step_ms",
  "attempt",
  "baud",
  "station",
  "slot",
  "port",
  "operator",
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

/** Columns that have their place, and are filled by the job or the row. */
const JOB_COLUMNS: readonly string[] = [
  "batch",
  "bom_rev",
] satisfies InventoryColumn[];

/** Columns that tell of a job's run, and that a look at a board knows nothing of. */
const RUN_COLUMNS: readonly string[] = [
  "job",
  "job_sha256",
  "firmware_project",
  "firmware_version",
  "idf_version",
  "elf_sha256",
  "firmware_sha256",
  "partition_table_sha256",
  "attempt",
  "baud",
] satisfies InventoryColumn[];

/** Columns that a look at a board only has to fill if it went wrong. */
const OUTCOME_COLUMNS: readonly string[] = [
  "result",
  "failed_step",
  "error_code",
  "error",
  "started_at",
  "finished_at",
  "duration_ms",
  "step_ms",
] satisfies InventoryColumn[];

/** Whether a column tells of the last run, and not of the device for good. */
export function isOfRun(column: string): boolean {
  return RUN_COLUMNS.includes(column) || OUTCOME_COLUMNS.includes(column);
}

/** Whether a job or a row may fill a column. */
export function isFreeColumn(column: string): boolean {
  return JOB_COLUMNS.includes(column) ||
    !(INVENTORY_COLUMNS as readonly string[]).includes(column);
}

/**
 * Makes a row of a board's result.
 *
 * What is the device's for good, such as its serial number, is left out where
 * this run did not come to it. The row of a board that was only looked at lacks
 * the columns that tell of a job, so that a look never wipes a job's record; if
 * the look failed, it has those that tell of the failure.
 */
export function inventoryRow(result: BoardResult): InventoryRow {
  const { job, result: verdict } = result;
  const own = Object.entries({ ...result.claim?.values, ...result.columns })
    .filter(([column]) => isFreeColumn(column));
  const known = Object.entries({ ...deviceCells(result), ...runCells(result) })
    .filter(([column]) =>
      job !== undefined || !RUN_COLUMNS.includes(column) &&
        (verdict !== "pass" || !OUTCOME_COLUMNS.includes(column))
    );
  return Object.fromEntries(
    [...known, ...own].flatMap(([column, cell]) =>
      cell === undefined ? [] : [[column, sanitizeText(cell)]]
    ),
  );
}

/** Makes rows of a line's results; boards that were cancelled before their turn have none. */
export function inventoryRows(results: readonly BoardResult[]): InventoryRow[] {
  return results.filter(({ steps }) => steps.length > 0).map(inventoryRow);
}

type Cells = Readonly<Partial<Record<InventoryColumn, string | undefined>>>;

/** What the board is. */
function deviceCells(result: BoardResult): Cells {
  const { identity, flash, claim, labelCode, usb, security } = result;
  const revision = identity?.revision;
  return {
    mac: identity?.mac ?? "",
    serial_number: claim?.key,
    chip_id: identity === undefined ? "" : hex(identity.chipId, 8),
    chip: identity?.description ?? "",
    package: identity?.description.replace(/ \(revision .*\)$/, "") ?? "",
    revision: revision === undefined
      ? ""
      : `v${revision.major}.${revision.minor}`,
    features: identity?.features.join(", ") ?? "",
    psram: identity?.features.find((name) => /psram/i.test(name)) ?? "",
    crystal_mhz: identity === undefined ? "" : String(identity.crystalMhz),
    flash_manufacturer: flash === undefined ? "" : hex(flash.manufacturer, 2),
    flash_device: flash === undefined ? "" : hex(flash.device, 4),
    flash_size: flash?.size === undefined ? "" : formatSize(flash.size),
    usb: usb === undefined ? "" : formatUsb(usb),
    security_flags: security === undefined ? "" : hex(security.flags, 8),
    flash_crypt_count: formatCount(security),
    pool: claim?.pool,
    label_code: labelCode,
  };
}

/** What was done to it, where and when. */
function runCells(result: BoardResult): Cells {
  const { application, baud, failure } = result;
  return {
    job: result.job ?? "",
    job_sha256: result.jobSha256 ?? "",
    firmware_project: application?.project ?? "",
    firmware_version: application?.version ?? "",
    idf_version: application?.idfVersion ?? "",
    elf_sha256: application?.elfSha256 ?? "",
    firmware_sha256: result.files.flatMap(({ sha256 }) => sha256 ?? []).join(
      " ",
    ),
    partition_table_sha256: result.partitionTableSha256 ?? "",
    result: result.result,
    failed_step: failure?.step ?? "",
    error_code: failure?.code ?? "",
    error: failure?.message ?? "",
    started_at: result.startedAt,
    finished_at: result.finishedAt,
    duration_ms: String(Math.round(result.durationMs)),
    step_ms: result.steps.map(({ step, ms }) => `${step}=${Math.round(ms)}`)
      .join(" "),
    attempt: String(result.attempt),
    baud: baud === undefined ? "" : String(baud),
    station: result.station,
    slot: result.slot,
    port: result.port,
    operator: result.operator ?? "",
    tool_version: manifest.version,
  };
}

function formatUsb({ vendorId, productId, serialNumber }: BoardUsb): string {
  return [hexDigits(vendorId, 4), hexDigits(productId, 4), serialNumber ?? []]
    .flat().join(":");
}

function formatCount(security: BoardSecurity | undefined): string {
  return security === undefined ? "" : String(security.flashCryptCount);
}

function hex(value: number, digits: number): string {
  return `0x${hexDigits(value, digits)}`;
}

function hexDigits(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** Formats a size in bytes as flash chips are sold: `512KB`, `4MB`. */
export function formatSize(bytes: number): string {
  return bytes % 0x10_0000 === 0
    ? `${bytes / 0x10_0000}MB`
    : `${Math.round(bytes / 0x400)}KB`;
}
