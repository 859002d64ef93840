/**
 * A pseudo terminal: a path that other programs open as a serial port, with
 * this process at its other end.
 *
 * @module
 */

import { encodeUint32 } from "../bytes.ts";
import { TransportError } from "../errors.ts";
import { FdChannel } from "../transport/fd_channel.ts";
import { describeErrno, O_RDWR, uninterrupted } from "../transport/libc.ts";
import { acquirePosix, type Posix } from "../transport/reactor.ts";

const NAME_SIZE = 128;

/** The board's end of a pseudo terminal. */
export interface Pty extends AsyncDisposable {
  /** What the other program opens, such as `/dev/pts/3`. */
  readonly path: string;
  /** What the other program writes. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What the other program reads. A write waits once it has left some KiB unread (12 on Linux). */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * The speed that the other program has set by now, in baud: not the one that
   * bytes still to be read were written at.
   */
  baudRate(): number;
  /**
   * Takes the terminal away. For the program at the other end this is what
   * pulling an adapter's plug is; bytes that it has not read are lost.
   */
  close(): Promise<void>;
}

/**
 * Opens a pseudo terminal in raw mode, on Linux or macOS. It has no modem
 * lines.
 *
 * @throws {TransportError} `port-unsupported` on other systems,
 * `port-open-failed` if the system has none left.
 * @throws {Deno.errors.NotCapable} Without `--allow-ffi`.
 */
export async function openPty(): Promise<Pty> {
  const posix = acquirePosix();
  try {
    return createPty(posix);
  } catch (error) {
    await posix[Symbol.asyncDispose]();
    throw error;
  }
}

function createPty(posix: Posix): Pty {
  const { libc, tty } = posix;
  const master = check(posix, () => libc.posixOpenpt(O_RDWR | tty.O_NOCTTY));
  try {
    // Only some systems take these two as flags of posix_openpt.
    check(posix, () => libc.ioctl(master, tty.FIOCLEX, null));
    check(posix, () => libc.ioctl(master, tty.FIONBIO, encodeUint32(1)));
    check(posix, () => libc.grantpt(master));
    check(posix, () => libc.unlockpt(master));
    const path = readName(posix, master);
    // Held open for as long as the board lives: with no program at the other
    // end, the master would answer EIO and poll would return at once, for ever.
    const flags = O_RDWR | tty.O_NOCTTY | tty.O_CLOEXEC;
    const slave = check(posix, () => libc.open(path, flags));
    try {
      check(posix, () => tty.makeRaw(libc, slave));
      return new PosixPty(posix, master, slave, path);
    } catch (error) {
      libc.close(slave);
      throw error;
    }
  } catch (error) {
    libc.close(master);
    throw error;
  }
}

function check({ libc }: Posix, call: () => number): number {
  const result = uninterrupted(libc, call);
  if (result === -1) throw failure(libc.errno());
  return result;
}

function readName({ libc }: Posix, master: number): string {
  const name = new Uint8Array(NAME_SIZE);
  const errno = libc.ptsname(master, name);
  if (errno !== 0) throw failure(errno);
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
}

function failure(errno: number): TransportError {
  return new TransportError(`Cannot open a pty: ${describeErrno(errno)}`, {
    code: "port-open-failed",
  });
}

class PosixPty implements Pty {
  readonly path: string;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #posix: Posix;
  readonly #master: number;
  readonly #slave: number;
  readonly #channel: FdChannel;
  #closed: Promise<void> | undefined;

  constructor(posix: Posix, master: number, slave: number, path: string) {
    this.path = path;
    this.#posix = posix;
    this.#master = master;
    this.#slave = slave;
    this.#channel = new FdChannel(posix, master, `pty "${path}"`);
    this.readable = this.#channel.readable;
    this.writable = this.#channel.writable;
  }

  baudRate(): number {
    const { libc, tty } = this.#posix;
    this.#channel.signal.throwIfAborted();
    const baudRate = uninterrupted(
      libc,
      () => tty.getSpeed(libc, this.#master),
    );
    if (baudRate !== -1) return baudRate;
    throw this.#channel.failure("read the speed of", libc.errno());
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { libc } = this.#posix;
    await this.#channel.close();
    libc.close(this.#master);
    libc.close(this.#slave);
    await this.#posix[Symbol.asyncDispose]();
  }
}
