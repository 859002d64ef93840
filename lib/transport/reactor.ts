/**
 * One `poll` for all ports of the process.
 *
 * Deno's pool for blocking calls has 32 threads. With a blocked call for each
 * port, 32 open ports would starve file access, DNS and standard output; here
 * any number of them waits on one thread.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { TransportError } from "../errors.ts";
import { DARWIN } from "./_darwin.ts";
import { LINUX } from "./_linux.ts";
import {
  describeErrno,
  type Libc,
  loadLibc,
  POLLIN,
  uninterrupted,
} from "./libc.ts";
import type { Tty } from "./tty.ts";

const POLLFD_SIZE = 8;
// A signal interrupts a poll now and then, but never this often in a row.
const FAILED_POLLS_LIMIT = 16;
const LITTLE_ENDIAN = true;

interface Waiter {
  readonly fd: number;
  readonly events: number;
  readonly resolve: (revents: number) => void;
  readonly reject: (reason: unknown) => void;
}

/** Waits for descriptors, with never more than one `poll` in flight. */
export class Reactor {
  readonly #libc: Libc;
  readonly #fioclex: number;
  readonly #waiters = new Set<Waiter>();
  #pipe: { readonly output: number; readonly input: number } | undefined;
  #woken = false;
  // Off the JS heap, as the pool thread writes to it.
  #pollfds = new Uint8Array(new ArrayBuffer(16 * POLLFD_SIZE));
  #polled: ReadonlySet<Waiter> = new Set();
  #round: Promise<void> | undefined;
  #running = false;

  /** Makes a reactor that calls `libc`, on the system that `tty` describes. */
  constructor(libc: Libc, tty: Tty) {
    this.#libc = libc;
    this.#fioclex = tty.FIOCLEX;
  }

