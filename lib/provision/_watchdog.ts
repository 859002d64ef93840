/**
 * A watch over one board: its step's deadline, and whether anything is heard from it.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { TimeoutError } from "../errors.ts";
import type { BoardStep } from "./result.ts";

/** Options of {@linkcode Watchdog}. */
export interface WatchdogOptions {
  /** The board's port, for messages. */
  readonly port: string;
  /** The clock of both limits. */
  readonly clock: Clock;
  /** How long a step may take, in milliseconds. */
  readonly stepTimeout: number;
  /** How long a board may be silent, in milliseconds. */
  readonly stallTimeout: number;
  /** Called once, when a limit is passed. */
  readonly onExpire: (error: TimeoutError) => void;
}

/**
 * Steps in which a healthy board may have nothing to say for minutes: its flash
 * is erased, its code is to be scanned, or it is waited for with a limit of its own.
 */
const SILENT_STEPS: readonly BoardStep[] = [
  ...["erase", "claim", "boot", "improv", "label"] as const,
];

/** Watches one board, from its first step until {@linkcode stop}. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #step: BoardStep = "open";
  #cancelStep: (() => void) | undefined;
  #cancelStall: (() => void) | undefined;
  #isOn = false;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** A step begins: both limits start anew. */
  enter(step: BoardStep): void {
    this.stop();
    this.#isOn = true;
    this.#step = step;
    const { clock, stepTimeout } = this.#options;
    this.#cancelStep = clock.schedule(
      () => this.#expire(stepTimeout, "is not done"),
      stepTimeout,
    );
    this.feed();
  }

  /** Something has been heard from the board. */
  feed(): void {
    this.#cancelStall?.();
    if (!this.#isOn || SILENT_STEPS.includes(this.#step)) return;
    const { clock, stallTimeout } = this.#options;
    this.#cancelStall = clock.schedule(
      () => this.#expire(stallTimeout, "has not moved"),
      stallTimeout,
    );
  }

  /** Ends the watch, until another step begins. */
  stop(): void {
    this.#isOn = false;
    this.#cancelStep?.();
    this.#cancelStall?.();
    this.#cancelStep = this.#cancelStall = undefined;
  }

  #expire(ms: number, what: string): void {
    this.stop();
    const { port, onExpire } = this.#options;
    onExpire(
      new TimeoutError(
        `Cannot go on with ${port}: step "${this.#step}" ${what} for ${ms} ms`,
        {
          step: this.#step,
          ms,
          hint:
            "Check the board's supply, cable and hub, then run this board again.",
        },
      ),
    );
  }
}
