/**
 * Rows in a terminal, one per board, redrawn as the boards go on.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { sanitizeText } from "./_text.ts";

/** Where {@linkcode TerminalRows} writes; `process.stdout` is one. */
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

/** Options of {@linkcode TerminalRows}. */
export interface TerminalRowsOptions {
  /** Colours a row that has been laid out. */
  readonly paint?: ((row: string) => string) | undefined;
  /** The clock that paces the redrawing. */
  readonly clock?: Clock | undefined;
}

/** The least time between two drawings, in milliseconds. */
const FRAME = 50;
const ESCAPE = "\x1b[";
const GAP = 2;

/** Rows that are redrawn in place. A name that is new gets a row of its own. */
export class TerminalRows {
  readonly #output: LineOutput;
  readonly #paint: (row: string) => string;
  readonly #clock: Clock;
  readonly #rows: Map<string, string>;
  #nameWidth: number;
  #drawn = 0;
  #drawnAt = -Infinity;

  /** Makes a row for each name. */
  constructor(
    names: readonly string[],
    output: LineOutput,
    options: TerminalRowsOptions = {},
  ) {
    this.#output = output;
    this.#paint = options.paint ?? ((row) => row);
    this.#clock = options.clock ?? systemClock;
    this.#rows = new Map(names.map((name) => [name, "waiting"]));
    this.#nameWidth = Math.max(0, ...names.map((name) => name.length));
  }

  /** Whether rows can be redrawn: on a terminal, as long as all of them fit. */
  get redraws(): boolean {
    const { isTTY = false, rows = 24 } = this.#output;
    // What has scrolled off the screen cannot be erased.
    return isTTY && this.#rows.size < rows;
  }

  /** How many characters a row has for its text. */
  get columns(): number {
    return Math.max(1, (this.#output.columns ?? 80) - this.#nameWidth - GAP);
  }

  /** Makes room for a name that may be new. */
  add(name: string): void {
    if (this.#rows.has(name)) return;
    // One row more may be one too many: what is drawn would stay for good.
    if (this.redraws) this.erase();
    this.#drawnAt = -Infinity;
    this.#rows.set(name, "waiting");
    this.#nameWidth = Math.max(this.#nameWidth, name.length);
  }

  /** Gives a row another text, and draws it now or, if that is not `urgent`, when it is time. */
  show(name: string, text: string, { urgent = false } = {}): void {
    this.add(name);
    this.#rows.set(name, text);
    if (urgent || this.#clock.now() - this.#drawnAt >= FRAME) this.draw();
  }

  /** Writes a line that stays, above the rows. */
  print(name: string, text: string): void {
    const line = this.#paint(this.#lay(name, text));
    this.#output.write(`${this.#up()}${line}${this.#lineEnd}`);
    this.#drawn = 0;
    if (this.redraws) this.draw();
  }

  /** Draws all rows as they are. */
  draw(): void {
    const { columns = 80 } = this.#output;
    // A row that wraps could not be reached by going up one line.
    const rows = Array.from(
      this.#rows,
      ([name, text]) =>
        this.#paint(this.#lay(name, text).slice(0, columns - 1)),
    );
    const lines = rows.map((row) => row + this.#lineEnd);
    this.#output.write(`${this.#up()}${lines.join("")}`);
    this.#drawn = rows.length;
    this.#drawnAt = this.#clock.now();
  }

  /** Takes the rows off the screen. */
  erase(): void {
    const up = this.#up();
    this.#output.write(`${up}${this.#lineEnd.repeat(this.#drawn)}${up}`);
    this.#drawn = 0;
  }

  #up(): string {
    return this.#drawn === 0 ? "" : `${ESCAPE}${this.#drawn}F`;
  }

  /** Line by line: terminals keep a screen that is cleared as a whole among what has scrolled off. */
  get #lineEnd(): string {
    return this.redraws ? `${ESCAPE}K\n` : "\n";
  }

  #lay(name: string, text: string): string {
    return `${sanitizeText(name).padEnd(this.#nameWidth)}  ${text}`;
  }
}
