import { type Clock, delay } from "../clock.ts";
import { memoryPair, type MemoryPeer } from "../transport/memory.ts";
import type { Transport, TransportInfo } from "../transport/transport.ts";
import type { ResetLines } from "./_reset_circuit.ts";
import { resample } from "./_uart.ts";
import { LineClock, type TimingMode } from "./timing.ts";

/**
 * What a host is plugged in with: a serial adapter, which has modem lines and a
 * speed; a pty, which has a speed only; a raw byte stream, which has neither.
 */
export type LinkKind = "serial" | "pty" | "stream";

/** What a link is made of. */
export interface BoardLinkOptions {
  readonly port: string;
  readonly kind: LinkKind;
  /** Whether the line has a speed that the ends may disagree on. */
  readonly hasSpeed: boolean;
  readonly info: Partial<TransportInfo>;
  readonly baudRate: number | undefined;
  readonly clock: Clock;
  readonly timing: TimingMode;
  readonly onLines: (lines: ResetLines) => void;
  readonly onBaudRate: (baudRate: number) => void;
  /** Takes what the host has sent, when it has arrived. */
  readonly onBytes: (bytes: Uint8Array) => Promise<void>;
  /** Called once when the link is over. */
  readonly onEnd: () => void;
}

/** The cable between one host and the board. */
export class BoardLink {
  /** The host's end. */
  readonly host: Transport;
  readonly #options: BoardLinkOptions;
  readonly #peer: MemoryPeer;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #inbound: LineClock;
  readonly #outbound: LineClock;
  readonly #over = new AbortController();

  constructor(options: BoardLinkOptions) {
    this.#options = options;
    const { port, baudRate, kind, clock } = options;
    const [host, peer] = memoryPair({
      port,
      baudRate,
      onSignals: (lines) => {
        if (kind === "serial") options.onLines(lines);
      },
      onBaudRate: options.onBaudRate,
      onClose: () => this.#finish(),
    });
    this.#peer = peer;
    this.#writer = peer.writable.getWriter();
    // The host's end tells what became of the link.
    this.#writer.closed.catch(() => {});
    this.#inbound = new LineClock(clock);
    this.#outbound = new LineClock(clock);
    this.host = new HostEnd(host, {
      ...host.info,
      ...(kind === "serial" ? {} : { signals: "none" as const }),
      ...options.info,
    });
    void this.#pump();
  }

  /** The host's speed, in baud; undefined where a link has none. */
  get baudRate(): number | undefined {
    return this.#options.hasSpeed ? this.#peer.baudRate : undefined;
  }

  /**
   * Sends bytes, which the host hears at its own speed.
   *
   * @returns How long they take, in milliseconds.
   */
  send(bytes: Uint8Array, boardBaud: number): number {
    const { baudRate } = this;
    const heard = baudRate === undefined
      ? bytes
      : resample(bytes, boardBaud, baudRate);
    // Nobody waits for a host that does not read: a UART has no way to.
    this.#writer.write(heard).catch(() => {});
    return this.#outbound.carry(bytes.length, boardBaud);
  }

  /** Drops what the host has sent and the board has not heard. */
  flush(): void {
    this.#peer.flush();
  }

  /** Pulls the cable. */
  unplug(): void {
    this.#peer.unplug();
    this.#finish();
  }

  #finish(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#options.onEnd();
  }

  async #pump(): Promise<void> {
    const reader = this.#peer.readable.getReader();
    for (;;) {
      // A pulled cable is no failure here: the host's end tells of it.
      const { value } = await reader.read().catch(() => ({ value: undefined }));
      if (value === undefined) break;
      await this.#arrive(value);
    }
    this.#finish();
  }

  /** With a clock, bytes arrive when the line has carried them, whether the board has time for them or not. */
  async #arrive(bytes: Uint8Array): Promise<void> {
    const { clock, timing, onBytes } = this.#options;
    if (timing === "instant") return await onBytes(bytes);
    const ms = this.#inbound.carry(bytes.length, this.#peer.baudRate);
    const { signal } = this.#over;
    await delay(clock, ms, { signal }).catch(() => {});
    if (!signal.aborted) void onBytes(bytes);
  }
}

/** The memory transport's host end, with the adapter's facts in place of its own. */
class HostEnd implements Transport {
  readonly info: TransportInfo;
  readonly #inner: Transport;

  constructor(inner: Transport, info: TransportInfo) {
    this.#inner = inner;
    this.info = info;
  }

  get port(): string {
    return this.#inner.port;
  }

  get baudRate(): number {
    return this.#inner.baudRate;
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#inner.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#inner.writable;
  }

  setSignals(
    signals: Parameters<Transport["setSignals"]>[0],
  ): Promise<void> {
    return this.#inner.setSignals(signals);
  }

  setBaudRate(baudRate: number): Promise<void> {
    return this.#inner.setBaudRate(baudRate);
  }

  drain(): Promise<void> {
    return this.#inner.drain();
  }

  flush(which?: "input" | "output" | "both"): Promise<void> {
    return this.#inner.flush(which);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
