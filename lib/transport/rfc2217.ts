/**
 * A serial port behind an RFC 2217 server: bytes, modem lines, break and speed
 * over telnet.
 *
 * @module
 */

import { systemClock } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { TimeoutError, TransportError } from "../errors.ts";
import type { AnswerTest } from "./_com_port_answers.ts";
import { ComPortLink } from "./_com_port_link.ts";
import { checkBaudRate, PortStreams } from "./_port_streams.ts";
import { connectSocket, formatHost } from "./_socket.ts";
import type { Socket } from "./_socket.ts";
import {
  COM_PORT_COMMANDS,
  CONTROL_VALUES,
  decodeBaudRate,
  encodeBaudRate,
  encodeComPort,
} from "./telnet.ts";
import type { SerialSignals, Transport, TransportInfo } from "./transport.ts";

/** Options of {@linkcode openRfc2217}. */
export interface OpenRfc2217Options {
  /**
   * What {@linkcode Transport.port} says.
   *
   * @default {`rfc2217://${host}:${port}`}
   */
  readonly label?: string | undefined;
  /**
   * The speed to set, in baud.
   *
   * @default {115200}
   */
  readonly baudRate?: number | undefined;
  /** Gives up opening. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds, more than 0, that the server may take for the negotiation and then for
   * each answer; pyserial's `?timeout=` in seconds.
   *
   * @default {3000}
   */
  readonly timeout?: number | undefined;
  /**
   * Sets DTR, RTS and break without waiting for the server's answer; pyserial's
   * `?ign_set_control`, which esptool's own server asks for.
   *
   * @default {false}
   */
  readonly ignoreSetControl?: boolean | undefined;
  /** What the server asks for, if it is espline's and was given one. It is not sent as it is. */
  readonly token?: string | undefined;
  /**
   * Measures the timeouts.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
}

/** How far the speed in force may be off. */
const BAUD_TOLERANCE = 0.03;

/** The settings that a bootloader needs, and what they are in words. */
const LINE_SETTINGS = [
  ["setDataSize", 8, "8 data bits"],
  ["setParity", 1, "no parity"],
  ["setStopSize", 1, "1 stop bit"],
] as const;

/** The control values that set each line, in the order they are sent. */
const LINE_VALUES = {
  dtr: [CONTROL_VALUES.askDtr, CONTROL_VALUES.dtrOn, CONTROL_VALUES.dtrOff],
  rts: [CONTROL_VALUES.askRts, CONTROL_VALUES.rtsOn, CONTROL_VALUES.rtsOff],
  break: [
    CONTROL_VALUES.askBreak,
    CONTROL_VALUES.breakOn,
    CONTROL_VALUES.breakOff,
  ],
} as const;

/**
 * Connects to an RFC 2217 server and sets its port to 8N1 without flow control.
 *
 * `info.signals` is `separate`, or `none` as soon as the server says that it
 * knows no state of DTR (ser2net does for a port without modem lines). A server
 * that leaves DTR or RTS unanswered once is not waited for again: they are still
 * sent, since esptool's own server acts on them and never answers.
 *
 * @param host A name or an address; IPv6 without brackets.
 * @throws {TransportError} `remote-refused`, `remote-protocol` (no RFC 2217
 * server), `baud-unsupported`, `port-not-found` (no such host), `port-denied`
 * or `port-open-failed`.
 * @throws {TimeoutError} If the host or the server does not answer.
 * @throws {RangeError} If the speed, the port or the timeout is none.
 */
export async function openRfc2217(
  host: string,
  port: number,
  options: OpenRfc2217Options = {},
): Promise<Transport> {
  const { baudRate = 115200, signal, clock, timeout = 3000 } = options;
  checkBaudRate(baudRate);
  if (!(timeout > 0)) {
    throw new RangeError(`Cannot wait ${timeout} ms for an answer`);
  }
  const url = options.label ?? `rfc2217://${formatHost(host, port)}`;
  const socket = await connectSocket(host, port, { url, signal, clock });
  const transport = new Rfc2217Transport(socket, url, options);
  try {
    await transport.start(baudRate, signal);
  } catch (error) {
    await transport.close();
    throw error;
  }
  return transport;
}

class Rfc2217Transport implements Transport {
  readonly port: string;
  #baudRate = 0;
  #hasLines = true;
  #waitsForLines: boolean;
  readonly #link: ComPortLink;
  readonly #streams: PortStreams;

