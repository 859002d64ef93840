/**
 * A device behind a raw TCP port, as QEMU, esp-emu and pyserial's `socket://`
 * have it: bytes only, neither modem lines nor a speed.
 *
 * @module
 */

import { checkBaudRate, portGone, PortStreams } from "./_port_streams.ts";
import { connectSocket, formatHost } from "./_socket.ts";
import type { Socket } from "./_socket.ts";
import type { SerialSignals, Transport, TransportInfo } from "./transport.ts";

/** Options of {@linkcode openTcp}. */
export interface OpenTcpOptions {
  /**
   * What {@linkcode Transport.port} says.
   *
   * @default {`socket://${host}:${port}`}
   */
  readonly label?: string | undefined;
  /**
   * The speed to report, in baud; the wire has none.
   *
   * @default {115200}
   */
  readonly baudRate?: number | undefined;
  /** Gives up connecting. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds that connecting may take.
   *
   * @default {10000}
   */
  readonly timeout?: number | undefined;
}

/**
 * Connects to a raw TCP port. Lines and speed can be set, but go nowhere:
 * `info.signals` is `none`.
 *
 * @param host A name or an address; IPv6 without brackets.
 * @throws {TransportError} `remote-refused`, `port-not-found` (no such host),
 * `port-denied` or `port-open-failed`.
 * @throws {TimeoutError} If the host does not answer.
 */
export async function openTcp(
  host: string,
  port: number,
  options: OpenTcpOptions = {},
): Promise<Transport> {
  const { baudRate = 115200, signal, timeout } = options;
  checkBaudRate(baudRate);
  const url = options.label ?? `socket://${formatHost(host, port)}`;
  const socket = await connectSocket(host, port, { url, signal, timeout });
  return new TcpTransport(socket, url, baudRate);
}

class TcpTransport implements Transport {
  readonly port: string;
  readonly info: TransportInfo = { kind: "tcp", signals: "none" };
  baudRate: number;
  readonly #socket: Socket;
  readonly #streams: PortStreams;
  readonly #pumping: Promise<void>;

  constructor(socket: Socket, port: string, baudRate: number) {
    this.port = port;
    this.baudRate = baudRate;
    this.#socket = socket;
    this.#streams = new PortStreams({
      port,
      write: (chunk) => this.#write(chunk),
    });
    this.#pumping = this.#pump();
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#streams.input.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#streams.writable;
  }

  setSignals(_signals: SerialSignals): Promise<void> {
    return Promise.try(() => {
      this.#streams.check();
    });
  }

  setBaudRate(baudRate: number): Promise<void> {
    return Promise.try(() => {
      this.#streams.check();
      checkBaudRate(baudRate);
      this.baudRate = baudRate;
    });
  }

  drain(): Promise<void> {
    return this.#streams.written();
  }

  flush(which: "input" | "output" | "both" = "both"): Promise<void> {
    return Promise.try(() => {
      this.#streams.check();
      // What the system has been given for the other end cannot be called back.
      if (which !== "output") this.#streams.input.clear();
    });
  }

  async close(): Promise<void> {
    this.#streams.close();
    this.#socket.close();
    await this.#pumping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #pump(): Promise<void> {
    try {
      for await (const chunk of this.#socket.chunks()) {
        this.#streams.input.push(chunk);
        await this.#streams.input.whenBelow();
      }
      this.#lose("the remote end closed the connection");
    } catch (error) {
      this.#lose("the connection broke", error);
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    try {
      await this.#socket.send(chunk);
    } catch (error) {
      this.#lose("the connection broke", error);
      this.#streams.check();
    }
  }

  #lose(why: string, cause?: unknown): void {
    this.#streams.lose(portGone(this.port, why, cause));
    this.#socket.close();
  }
}
