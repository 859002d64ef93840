/**
 * Several boards at once: a row for each in a terminal, prefixed lines in a
 * pipe, and what became of them at the end.
 *
 * @module
 */

import type { TerminalRows } from "../provision/rows.ts";
import { type Display, PrefixDisplay, RowDisplay } from "./display.ts";
import type { TextSink } from "./io.ts";

/** How a verb ended on a board. */
export interface BoardEnd {
  /** The board's MAC address, if it has answered. */
  readonly mac?: string | undefined;
  /** Whether it failed. */
  readonly failed: boolean;
}

/** Shows what happens on several boards. */
export class BoardsView {
  readonly #sink: TextSink;
  readonly #rows: TerminalRows | undefined;
  readonly #displays: ReadonlyMap<string, PrefixDisplay | RowDisplay>;
  readonly #ends = new Map<string, BoardEnd>();

  private constructor(
    ports: readonly string[],
    sink: TextSink,
    rows: TerminalRows | undefined,
  ) {
    this.#sink = sink;
    this.#rows = rows;
    this.#displays = new Map(ports.map((port) => [
      port,
      rows === undefined
        ? new PrefixDisplay(sink, port)
        : new RowDisplay(rowOf(rows, port)),
    ]));
  }

  /** Makes a view of the boards on these ports. */
  static async create(
    ports: readonly string[],
    sink: TextSink,
  ): Promise<BoardsView> {
    // Only who looks at several boards pays for loading this.
    const { TerminalRows } = await import("../provision/rows.ts");
    const rows = new TerminalRows(ports, {
      write: (text) => sink.write(text),
      isTTY: sink.isTerminal,
      columns: sink.columns,
      rows: sink.rows,
    });
    return new BoardsView(ports, sink, rows.redraws ? rows : undefined);
  }

  /** What the verb on a port writes on. */
  displayOf(port: string): Display {
    const display = this.#displays.get(port);
    if (display === undefined) throw new RangeError(`No port "${port}" here`);
    return display;
  }

  /** Takes note of how it ended on a port. */
  end(port: string, end: BoardEnd): void {
    this.#ends.set(port, end);
    this.#rows?.show(port, verdict(end).trimEnd(), { urgent: true });
  }

  /** Writes what the verbs said, where only rows were seen, and how they ended. */
  close(): void {
    this.#rows?.erase();
    for (const [port, display] of this.#displays) {
      if (!(display instanceof RowDisplay)) continue;
      const text = display.lines.filter((line) => line !== "").join("\n  ");
      if (text !== "") this.#sink.write(`${port}\n  ${text}\n`);
    }
    const width = Math.max(
      ...[...this.#ends.keys()].map(({ length }) => length),
    );
    for (const port of this.#displays.keys()) {
      const end = this.#ends.get(port);
      if (end === undefined) continue;
      const cells = [port.padEnd(width), verdict(end), end.mac ?? ""];
      this.#sink.write(`${cells.join("  ").trimEnd()}\n`);
    }
    const done = [...this.#ends.values()].filter(({ failed }) => !failed);
    this.#sink.write(`${done.length} of ${this.#ends.size} boards done.\n`);
  }
}

function rowOf(rows: TerminalRows, port: string) {
  return {
    show: (text: string) => rows.show(port, text),
    get columns() {
      return rows.columns;
    },
  };
}

function verdict({ failed }: BoardEnd): string {
  return failed ? "failed" : "done  ";
}
