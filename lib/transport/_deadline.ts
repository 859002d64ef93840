import type { Clock } from "../clock.ts";

/** Options of {@linkcode within}. */
export interface WithinOptions {
  readonly clock: Clock;
  /** How long to wait, in milliseconds. */
  readonly ms: number;
  /** Makes the error to reject with when the time is over. */
  readonly late: () => Error;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for `work`, but no longer than it may take. The work itself goes on.
 *
 * @throws What `late` makes, or the signal's reason.
 */
export async function within<T>(
  work: Promise<T>,
  options: WithinOptions,
): Promise<T> {
  const { clock, ms, late, signal } = options;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const cancel = clock.schedule(() => reject(late()), ms);
  try {
    return await Promise.race([promise, work]);
  } finally {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}
