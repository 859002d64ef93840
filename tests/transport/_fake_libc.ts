import { readUint32, viewOf } from "../../lib/bytes.ts";
import { DARWIN } from "../../lib/transport/_darwin.ts";
import { LINUX } from "../../lib/transport/_linux.ts";
import type { Libc } from "../../lib/transport/libc.ts";
import { type Posix, Reactor } from "../../lib/transport/reactor.ts";

/** What a faked call answers: a result, or `{ errno }` for -1 and that errno. */
export type Answer = number | { readonly errno: number };

/** One `ioctl` that was made, its argument copied before it was answered. */
export interface Ioctl {
  readonly request: number;
  readonly argument: Uint8Array | null;
}

export const PORT_FD = 7;
const PIPE_OUTPUT = 40;
const PIPE_INPUT = 41;

/** A C library with one serial port behind {@linkcode PORT_FD}. */
export class FakeLibc implements Libc {
  /** The names of all calls, in order; `poll` aside. */
  readonly calls: string[] = [];
  readonly ioctls: Ioctl[] = [];
  readonly opened: { path: string; flags: number }[] = [];
  readonly written: Uint8Array[] = [];
  /** How many times `poll` was called. */
  polls = 0;
  /** The pollfd arrays as they were when `poll` was called. */
  readonly polled: Uint8Array[] = [];
  /** The events that descriptors have. */
  readonly ready = new Map<number, number>();
  /** Answers of `ioctl` by request. Others are ENOTTY. */
  readonly drivers = new Map<
    number,
    (argument: Uint8Array | null) => Answer
  >();
  onOpen: () => Answer = () => PORT_FD;
  onFlock: (operation: number) => Answer = () => 0;
  onTcflush: (queue: number) => Answer = () => 0;
  onPipe: () => Answer = () => 0;
  onPoll: () => Answer = () => 0;
  /** Bytes to be read: EAGAIN when undefined. */
  onRead: () => Answer | Uint8Array = () => ({ errno: 11 });
  onWrite: (bytes: Uint8Array) => Answer = (bytes) => bytes.length;
  #errno = 0;
  #pipeBytes = 0;
  #notify = Promise.withResolvers<void>();

  errno(): number {
    return this.#errno;
  }

  open(path: string, flags: number): number {
    this.opened.push({ path, flags });
    return this.#answer("open", this.onOpen());
  }

  closeSlowly(fd: number): Promise<number> {
    return Promise.resolve(this.#answer(`close slowly ${fd}`, 0));
  }

  close(fd: number): number {
    return this.#answer(`close ${fd}`, 0);
  }

  read(fd: number, bytes: Uint8Array): number {
    if (fd === PIPE_OUTPUT) {
      this.#pipeBytes--;
      return 1;
    }
    const answer = this.onRead();
    if (!(answer instanceof Uint8Array)) return this.#answer("read", answer);
    bytes.set(answer);
    return this.#answer("read", answer.length);
  }

  write(fd: number, bytes: Uint8Array): number {
    if (fd === PIPE_INPUT) {
      this.#pipeBytes++;
      this.#notify.resolve();
      return 1;
    }
    this.written.push(bytes.slice());
    return this.#answer("write", this.onWrite(bytes));
  }

  flock(_fd: number, operation: number): number {
    return this.#answer(`flock ${operation}`, this.onFlock(operation));
  }

  ioctl(_fd: number, request: number, argument: Uint8Array | null): number {
    const copy = argument === null ? null : argument.slice();
    this.ioctls.push({ request, argument: copy });
    const driver = this.drivers.get(request);
    const name = `ioctl 0x${request.toString(16)}`;
    return this.#answer(name, driver?.(argument) ?? { errno: 25 });
  }

  tcflush(_fd: number, queue: number): number {
    return this.#answer(`tcflush ${queue}`, this.onTcflush(queue));
  }

  pipe(fds: Uint8Array): number {
    const view = viewOf(fds);
    view.setInt32(0, PIPE_OUTPUT, true);
    view.setInt32(4, PIPE_INPUT, true);
    return this.#answer("pipe", this.onPipe());
  }

  async poll(pollfds: Uint8Array, count: number): Promise<number> {
    this.polls++;
    this.polled.push(pollfds.slice(0, count * 8));
    const answer = this.onPoll();
    if (answer !== 0) {
      await Promise.resolve();
      return this.#answer("poll", answer);
    }
    for (;;) {
      this.#notify = Promise.withResolvers<void>();
      const ready = this.#mark(pollfds, count);
      if (ready > 0) return ready;
      await this.#notify.promise;
    }
  }

  posixOpenpt(): number {
    throw new Error("This library has no ptys");
  }

  grantpt(): number {
    throw new Error("This library has no ptys");
  }

  unlockpt(): number {
    throw new Error("This library has no ptys");
  }

  ptsname(): number {
    throw new Error("This library has no ptys");
  }

  unload(): void {
    this.calls.push("unload");
  }

  /** Gives a descriptor events, and lets a poll in flight see them. */
  setReady(fd: number, revents: number): void {
    if (revents === 0) this.ready.delete(fd);
    else this.ready.set(fd, revents);
    this.#notify.resolve();
  }

  /** The arguments of the ioctls made with a request. */
  argumentsOf(request: number): (Uint8Array | null)[] {
    return this.ioctls.filter((call) => call.request === request).map((call) =>
      call.argument
    );
  }

  #answer(name: string, answer: Answer): number {
    this.calls.push(name);
    if (typeof answer === "number") return answer;
    this.#errno = answer.errno;
    return -1;
  }

