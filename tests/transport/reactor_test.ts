import assert from "node:assert/strict";
import { viewOf } from "../../lib/bytes.ts";
import { TransportError } from "../../lib/errors.ts";
import { POLLIN, POLLOUT } from "../../lib/transport/libc.ts";
import { acquirePosix } from "../../lib/transport/reactor.ts";
import { fakeSystem } from "./_fake_libc.ts";

const never = new AbortController().signal;
const WAKE_FD = 40;

/** The descriptors and events of a pollfd array. */
function asked(pollfds: Uint8Array | undefined): [number, number][] {
  assert(pollfds !== undefined);
  const view = viewOf(pollfds);
  const pairs: [number, number][] = [];
  for (let offset = 0; offset < pollfds.length; offset += 8) {
    pairs.push([
      view.getInt32(offset, true),
      view.getUint16(offset + 4, true),
    ]);
  }
  return pairs;
}

Deno.test("Reactor.wait resolves to the events of its descriptor", async () => {
  const { libc, posix: { reactor } } = fakeSystem();
  const readable = reactor.wait(5, POLLIN, never);
  assert.deepEqual(asked(libc.polled[0]), [[WAKE_FD, POLLIN], [5, POLLIN]]);
  libc.setReady(5, POLLIN);
  assert.equal(await readable, POLLIN);
  const writable = reactor.wait(6, POLLOUT, never);
  libc.setReady(6, POLLOUT | 0x10);
  assert.equal(await writable, POLLOUT | 0x10);
  await reactor.stop();
});

Deno.test("Reactor has one poll in flight, and calls none while nothing happens", async () => {
  const { libc, posix: { reactor } } = fakeSystem();
  let inFlight = 0;
  const poll = libc.poll.bind(libc);
  libc.poll = async (pollfds, count) => {
    assert.equal(++inFlight, 1);
    const ready = await poll(pollfds, count);
    inFlight--;
    return ready;
  };
  const waits = Array.from(
    { length: 64 },
    (_, index) => reactor.wait(100 + index, POLLIN, never),
  );
  // A round trip through the event loop lets the reactor see all 64.
  await new Promise<void>((resolve) => setTimeout(resolve));
  assert.equal(libc.polls, 2);
  assert.equal(asked(libc.polled[1]).length, 65);
  await new Promise<void>((resolve) => setTimeout(resolve));
  assert.equal(libc.polls, 2);
  for (let index = 0; index < 64; index++) libc.setReady(100 + index, POLLIN);
  assert.deepEqual(await Promise.all(waits), Array(64).fill(POLLIN));
  await reactor.stop();
  assert.equal(inFlight, 0);
});

Deno.test("Reactor.wait rejects with the signal's reason and leaves the poll", async () => {
  const { libc, posix: { reactor } } = fakeSystem();
  const other = reactor.wait(6, POLLIN, never);
  const controller = new AbortController();
  const wait = reactor.wait(5, POLLIN, controller.signal);
  const reason = new Error("Enough");
  controller.abort(reason);
  await assert.rejects(wait, reason);
  await reactor.released(5);
  await assert.rejects(reactor.wait(5, POLLIN, controller.signal), reason);
  libc.setReady(5, POLLIN);
  libc.setReady(6, POLLIN);
  assert.equal(await other, POLLIN);
  assert.deepEqual(asked(libc.polled.at(-1)), [[WAKE_FD, POLLIN], [6, POLLIN]]);
  await reactor.stop();
});

Deno.test("Reactor.released waits for the poll that watches the descriptor", async () => {
  const { libc, posix: { reactor } } = fakeSystem();
  const held = Promise.withResolvers<void>();
  const poll = libc.poll.bind(libc);
  libc.poll = async (pollfds, count) => {
    const ready = await poll(pollfds, count);
    await held.promise;
    return ready;
  };
  const controller = new AbortController();
  const wait = reactor.wait(5, POLLIN, controller.signal);
  controller.abort();
  await assert.rejects(wait);
  let released = false;
  const done = reactor.released(5).then(() => released = true);
  await new Promise<void>((resolve) => setTimeout(resolve));
  assert.equal(released, false);
  held.resolve();
  await done;
  await reactor.stop();
});

