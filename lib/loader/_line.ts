import { type Clock, delay } from "../clock.ts";
import { TransportError } from "../errors.ts";
import { SlipDecoder } from "../framing/slip.ts";
import type { Transport } from "../transport/transport.ts";
import { ByteTail } from "./_byte_tail.ts";
import { type Arrival, FrameInbox } from "./_frame_inbox.ts";
import type { TraceListener } from "./trace.ts";

/** How many bytes are kept for a diagnosis: of all, and of those outside frames. */
const RECENT_SIZE = 4096;
const NOISE_SIZE = 1024;

/** What a line may be told beside its port. */
export interface LineOptions {
  /** How long the port may take to accept bytes, in milliseconds. */
  readonly writeTimeout?: number | undefined;
  readonly onTrace?: TraceListener | undefined;
}

/** How long to wait for a frame, and what to fail with when that is over. */
export interface TakeFrameOptions {
  /** When to give up, by the clock. */
  readonly deadline: number;
  readonly onTimeout: () => unknown;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Both streams of a port: one reader for the whole time, the frames in what
 * it reads, and a writer.
 */
export class Line {
  readonly #clock: Clock;
  readonly #transport: Transport;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #decoder: SlipDecoder;
  readonly #inbox = new FrameInbox();
  readonly #writeTimeout: number | undefined;
  readonly #onTrace: TraceListener | undefined;
  readonly #pumping: Promise<void>;
  #lastByteAt = 0;
  #detached = false;
  readonly recent: ByteTail = new ByteTail(RECENT_SIZE);
  readonly noise: ByteTail = new ByteTail(NOISE_SIZE);

  constructor(
    transport: Transport,
    clock: Clock,
    { writeTimeout, onTrace }: LineOptions = {},
  ) {
    this.#clock = clock;
    this.#writeTimeout = writeTimeout;
    this.#onTrace = onTrace;
    this.#transport = transport;
    this.#reader = transport.readable.getReader();
    this.#writer = transport.writable.getWriter();
    // A closed port is reported by the pump and by each write.
    this.#writer.closed.catch(() => {});
    this.#decoder = new SlipDecoder({
      frame: (payload) => {
        onTrace?.({ kind: "frame", bytes: payload });
        this.#inbox.put(payload);
      },
      error: (error) => this.#inbox.put(error),
      noise: (bytes) => this.noise.push(bytes),
    });
    this.#pumping = this.#pump();
  }

  /** Whoever waits for a frame learns of a failed write. */
  write(bytes: Uint8Array): void {
    if (this.#detached) return;
    this.#onTrace?.({ kind: "write", bytes });
    const writing = this.#writer.write(bytes);
    writing.catch((error) => this.#inbox.fail(error));
    if (this.#writeTimeout !== undefined) {
      this.#watch(writing, this.#writeTimeout);
    }
  }

  take(options: TakeFrameOptions): Promise<Arrival> {
    return this.#inbox.take({ clock: this.#clock, ...options });
  }

  /** Drops the frames that nobody took. */
  clear(): void {
    this.#inbox.clear();
  }

  async flushInput(): Promise<void> {
    await this.#transport.flush("input");
    this.#decoder.reset();
    this.#inbox.clear();
  }

  /** Waits until nothing has come for `quiet` milliseconds, at most `most`, and drops the frames that came. */
  async drain(
    quiet: number,
    most: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const start = this.#clock.now();
    for (;;) {
      const now = this.#clock.now();
      const until = Math.min(
        start + most,
        Math.max(start, this.#lastByteAt) + quiet,
      );
      if (now >= until) break;
      await delay(this.#clock, until - now, { signal });
    }
    this.#inbox.clear();
  }

  /** Gives both streams back; whoever waits is refused. */
  async detach(): Promise<void> {
    if (!this.#detached) {
      this.#detached = true;
      this.#inbox.fail(closed(this.#transport.port));
      this.#reader.releaseLock();
      this.#writer.releaseLock();
    }
    await this.#pumping;
  }

  /** Fails whoever waits for a frame if `writing` takes longer than `ms`. */
  #watch(writing: Promise<void>, ms: number): void {
    const settled = new AbortController();
    const stop = () => settled.abort();
    writing.then(stop, stop);
    delay(this.#clock, ms, { signal: settled.signal }).then(
      () => this.#inbox.fail(stuck(this.#transport.port, ms)),
      () => {},
    );
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.#lastByteAt = this.#clock.now();
        this.#onTrace?.({ kind: "read", bytes: value });
        this.recent.push(value);
        this.#decoder.push(value);
      }
      this.#inbox.fail(closed(this.#transport.port));
    } catch (error) {
      this.#inbox.fail(error);
    }
  }
}

function stuck(port: string, ms: number): TransportError {
  return new TransportError(
    `Cannot write to ${port}: it has accepted nothing for ${ms} ms`,
    {
      code: "port-io",
      hint: "Unplug the adapter and plug it in again.",
    },
  );
}

function closed(port: string): TransportError {
  return new TransportError(`Cannot use ${port}: the port is closed`, {
    code: "port-closed",
  });
}
