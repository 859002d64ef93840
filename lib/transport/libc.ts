/**
 * The calls of the C library that a serial port and a pty need, as an interface
 * that a test can fake, and its one real implementation over FFI.
 *
 * Every call but {@linkcode Libc.poll} is synchronous on a non-blocking
 * descriptor: `errno` belongs to the thread, so it is lost once a call runs on
 * Deno's thread pool.
 *
 * @module
 */

import { getSystemErrorMap } from "node:util";

/** `O_RDWR`, the same on Linux and macOS. */
export const O_RDWR = 2;
/** `flock` operations, the same on Linux and macOS. */
export const LOCK_EX = 2;
/** Makes `flock` fail instead of waiting. */
export const LOCK_NB = 4;
/** Gives an `flock` back. */
export const LOCK_UN = 8;

/** `poll` event: bytes can be read. */
export const POLLIN = 0x01;
/** `poll` event: bytes can be written. */
export const POLLOUT = 0x04;
/** `poll` answer: an error, a hang-up or a descriptor that is not open; no event asks for it. */
export const POLL_BROKEN = 0x08 | 0x10 | 0x20;

/** The `errno` values that Linux and macOS share. */
export const Errno = {
  /** Operation not permitted. */
  EPERM: 1,
  /** No such file. */
  ENOENT: 2,
  /** A signal interrupted the call. */
  EINTR: 4,
  /** Input/output error: what a hung-up terminal answers. */
  EIO: 5,
  /** No device behind the node. */
  ENXIO: 6,
  /** Descriptor not open. */
  EBADF: 9,
  /** Permission denied. */
  EACCES: 13,
  /** Claimed by `TIOCEXCL`. */
  EBUSY: 16,
  /** The device went away. */
  ENODEV: 19,
  /** Invalid argument. */
  EINVAL: 22,
  /** The device does not know this request. */
  ENOTTY: 25,
} as const;

/**
 * A C library. A failing call returns -1 and leaves its reason in
 * {@linkcode errno}, to be read before anything else runs.
 */
export interface Libc {
  /** Opens a file by name; returns a descriptor. */
  open(path: string, flags: number): number;
  /** Gives a descriptor back. */
  close(fd: number): number;
  /** As {@linkcode close}, on a pool thread: a driver may wait in it for bytes that cannot be sent. */
  closeSlowly(fd: number): Promise<number>;
  /** Reads at most `bytes.length` bytes; returns how many. */
  read(fd: number, bytes: Uint8Array): number;
  /** Writes at most `bytes.length` bytes; returns how many. */
  write(fd: number, bytes: Uint8Array): number;
  /** Locks or unlocks a file as a whole. */
  flock(fd: number, operation: number): number;
  /** Asks a driver; the argument is the request's structure, which it may fill. */
  ioctl(fd: number, request: number, argument: Uint8Array | null): number;
  /** Drops bytes that were received but not read, or written but not sent. */
  tcflush(fd: number, queue: number): number;
  /** Makes a pipe: two native `int`s, the reading end first. */
  pipe(fds: Uint8Array): number;
  /**
   * Waits on a pool thread, for as long as it takes, until one of `count`
   * descriptors is ready.
   *
   * @param pollfds Eight bytes each: fd (int), events (short), returned events (short).
   * Must not be on the JS heap: give it an `ArrayBuffer` of its own.
   */
  poll(pollfds: Uint8Array, count: number): Promise<number>;
  /** Opens the master of a new pty; returns a descriptor. */
  posixOpenpt(flags: number): number;
  /** Gives the pty's other end its owner. */
  grantpt(fd: number): number;
  /** Lets the pty's other end be opened. */
  unlockpt(fd: number): number;
  /** Writes the name of the pty's other end, ended by a zero byte; returns an errno. */
  ptsname(fd: number, name: Uint8Array): number;
  /** Why the call before failed. */
  errno(): number;
  /** Gives the library back to Deno. */
  unload(): void;
}