  #mark(pollfds: Uint8Array, count: number): number {
    const view = viewOf(pollfds);
    let ready = 0;
    for (let offset = 0; offset < count * 8; offset += 8) {
      const fd = view.getInt32(offset, true);
      const asked = view.getUint16(offset + 4, true) | 0x38;
      const events = fd === PIPE_OUTPUT
        ? (this.#pipeBytes > 0 ? 1 : 0)
        : this.ready.get(fd) ?? 0;
      view.setUint16(offset + 6, events & asked, true);
      if ((events & asked) !== 0) ready++;
    }
    return ready;
  }
}

/** What {@linkcode fakeSystem} makes. */
export interface FakeSystem {
  readonly libc: FakeLibc;
  readonly posix: Posix;
}

/** A fake library with its reactor. */
export function fakeSystem(os: "linux" | "darwin" = "linux"): FakeSystem {
  const libc = new FakeLibc();
  if (os === "linux") fakeLinuxDriver(libc);
  const tty = os === "linux" ? LINUX : DARWIN;
  const reactor = new Reactor(libc, tty);
  return {
    libc,
    posix: {
      libc,
      tty,
      reactor,
      async [Symbol.asyncDispose]() {
        await reactor.stop();
        libc.unload();
      },
    },
  };
}

/** The fake port's settings and modem lines, as a Linux driver keeps them. */
function fakeLinuxDriver(libc: FakeLibc): void {
  let termios: Uint8Array = new Uint8Array(44);
  let lines: Uint8Array = Uint8Array.of(0x66, 0x41, 0, 0);
  libc.drivers
    .set(0x802c542a, (argument) => (argument?.set(termios), 0))
    .set(
      0x402c542b,
      (argument) => (termios = argument?.slice() ?? termios, 0),
    )
    .set(0x5411, () => 0)
    .set(0x540c, () => 0)
    .set(0x540d, () => 0)
    .set(0x5415, (argument) => (argument?.set(lines), 0))
    .set(0x5418, (argument) => (lines = argument?.slice() ?? lines, 0))
    .set(0x5416, () => 0)
    .set(0x5417, () => 0)
    .set(0x5427, () => 0)
    .set(0x5428, () => 0)
    .set(0x5451, () => 0);
}

/** Makes the driver set another speed than it is asked for. */
export function setSpeedDriver(
  libc: FakeLibc,
  driver: (asked: number) => number,
): void {
  const set = libc.drivers.get(0x402c542b);
  libc.drivers.set(0x402c542b, (argument) => {
    if (argument === null) return { errno: 22 };
    const actual = driver(readUint32(argument, 40));
    viewOf(argument).setUint32(40, actual, true);
    return set?.(argument) ?? 0;
  });
}