  /**
   * Waits until a descriptor is ready.
   *
   * @param events {@linkcode POLLIN} or {@linkcode POLLOUT}; a hang-up always ends the wait.
   * @returns The events that `poll` returned, {@linkcode POLL_BROKEN} ones included.
   * @throws The signal's reason.
   * @throws {TransportError} `port-io` if the system cannot wait.
   */
  wait(fd: number, events: number, signal: AbortSignal): Promise<number> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const leave = () => {
      signal.removeEventListener("abort", abort);
      this.#waiters.delete(waiter);
    };
    const waiter: Waiter = {
      fd,
      events,
      resolve(revents) {
        leave();
        resolve(revents);
      },
      reject(reason) {
        leave();
        reject(reason);
      },
    };
    const abort = () => {
      waiter.reject(signal.reason);
      this.#wake();
    };
    signal.addEventListener("abort", abort);
    this.#waiters.add(waiter);
    this.#start();
    return promise;
  }

  /**
   * Resolves once no `poll` in flight looks at a descriptor, so that it may be
   * closed: its number could else be watched under a new owner.
   */
  async released(fd: number): Promise<void> {
    while (this.#watches(fd)) {
      this.#wake();
      await this.#round;
    }
  }

  /** Ends when no `poll` is in flight; closes what it was woken by. Nobody may wait any more. */
  async stop(): Promise<void> {
    while (this.#round !== undefined) {
      this.#wake();
      await this.#round;
    }
    if (this.#pipe === undefined) return;
    this.#libc.close(this.#pipe.output);
    this.#libc.close(this.#pipe.input);
    this.#pipe = undefined;
    this.#woken = false;
  }

  #watches(fd: number): boolean {
    for (const waiter of this.#polled) if (waiter.fd === fd) return true;
    return false;
  }

  #start(): void {
    if (this.#running) {
      this.#wake();
      return;
    }
    try {
      this.#pipe ??= this.#openPipe();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (this.#waiters.size > 0) {
      const polled = [...this.#waiters];
      this.#fill(polled);
      const poll = this.#libc.poll(this.#pollfds, polled.length + 1);
      this.#polled = new Set(polled);
      const ended = Promise.withResolvers<void>();
      this.#round = ended.promise;
      const ready = await poll;
      this.#polled = new Set();
      this.#round = undefined;
      ended.resolve();
      failures = ready === -1 ? failures + 1 : 0;
      if (ready !== -1) this.#deliver(polled);
      else if (failures === FAILED_POLLS_LIMIT) {
        this.#fail(
          new TransportError("Cannot wait for serial ports: poll fails", {
            code: "port-io",
            hint: "Raise the limit of open files (ulimit -n)",
          }),
        );
      }
    }
    this.#running = false;
  }

  #fill(waiters: readonly Waiter[]): void {
    const size = (waiters.length + 1) * POLLFD_SIZE;
    if (this.#pollfds.length < size) {
      this.#pollfds = new Uint8Array(new ArrayBuffer(2 * size));
    }
    const view = viewOf(this.#pollfds);
    view.setInt32(0, this.#pipe?.output ?? -1, LITTLE_ENDIAN);
    view.setUint32(4, POLLIN, LITTLE_ENDIAN);
    waiters.forEach(({ fd, events }, index) => {
      const offset = (index + 1) * POLLFD_SIZE;
      view.setInt32(offset, fd, LITTLE_ENDIAN);
      view.setUint32(offset + 4, events, LITTLE_ENDIAN);
    });
  }

  #deliver(waiters: readonly Waiter[]): void {
    const view = viewOf(this.#pollfds);
    if (view.getUint16(6, LITTLE_ENDIAN) !== 0) this.#drainPipe();
    waiters.forEach((waiter, index) => {
      const offset = (index + 1) * POLLFD_SIZE + 6;
      const revents = view.getUint16(offset, LITTLE_ENDIAN);
      if (revents !== 0) waiter.resolve(revents);
    });
  }

  #fail(error: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }

  // A pipe and not an eventfd, which only Linux has: what is run on Linux is
  // then what runs on macOS. It never holds more than one byte, so neither end
  // needs to be non-blocking.
  #openPipe(): { readonly output: number; readonly input: number } {
    const fds = new Uint8Array(8);
    if (this.#libc.pipe(fds) === -1) {
      throw new TransportError(
        `Cannot wait for serial ports: ${describeErrno(this.#libc.errno())}`,
        { code: "port-io", hint: "Raise the limit of open files (ulimit -n)" },
      );
    }
    const view = viewOf(fds);
    const output = view.getInt32(0, LITTLE_ENDIAN);
    const input = view.getInt32(4, LITTLE_ENDIAN);
    this.#libc.ioctl(output, this.#fioclex, null);
    this.#libc.ioctl(input, this.#fioclex, null);
    return { output, input };
  }

  #wake(): void {
    if (this.#round === undefined || this.#woken) return;
    const { input } = this.#pipe ?? { input: -1 };
    this.#woken = true;
    uninterrupted(this.#libc, () => this.#libc.write(input, new Uint8Array(1)));
  }

  #drainPipe(): void {
    const { output } = this.#pipe ?? { output: -1 };
    this.#woken = false;
    uninterrupted(this.#libc, () => this.#libc.read(output, new Uint8Array(1)));
  }
}

/** What a port needs of a POSIX system. */
export interface Posix extends AsyncDisposable {
  /** The C library. */
  readonly libc: Libc;
  /** The system's terminals. */
  readonly tty: Tty;
  /** Waits for descriptors. */
  readonly reactor: Reactor;
}

// Mutable state of a module, by exception. Ports that know nothing of
// each other must share one reactor, or each costs a thread of the pool; the C
// library is counted with it, so that Deno sees it closed with the last port.
let shared: { readonly posix: Posix; users: number } | undefined;

/**
 * Returns the C library and the reactor that all ports of this process (or
 * worker) share. Each caller disposes of what it was given once.
 *
 * @throws {Deno.errors.NotCapable} Without `--allow-ffi`.
 */
export function acquirePosix(): Posix {
  shared ??= { posix: loadPosix(), users: 0 };
  shared.users++;
  const { posix } = shared;
  const holder = shared;
  return {
    ...posix,
    async [Symbol.asyncDispose]() {
      if (--holder.users > 0) return;
      if (shared === holder) shared = undefined;
      await posix[Symbol.asyncDispose]();
    },
  };
}

function loadPosix(): Posix {
  const { os } = Deno.build;
  if (os !== "linux" && os !== "darwin") {
    throw new TransportError(`Cannot use terminals: not supported on ${os}`, {
      code: "port-unsupported",
    });
  }
  const libc = loadLibc(os);
  const tty = os === "linux" ? LINUX : DARWIN;
  const reactor = new Reactor(libc, tty);
  return {
    libc,
    tty,
    reactor,
    async [Symbol.asyncDispose]() {
      await reactor.stop();
      libc.unload();
    },
  };
}
