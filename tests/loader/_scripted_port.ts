/**
 * A port whose device is a function in the test: it sees what the host
 * writes, and sends what it likes.
 */

import { concatBytes } from "../../lib/bytes.ts";
import { type Clock, ManualClock } from "../../lib/clock.ts";
import { TransportError } from "../../lib/errors.ts";
import type {
  SerialSignals,
  Transport,
  TransportInfo,
} from "../../lib/transport/transport.ts";

/** What the host did with the lines or the speed, and when. */
export interface PortEvent {
  readonly at: number;
  readonly dtr?: boolean;
  readonly rts?: boolean;
  readonly baud?: number;
}

export interface ScriptedPortOptions {
  readonly clock?: Clock;
  readonly info?: Partial<TransportInfo>;
  /** Called with what the host wrote; what it returns is sent at once. */
  readonly onWrite?: (
    bytes: Uint8Array,
    port: ScriptedPort,
  ) => Uint8Array | undefined | void;
  readonly onSignals?: (signals: SerialSignals, port: ScriptedPort) => void;
  readonly onBaud?: (baud: number, port: ScriptedPort) => void;
}

export class ScriptedPort implements Transport {
  readonly port = "test://port";
  readonly clock: Clock;
  info: TransportInfo;
  baudRate = 115_200;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly writes: Uint8Array[] = [];
  readonly events: PortEvent[] = [];
  flushes = 0;
  closes = 0;
  readonly #options: ScriptedPortOptions;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(options: ScriptedPortOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new ManualClock();
    this.info = { kind: "memory", signals: "together", ...options.info };
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
    }, { highWaterMark: 1000 });
    this.writable = new WritableStream<Uint8Array>({
      write: (chunk) => {
        this.writes.push(chunk.slice());
        const reply = options.onWrite?.(chunk.slice(), this);
        if (reply) this.send(reply);
      },
    });
  }

  /** Bytes from the device. */
  send(...bytes: Uint8Array[]): void {
    this.#controller?.enqueue(concatBytes(bytes).slice());
  }

  text(text: string): void {
    this.send(new TextEncoder().encode(text));
  }

  unplug(): void {
    this.#controller?.error(
      new TransportError("Cannot read test://port: the port is gone", {
        code: "port-gone",
      }),
    );
  }

  setSignals(signals: SerialSignals): Promise<void> {
    const { dtr, rts } = signals;
    this.events.push({
      at: this.clock.now(),
      ...(dtr !== undefined && { dtr }),
      ...(rts !== undefined && { rts }),
    });
    this.#options.onSignals?.(signals, this);
    return Promise.resolve();
  }

  setBaudRate(baud: number): Promise<void> {
    this.baudRate = baud;
    this.events.push({ at: this.clock.now(), baud });
    this.#options.onBaud?.(baud, this);
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  flush(): Promise<void> {
    this.flushes++;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closes++;
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
