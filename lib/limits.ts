/**
 * The limits of an operation: signals and time.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { TimeoutError } from "./errors.ts";

/** What an operation is told to heed. */
export interface Limits {
  /** What it does, as it follows "Cannot" in a message: `write flash`. */
  readonly step: string;
  /** The clock of its time limit. */
  readonly clock: Clock;
  /** Signals, any of which stops it. */
  readonly signals: ReadonlyArray<AbortSignal | undefined>;
  /** Its time limit, in milliseconds; none if left out. */
  readonly timeout?: number | undefined;
}

/**
 * Runs `work` with the one signal that aborts on any of the limits.
 *
 * @throws The reason of the signal that has stopped it before it began.
 * @throws {TimeoutError} Through the signal, when the time is over.
 */
export async function withLimits<T>(
  limits: Limits,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const { step, clock, timeout } = limits;
  if (timeout !== undefined && !(timeout >= 0)) {
    throw new RangeError(`Cannot ${step} in ${timeout} ms: that is no time`);
  }
  const signals = limits.signals.filter((signal) => signal !== undefined);
  for (const signal of signals) signal.throwIfAborted();
  if (timeout === undefined && signals.length < 2) {
    return await work(signals[0]);
  }
  const controller = new AbortController();
  const forward = (event: Event) =>
    controller.abort((event.target as AbortSignal).reason);
  const cancelTimer = timeout === undefined
    ? undefined
    : clock.schedule(() =>
      controller.abort(
        new TimeoutError(`Cannot ${step}: it is not done in ${timeout} ms`, {
          step,
          ms: timeout,
        }),
      ), timeout);
  for (const signal of signals) signal.addEventListener("abort", forward);
  try {
    return await work(controller.signal);
  } finally {
    cancelTimer?.();
    for (const signal of signals) signal.removeEventListener("abort", forward);
  }
}
