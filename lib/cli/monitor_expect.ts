/**
 * `--expect`: a monitor as a step of a test.
 *
 * @module
 */

import { EspError, TimeoutError } from "../errors.ts";

/** What was found of what was expected. */
export interface Match {
  /** The line, without colours. */
  readonly line: string;
  /** What the groups of the expression matched; an empty text for one that took no part. */
  readonly groups: readonly string[];
  /** The same for groups with a name. */
  readonly named: Readonly<Record<string, string>>;
}

/**
 * Reads a regular expression.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SyntaxError(`"${text}" is no regular expression (${reason})`);
  }
}

/**
 * Reads a time in seconds as milliseconds.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseSeconds(text: string): number {
  const value = /^\d+(\.\d*)?$|^\.\d+$/.test(text) ? Number(text) : NaN;
  if (value > 0) return value * 1000;
  throw new SyntaxError(
    `"${text}" is not a number of seconds such as 10 or 0.5`,
  );
}

/** Looks for the expression in a line. */
export function matchLine(pattern: RegExp, line: string): Match | undefined {
  const found = pattern.exec(line);
  if (found === null) return undefined;
  const named = Object.entries(found.groups ?? {})
    .map(([name, text]) => [name, text ?? ""]);
  return {
    line,
    groups: found.slice(1).map((text) => text ?? ""),
    named: Object.fromEntries(named),
  };
}

/** The error of an expression that nothing matched in its time. */
export function notInTime(pattern: RegExp, port: string, ms: number): Error {
  const message =
    `Cannot find ${pattern} in what the board on ${port} says: it did not come in ${
      ms / 1000
    } s`;
  return new TimeoutError(message, { step: "expect", ms });
}

/** The error of an expression that nothing matched before a person ended the monitor. */
export function notInTheEnd(pattern: RegExp, port: string): Error {
  return new EspError(
    `Cannot find ${pattern} in what the board on ${port} says: the monitor was ended before it came`,
    { code: "timeout" },
  );
}
