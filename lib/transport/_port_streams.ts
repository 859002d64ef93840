import { TransportError } from "../errors.ts";
import { ByteQueue, DEFAULT_CAPACITY } from "./_byte_queue.ts";

/** What {@linkcode PortStreams} needs to know. */
export interface PortStreamsOptions {
  /** The port's path or URL, for messages. */
  readonly port: string;
  /** Sends bytes; must settle soon after the port has ended. */
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** Bytes that may wait for a reader. */
  readonly capacity?: number | undefined;
}

/** The two streams of an open port, and how they end together. */
export class PortStreams {
  /** Bytes from the device that nobody has read yet. */
  readonly input: ByteQueue;
  /** Bytes to the device. */
  readonly writable: WritableStream<Uint8Array>;
  readonly #port: string;
  #ending: TransportError | undefined;
  #controller!: WritableStreamDefaultController;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: PortStreamsOptions) {
    const { port, write, capacity = DEFAULT_CAPACITY } = options;
    this.#port = port;
    this.input = new ByteQueue(capacity);
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      write: (chunk, controller) => {
        this.check();
        this.#writing = untilAborted(write(chunk), controller.signal);
        return this.#writing;
      },
    });
  }

  /** Whether the port has been closed or lost. */
  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /** Throws why the port can no longer be used, if so. */
  check(): void {
    if (this.#ending !== undefined) throw this.#ending;
  }

  /** Waits for the write that is under way. */
  async written(): Promise<void> {
    this.check();
    await this.#writing;
    this.check();
  }

  /** Ends both streams because the device is gone; what has come in can still be read. */
  lose(error: TransportError): void {
    if (this.#ending !== undefined) return;
    this.#ending = error;
    this.input.end(error);
    this.#controller.error(error);
  }

  /**
   * Ends both streams because the user asked: reads end, writes fail.
   *
   * @returns The error that writes fail with.
   */
  close(): TransportError {
    const closed = new TransportError(
      `Cannot use ${this.#port}: it has been closed`,
      { code: "port-closed", hint: "Open the port again" },
    );
    if (this.#ending === undefined) this.#controller.error(closed);
    this.#ending = closed;
    this.input.abort();
    return closed;
  }
}

/** Leaves `work` alone as soon as `signal` aborts, and rejects with its reason. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  work.then(resolve, reject);
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

/** Makes the error for a device that has vanished. */
export function portGone(
  port: string,
  why: string,
  cause?: unknown,
): TransportError {
  return new TransportError(`Lost ${port}: ${why}`, {
    code: "port-gone",
    hint: "Check the cable, the power and the remote end, then open it again",
    cause,
  });
}

/**
 * Checks a speed given by the caller.
 *
 * @throws {RangeError} If it is no positive 32-bit integer.
 */
export function checkBaudRate(baudRate: number): void {
  if (!Number.isInteger(baudRate) || baudRate < 1 || baudRate > 0xffff_ffff) {
    throw new RangeError(
      `Cannot set baud rate ${baudRate}: it must be an integer from 1 to 4294967295`,
    );
  }
}
