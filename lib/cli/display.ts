/**
 * Where a screen's text goes: to a terminal, to a pipe, or to one board's
 * share of either.
 *
 * @module
 */

import type { TextSink } from "./io.ts";

/** What a screen writes on. */
export interface Display {
  /** Whether a bar can be redrawn, or progress is told in lines. */
  readonly redraws: boolean;
  /** How many characters fit in a line, as of now. */
  readonly columns: number;
  /** Writes a line, below whatever stands there. */
  line(text: string): void;
  /** Draws a bar in place of the one that stands there. */
  bar(text: string): void;
  /** Goes on with the line that is open, or opens one. */
  part(text: string): void;
  /** Ends the line that is open, if one is. */
  end(): void;
}

/** Erase the rest of the line (ECMA-48 EL). */
const CLEAR_TO_END = "\x1b[K";

/** All of a stream. */
export class SinkDisplay implements Display {
  readonly #sink: TextSink;
  #open = false;

  /** Writes on a stream. */
  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  /** Whether the stream is a terminal. */
  get redraws(): boolean {
    return this.#sink.isTerminal;
  }

  /** The width of the terminal. */
  get columns(): number {
    return this.#sink.columns;
  }

  /** Writes a line. */
  line(text: string): void {
    this.end();
    this.#sink.write(`${text}\n`);
  }

  /** Draws a bar. */
  bar(text: string): void {
    this.#sink.write(`\r${text}${CLEAR_TO_END}`);
    this.#open = true;
  }

  /** Goes on with the line. */
  part(text: string): void {
    this.#sink.write(text);
    this.#open = true;
  }

  /** Ends the line. */
  end(): void {
    if (this.#open) this.#sink.write("\n");
    this.#open = false;
  }
}

/** Nothing. */
export const NO_DISPLAY: Display = {
  redraws: false,
  columns: 80,
  line() {},
  bar() {},
  part() {},
  end() {},
};

/** The lines of one of several boards, each with the board's name in front. */
export class PrefixDisplay implements Display {
  /** Progress is told in lines. */
  readonly redraws = false;
  readonly #sink: TextSink;
  readonly #prefix: string;
  #open = "";

  /** Writes on a stream that other boards write on too. */
  constructor(sink: TextSink, name: string) {
    this.#sink = sink;
    this.#prefix = `[${name}] `;
  }

  /** The width that is left. */
  get columns(): number {
    return this.#sink.columns - this.#prefix.length;
  }

  /** Writes a line, and nothing for an empty one. */
  line(text: string): void {
    this.end();
    for (const line of text.split("\n")) {
      if (line !== "") this.#sink.write(`${this.#prefix}${line}\n`);
    }
  }

  /** Is never asked for a bar. */
  bar(text: string): void {
    this.line(text);
  }

  /** Keeps the line until it ends. */
  part(text: string): void {
    this.#open += text;
  }

  /** Writes the line that is open. */
  end(): void {
    const text = this.#open;
    this.#open = "";
    if (text !== "") this.line(text);
  }
}

/** One row of a table that is redrawn. */
export interface Row {
  /** Shows a text in the row. */
  show(text: string): void;
  /** The width of a row's text. */
  readonly columns: number;
}

/** One of several boards in a terminal: its row shows what it is doing, and its lines are kept for the end. */
export class RowDisplay implements Display {
  /** Bars are drawn in the row. */
  readonly redraws = true;
  /** What the verb has said, without progress. */
  readonly lines: string[] = [];
  readonly #row: Row;
  #open = "";

  /** Shows what happens in a row. */
  constructor(row: Row) {
    this.#row = row;
  }

  /** The width of the row. */
  get columns(): number {
    return this.#row.columns;
  }

  /** Keeps a line, and shows it. */
  line(text: string): void {
    this.end();
    this.lines.push(...text.split("\n"));
    if (text !== "") this.#row.show(text.split("\n").at(-1) ?? "");
  }

  /** Shows a bar. */
  bar(text: string): void {
    this.#row.show(text);
  }

  /** Shows a line as it grows. */
  part(text: string): void {
    this.#open += text;
    this.#row.show(this.#open);
  }

  /** Forgets a line that only told of progress. */
  end(): void {
    this.#open = "";
  }
}
