import type { Clock } from "../clock.ts";
import type { FrameError } from "../errors.ts";

/** A frame's payload, or what came in a frame's place. */
export type Arrival = Uint8Array | FrameError;

/** How long to wait, and what to fail with when that is over. */
export interface TakeOptions {
  readonly clock: Clock;
  /** When to give up, by the clock. */
  readonly deadline: number;
  readonly onTimeout: () => unknown;
  readonly signal?: AbortSignal | undefined;
}

interface Waiter {
  resolve(arrival: Arrival): void;
  reject(reason: unknown): void;
}

/** More than any exchange leaves unread; the oldest go first. */
const LIMIT = 1024;

/**
 * Frames that came and wait for whoever asked. The frames that were there
 * before the port failed can still be taken.
 */
export class FrameInbox {
  readonly #arrivals: Arrival[] = [];
  #waiter: Waiter | undefined;
  #failure: { readonly reason: unknown } | undefined;

  put(arrival: Arrival): void {
    if (this.#waiter !== undefined) {
      this.#waiter.resolve(arrival);
      return;
    }
    this.#arrivals.push(arrival);
    if (this.#arrivals.length > LIMIT) this.#arrivals.shift();
  }

  /** Makes the present and every later wait fail; only the first reason counts. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#waiter?.reject(this.#failure.reason);
  }

  clear(): void {
    this.#arrivals.length = 0;
  }

  /** Takes the next arrival. Only one may wait at a time. */
  take(options: TakeOptions): Promise<Arrival> {
    const { clock, deadline, signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const arrival = this.#arrivals.shift();
    if (arrival !== undefined) return Promise.resolve(arrival);
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure.reason);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Arrival>();
    const settle = () => {
      this.#waiter = undefined;
      cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    const waiter: Waiter = {
      resolve: (value) => (settle(), resolve(value)),
      reject: (reason) => (settle(), reject(reason)),
    };
    const onAbort = () => waiter.reject(signal?.reason);
    const cancel = clock.schedule(
      () => waiter.reject(options.onTimeout()),
      Math.max(0, deadline - clock.now()),
    );
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiter = waiter;
    return promise;
  }
}