  constructor(socket: Socket, port: string, options: OpenRfc2217Options) {
    const { clock = systemClock, timeout = 3000 } = options;
    this.port = port;
    this.#waitsForLines = !options.ignoreSetControl;
    this.#streams = new PortStreams({
      port,
      write: (chunk) => this.#link.write(chunk),
    });
    this.#link = new ComPortLink({
      socket,
      port,
      clock,
      timeout,
      token: options.token,
      input: this.#streams.input,
      onLost: (error) => this.#streams.lose(error),
    });
  }

  get info(): TransportInfo {
    return { kind: "rfc2217", signals: this.#hasLines ? "separate" : "none" };
  }

  get baudRate(): number {
    return this.#baudRate;
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#streams.input.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#streams.writable;
  }

  /** Agrees on the protocol, sets the speed, 8N1 and no flow control, and asks about the lines. */
  async start(baudRate: number, signal?: AbortSignal): Promise<void> {
    await this.#link.negotiate(signal);
    const asking = new AbortController();
    if (this.#waitsForLines) this.#askForLines(asking.signal);
    const settings = LINE_SETTINGS.map(async ([command, value, words]) => {
      const answer = await this.#link.request(command, [value], { signal });
      if (answer[0] === value) return;
      throw this.#link.refusal("remote-refused", `the server refuses ${words}`);
    });
    const flow = this.#link.request("setControl", [CONTROL_VALUES.flowNone], {
      signal,
      fits: (value) => value[0] !== undefined && value[0] < 4,
    });
    // Off is how every server begins; one that does not say so is no worse.
    flow.catch(() => {});
    await Promise.all([...settings, this.#setBaudRate(baudRate, signal)]);
    // Answers come in order: the lines will not be told any more, and the next
    // answer about DTR belongs to whoever sets it.
    asking.abort();
  }

  async setSignals(signals: SerialSignals): Promise<void> {
    this.#streams.check();
    if (!this.#hasLines) return;
    const waiting: Promise<void>[] = [];
    for (const line of ["dtr", "rts", "break"] as const) {
      const on = signals[line];
      if (on !== undefined) waiting.push(this.#setLine(line, on));
    }
    await Promise.all(waiting);
  }

  async setBaudRate(baudRate: number): Promise<void> {
    this.#streams.check();
    checkBaudRate(baudRate);
    await this.#setBaudRate(baudRate);
  }

  drain(): Promise<void> {
    return this.#streams.written();
  }

  async flush(which: "input" | "output" | "both" = "both"): Promise<void> {
    this.#streams.check();
    const value = { input: 1, output: 2, both: 3 }[which];
    await this.#link.request("purgeData", [value]);
    // All that came before the answer was sent before the server purged.
    if (which !== "output") this.#streams.input.clear();
  }

  async close(): Promise<void> {
    await this.#link.close(this.#streams.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #setBaudRate(baudRate: number, signal?: AbortSignal): Promise<void> {
    const value = encodeBaudRate(baudRate);
    const answer = await this.#link.request("setBaudRate", value, { signal });
    const actual = decodeBaudRate(answer);
    if (actual === undefined) {
      throw this.#link.refusal(
        "remote-protocol",
        "its speed is not four bytes",
      );
    }
    this.#baudRate = actual;
    if (Math.abs(actual - baudRate) <= baudRate * BAUD_TOLERANCE) return;
    throw new TransportError(
      `Cannot set ${this.port} to ${baudRate} baud: the server answers ${actual}`,
      { code: "baud-unsupported", hint: "Choose another baud rate" },
    );
  }

  async #setLine(line: keyof typeof LINE_VALUES, on: boolean): Promise<void> {
    const values: readonly number[] = LINE_VALUES[line];
    const wanted = values[on ? 1 : 2] ?? 0;
    if (!this.#waitsForLines) {
      this.#link.send(encodeComPort(COM_PORT_COMMANDS.setControl, [wanted]));
      return;
    }
    const fits: AnswerTest = ([value = -1]) => values.includes(value);
    try {
      const [answer] = await this.#link.request("setControl", [wanted], {
        fits,
      });
      // ser2net answers "break on" to both, so only the lines are checked.
      if (answer === wanted || line === "break") return;
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      this.#waitsForLines = false;
      return;
    }
    throw new TransportError(
      `Cannot set ${line.toUpperCase()} of ${this.port}: the server says that it is ${
        on ? "off" : "on"
      }`,
      {
        code: "remote-refused",
        hint:
          "Add ?ign_set_control to the URL if the server does it all the same",
      },
    );
  }

  #askForLines(signal: AbortSignal): void {
    const fits: AnswerTest = ([value = -1]) =>
      (LINE_VALUES.dtr as readonly number[]).includes(value);
    const { askDtr } = CONTROL_VALUES;
    this.#link.request("setControl", [askDtr], { fits, signal }).then(
      ([value]) => this.#hasLines = value !== askDtr,
      // Many servers answer no question; the first use of a line will tell.
      () => {},
    );
  }
}
