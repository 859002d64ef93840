/**
 * A terminal's descriptor as a pair of Web streams.
 *
 * @module
 */

import { TransportError } from "../errors.ts";
import { describeErrno, Errno, POLL_BROKEN, POLLIN, POLLOUT } from "./libc.ts";
import type { Posix } from "./reactor.ts";

const READ_SIZE = 16 * 1024;
// No more than this goes to the system in one call, which runs on the event loop.
const WRITE_SIZE = 64 * 1024;
const GONE: ReadonlySet<number> = new Set([
  Errno.EIO,
  Errno.ENXIO,
  Errno.ENODEV,
  Errno.EBADF,
]);

/** Reads and writes a non-blocking descriptor, which stays its owner's. */
export class FdChannel {
  /** Reads only when asked, so that nothing waits between the driver and the reader. */
  readonly readable: ReadableStream<Uint8Array>;
  /** A write settles when the system has taken all of its bytes. */
  readonly writable: WritableStream<Uint8Array>;
  readonly #posix: Posix;
  readonly #fd: number;
  readonly #name: string;
  readonly #life = new AbortController();
  readonly #reads = new AbortController();
  readonly #readBuffer = new Uint8Array(new ArrayBuffer(READ_SIZE));
  #source!: ReadableStreamDefaultController<Uint8Array>;
  #sink!: WritableStreamDefaultController;
  #writes!: AbortSignal;

  /**
   * Makes a channel.
   *
   * @param name What messages call it.
   */
  constructor(posix: Posix, fd: number, name: string) {
    this.#posix = posix;
    this.#fd = fd;
    this.#name = name;
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#source = controller),
      pull: () => this.#pull(),
      cancel: (reason) => this.#reads.abort(reason),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#sink = controller;
        this.#writes = AbortSignal.any([controller.signal, this.#life.signal]);
      },
      write: (chunk) => this.#write(chunk),
    });
  }

  /** Aborts when the channel is closed. */
  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /**
   * Makes the error for a call that failed.
   *
   * @param action What could not be done, with its preposition: `read from`.
   */
  failure(action: string, errno: number): TransportError {
    if (GONE.has(errno)) {
      return new TransportError(
        `Cannot ${action} ${this.#name}: the port is gone`,
        {
          code: "port-gone",
          hint: "Check the cable and the board's power",
        },
      );
    }
    return new TransportError(
      `Cannot ${action} ${this.#name}: ${describeErrno(errno)}`,
      { code: "port-io" },
    );
  }

  /**
   * Ends both streams, and with them a pending read or write.
   *
   * @returns When the descriptor may be closed.
   */
  async close(): Promise<void> {
    const reason = new TransportError(
      `Cannot use ${this.#name}: the port is closed`,
      { code: "port-closed" },
    );
    this.#life.abort(reason);
    this.#sink.error(reason);
    if (!this.#reads.signal.aborted) {
      this.#reads.abort(reason);
      this.#source.close();
    }
    await this.#posix.reactor.released(this.#fd);
  }

  async #pull(): Promise<void> {
    const { libc, tty, reactor } = this.#posix;
    const { signal } = this.#reads;
    for (let revents = 0; !signal.aborted;) {
      const size = libc.read(this.#fd, this.#readBuffer);
      if (size > 0) {
        this.#source.enqueue(this.#readBuffer.slice(0, size));
        return;
      }
      const errno = size === 0 ? Errno.EIO : libc.errno();
      if (errno === Errno.EINTR) continue;
      if (errno !== tty.EAGAIN || (revents & POLL_BROKEN) !== 0) {
        throw this.#endReads(errno === tty.EAGAIN ? Errno.EIO : errno);
      }
      revents = await reactor.wait(this.#fd, POLLIN, signal);
    }
  }

  #endReads(errno: number): TransportError {
    const error = this.failure("read from", errno);
    this.#reads.abort(error);
    return error;
  }

  async #write(chunk: Uint8Array): Promise<void> {
    const { libc, tty, reactor } = this.#posix;
    this.#writes.throwIfAborted();
    for (let rest = chunk, revents = 0; rest.length > 0;) {
      const size = libc.write(this.#fd, rest.subarray(0, WRITE_SIZE));
      if (size > 0) rest = rest.subarray(size);
      else if (size === -1) {
        const errno = libc.errno();
        if (errno === Errno.EINTR) continue;
        if (errno !== tty.EAGAIN) throw this.failure("write to", errno);
        if ((revents & POLL_BROKEN) !== 0) {
          throw this.failure("write to", Errno.EIO);
        }
      }
      // Also after a part was taken: the event loop gets its turn.
      if (rest.length > 0) {
        revents = await reactor.wait(this.#fd, POLLOUT, this.#writes);
      }
    }
  }
}
