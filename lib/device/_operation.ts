/**
 * One operation with its limits: signal and time.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { TimeoutError } from "../errors.ts";
import type { OperationOptions } from "../progress.ts";

/** What an operation is told to heed. */
export interface Limits {
  /** What it is called in a timeout's message, such as `write flash`. */
  readonly step: string;
  /** The clock of its time limit. */
  readonly clock: Clock;
  /** Signals that stop it. */
  readonly signals: ReadonlyArray<AbortSignal | undefined>;
  /** Its time limit, in milliseconds; none if left out. */
  readonly timeout: OperationOptions["timeout"];
}

/** Runs `work` with one signal that aborts on any of the limits. */
export async function withLimits<T>(
  limits: Limits,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { step, clock, timeout } = limits;
  const controller = new AbortController();
  const cancelTimer = timeout === undefined ? undefined : clock.schedule(() => {
    controller.abort(
      new TimeoutError(`Cannot ${step} in ${timeout} ms: the time is over`, {
        step,
        ms: timeout,
      }),
    );
  }, timeout);
  const signals = limits.signals.filter((signal) => signal !== undefined);
  const forward = (event: Event) =>
    controller.abort((event.target as AbortSignal).reason);
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener("abort", forward);
  }
  try {
    controller.signal.throwIfAborted();
    return await work(controller.signal);
  } finally {
    cancelTimer?.();
    for (const signal of signals) signal.removeEventListener("abort", forward);
  }
}
