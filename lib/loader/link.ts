/**
 * The one owner of a port: reads it all the time, takes frames out of the
 * bytes, and lets one command after the other wait for its reply.
 *
 * @module
 */

import { type Clock, delay, systemClock } from "../clock.ts";
import { CommandError, FrameError, TimeoutError } from "../errors.ts";
import { encodeFrame } from "../framing/slip.ts";
import {
  checksumOf,
  type Command,
  type CommandBody,
  SYNC,
} from "../protocol/commands.ts";
import {
  decodeResponse,
  encodeRequestHeader,
  type ResponsePacket,
  splitStatus,
} from "../protocol/packet.ts";
import { describeStatus, isUnsupportedStatus } from "../protocol/status.ts";
import { DEFAULT_TIMEOUTS, type Timeouts } from "../protocol/timeouts.ts";
import type {
  SerialSignals,
  Transport,
  TransportInfo,
} from "../transport/transport.ts";
import { Line } from "./_line.ts";
import { findPanic } from "./diagnosis.ts";
import type { CommandOptions, FrameExchange } from "./frame_exchange.ts";
import type { DrainOptions, LinkOptions } from "./link_options.ts";
import type { ResetSequence } from "./reset_sequence.ts";
import type { TraceListener } from "./trace.ts";

export type {
  CommandOptions,
  FrameExchange,
  ReceiveOptions,
} from "./frame_exchange.ts";
export type { DrainOptions, LinkOptions } from "./link_options.ts";

/** How often one packet of flash data may be sent. */
const WRITE_ATTEMPTS = 3;
/** How many frames may come before the awaited one. */
const MAX_SKIPPED = 100;
/** How long a ROM must be silent after a refusal, which it sends up to eight times, in milliseconds. */
const REFUSAL_QUIET = 200;
/** A ROM's refusal of a command that it does not know. */
const NOT_UNDERSTOOD = 0x0105;
/** How many SYNCs may clear the line, in the time of one command. */
const CLEARINGS = 8;
/** How often more, if it has answered once. */
const MORE_CLEARINGS = 4;
/** How many of these SYNCs go without a delimiter before them. */
const PLAIN_CLEARINGS = 2;
/** How long a stub needs to make room for the next frame, in milliseconds. */
const CLEARING_PAUSE = 20;
/** How long the line must be silent after a SYNC has been answered, in milliseconds. */
const CLEARING_QUIET = 100;

const NO_DATA = new Uint8Array(0);
const DELIMITER = 0xc0;

/** The owner of an open port. */
export class Link implements AsyncDisposable {
  /** The source of time. */
  readonly clock: Clock;
  /** Time limits. */
  readonly timeouts: Timeouts;
  /** How often one packet of flash data may be sent. */
  readonly writeAttempts: number;
  /** The reset into the application, where it is not the usual one. */
  readonly hardReset: ResetSequence | undefined;
  readonly #transport: Transport;
  readonly #line: Line;
  readonly #onTrace: TraceListener | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #statusBytes = 0;
  #replyIsDue = false;

  /** Takes both streams of an open port and begins to read. */
  constructor(transport: Transport, options: LinkOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.timeouts = options.timeouts ?? DEFAULT_TIMEOUTS;
    this.#transport = transport;
    this.writeAttempts = options.writeAttempts ?? WRITE_ATTEMPTS;
    this.hardReset = options.hardReset;
    this.#onTrace = options.onTrace;
    this.#line = new Line(transport, this.clock, options);
  }

  /** The port's path or URL. */
  get port(): string {
    return this.#transport.port;
  }

  /** How the port behaves. */
  get info(): TransportInfo {
    return this.#transport.info;
  }

  /** The speed in force, in baud. */
  get baudRate(): number {
    return this.#transport.baudRate;
  }

  /** How many status bytes the last reply had: 2 from a stub, 4 from most ROMs; 0 before the first. */
  get statusBytes(): number {
    return this.#statusBytes;
  }

  /** The last bytes that came, 4096 at most: a boot log, or whatever else there was. */
  recent(): Uint8Array {
    return this.#line.recent.bytes();
  }

  /** Forgets {@linkcode recent}, and a crash report in it. */
  clearRecent(): void {
    this.#line.recent.clear();
    this.#line.noise.clear();
  }