Deno.test("Reactor.stop closes both ends of its pipe", async () => {
  const { libc, posix: { reactor } } = fakeSystem();
  await reactor.stop();
  assert.deepEqual(libc.calls, []);
  libc.setReady(5, POLLIN);
  await reactor.wait(5, POLLIN, never);
  await reactor.wait(5, POLLIN, never);
  await reactor.stop();
  assert.deepEqual(libc.calls, [
    "pipe",
    "ioctl 0x5451",
    "ioctl 0x5451",
    "close 40",
    "close 41",
  ]);
});

Deno.test("Reactor.stop ends a poll that nobody waits for any more", async () => {
  const { libc, posix: { reactor } } = fakeSystem();
  const controller = new AbortController();
  const wait = reactor.wait(5, POLLIN, controller.signal);
  controller.abort();
  const stopped = reactor.stop();
  assert(!libc.calls.includes("close 40"));
  await assert.rejects(wait);
  await stopped;
  assert.equal(libc.calls.at(-1), "close 41");
  assert.equal(libc.polls, 1);
});

Deno.test("Reactor polls again when a signal interrupts it", async () => {
  const { libc, posix: { reactor } } = fakeSystem();
  let interrupts = 3;
  libc.onPoll = () => interrupts-- > 0 ? { errno: 4 } : 0;
  libc.setReady(5, POLLIN);
  assert.equal(await reactor.wait(5, POLLIN, never), POLLIN);
  assert.equal(libc.polls, 4);
  await reactor.stop();
});

Deno.test("Reactor rejects its waiters when poll keeps failing", async () => {
  const { libc, posix: { reactor } } = fakeSystem();
  libc.onPoll = () => ({ errno: 22 });
  const isPortIo = (error: unknown) =>
    error instanceof TransportError && error.code === "port-io";
  await assert.rejects(reactor.wait(5, POLLIN, never), isPortIo);
  assert(libc.polls < 100);
  libc.onPoll = () => 0;
  libc.setReady(5, POLLIN);
  assert.equal(await reactor.wait(5, POLLIN, never), POLLIN);
  await reactor.stop();
});

Deno.test("Reactor.wait rejects when there is no pipe to wake it by", async () => {
  const { libc, posix: { reactor } } = fakeSystem();
  libc.onPipe = () => ({ errno: 24 });
  await assert.rejects(
    reactor.wait(5, POLLIN, never),
    (error: unknown) =>
      error instanceof TransportError && error.code === "port-io",
  );
  libc.onPipe = () => 0;
  libc.setReady(5, POLLIN);
  assert.equal(await reactor.wait(5, POLLIN, never), POLLIN);
  await reactor.stop();
});

Deno.test({
  name: "acquirePosix shares one library until its last user has left",
  ignore: Deno.build.os === "windows",
  async fn() {
    const first = acquirePosix();
    const second = acquirePosix();
    assert.equal(first.reactor, second.reactor);
    await first[Symbol.asyncDispose]();
    const third = acquirePosix();
    assert.equal(third.reactor, second.reactor);
    await second[Symbol.asyncDispose]();
    await third[Symbol.asyncDispose]();
    const fourth = acquirePosix();
    assert.notEqual(fourth.reactor, first.reactor);
    await fourth[Symbol.asyncDispose]();
  },
});

Deno.test({
  name: "acquirePosix needs the permission to use FFI",
  permissions: { ffi: false },
  ignore: Deno.build.os === "windows",
  fn() {
    assert.throws(() => acquirePosix(), Deno.errors.NotCapable);
  },
});
