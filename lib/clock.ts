/**
 * Time: the only module that touches timers, so that tests can own them.
 *
 * @module
 */

import { setImmediate } from "node:timers/promises";

/** A source of time. All times are milliseconds. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /**
   * Calls `callback` once after `ms` milliseconds; never if that is `Infinity`.
   *
   * @returns A function that cancels the call.
   */
  schedule(callback: () => void, ms: number): () => void;
}

/** The longest time that the platform's timers hold, over 24 days; a longer one would fire at once. */
const MAX_TIMER_MS = 0x7fff_ffff;

/** The machine's own monotonic clock; it takes a time over 24 days for never. */
export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  schedule(callback: () => void, ms: number) {
    if (ms > MAX_TIMER_MS) return () => {};
    const id = setTimeout(callback, ms);
    return () => clearTimeout(id);
  },
});

/** Options of {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the wait early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits `ms` milliseconds of the given clock.
 *
 * @throws The signal's reason, as soon as it aborts.
 */
export function delay(
  clock: Clock,
  ms: number,
  options: DelayOptions = {},
): Promise<void> {
  const { signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal?.aborted) return Promise.reject(signal.reason);
  const cancel = clock.schedule(() => {
    signal?.removeEventListener("abort", onAbort);
    resolve();
  }, ms);
  const onAbort = () => {
    cancel();
    reject(signal?.reason);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return promise;
}

/** How long, in real milliseconds, work may wait for files and the like while no timer is left. */
const STALLED_MS = 5_000;

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  /** Milliseconds that this clock has been advanced by. */
  now(): number {
    return this.#now;
  }

  /** Calls `callback` when the clock has been advanced by `ms` milliseconds. */
  schedule(callback: () => void, ms: number): () => void {
    if (ms === Infinity) return () => {};
    const timer = { due: this.#now + Math.max(0, ms), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Goes on by `ms` milliseconds, calling what falls due in its order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (
      let next = this.#next();
      next !== undefined && next.due <= end;
      next = this.#next()
    ) {
      this.#fire(next);
      await settle();
    }
    this.#now = end;
  }

  /**
   * Goes on from timer to timer, as fast as the machine can, until `work` settles.
   *
   * @returns What `work` yields.
   * @throws {Error} If `work` still waits when no timer is left.
   */
  async drive<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => void (settled = true);
    work.then(done, done);
    let busyAt = performance.now();
    while (!settled) {
      await settle();
      if (settled) break;
      const next = this.#next();
      if (next !== undefined) {
        this.#fire(next);
        busyAt = performance.now();
      } else if (performance.now() - busyAt > STALLED_MS) {
        throw new Error(
          "Cannot drive the clock: the work waits for something that is no timer",
        );
      }
    }
    return await work;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (first === undefined || timer.due < first.due) first = timer;
    }
    return first;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#now = timer.due;
    timer.callback();
  }
}

/**
 * Lets everything run that can run without time passing: promises, and with
 * them a turn of the event loop. Once Deno has loaded a CommonJS module, a
 * message through a channel comes before some promises.
 */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      port2.close();
      resolve();
    };
    port2.postMessage(null);
  });
  await setImmediate();
}
