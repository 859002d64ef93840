/**
 * From what was thrown to what is said about it, and the exit code.
 *
 * @module
 */

import { EspError, TransportError, VerifyError } from "../errors.ts";
import type { FlashState } from "./flash_state.ts";
import { hintFor } from "./hints.ts";
import { UsageError } from "./usage_error.ts";

/** Trouble with the serial port. */
const EXIT_SERIAL = 1;
/** A wrong command line, or a failure. */
const EXIT_FAILED = 2;

/** What went wrong, in words and as an exit code. */
export interface Failure {
  /** An `EspErrorCode`, or `usage`, `aborted` or `failed`. */
  readonly code: string;
  /** What went wrong, without a final period. */
  readonly message: string;
  /** What to try next, if something is known. */
  readonly hint?: string | undefined;
  /** What the flash holds, if the verb may have changed it or was interrupted. */
  readonly flash?: string | undefined;
  /** What the process ends with. */
  readonly exitCode: number;
}

/** How a failure is written. */
export interface FormatOptions {
  /** Whether its beginning is coloured. */
  readonly color?: boolean | undefined;
  /** The port of the board, if there are several. */
  readonly port?: string | undefined;
}

/** Finds out what to say about what was thrown. */
export function describeFailure(
  thrown: unknown,
  signal: AbortSignal,
  flash: FlashState,
): Failure {
  const error = firstError(thrown);
  const message = error instanceof Error ? error.message : String(error);
  if (signal.aborted && error === signal.reason) {
    return {
      code: "aborted",
      message: "Interrupted",
      flash: flash.describe(),
      exitCode: EXIT_FAILED,
    };
  }
  if (error instanceof UsageError) {
    return { code: "usage", message, hint: error.hint, exitCode: EXIT_FAILED };
  }
  return {
    code: error instanceof EspError ? error.code : "failed",
    message,
    hint: hintFor(error),
    flash: flash.changed && !(error instanceof VerifyError)
      ? flash.describe()
      : undefined,
    exitCode: error instanceof TransportError ? EXIT_SERIAL : EXIT_FAILED,
  };
}

/** A failure as a part of the `--json` object. */
export function jsonOf({ code, message, hint, flash }: Failure): object {
  return {
    error: { code, message, ...(hint && { hint }) },
    ...(flash && { flash }),
  };
}

/** Writes a failure for a person: what, then what to try. */
export function formatFailure(
  failure: Failure,
  options: FormatOptions = {},
): string {
  const { color = false, port } = options;
  const prefix = port === undefined ? "" : `[${port}] `;
  const { code, message, hint, flash } = failure;
  const lead = code === "usage" ? "Usage error" : "A fatal error occurred";
  const lines = [
    `${color ? `\x1b[31m${lead}\x1b[0m` : lead}: ${message}`,
    flash,
    hint && `Hint: ${hint}`,
  ];
  return lines.filter((line) => line !== undefined)
    .flatMap((line) => line.split("\n"))
    .map((line) => `${prefix}${line}\n`)
    .join("");
}

/** What was thrown first, where closing the port then failed as well. */
function firstError(thrown: unknown): unknown {
  return thrown instanceof SuppressedError
    ? firstError(thrown.suppressed)
    : thrown;
}