const INT = "i32";
// Results of type ssize_t are read as int: no call here moves 2 GiB, and usize
// results would be bigints.
const SYMBOLS = {
  open: { parameters: ["buffer", INT], result: INT },
  close: { parameters: [INT], result: INT },
  closeSlowly: {
    name: "close",
    parameters: [INT],
    result: INT,
    nonblocking: true,
  },
  read: { parameters: [INT, "buffer", "usize"], result: INT },
  write: { parameters: [INT, "buffer", "usize"], result: INT },
  flock: { parameters: [INT, INT], result: INT },
  ioctl: { parameters: [INT, "usize", "buffer"], result: INT },
  // Apple's arm64 ABI passes variadic arguments on the stack: six unused
  // arguments fill the registers that the fixed ones leave.
  ioctlOnStack: {
    name: "ioctl",
    parameters: [
      INT,
      "usize",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "pointer",
      "buffer",
    ],
    result: INT,
  },
  tcflush: { parameters: [INT, INT], result: INT },
  pipe: { parameters: ["buffer"], result: INT },
  poll: {
    parameters: ["buffer", "usize", INT],
    result: INT,
    nonblocking: true,
  },
  posix_openpt: { parameters: [INT], result: INT },
  grantpt: { parameters: [INT], result: INT },
  unlockpt: { parameters: [INT], result: INT },
  ptsname_r: { parameters: [INT, "buffer", "usize"], result: INT },
} as const;
const LINUX_SYMBOLS = {
  ...SYMBOLS,
  errnoLocation: {
    name: "__errno_location",
    parameters: [],
    result: "pointer",
  },
} as const;
const DARWIN_SYMBOLS = {
  ...SYMBOLS,
  errnoLocation: { name: "__error", parameters: [], result: "pointer" },
} as const;

const FOREVER = -1;

/**
 * Loads the system's C library.
 *
 * @param system Which one to load.
 * @throws {Deno.errors.NotCapable} Without `--allow-ffi`.
 */
export function loadLibc(system: "linux" | "darwin"): Libc {
  const library = system === "linux"
    ? Deno.dlopen("libc.so.6", LINUX_SYMBOLS)
    : Deno.dlopen("/usr/lib/libSystem.B.dylib", DARWIN_SYMBOLS);
  const c = library.symbols;
  const location = c.errnoLocation();
  if (location === null) throw new Error("Cannot find errno: no address");
  const errno = new Deno.UnsafePointerView(location);
  const onStack = system === "darwin" && Deno.build.arch === "aarch64";
  const ioctl: Libc["ioctl"] = onStack
    ? (fd, request, argument) =>
      c.ioctlOnStack(
        fd,
        BigInt(request),
        null,
        null,
        null,
        null,
        null,
        null,
        argument,
      )
    : (fd, request, argument) => c.ioctl(fd, BigInt(request), argument);
  return {
    open: (path, flags) => c.open(new TextEncoder().encode(path + "\0"), flags),
    close: (fd) => c.close(fd),
    closeSlowly: (fd) => c.closeSlowly(fd),
    read: (fd, bytes) => c.read(fd, bytes, BigInt(bytes.length)),
    write: (fd, bytes) => c.write(fd, bytes, BigInt(bytes.length)),
    flock: (fd, operation) => c.flock(fd, operation),
    ioctl,
    tcflush: (fd, queue) => c.tcflush(fd, queue),
    pipe: (fds) => c.pipe(fds),
    poll: (pollfds, count) => c.poll(pollfds, BigInt(count), FOREVER),
    posixOpenpt: (flags) => c.posix_openpt(flags),
    grantpt: (fd) => c.grantpt(fd),
    unlockpt: (fd) => c.unlockpt(fd),
    ptsname: (fd, name) => c.ptsname_r(fd, name, BigInt(name.length)),
    errno: () => errno.getInt32(),
    unload: () => library.close(),
  };
}

/** Makes a call again for as long as signals interrupt it. */
export function uninterrupted(libc: Libc, call: () => number): number {
  for (;;) {
    const result = call();
    if (result !== -1 || libc.errno() !== Errno.EINTR) return result;
  }
}

/** Formats an errno as its name and meaning: `EPROTO (protocol error)`. */
export function describeErrno(errno: number): string {
  const [name, meaning] = getSystemErrorMap().get(-errno) ?? [];
  return name === undefined ? `error ${errno}` : `${name} (${meaning})`;
}
