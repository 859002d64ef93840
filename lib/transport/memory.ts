/**
 * A port in memory: two cross-connected ends, the host's and the device's.
 *
 * @module
 */

import { TransportError } from "../errors.ts";
import { ByteQueue, DEFAULT_CAPACITY } from "./_byte_queue.ts";
import { checkBaudRate, portGone, PortStreams } from "./_port_streams.ts";
import type { SerialSignals, Transport, TransportInfo } from "./transport.ts";

/** The state of the lines that the host drives. `true` is asserted. */
export interface MemorySignals {
  /** Data Terminal Ready. */
  readonly dtr: boolean;
  /** Request To Send. */
  readonly rts: boolean;
  /** Whether the transmit line is held low. */
  readonly break: boolean;
}

/** Options of {@linkcode memoryPair}. The callbacks run before the host's call returns. */
export interface MemoryPairOptions {
  /**
   * The host end's {@linkcode Transport.port}.
   *
   * @default {"memory://"}
   */
  readonly port?: string | undefined;
  /**
   * The speed at the start, in baud.
   *
   * @default {115200}
   */
  readonly baudRate?: number | undefined;
  /**
   * Bytes that may wait in each direction before a writer has to.
   *
   * @default {262144}
   */
  readonly capacity?: number | undefined;
  /** Called when the host has set lines, with the state of all three. */
  readonly onSignals?: ((signals: MemorySignals) => void) | undefined;
  /** Called when the host has set the speed, in baud. */
  readonly onBaudRate?: ((baudRate: number) => void) | undefined;
  /** Called once when the host has closed its end. */
  readonly onClose?: (() => void) | undefined;
}

/** The device's end of a port in memory. */
export interface MemoryPeer extends AsyncDisposable {
  /** Bytes from the host; closes when the host closes or the device is unplugged. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes to the host; a write settles when the bytes fit into the queue. */
  readonly writable: WritableStream<Uint8Array>;
  /** The lines as the host last set them; none is asserted at first. */
  readonly signals: MemorySignals;
  /** The host's speed, in baud. */
  readonly baudRate: number;
  /** Drops bytes from the host that have not been read, as a chip in reset does. */
  flush(): void;
  /** Pulls the cable: what waits is lost, and the host's end fails with `port-gone`. */
  unplug(): void;
  /** Ends the device: the host can still read what waits, then fails with `port-gone`. */
  close(): Promise<void>;
}

/**
 * Makes a port in memory.
 *
 * @returns The host's end and the device's end.
 * @throws {RangeError} If the speed is no positive integer.
 */
export function memoryPair(
  options: MemoryPairOptions = {},
): [Transport, MemoryPeer] {
  checkBaudRate(options.baudRate ?? 115200);
  const host = new MemoryTransport(options);
  return [host, new MemoryDevice(host)];
}

class MemoryTransport implements Transport {
  readonly port: string;
  readonly info: TransportInfo = { kind: "memory", signals: "together" };
  readonly streams: PortStreams;
  readonly outbound: ByteQueue;
  signals: MemorySignals = { dtr: false, rts: false, break: false };
  baudRate: number;
  #closed = false;
  readonly #options: MemoryPairOptions;

  constructor(options: MemoryPairOptions) {
    const { port = "memory://", capacity = DEFAULT_CAPACITY } = options;
    this.#options = options;
    this.port = port;
    this.baudRate = options.baudRate ?? 115200;
    this.outbound = new ByteQueue(capacity);
    this.streams = new PortStreams({
      port,
      capacity,
      write: (chunk) => pass(chunk, this.outbound),
    });
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.streams.input.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.streams.writable;
  }

  setSignals(signals: SerialSignals): Promise<void> {
    return Promise.try(() => {
      this.streams.check();
      this.signals = {
        dtr: signals.dtr ?? this.signals.dtr,
        rts: signals.rts ?? this.signals.rts,
        break: signals.break ?? this.signals.break,
      };
      this.#options.onSignals?.(this.signals);
    });
  }

  setBaudRate(baudRate: number): Promise<void> {
    return Promise.try(() => {
      this.streams.check();
      checkBaudRate(baudRate);
      this.baudRate = baudRate;
      this.#options.onBaudRate?.(baudRate);
    });
  }

  async drain(): Promise<void> {
    await this.streams.written();
    await this.outbound.whenBelow(0);
    this.streams.check();
  }

  flush(which: "input" | "output" | "both" = "both"): Promise<void> {
    return Promise.try(() => {
      this.streams.check();
      if (which !== "output") this.streams.input.clear();
      if (which !== "input") this.outbound.clear();
    });
  }

  close(): Promise<void> {
    return Promise.try(() => {
      this.streams.close();
      this.outbound.end();
      if (this.#closed) return;
      this.#closed = true;
      this.#options.onClose?.();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class MemoryDevice implements MemoryPeer {
  readonly writable: WritableStream<Uint8Array>;
  readonly #host: MemoryTransport;

  constructor(host: MemoryTransport) {
    this.#host = host;
    this.writable = new WritableStream<Uint8Array>({
      write: async (chunk) => {
        if (host.streams.ended) {
          throw new TransportError(
            `Cannot write to the host of ${host.port}: the port is closed`,
            { code: "port-closed" },
          );
        }
        await pass(chunk, host.streams.input);
      },
    });
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#host.outbound.readable;
  }

  get signals(): MemorySignals {
    return this.#host.signals;
  }

  get baudRate(): number {
    return this.#host.baudRate;
  }

  flush(): void {
    this.#host.outbound.clear();
  }

  unplug(): void {
    const { streams, port, outbound } = this.#host;
    streams.input.clear();
    streams.lose(portGone(port, "the device was unplugged"));
    outbound.abort();
  }

  close(): Promise<void> {
    return Promise.try(() => {
      const { streams, port, outbound } = this.#host;
      streams.lose(portGone(port, "the device closed its end"));
      outbound.abort();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Copies bytes into a queue, since the writer may reuse its array, and waits for room. */
function pass(chunk: Uint8Array, queue: ByteQueue): Promise<void> {
  queue.push(chunk.slice());
  return queue.whenBelow();
}
