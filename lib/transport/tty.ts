/**
 * What Linux and macOS do differently with a terminal: the numbers of flags and
 * requests, and the layout of the line's settings.
 *
 * @module
 */

import type { Libc } from "./libc.ts";

/** DTR in the modem-line words, the same on both systems. */
export const TIOCM_DTR = 0x002;
/** RTS in the modem-line words, the same on both systems. */
export const TIOCM_RTS = 0x004;

/** One operating system's terminals; the names are those of its C headers. */
export interface Tty {
  /** Does not become the process's controlling terminal. */
  readonly O_NOCTTY: number;
  /** No call on the descriptor waits. */
  readonly O_NONBLOCK: number;
  /** Programs started from here do not get the descriptor. */
  readonly O_CLOEXEC: number;
  /** Nothing to read, no room to write, or locked by another. */
  readonly EAGAIN: number;
  /** The driver cannot do this. */
  readonly EOPNOTSUPP: number;
  /** `ioctl`: other programs may not open the port (root may). */
  readonly TIOCEXCL: number;
  /** `ioctl`: others may open it again. */
  readonly TIOCNXCL: number;
  /** `ioctl`: reads the modem lines. */
  readonly TIOCMGET: number;
  /** `ioctl`: sets all modem lines at once. */
  readonly TIOCMSET: number;
  /** `ioctl`: asserts the named lines. */
  readonly TIOCMBIS: number;
  /** `ioctl`: releases the named lines. */
  readonly TIOCMBIC: number;
  /** `ioctl`: starts a break. */
  readonly TIOCSBRK: number;
  /** `ioctl`: ends a break. */
  readonly TIOCCBRK: number;
  /** `ioctl`: bytes written that the driver has not sent. */
  readonly TIOCOUTQ: number;
  /** `ioctl`: non-blocking, as a native `int`. */
  readonly FIONBIO: number;
  /** `ioctl`: as `O_CLOEXEC`. */
  readonly FIOCLEX: number;
  /** `tcflush`: input; output is one more, both two more. */
  readonly TCIFLUSH: number;
  /**
   * Puts a line in raw mode: 8 data bits, no parity, one stop bit, no flow
   * control, a read waits for one byte.
   *
   * @returns -1 if that failed.
   */
  makeRaw(libc: Libc, fd: number): number;
  /**
   * Asks for a speed in baud.
   *
   * @returns -1 if that failed.
   */
  setSpeed(libc: Libc, fd: number, baudRate: number): number;
  /**
   * Reads back the speed in force, in baud.
   *
   * @returns -1 if that failed.
   */
  getSpeed(libc: Libc, fd: number): number;
}
