/**
 * A line in a terminal: one row per board, redrawn as it goes on, or plain
 * lines where nothing can be redrawn.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import type { Clock } from "../clock.ts";
import { portName, type PortTarget } from "../device/open.ts";
import { sanitizeText } from "./_text.ts";
import { formatSize } from "./inventory_row.ts";
import type { LineEvent } from "./line.ts";
import type { BoardFailure, BoardResult } from "./result.ts";
import { type LineOutput, TerminalRows } from "./rows.ts";
import type { StationEvent } from "./station.ts";
import type { SlotState, StationState } from "./station_state.ts";

/** Options of {@linkcode LineView}. */
export interface LineViewOptions {
  /**
   * Whether PASS and FAIL are coloured.
   *
   * @default {false}
   */
  readonly color?: boolean | undefined;
  /** The clock that paces the redrawing. */
  readonly clock?: Clock | undefined;
}

const BAR_WIDTH = 20;
const ESCAPE = "\x1b[";

/** How many lines tell of one transfer where rows cannot be redrawn. */
const PLAIN_PARTS = 4;

/** Shows the events of a line or of a station. */
export class LineView {
  readonly #rows: TerminalRows;
  readonly #told = new Map<string, string>();
  readonly #waits = new Map<string, string | undefined>();

  /** Makes a view of the boards on the given ports; of a station's slots as they come, if there are none. */
  constructor(
    targets: readonly PortTarget[],
    output: LineOutput,
    { color = false, clock }: LineViewOptions = {},
  ) {
    const paint = color ? paintVerdict : undefined;
    this.#rows = new TerminalRows(targets.map(portName), output, {
      paint,
      clock,
    });
  }

  /** Takes an event; give it to `onEvent` of `runLine`. */
  readonly onEvent = (event: LineEvent): void => this.#take(event.port, event);

  /** Takes a station's event; give it to `onEvent` of `Station.open`. */
  readonly onStationEvent = ({ slot, event }: StationEvent): void =>
    this.#take(slot, event);

  /** Shows the slots that wait, for a board, a start or a code; call it when the state has changed. */
  readonly onStationState = ({ slots }: StationState): void => {
    for (const slot of slots) {
      const text = describeWait(slot);
      const { name } = slot;
      if (text === this.#waits.get(name)) continue;
      this.#waits.set(name, text);
      if (text === undefined) continue;
      this.#rows.add(name);
      if (this.#rows.redraws) this.#rows.show(name, text, { urgent: true });
      // In a pipe nobody presses a button.
      else if (slot.phase !== "ready") this.#rows.print(name, text);
    }
  };

  #take(port: string, event: LineEvent): void {
    const text = describeEvent(event);
    if (text === undefined) return;
    this.#rows.add(port);
    const lasts = event.kind === "finish" || event.kind === "note";
    if (!this.#rows.redraws) {
      if (lasts || this.#isNews(port, event)) this.#rows.print(port, text);
      return;
    }
    if (event.kind === "note") {
      this.#rows.print(port, text);
      return;
    }
    const urgent = lasts || event.kind === "step";
    this.#rows.show(port, text, { urgent });
  }

  /** Whether an event is worth a line: a step, or another part of a long transfer. */
  #isNews(port: string, event: LineEvent): boolean {
    if (event.kind === "step") return true;
    if (event.kind !== "write" && event.kind !== "erase") return false;
    const { kind, address, done, total } = event;
    const part = Math.floor(done / total * PLAIN_PARTS);
    const key = `${kind} ${address} ${part}`;
    if (part === 0 || this.#told.get(port) === key) return false;
    this.#told.set(port, key);
    return true;
  }
}

function paintVerdict(row: string): string {
  return row
    .replace(/ {2}PASS\b/, `  ${ESCAPE}32mPASS${ESCAPE}0m`)
    .replace(/ {2}FAIL\b/, `  ${ESCAPE}31mFAIL${ESCAPE}0m`);
}

/** What a slot waits for, if it does. */
function describeWait({ phase, waitsForCode }: SlotState): string | undefined {
  if (waitsForCode !== undefined) return `scan the code of ${waitsForCode}`;
  if (phase === "empty") return "no board";
  return phase === "ready" ? "ready" : undefined;
}

/** What a row says after an event; `undefined` if it says what it said before. */
function describeEvent(event: LineEvent): string | undefined {
  switch (event.kind) {
    case "start":
      return "starts";
    case "step":
      return event.step;
    case "finish":
      return describeResult(event.result);
    case "note":
      return sanitizeText(event.message);
    case "connect":
      return `open      attempt ${event.attempt}, ${event.reset}`;
    case "write":
    case "read":
    case "erase":
    case "verify":
    case "stub":
    case "ram":
    case "dump": {
      const { kind, done, total, address } = event;
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const bar = "#".repeat(Math.round(share * BAR_WIDTH))
        .padEnd(BAR_WIDTH, ".");
      const percent = `${Math.floor(share * 100)}`.padStart(3);
      return `${kind.padEnd(8)}  [${bar}] ${percent} %  ${
        formatAddress(address)
      }`;
    }
    default:
      return undefined;
  }
}

const VERDICTS: Readonly<Record<BoardResult["result"], string>> = {
  pass: "PASS",
  fail: "FAIL",
  cancelled: "CANCELLED",
};

function describeResult({ result, failure, durationMs }: BoardResult): string {
  const verdict = `${VERDICTS[result]}  in ${(durationMs / 1000).toFixed(1)} s`;
  return failure === undefined
    ? verdict
    : `${verdict}: ${describeFailure(failure)}`;
}

function describeFailure({ step, message, code, hint }: BoardFailure): string {
  const where = step === undefined ? "" : `${step}: `;
  const end = hint === undefined ? "" : ` ${hint}`;
  return sanitizeText(`${where}${message} (${code}).${end}`);
}

/** Formats results for people: a table with one row per board, why boards failed, and how many passed. */
export function formatResults(results: readonly BoardResult[]): string {
  const rows = results.map((result) => [
    result.port,
    result.identity?.mac ?? "-",
    result.identity?.description ?? "-",
    result.flash?.size === undefined ? "-" : formatSize(result.flash.size),
    `${(result.durationMs / 1000).toFixed(1)} s`,
    VERDICTS[result.result],
  ]);
  const reasons = results.flatMap(({ port, failure }) =>
    failure === undefined ? [] : [`${port}: ${describeFailure(failure)}`]
  );
  const passed = results.filter(({ result }) => result === "pass").length;
  return [
    ...alignColumns([
      ["PORT", "MAC", "CHIP", "FLASH", "TIME", "RESULT"],
      ...rows,
    ]),
    ...reasons,
    `${passed} of ${results.length} passed`,
  ].join("\n");
}

function alignColumns(table: readonly string[][]): string[] {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0))
  );
  return table.map((row) =>
    row.map((cell, column) => sanitizeText(cell).padEnd(widths[column] ?? 0))
      .join("  ").trimEnd()
  );
}
