import type { Clock } from "../clock.ts";
import { TimeoutError } from "../errors.ts";
import { within } from "./_deadline.ts";
import { COM_PORT_COMMANDS, SERVER_OFFSET } from "./telnet.ts";
import type { ComPortCommand } from "./telnet.ts";

/** Whether an answer's value belongs to the request. */
export type AnswerTest = (value: Uint8Array) => boolean;

interface Waiter {
  readonly code: number;
  readonly fits: AnswerTest;
  readonly resolve: (value: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** The answers that a client of COM-PORT-OPTION still waits for, oldest first. */
export class ComPortAnswers {
  readonly #port: string;
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #waiters = new Set<Waiter>();

  constructor(port: string, clock: Clock, ms: number) {
    this.#port = port;
    this.#clock = clock;
    this.#ms = ms;
  }

  /** How many are missing. */
  get size(): number {
    return this.#waiters.size;
  }

  /**
   * Waits for the answer to a command; call it before sending the command.
   *
   * @throws {TimeoutError} If the server does not answer in time.
   */
  async next(
    command: ComPortCommand,
    fits: AnswerTest = () => true,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const code = COM_PORT_COMMANDS[command] + SERVER_OFFSET;
    const waiter = { code, fits, resolve, reject };
    this.#waiters.add(waiter);
    const limits = {
      clock: this.#clock,
      ms: this.#ms,
      late: () => this.#late(command),
      signal,
    };
    try {
      return await within(promise, limits);
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  /** Hands an answer to the oldest request that it fits; without one, drops it. */
  take(code: number, value: Uint8Array): void {
    for (const waiter of this.#waiters) {
      if (waiter.code !== code || !waiter.fits(value)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(value);
      return;
    }
  }

  /** Fails all that wait. */
  fail(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  #late(command: ComPortCommand): TimeoutError {
    return new TimeoutError(
      `Cannot control ${this.#port}: no answer to ${command} in ${this.#ms} ms`,
      {
        step: command,
        ms: this.#ms,
        hint: "Check the network, or allow the server more time",
      },
    );
  }
}
