/**
 * The operations of one device, one after another.
 *
 * @module
 */

import { systemClock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import type { OperationOptions } from "../progress.ts";
import { withLimits } from "../limits.ts";
import type { DeviceSettings } from "./device_options.ts";

/** Lets the operations of a device take turns, each within its limits. */
export class Operations {
  readonly #port: string;
  readonly #settings: DeviceSettings;
  #turn: Promise<unknown> = Promise.resolve();
  #ended = false;
  #failed = false;

  constructor(port: string, settings: DeviceSettings) {
    this.#port = port;
    this.#settings = settings;
  }

  /**
   * Runs `work` when the operations before it are over.
   *
   * @param step What it does, as it follows "Cannot": `write flash`.
   */
  run<T>(
    step: string,
    options: OperationOptions,
    work: (options: OperationOptions) => Promise<T>,
  ): Promise<T> {
    if (this.#ended) {
      return Promise.reject(
        new TransportError(
          `Cannot ${step} on "${this.#port}": the port is closed`,
          { code: "port-closed" },
        ),
      );
    }
    const { clock = systemClock, signal } = this.#settings;
    const { timeout, onProgress = this.#settings.onProgress } = options;
    const limits = { step, clock, signals: [signal, options.signal], timeout };
    const turn = this.#turn.then(() =>
      withLimits(limits, (signal) => work({ signal, onProgress }))
    );
    // How an operation ends is told to who has called it, and to nobody else.
    this.#turn = turn.catch(() => void (this.#failed = true));
    return turn;
  }

  /** Whether an operation has failed. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Takes no more operations, and waits for those that were called. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#turn;
  }
}
