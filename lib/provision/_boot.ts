/** Watching an application start. */

import type { Clock } from "../clock.ts";
import { EspError, TimeoutError } from "../errors.ts";
import { withLimits } from "../limits.ts";
import { LineDecoder } from "../monitor/line_decoder.ts";
import type { BootCheck } from "./job_actions.ts";

const DEFAULT_TIMEOUT = 10_000;
/** How many of the last lines an error shows. */
const LINES_SHOWN = 3;
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
  { clock, signal, onLine }: BootContext,
): Promise<{ line: string; groups: Readonly<Record<string, string>> }> {
  const expected = new RegExp(expect);
  const failed = fail === undefined ? undefined : new RegExp(fail);
  const recent: string[] = [];
  const step = `wait for /${expect}/ on ${port}`;
  const limits = { step, clock, signals: [signal], timeout };
  try {
    return await withLimits(limits, async (limit) => {
      for await (const text of linesOf(readable, clock, limit)) {
        onLine(text);
        recent.push(text);
        if (recent.length > LINES_SHOWN) recent.shift();
        if (failed?.test(text)) {
          throw new EspError(
            `Cannot pass ${port}: its application says ${quote(text)}`,
            { code: "boot-unexpected" },
          );
        }
        const match = expected.exec(text);
        if (match !== null) return { line: text, groups: { ...match.groups } };
      }
      throw nothingMatched(port, expect, recent, timeout);
    });
  } catch (error) {
    if (!(error instanceof TimeoutError) || error.code !== "timeout") {
      throw error;
    }
    throw nothingMatched(port, expect, recent, timeout);
  }
}

/** The lines of a stream, and the last one even if it has no end yet. */
async function* linesOf(
  readable: ReadableStream<Uint8Array>,
  clock: Clock,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const decoder = new LineDecoder();
  const reader = readable.getReader();
  const onAbort = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      for (const { text } of decoder.push(value, clock.now())) yield text;
      const open = decoder.flush();
      if (open !== undefined) yield open.text;
    }
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener("abort", onAbort);
    reader.releaseLock();
  }
}

function nothingMatched(
  port: string,
  expect: string,
  recent: readonly string[],
  ms: number,
): TimeoutError {
  const said = recent.length === 0
    ? "nothing"
    : recent.map(quote).join(", then ");
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