  /**
   * Sends a command and waits for its reply. Commands take turns: the next
   * one is sent only after the reply to the one before.
   *
   * Frames that are no reply, and late replies to other commands, are skipped.
   *
   * @throws {CommandError} `command-failed`, or `command-unsupported` if the device does not know it.
   * @throws {TimeoutError} If no reply came in time.
   * @throws {ChipError} `chip-panicked` if a crash report came instead.
   * @throws {FrameError} `reply-invalid` if the reply is not as long as it must be.
   * @throws {TransportError} If the port is gone or closed.
   */
  command<P, R>(
    command: Command<P, R>,
    params: P,
    options: CommandOptions = {},
  ): Promise<R> {
    return this.#inTurn(() => this.#transact(command, params, options));
  }

  /** Lends the line to `work` alone, for what is more than a command and its reply. */
  exchange<T>(work: (line: FrameExchange) => Promise<T>): Promise<T> {
    const line: FrameExchange = {
      command: (command, params, options = {}) =>
        this.#transact(command, params, options),
      request: (command, params) => {
        this.#line.clear();
        this.#send(command, command.encode(params));
      },
      send: (payload) => this.#line.write(encodeFrame(payload)),
      receive: async ({ step, timeout, signal }) => {
        const arrival = await this.#take(
          step,
          this.clock.now() + timeout,
          timeout,
          signal,
        );
        if (arrival instanceof FrameError) throw arrival;
        return arrival;
      },
    };
    return this.#inTurn(async () => {
      try {
        return await work(line);
      } catch (error) {
        // Nobody knows what the device still has to say.
        this.#replyIsDue = true;
        throw error;
      }
    });
  }

  /** Drops everything that has come and was not taken. */
  flushInput(): Promise<void> {
    return this.#line.flushInput();
  }

  /**
   * Waits until nothing has come for `quiet` milliseconds, and drops the
   * frames that came.
   */
  drain(quiet: number, options: DrainOptions = {}): Promise<void> {
    return this.#line.drain(quiet, options.most ?? 10 * quiet, options.signal);
  }

  /** Sets the modem lines that are named. */
  setSignals(signals: SerialSignals): Promise<void> {
    this.#onTrace?.({ kind: "signals", signals });
    return this.#transport.setSignals(signals);
  }

  /** Changes the speed of this end, in baud, and drops what came before. */
  async setBaudRate(baudRate: number): Promise<void> {
    this.#onTrace?.({ kind: "baud", baud: baudRate });
    await this.#transport.setBaudRate(baudRate);
    await this.flushInput();
  }

  /** Gives the port back, still open; every waiting and later command is refused. */
  async detach(): Promise<Transport> {
    await this.#line.detach();
    return this.#transport;
  }

  /** Closes the port. Closing twice is harmless. */
  async close(): Promise<void> {
    await this.detach();
    await this.#transport.close();
  }

  /** Closes the port. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #transact<P, R>(
    command: Command<P, R>,
    params: P,
    options: CommandOptions,
  ): Promise<R> {
    options.signal?.throwIfAborted();
    if (this.#replyIsDue && command.opcode !== SYNC.opcode) {
      await this.#clearLine(options);
    }
    const own = options.limit ?? command.timeout(this.timeouts, params);
    const ms = Math.min(own, options.timeout ?? Infinity, this.timeouts.max);
    const deadline = this.clock.now() + ms;
    const body = command.encode(params);
    this.#line.clear();
    this.#replyIsDue = true;
    this.#send(command, body);
    for (let skipped = 0; skipped < MAX_SKIPPED; skipped++) {
      const response = await this.#response(
        command.name,
        deadline,
        ms,
        options.signal,
      );
      if (response?.opcode === command.opcode) {
        this.#replyIsDue = false;
        return this.#finish(command, body, response);
      }
      if (response !== undefined && isRefusal(response)) {
        await this.drain(REFUSAL_QUIET, { signal: options.signal });
        this.#replyIsDue = false;
        throw refusal(command.name, NOT_UNDERSTOOD, "command-unsupported");
      }
    }
    throw new FrameError(
      `Cannot run ${command.name}: ${MAX_SKIPPED} other frames came instead of its reply`,
      { code: "reply-invalid", bytes: this.recent() },
    );
  }

  #finish<P, R>(
    command: Command<P, R>,
    request: CommandBody,
    response: ResponsePacket,
  ): R {
    const { data, status } = splitStatus(response.body, command.replySizes);
    this.#statusBytes = response.body.length - data.length;
    if (status >> 8 === 0) {
      return command.decode({ value: response.value, data });
    }
    // A data command that is known can still be out of turn, with the same status.
    const unsupported = request.data === undefined &&
      isUnsupportedStatus(status);
    throw refusal(
      command.name,
      status,
      unsupported ? "command-unsupported" : "command-failed",
    );
  }

  /** The next frame, if it is a response. */
  async #response(
    step: string,
    deadline: number,
    ms: number,
    signal: AbortSignal | undefined,
  ): Promise<ResponsePacket | undefined> {
    const arrival = await this.#take(step, deadline, ms, signal);
    if (arrival instanceof FrameError) return undefined;
    try {
      return decodeResponse(arrival);
    } catch (error) {
      if (error instanceof FrameError) return undefined;
      throw error;
    }
  }

  /**
   * Makes sure that a reply which is still on its way is not taken for the
   * next one: the device answers in order, so all is over once it has
   * answered a SYNC.
   */
  async #clearLine({ signal, timeout }: CommandOptions): Promise<void> {
    const ms = Math.min(this.timeouts.default, timeout ?? Infinity);
    const body = SYNC.encode();
    let answered = false;
    let most = CLEARINGS;
    for (let attempt = 0; attempt < most; attempt++) {
      // The first SYNC may only end a READ_FLASH. A stub that was left inside
      // a frame comes out of it by a lone delimiter, and by nothing else.
      if (attempt >= PLAIN_CLEARINGS && !answered) {
        this.#line.write(Uint8Array.of(DELIMITER));
        await delay(this.clock, CLEARING_PAUSE, { signal });
      }
      this.#send(SYNC, body);
      const replied = await this.#isSyncAnswered(ms / CLEARINGS, signal);
      if (replied) await this.drain(CLEARING_QUIET, { signal });
      // A busy device may answer an earlier SYNC, and only then find itself
      // inside the frame that a delimiter has opened: so one more is sent.
      if (replied && (attempt === 0 || answered)) {
        this.#replyIsDue = false;
        return;
      }
      answered = replied;
      // It lives, and is given the time to be brought back into step.
      if (replied) most = CLEARINGS + MORE_CLEARINGS;
    }
    throw this.#timeout("SYNC", ms);
  }

  async #isSyncAnswered(
    ms: number,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const deadline = this.clock.now() + ms;
    try {
      for (;;) {
        const response = await this.#response("SYNC", deadline, ms, signal);
        // A late refusal may carry SYNC's opcode too.
        const isSync = response?.opcode === SYNC.opcode;
        if (isSync && !isRefusal(response)) return true;
      }
    } catch (error) {
      if (error instanceof TimeoutError && !signal?.aborted) return false;
      throw error;
    }
  }

  #take(
    step: string,
    deadline: number,
    ms: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | FrameError> {
    return this.#line.take({
      deadline,
      signal,
      onTimeout: () => this.#timeout(step, ms),
    });
  }

  #timeout(step: string, ms: number): Error {
    return findPanic(this.port, this.#line.noise.bytes()) ??
      new TimeoutError(`Cannot run ${step}: no reply in ${ms} ms`, {
        step,
        ms,
        hint:
          "Check the cable and the power supply, and try a lower baud rate.",
      });
  }

  #send<P, R>({ name, opcode }: Command<P, R>, body: CommandBody): void {
    const data = body.data ?? NO_DATA;
    const size = body.head.length + data.length;
    this.#onTrace?.({ kind: "command", name, opcode, size });
    const header = encodeRequestHeader(opcode, size, checksumOf(body));
    this.#line.write(encodeFrame(header, body.head, data));
  }
}

/** Whether a response is a ROM's refusal, which carries the opcode of the reply before. */
function isRefusal({ body }: ResponsePacket): boolean {
  return (body.length === 2 || body.length === 4) &&
    splitStatus(body, [0]).status === NOT_UNDERSTOOD;
}

function refusal(
  command: string,
  status: number,
  code: "command-failed" | "command-unsupported",
): CommandError {
  return new CommandError(
    `Cannot run ${command}: device answered ${describeStatus(status)}`,
    { code, command, status },
  );
}
