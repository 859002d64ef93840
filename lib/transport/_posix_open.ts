/**
 * Opening and closing a terminal's descriptor on Linux and macOS.
 *
 * @module
 */

import { TransportError } from "../errors.ts";
import {
  describeErrno,
  Errno,
  LOCK_EX,
  LOCK_NB,
  LOCK_UN,
  O_RDWR,
  uninterrupted,
} from "./libc.ts";
import type { Posix } from "./reactor.ts";

/**
 * Opens a terminal and puts it in raw mode.
 *
 * @param claim Whether to keep other programs from opening it.
 * @returns Its descriptor, for {@linkcode closeDescriptor}.
 * @throws {TransportError} `port-not-found`, `port-denied`, `port-busy` or `port-open-failed`.
 */
export function openDescriptor(
  posix: Posix,
  path: string,
  claim: boolean,
): number {
  const { libc, tty } = posix;
  // O_NONBLOCK also keeps open() from waiting for a carrier.
  const flags = O_RDWR | tty.O_NOCTTY | tty.O_NONBLOCK | tty.O_CLOEXEC;
  const fd = uninterrupted(libc, () => libc.open(path, flags));
  if (fd === -1) throw openFailure(posix, path, libc.errno());
  let claimed = false;
  const check = (call: () => number) => {
    if (uninterrupted(libc, call) !== -1) return;
    const error = openFailure(posix, path, libc.errno());
    closeDescriptor(posix, fd, claimed);
    throw error;
  };
  if (claim) {
    // TIOCEXCL does not keep root out, flock only those who ask for one.
    check(() => libc.flock(fd, LOCK_EX | LOCK_NB));
    claimed = true;
    check(() => libc.ioctl(fd, tty.TIOCEXCL, null));
  }
  check(() => tty.makeRaw(libc, fd));
  return fd;
}

/**
 * Closes a terminal's descriptor.
 *
 * @param claimed Whether it keeps other programs out. If not, the claim that
 * might be found belongs to another program.
 */
export function closeDescriptor(
  posix: Posix,
  fd: number,
  claimed: boolean,
): void {
  if (claimed) unclaim(posix, fd);
  posix.libc.close(fd);
}

/**
 * As {@linkcode closeDescriptor}, without holding up the event loop where a
 * driver waits for bytes that cannot be sent: 30 s on Linux.
 */
export async function closeSlowly(
  posix: Posix,
  fd: number,
  claimed: boolean,
): Promise<void> {
  if (claimed) unclaim(posix, fd);
  await posix.libc.closeSlowly(fd);
}

function unclaim({ libc, tty }: Posix, fd: number): void {
  // By hand, as the claim outlives close() while anyone else, root or a
  // forked child, has the terminal open. Both calls may fail on a port that is
  // gone, which changes nothing.
  libc.flock(fd, LOCK_UN);
  libc.ioctl(fd, tty.TIOCNXCL, null);
}

function openFailure(
  { tty }: Posix,
  path: string,
  errno: number,
): TransportError {
  switch (errno) {
    case Errno.ENOENT:
    case Errno.ENXIO:
    case Errno.ENODEV:
    case Errno.EIO:
      return new TransportError(`Cannot open "${path}": no such device`, {
        code: "port-not-found",
        hint: "Check the path and the cable: some USB cables carry no data",
      });
    case Errno.EACCES:
    case Errno.EPERM:
      return new TransportError(`Cannot open "${path}": permission denied`, {
        code: "port-denied",
        hint:
          "Join the group that owns the port (ls -l shows it, often dialout or uucp) and log in again",
      });
    case Errno.EBUSY:
    case tty.EAGAIN:
      return new TransportError(
        `Cannot open "${path}": in use by another program`,
        {
          code: "port-busy",
          hint: "Close the serial monitor or other program that holds the port",
        },
      );
    case Errno.ENOTTY:
      return new TransportError(`Cannot open "${path}": not a serial port`, {
        code: "port-open-failed",
      });
    default:
      return new TransportError(
        `Cannot open "${path}": ${describeErrno(errno)}`,
        { code: "port-open-failed" },
      );
  }
}
