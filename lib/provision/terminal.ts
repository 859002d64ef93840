/**
 * A line in a terminal: one row per board, redrawn as it goes on, or plain
 * lines where nothing can be redrawn.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import { type Clock, systemClock } from "../clock.ts";
import { portName, type PortTarget } from "../device/open.ts";
import { sanitizeText } from "./_text.ts";
import { formatSize } from "./inventory.ts";
import type { LineEvent } from "./line.ts";
import type { BoardFailure, BoardResult } from "./result.ts";

/** Where a {@linkcode LineView} writes; `process.stdout` is one. */
export interface LineOutput {
  /** Takes text, with its line ends. */
  write(text: string): unknown;
  /**
   * Whether it is a terminal, so that rows can be redrawn.
   *
   * @default {false}
   */
  readonly isTTY?: boolean | undefined;
  /**
   * How wide a row may be, in characters.
   *
   * @default {80}
   */
  readonly columns?: number | undefined;
  /**
   * How many rows it has; of more boards it gets plain lines.
   *
   * @default {24}
   */
  readonly rows?: number | undefined;
}

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

/** The least time between two drawings, in milliseconds. */
const FRAME = 50;
const BAR_WIDTH = 20;
const ESCAPE = "\x1b[";

/** How many lines tell of one transfer where rows cannot be redrawn. */
const PLAIN_PARTS = 4;

/** Shows a line's events. */
export class LineView {
  readonly #output: LineOutput;
  readonly #redraws: boolean;
  readonly #color: boolean;
  readonly #clock: Clock;
  readonly #rows = new Map<string, string>();
  readonly #told = new Map<string, string>();
  readonly #nameWidth: number;
  #drawn = 0;
  #drawnAt = -Infinity;

  /** Makes a view of the boards on the given ports. */
  constructor(
    targets: readonly PortTarget[],
    output: LineOutput,
    options: LineViewOptions = {},
  ) {
    this.#output = output;
    const { isTTY = false, rows = 24 } = output;
    // What has scrolled off the screen cannot be erased.
    this.#redraws = isTTY && targets.length < rows;
    this.#color = options.color ?? false;
    this.#clock = options.clock ?? systemClock;
    const ports = targets.map(portName);
    for (const port of ports) this.#rows.set(port, "waiting");
    this.#nameWidth = Math.max(0, ...ports.map((port) => port.length));
  }

  /** Takes an event; give it to `onEvent` of `runLine`. */
  readonly onEvent = (event: LineEvent): void => {
    const { port } = event;
    const text = describeEvent(event);
    if (text === undefined) return;
    const lasts = event.kind === "finish" || event.kind === "note";
    if (!this.#redraws) {
      if (lasts || this.#isNews(event)) this.#print(port, text);
      return;
    }
    if (event.kind === "note") {
      this.#erase();
      this.#print(port, text);
    } else {
      this.#rows.set(port, text);
    }
    const isDue = this.#clock.now() - this.#drawnAt >= FRAME;
    if (isDue || lasts || event.kind === "step") this.#draw();
  };

  /** Whether an event is worth a line: a step, or another part of a long transfer. */
  #isNews(event: LineEvent): boolean {
    if (event.kind === "step") return true;
    if (event.kind !== "write" && event.kind !== "erase") return false;
    const { port, kind, address, done, total } = event;
    const part = Math.floor(done / total * PLAIN_PARTS);
    const key = `${kind} ${address} ${part}`;
    if (part === 0 || this.#told.get(port) === key) return false;
    this.#told.set(port, key);
    return true;
  }

  #print(port: string, text: string): void {
    this.#output.write(`${this.#paint(this.#row(port, text))}\n`);
  }

  #draw(): void {
    this.#erase();
    const { columns = 80 } = this.#output;
    for (const [port, text] of this.#rows) {
      // A row that wraps could not be erased by going up one line.
      const row = this.#row(port, text).slice(0, columns - 1);
      this.#output.write(`${this.#paint(row)}\n`);
    }
    this.#drawn = this.#rows.size;
    this.#drawnAt = this.#clock.now();
  }

  #erase(): void {
    if (this.#drawn === 0) return;
    this.#output.write(`${ESCAPE}${this.#drawn}F${ESCAPE}J`);
    this.#drawn = 0;
  }

  #row(port: string, text: string): string {
    return `${sanitizeText(port).padEnd(this.#nameWidth)}  ${text}`;
  }

  #paint(row: string): string {
    if (!this.#color) return row;
    return row
      .replace(/ {2}PASS\b/, `  ${ESCAPE}32mPASS${ESCAPE}0m`)
      .replace(/ {2}FAIL\b/, `  ${ESCAPE}31mFAIL${ESCAPE}0m`);
  }
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
