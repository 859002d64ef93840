/**
 * A serial port on Linux or macOS.
 *
 * @module
 */

import { encodeUint32, readUint32 } from "../bytes.ts";
import { type Clock, delay, systemClock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import { closeDescriptor, closeSlowly, openDescriptor } from "./_posix_open.ts";
import { FdChannel } from "./fd_channel.ts";
import { Errno, uninterrupted } from "./libc.ts";
import { acquirePosix, type Posix } from "./reactor.ts";
import { DEFAULT_BAUD_RATE, type SerialOptions } from "./serial.ts";
import type { SerialSignals, Transport, TransportInfo } from "./transport.ts";
import { TIOCM_DTR, TIOCM_RTS } from "./tty.ts";

// UARTs tolerate about 5 % between both ends; half of it is the device's.
const BAUD_TOLERANCE = 0.03;
const BITS_PER_BYTE = 10;
const LONGEST_LOOK_MS = 50;
// How long no byte may leave before they are taken to be stuck, on top of
// twice the time that a burst takes.
const STUCK_MS = 250;
const BURST = 1024;
const QUEUES = { input: 0, output: 1, both: 2 } as const;

/** What a test replaces. */
export interface PosixPortSystem {
  /** The C library and the reactor; the port disposes of them when it closes. */
  readonly posix?: Posix;
  /** The time that {@linkcode Transport.drain} waits by. */
  readonly clock?: Clock;
}

/**
 * Opens a serial port.
 *
 * @throws {TransportError} As `openSerial` says.
 */
export async function openPosixPort(
  path: string,
  options: SerialOptions = {},
  system: PosixPortSystem = {},
): Promise<Transport> {
  const { posix = acquirePosix(), clock = systemClock } = system;
  try {
    const claim = options.exclusive ?? true;
    const fd = openDescriptor(posix, path, claim);
    try {
      return new PosixPort(posix, clock, fd, path, options);
    } catch (error) {
      closeDescriptor(posix, fd, claim);
      throw error;
    }
  } catch (error) {
    await posix[Symbol.asyncDispose]();
    throw error;
  }
}

class PosixPort implements Transport {
  readonly port: string;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #posix: Posix;
  readonly #clock: Clock;
  readonly #fd: number;
  readonly #name: string;
  readonly #claimed: boolean;
  readonly #channel: FdChannel;
  #info: TransportInfo;
  #baudRate = 0;
  #closed: Promise<void> | undefined;

  constructor(
    posix: Posix,
    clock: Clock,
    fd: number,
    path: string,
    options: SerialOptions,
  ) {
    const { baudRate = DEFAULT_BAUD_RATE, usbVendorId, usbProductId } = options;
    const { usbSerialNumber } = options;
    this.port = path;
    this.#posix = posix;
    this.#clock = clock;
    this.#fd = fd;
    this.#name = `"${path}"`;
    this.#claimed = options.exclusive ?? true;
    this.#channel = new FdChannel(posix, fd, this.#name);
    this.readable = this.#channel.readable;
    this.writable = this.#channel.writable;
    const usb = { usbVendorId, usbProductId, usbSerialNumber };
    this.#info = Object.freeze({ kind: "serial", signals: "together", ...usb });
    this.#ioctlLines(posix.tty.TIOCMGET, new Uint8Array(4));
    this.#baudRate = this.#applySpeed(baudRate);
  }

  get info(): TransportInfo {
    return this.#info;
  }

  get baudRate(): number {
    return this.#baudRate;
  }

  setSignals(signals: SerialSignals): Promise<void> {
    return Promise.try(() => {
      this.#channel.signal.throwIfAborted();
      this.#setLines(signals);
      if (signals.break !== undefined) this.#setBreak(signals.break);
    });
  }

  setBaudRate(baudRate: number): Promise<void> {
    return Promise.try(() => {
      this.#channel.signal.throwIfAborted();
      if (!Number.isSafeInteger(baudRate) || baudRate <= 0) {
        throw new RangeError(
          `Cannot set ${this.#name} to ${baudRate} baud: no speed in baud`,
        );
      }
      try {
        this.#baudRate = this.#applySpeed(baudRate);
      } catch (error) {
        // The refused speed may be in force, nearly; the one before surely works.
        const { libc, tty } = this.#posix;
        tty.setSpeed(libc, this.#fd, this.#baudRate);
        throw error;
      }
    });
  }

  async drain(): Promise<void> {
    const { signal } = this.#channel;
    signal.throwIfAborted();
    for (let left = this.#unsent(); left > 0; left = this.#unsent()) {
      await delay(this.#clock, this.#lookAgainIn(left), { signal });
    }
  }

  flush(which: "input" | "output" | "both" = "both"): Promise<void> {
    return Promise.try(() => {
      this.#channel.signal.throwIfAborted();
      const { libc, tty } = this.#posix;
      const queue = tty.TCIFLUSH + QUEUES[which];
      this.#call("flush", () => libc.tcflush(this.#fd, queue));
    });
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#channel.close();
    let stuck = 0;
    try {
      stuck = await this.#sendRest();
    } finally {
      const lease = this.#posix;
      if (stuck === 0) {
        closeDescriptor(lease, this.#fd, this.#claimed);
        await lease[Symbol.asyncDispose]();
      } else {
        // Some drivers, cdc-acm among them, have no way to drop bytes, and
        // their close() waits 30 s for a device that takes none. It ends behind
        // the caller's back; until then the system calls the port busy.
        void closeSlowly(lease, this.#fd, this.#claimed)
          .finally(() => lease[Symbol.asyncDispose]());
      }
    }
  }

  /**
   * Lets written bytes leave for as long as they move, then drops what is
   * stuck.
   *
   * @returns How many bytes the driver did not even let itself be dropped.
   */
  async #sendRest(): Promise<number> {
    const { libc, tty } = this.#posix;
    let fewest = Infinity;
    let movedAt = this.#clock.now();
    for (;;) {
      const left = this.#unsentIfThere();
      if (left === 0) return 0;
      const now = this.#clock.now();
      if (left < fewest) {
        fewest = left;
        movedAt = now;
      }
      // Adapters take bytes in bursts.
      if (
        now - movedAt >= 2 * this.#sendTime(Math.min(left, BURST)) + STUCK_MS
      ) {
        libc.tcflush(this.#fd, tty.TCIFLUSH + QUEUES.output);
        return this.#unsentIfThere();
      }
      await delay(this.#clock, this.#lookAgainIn(left));
    }
  }

  /** As {@linkcode #unsent}; none if the port is gone, and the bytes with it. */
  #unsentIfThere(): number {
    try {
      return this.#unsent();
    } catch {
      return 0;
    }
  }

  #unsent(): number {
    const { libc, tty } = this.#posix;
    const count = new Uint8Array(4);
    this.#call(
      "drain",
      () => libc.ioctl(this.#fd, tty.TIOCOUTQ, count),
    );
    return readUint32(count);
  }

  #sendTime(bytes: number): number {
    return bytes * BITS_PER_BYTE * 1000 / this.#baudRate;
  }

  #lookAgainIn(bytes: number): number {
    return Math.min(Math.max(this.#sendTime(bytes), 1), LONGEST_LOOK_MS);
  }

  #setLines({ dtr, rts }: SerialSignals): void {
    if (this.#info.signals === "none") return;
    const { tty } = this.#posix;
    if (dtr !== undefined && rts !== undefined) {
      const lines = new Uint8Array(4);
      if (!this.#ioctlLines(tty.TIOCMGET, lines)) return;
      const others = readUint32(lines) & ~(TIOCM_DTR | TIOCM_RTS);
      const asked = (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0);
      this.#ioctlLines(tty.TIOCMSET, encodeUint32(others | asked));
    } else if (dtr !== undefined) {
      const request = dtr ? tty.TIOCMBIS : tty.TIOCMBIC;
      this.#ioctlLines(request, encodeUint32(TIOCM_DTR));
    } else if (rts !== undefined) {
      const request = rts ? tty.TIOCMBIS : tty.TIOCMBIC;
      this.#ioctlLines(request, encodeUint32(TIOCM_RTS));
    }
  }

  /** Returns false, and remembers it, if the port turns out to have no modem lines. */
  #ioctlLines(request: number, lines: Uint8Array): boolean {
    const { libc } = this.#posix;
    const result = uninterrupted(
      libc,
      () => libc.ioctl(this.#fd, request, lines),
    );
    if (result !== -1) return true;
    const errno = libc.errno();
    if (errno !== Errno.ENOTTY && errno !== Errno.EINVAL) {
      throw this.#channel.failure("use the modem lines of", errno);
    }
    this.#info = Object.freeze({ ...this.#info, signals: "none" });
    return false;
  }

  #setBreak(on: boolean): void {
    const { libc, tty } = this.#posix;
    const request = on ? tty.TIOCSBRK : tty.TIOCCBRK;
    const send = () => libc.ioctl(this.#fd, request, null);
    if (uninterrupted(libc, send) !== -1) return;
    const errno = libc.errno();
    if (errno !== tty.EOPNOTSUPP && errno !== Errno.ENOTTY) {
      throw this.#channel.failure("send a break to", errno);
    }
    // A line that cannot be held low is high.
    if (!on) return;
    throw new TransportError(
      `Cannot send a break to ${this.#name}: the port cannot do it`,
      { code: "port-unsupported" },
    );
  }

  /** Returns the speed in force, which is near the one asked for. */
  #applySpeed(baudRate: number): number {
    const { libc, tty } = this.#posix;
    const set = () => tty.setSpeed(libc, this.#fd, baudRate);
    if (uninterrupted(libc, set) === -1) {
      const cause = this.#channel.failure("set the speed of", libc.errno());
      if (cause.code === "port-gone") throw cause;
      throw this.#refusal(baudRate, "the driver refuses it", cause);
    }
    const actual = this.#call(
      "read the speed of",
      () => tty.getSpeed(libc, this.#fd),
    );
    if (Math.abs(actual - baudRate) <= BAUD_TOLERANCE * baudRate) return actual;
    throw this.#refusal(baudRate, `the driver sets ${actual} baud`);
  }

  #refusal(baudRate: number, why: string, cause?: unknown): TransportError {
    return new TransportError(
      `Cannot set ${this.#name} to ${baudRate} baud: ${why}`,
      { code: "baud-unsupported", hint: "Try a lower or a usual speed", cause },
    );
  }

  #call(action: string, call: () => number): number {
    const { libc } = this.#posix;
    const result = uninterrupted(libc, call);
    if (result === -1) throw this.#channel.failure(action, libc.errno());
    return result;
  }
}
