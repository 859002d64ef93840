/**
 * Terminals on Linux, x86_64 and aarch64 (both use `asm-generic/ioctls.h` and
 * `asm-generic/termbits.h`): `termios2` takes any speed as a number.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import type { Tty } from "./tty.ts";

const TCGETS2 = 0x802c542a;
const TCSETS2 = 0x402c542b;
// struct termios2: c_iflag, c_oflag, c_cflag, c_lflag (4 bytes each), c_line,
// c_cc[19], c_ispeed, c_ospeed.
const TERMIOS2_SIZE = 44;
const C_CFLAG = 8;
const C_CC = 17;
const C_ISPEED = 36;
const C_OSPEED = 40;
const VTIME = 5;
const VMIN = 6;
const CS8 = 0x30;
const CREAD = 0x80;
const HUPCL = 0x400;
const CLOCAL = 0x800;
const CBAUD = 0x100f;
const BOTHER = 0x1000;
const IBSHIFT = 16;

const LITTLE_ENDIAN = true;

/** Linux. */
export const LINUX: Tty = Object.freeze<Tty>({
  O_NOCTTY: 0x100,
  O_NONBLOCK: 0x800,
  O_CLOEXEC: 0x80000,
  EAGAIN: 11,
  EOPNOTSUPP: 95,
  TIOCEXCL: 0x540c,
  TIOCNXCL: 0x540d,
  TIOCMGET: 0x5415,
  TIOCMSET: 0x5418,
  TIOCMBIS: 0x5416,
  TIOCMBIC: 0x5417,
  TIOCSBRK: 0x5427,
  TIOCCBRK: 0x5428,
  TIOCOUTQ: 0x5411,
  FIONBIO: 0x5421,
  FIOCLEX: 0x5451,
  TCIFLUSH: 0,
  makeRaw(libc, fd) {
    const termios = new Uint8Array(TERMIOS2_SIZE);
    if (libc.ioctl(fd, TCGETS2, termios) === -1) return -1;
    const view = viewOf(termios);
    const cflag = view.getUint32(C_CFLAG, LITTLE_ENDIAN);
    const kept = HUPCL | CBAUD | CBAUD << IBSHIFT;
    // All input, output and local processing off. HUPCL stays as it was found:
    // unless its owner chose otherwise, the system then releases DTR and RTS
    // when the process ends, even by a crash in the middle of a reset.
    termios.fill(0, 0, C_ISPEED);
    view.setUint32(
      C_CFLAG,
      cflag & kept | CS8 | CREAD | CLOCAL,
      LITTLE_ENDIAN,
    );
    // With VMIN at 0 a read of nothing and a hang-up would look the same.
    view.setUint8(C_CC + VMIN, 1);
    view.setUint8(C_CC + VTIME, 0);
    return libc.ioctl(fd, TCSETS2, termios);
  },
  setSpeed(libc, fd, baudRate) {
    const termios = new Uint8Array(TERMIOS2_SIZE);
    if (libc.ioctl(fd, TCGETS2, termios) === -1) return -1;
    const view = viewOf(termios);
    const cflag = view.getUint32(C_CFLAG, LITTLE_ENDIAN) &
      ~(CBAUD | CBAUD << IBSHIFT);
    view.setUint32(
      C_CFLAG,
      cflag | BOTHER | BOTHER << IBSHIFT,
      LITTLE_ENDIAN,
    );
    view.setUint32(C_ISPEED, baudRate, LITTLE_ENDIAN);
    view.setUint32(C_OSPEED, baudRate, LITTLE_ENDIAN);
    return libc.ioctl(fd, TCSETS2, termios);
  },
  getSpeed(libc, fd) {
    const termios = new Uint8Array(TERMIOS2_SIZE);
    if (libc.ioctl(fd, TCGETS2, termios) === -1) return -1;
    return viewOf(termios).getUint32(C_OSPEED, LITTLE_ENDIAN);
  },
});
