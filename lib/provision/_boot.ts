/** Watching an application start. */

import type { Clock } from "../clock.ts";
import { EspError, TimeoutError } from "../errors.ts";
import { withLimits } from "../limits.ts";
import { type DecodedLine, LineDecoder } from "../monitor/line_decoder.ts";
import { settlesWithin, type WaitOptions } from "./_wait.ts";
import type { BootCheck } from "./job_actions.ts";

const DEFAULT_TIMEOUT = 10_000;
/** How many of the last lines an error shows. */
const LINES_SHOWN = 3;
/** After so many milliseconds without a byte a line without an end is looked at. */
const QUIET = 100;
/** How long a shown line may be. */
const SHOWN_LENGTH = 120;

/** What the check needs of a port. */
export interface BootLog {
  /** The port's name. */
  readonly port: string;
  /** What the application prints. */
  readonly readable: ReadableStream<Uint8Array>;
}

/** What the check needs of the world. */
export interface BootContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Takes secrets out of a text. */
  readonly clean: (text: string) => string;
  /** Called with each line. */
  readonly onLine: (text: string) => void;
}

/**
 * Waits for the line that says that the application runs.
 *
 * @returns The line, and what the expression's named groups matched.
 * @throws {TimeoutError} `boot-silent` if nothing came, `boot-unexpected` if other lines did.
 * @throws {EspError} `boot-unexpected` if the line of a failure came.
 */
export async function expectBoot(
  { expect, fail, timeout = DEFAULT_TIMEOUT }: BootCheck,
  { port, readable }: BootLog,
  { clock, signal, clean, onLine }: BootContext,
): Promise<{ line: string; groups: Readonly<Record<string, string>> }> {
  const expected = new RegExp(expect);
  const failed = fail === undefined ? undefined : new RegExp(fail);
  const recent = new RecentLines();
  const step = `wait for /${expect}/ on ${port}`;
  const limits = { step, clock, signals: [signal], timeout };
  const refuse = () =>
    nothingMatched(port, expect, recent.shown(clean), timeout);
  try {
    return await withLimits(limits, async (limit = signal) => {
      const wait = { clock, signal: limit };
      for await (const { line, isOpen } of linesOf(readable, wait)) {
        recent.push(line);
        if (isOpen) continue;
        const { text } = line;
        const isBad = failed?.test(text) ?? false;
        const match = isBad ? null : expected.exec(text);
        if (line.ended || isBad || match !== null) onLine(text);
        if (isBad) {
          throw new EspError(
            `Cannot pass ${port}: its application says ${quote(clean(text))}`,
            {
              code: "boot-unexpected",
              hint: "Look at the whole log with a serial monitor.",
            },
          );
        }
        if (match !== null) return { line: text, groups: { ...match.groups } };
      }
      throw refuse();
    });
  } catch (error) {
    if (!(error instanceof TimeoutError) || error.code !== "timeout") {
      throw error;
    }
    throw refuse();
  }
}

/** The last lines; of one that comes in parts, what has come of it. */
class RecentLines {
  readonly #lines: DecodedLine[] = [];

  push(line: DecodedLine): void {
    if (this.#lines.at(-1)?.ended === false) this.#lines.pop();
    this.#lines.push(line);
    if (this.#lines.length > LINES_SHOWN) this.#lines.shift();
  }

  shown(clean: (text: string) => string): string[] {
    return this.#lines.map(({ text }) => quote(clean(text)));
  }
}

/** A line, and whether more of it may come at once. */
interface HeardLine {
  readonly line: DecodedLine;
  readonly isOpen: boolean;
}

/**
 * The lines of a stream. One without an end is open until nothing more comes for
 * a while, as after a prompt: it may be half a word of what is waited for.
 */
async function* linesOf(
  readable: ReadableStream<Uint8Array>,
  wait: WaitOptions,
): AsyncGenerator<HeardLine> {
  const decoder = new LineDecoder();
  const reader = readable.getReader();
  let open: DecodedLine | undefined;
  try {
    for (;;) {
      const reading = reader.read();
      if (open !== undefined && !await settlesWithin(reading, QUIET, wait)) {
        yield { line: open, isOpen: false };
      }
      await settlesWithin(reading, Infinity, wait);
      const { value, done } = await reading;
      if (done) break;
      for (const line of decoder.push(value, wait.clock.now())) {
        open = undefined;
        yield { line, isOpen: false };
      }
      open = decoder.flush() ?? open;
      if (open !== undefined) yield { line: open, isOpen: true };
    }
    const line = decoder.end();
    if (line !== undefined) yield { line, isOpen: false };
  } finally {
    // What is still being read is for whoever reads next.
    reader.releaseLock();
  }
}

function nothingMatched(
  port: string,
  expect: string,
  recent: readonly string[],
  ms: number,
): TimeoutError {
  const said = recent.length === 0 ? "nothing" : recent.join(", then ");
  return new TimeoutError(
    `Cannot pass ${port}: no line matched /${expect}/ in ${ms} ms, the application said ${said}`,
    {
      code: recent.length === 0 ? "boot-silent" : "boot-unexpected",
      step: "boot",
      ms,
      hint: recent.length === 0
        ? "Check the log's speed, and that the application prints to this port."
        : "Look at the whole log with a serial monitor.",
    },
  );
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN_LENGTH));
}
