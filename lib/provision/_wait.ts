/** Waiting for what may never come. */

import type { Clock } from "../clock.ts";

/** What ends a wait early. */
export interface WaitOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Whether work is done, well or not, before `ms` milliseconds have passed.
 *
 * @throws The signal's reason, as soon as it aborts.
 */
export async function settlesWithin(
  work: Promise<unknown>,
  ms: number,
  { clock, signal }: WaitOptions,
): Promise<boolean> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const cancel = clock.schedule(() => resolve(false), ms);
  const done = () => resolve(true);
  work.then(done, done);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await promise;
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}
