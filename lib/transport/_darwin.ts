/**
 * Terminals on macOS, arm64 and x86_64. `IOSSIOSPEED` (`IOKit/serial/ioss.h`)
 * sets any speed that the driver can; a pty has no driver that knows it and
 * takes the speed as a plain number in its settings.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { Errno } from "./libc.ts";
import type { Tty } from "./tty.ts";

// What tcgetattr and tcsetattr(TCSANOW) call.
const TIOCGETA = 0x40487413;
const TIOCSETA = 0x80487414;
const IOSSIOSPEED = 0x80085402;
// struct termios: c_iflag, c_oflag, c_cflag, c_lflag (8 bytes each), c_cc[20],
// 4 bytes of padding, c_ispeed, c_ospeed (8 bytes each).
const TERMIOS_SIZE = 72;
const C_CFLAG = 16;
const C_CC = 32;
const C_ISPEED = 56;
const C_OSPEED = 64;
const VMIN = 16;
const VTIME = 17;
const CS8 = 0x300;
const CREAD = 0x800;
const HUPCL = 0x4000n;
const CLOCAL = 0x8000;
// Settings with a speed outside the classic ones may be refused as a whole, so
// this one stands in until IOSSIOSPEED has spoken.
const ANY_CLASSIC_SPEED = 9600n;

const LITTLE_ENDIAN = true;

/** macOS. */
export const DARWIN: Tty = Object.freeze<Tty>({
  O_NOCTTY: 0x20000,
  O_NONBLOCK: 0x4,
  O_CLOEXEC: 0x1000000,
  EAGAIN: 35,
  EOPNOTSUPP: 102,
  TIOCEXCL: 0x2000740d,
  TIOCNXCL: 0x2000740e,
  TIOCMGET: 0x4004746a,
  TIOCMSET: 0x8004746d,
  TIOCMBIS: 0x8004746c,
  TIOCMBIC: 0x8004746b,
  TIOCSBRK: 0x2000747b,
  TIOCCBRK: 0x2000747a,
  TIOCOUTQ: 0x40047473,
  FIONBIO: 0x8004667e,
  FIOCLEX: 0x20006601,
  TCIFLUSH: 1,
  makeRaw(libc, fd) {
    const termios = new Uint8Array(TERMIOS_SIZE);
    if (libc.ioctl(fd, TIOCGETA, termios) === -1) return -1;
    const view = viewOf(termios);
    // HUPCL stays as it was found: unless its owner chose otherwise, the system
    // then releases DTR and RTS when the process ends, even by a crash.
    const hupcl = view.getBigUint64(C_CFLAG, LITTLE_ENDIAN) & HUPCL;
    termios.fill(0);
    view.setBigUint64(
      C_CFLAG,
      hupcl | BigInt(CS8 | CREAD | CLOCAL),
      LITTLE_ENDIAN,
    );
    // With VMIN at 0 a read of nothing and a hang-up would look the same.
    view.setUint8(C_CC + VMIN, 1);
    view.setUint8(C_CC + VTIME, 0);
    view.setBigUint64(C_ISPEED, ANY_CLASSIC_SPEED, LITTLE_ENDIAN);
    view.setBigUint64(C_OSPEED, ANY_CLASSIC_SPEED, LITTLE_ENDIAN);
    return libc.ioctl(fd, TIOCSETA, termios);
  },
  setSpeed(libc, fd, baudRate) {
    const speed = new Uint8Array(8);
    viewOf(speed).setBigUint64(0, BigInt(baudRate), LITTLE_ENDIAN);
    const result = libc.ioctl(fd, IOSSIOSPEED, speed);
    if (result !== -1 || libc.errno() !== Errno.ENOTTY) return result;
    const termios = new Uint8Array(TERMIOS_SIZE);
    if (libc.ioctl(fd, TIOCGETA, termios) === -1) return -1;
    termios.set(speed, C_ISPEED);
    termios.set(speed, C_OSPEED);
    return libc.ioctl(fd, TIOCSETA, termios);
  },
  getSpeed(libc, fd) {
    const termios = new Uint8Array(TERMIOS_SIZE);
    if (libc.ioctl(fd, TIOCGETA, termios) === -1) return -1;
    return Number(viewOf(termios).getBigUint64(C_OSPEED, LITTLE_ENDIAN));
  },
});
