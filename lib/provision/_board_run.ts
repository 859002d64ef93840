/**
 * The bookkeeping of one board's run: steps, limits, and the record that is left of it.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import type { ProgressEvent } from "../progress.ts";
import type { LineEvent, LineOptions } from "./line.ts";
import {
  type BoardFile,
  type BoardFlash,
  type BoardIdentity,
  type BoardResult,
  type BoardStep,
  failureOf,
  type StepDuration,
} from "./result.ts";
import { Watchdog } from "./_watchdog.ts";

/** Longer than the slowest step that goes well: 16 MiB that do not compress, at 115200 baud. */
const DEFAULT_STEP_TIMEOUT = 30 * 60_000;
const DEFAULT_STALL_TIMEOUT = 45_000;
/** How long an aborted operation may take to let go of its port, in milliseconds. */
const GRACE = 5_000;

/** One board's run. */
export class BoardRun implements Disposable {
  readonly port: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  identity: BoardIdentity | undefined;
  flash: BoardFlash | undefined;
  files: readonly BoardFile[] = [];
  readonly #options: LineOptions;
  readonly #controller = new AbortController();
  readonly #watchdog: Watchdog;
  readonly #steps: StepDuration[] = [];
  readonly #startedAt = new Date();
  readonly #started: number;
  #step: BoardStep | undefined;
  readonly #onAbort = () =>
    this.#controller.abort(this.#options.signal?.reason);

  constructor(port: string, options: LineOptions) {
    this.port = port;
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.signal = this.#controller.signal;
    this.#started = this.clock.now();
    this.#watchdog = new Watchdog({
      port,
      clock: this.clock,
      stepTimeout: options.stepTimeout ?? DEFAULT_STEP_TIMEOUT,
      stallTimeout: options.stallTimeout ?? DEFAULT_STALL_TIMEOUT,
      onExpire: (error) => this.#controller.abort(error),
    });
    options.signal?.addEventListener("abort", this.#onAbort);
    if (options.signal?.aborted) this.#onAbort();
    this.emit({ kind: "start", port });
  }

  /** Passes an event on, and takes note that the board is alive. */
  emit(event: LineEvent): void {
    if (this.#step !== undefined && !this.signal.aborted) this.#watchdog.feed();
    this.#options.onEvent?.(event);
  }

  /** The listener for the loader's own events, which may know the port by another name. */
  readonly onProgress = (event: ProgressEvent): void =>
    this.emit({ ...event, port: this.port });

  /**
   * Runs one step, and records how long it took.
   *
   * @param onLate What to do with a result that comes when nobody waits for it any more.
   */
  async step<T>(
    step: BoardStep,
    work: () => Promise<T>,
    onLate?: (value: T) => Promise<void>,
  ): Promise<T> {
    this.signal.throwIfAborted();
    this.#step = step;
    this.#watchdog.enter(step);
    this.emit({ kind: "step", port: this.port, step });
    const started = this.clock.now();
    try {
      return await this.guard(work(), onLate);
    } catch (error) {
      // What an operation throws when it is aborted differs; the reason is one.
      throw this.signal.aborted ? this.signal.reason : error;
    } finally {
      this.#steps.push({ step, ms: round(this.clock.now() - started) });
    }
  }

  /** Waits for `work`, but when the run is aborted only for a short time longer. */
  async guard<T>(
    work: Promise<T>,
    onLate?: (value: T) => Promise<void>,
  ): Promise<T> {
    const { promise: abandoned, reject } = Promise.withResolvers<never>();
    let cancel: (() => void) | undefined;
    const onAbort = () => {
      cancel = this.clock.schedule(() => {
        // How it ends after this is nobody's business, as long as it lets go of the port.
        work.then(onLate).catch(() => {});
        reject(this.signal.reason);
      }, GRACE);
    };
    if (this.signal.aborted) onAbort();
    else this.signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([work, abandoned]);
    } finally {
      this.signal.removeEventListener("abort", onAbort);
      cancel?.();
    }
  }

  /** Ends the run and makes its record. */
  finish(
    outcome: "pass" | { readonly error: unknown },
    job?: string,
  ): BoardResult {
    this[Symbol.dispose]();
    const { identity, flash, files, port } = this;
    const result: BoardResult = {
      port,
      ...(job !== undefined && { job }),
      ...this.#verdict(outcome),
      ...(identity && { identity }),
      ...(flash && { flash }),
      files,
      steps: this.#steps,
      startedAt: this.#startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      durationMs: round(this.clock.now() - this.#started),
    };
    this.#options.onEvent?.({ kind: "finish", port, result });
    return result;
  }

  #verdict(
    outcome: "pass" | { readonly error: unknown },
  ): Pick<BoardResult, "result" | "failure"> {
    if (outcome === "pass") return { result: "pass" };
    const failure = failureOf(outcome.error, this.#step);
    const { signal } = this.#options;
    return signal?.aborted && outcome.error === signal.reason
      ? { result: "cancelled", failure: { ...failure, code: "cancelled" } }
      : { result: "fail", failure };
  }

  [Symbol.dispose](): void {
    this.#watchdog.stop();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
