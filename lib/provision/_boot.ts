/** Watching an application start. */

import type { Clock } from "../clock.ts";
import { EspError, TimeoutError } from "../errors.ts";
import { withLimits } from "../limits.ts";
import { type DecodedLine, LineDecoder } from "../monitor/line_decoder.ts";
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
    return await withLimits(limits, async (limit) => {
      for await (const line of linesOf(readable, clock, limit)) {
        recent.push(line);
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

/**
 * The lines of a stream. One without an end is given out as it stands when
 * nothing more comes for a while: a prompt, say. Before that it may be half a
 * word of what is waited for.
 */
async function* linesOf(
  readable: ReadableStream<Uint8Array>,
  clock: Clock,
  signal: AbortSignal | undefined,
): AsyncGenerator<DecodedLine> {
  const decoder = new LineDecoder();
  const reader = readable.getReader();
  const onAbort = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      const reading = reader.read();
      if (!await settlesWithin(reading, QUIET, clock)) {
        const open = decoder.flush();
        if (open !== undefined) yield open;
      }
      const { value, done } = await reading;
      if (done) break;
      yield* decoder.push(value, clock.now());
    }
    signal?.throwIfAborted();
    const last = decoder.end();
    if (last !== undefined) yield last;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    // Nobody waits any more for what may be read just now; it stays in the stream.
    reader.releaseLock();
  }
}

/** Whether work is done, well or not, before `ms` have passed. */
async function settlesWithin(
  work: Promise<unknown>,
  ms: number,
  clock: Clock,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = clock.schedule(() => resolve(false), ms);
  const done = () => resolve(true);
  work.then(done, done);
  const result = await promise;
  cancel();
  return result;
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
