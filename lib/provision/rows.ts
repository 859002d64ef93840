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

/** Rows that are redrawn in place. */
export class TerminalRows {
  /** Whether rows can be redrawn: on a terminal, as long as all of them fit. */
  readonly redraws: boolean;
  readonly #output: LineOutput;
  readonly #paint: (row: string) => string;
  readonly #clock: Clock;
  readonly #rows: Map<string, string>;
  readonly #nameWidth: number;
  #drawn = 0;
  #drawnAt = -Infinity;

  /** Makes a row for each name. */
  constructor(
    names: readonly string[],
    output: LineOutput,
    options: TerminalRowsOptions = {},
  ) {
    const { isTTY = false, rows = 24 } = output;
    // What has scrolled off the screen cannot be erased.
    this.redraws = isTTY && names.length < rows;
    this.#output = output;
    this.#paint = options.paint ?? ((row) => row);
    this.#clock = options.clock ?? systemClock;
    this.#rows = new Map(names.map((name) => [name, "waiting"]));
    this.#nameWidth = Math.max(0, ...names.map((name) => name.length));
  }

  /** How many characters a row has for its text. */
  get columns(): number {
    return Math.max(1, (this.#output.columns ?? 80) - this.#nameWidth - GAP);
  }

  /** Gives a row another text, and draws it now or, if that is not `urgent`, when it is time. */
  show(name: string, text: string, { urgent = false } = {}): void {
    this.#rows.set(name, text);
    if (urgent || this.#clock.now() - this.#drawnAt >= FRAME) this.draw();
  }

  /** Writes a line that stays, above the rows. */
  print(name: string, text: string): void {
    this.erase();
    this.#output.write(`${this.#paint(this.#lay(name, text))}\n`);
  }

  /** Draws all rows as they are. */
  draw(): void {
    this.erase();
    const { columns = 80 } = this.#output;
    for (const [name, text] of this.#rows) {
      // A row that wraps could not be erased by going up one line.
      const row = this.#lay(name, text).slice(0, columns - 1);
      this.#output.write(`${this.#paint(row)}\n`);
    }
    this.#drawn = this.#rows.size;
    this.#drawnAt = this.#clock.now();
  }

  /** Takes the rows off the screen. */
  erase(): void {
    if (this.#drawn === 0) return;
    this.#output.write(`${ESCAPE}${this.#drawn}F${ESCAPE}J`);
    this.#drawn = 0;
  }

  #lay(name: string, text: string): string {
    return `${sanitizeText(name).padEnd(this.#nameWidth)}  ${text}`;
  }
}
