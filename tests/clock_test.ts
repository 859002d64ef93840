import assert from "node:assert/strict";
import { type Clock, delay, ManualClock, systemClock } from "../lib/clock.ts";

Deno.test("ManualClock calls what falls due in the order of its time, then of its making", async () => {
  const clock = new ManualClock();
  const calls: [string, number][] = [];
  const note = (name: string) => () => void calls.push([name, clock.now()]);
  clock.schedule(note("c"), 30);
  clock.schedule(note("a"), 10);
  clock.schedule(note("b"), 10);
  clock.schedule(note("late"), 31);
  await clock.advance(30);
  assert.deepEqual(calls, [["a", 10], ["b", 10], ["c", 30]]);
  assert.equal(clock.now(), 30);
});

Deno.test("ManualClock calls at once, never backwards, for a time that is negative", async () => {
  const clock = new ManualClock();
  await clock.advance(5);
  let at = -1;
  clock.schedule(() => at = clock.now(), -100);
  assert.equal(at, -1, "not while it is scheduled");
  await clock.advance(0);
  assert.equal(at, 5);
});

Deno.test("ManualClock does not call what was cancelled", async () => {
  const clock = new ManualClock();
  let calls = 0;
  const cancel = clock.schedule(() => calls++, 10);
  cancel();
  cancel();
  await clock.advance(100);
  assert.equal(calls, 0);
});

Deno.test("ManualClock.advance runs timers that other timers and their promises make", async () => {
  const clock = new ManualClock();
  const times: number[] = [];
  async function tick(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await delay(clock, 10);
      times.push(clock.now());
    }
  }
  const done = tick();
  await clock.advance(25);
  assert.deepEqual(times, [10, 20]);
  await clock.advance(5);
  assert.deepEqual(times, [10, 20, 30]);
  await done;
});

Deno.test("ManualClock.drive goes as far as the work needs and yields what it yields", async () => {
  const clock = new ManualClock();
  async function work(): Promise<string> {
    await delay(clock, 100_000);
    await delay(clock, 23);
    return "done";
  }
  clock.schedule(() => assert.fail("driven too far"), 200_000);
  assert.equal(await clock.drive(work()), "done");
  assert.equal(clock.now(), 100_023);
});

Deno.test("ManualClock.drive rejects as the work does", async () => {
  const clock = new ManualClock();
  const failure = new RangeError("no");
  await assert.rejects(
    clock.drive(delay(clock, 5).then(() => Promise.reject(failure))),
    (error) => error === failure,
  );
});

Deno.test("ManualClock.drive gives up on work that waits for no timer", async () => {
  // It gives up by the machine's time, which runs faster here.
  const now = performance.now.bind(performance);
  let ahead = 0;
  performance.now = () => now() + 1_000 * ahead++;
  try {
    const never = new Promise<void>(() => {});
    await assert.rejects(new ManualClock().drive(never), /no timer/);
  } finally {
    Reflect.deleteProperty(performance, "now");
  }
});

Deno.test("ManualClock never reaches Infinity", async () => {
  const clock = new ManualClock();
  const cancel = clock.schedule(() => assert.fail("reached"), Infinity);
  await clock.advance(Infinity);
  cancel();
});

Deno.test("delay takes the clock's time", async () => {
  const clock = new ManualClock();
  let done = false;
  const wait = delay(clock, 50).then(() => done = true);
  await clock.advance(49);
  assert.equal(done, false);
  await clock.advance(1);
  await wait;
  assert.equal(done, true);
});

Deno.test("delay rejects with the signal's reason and leaves no timer", async () => {
  let timers = 0;
  const clock: Clock = {
    now: () => 0,
    schedule() {
      timers++;
      return () => timers--;
    },
  };
  const abort = new AbortController();
  const wait = delay(clock, 50, { signal: abort.signal });
  assert.equal(timers, 1);
  abort.abort("stop");
  await assert.rejects(wait, (reason) => reason === "stop");
  assert.equal(timers, 0);
});

Deno.test("delay does not begin when the signal has aborted already", async () => {
  const clock = new ManualClock();
  const signal = AbortSignal.abort("before");
  await assert.rejects(
    delay(clock, 50, { signal }),
    (reason) => reason === "before",
  );
  await clock.advance(100);
});

Deno.test("delay lets go of the signal when the time is over", async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  await clock.drive(delay(clock, 10, { signal }));
  assert.equal(listeners, 0);
});

Deno.test("systemClock never goes back and calls once", async () => {
  const before = systemClock.now();
  let calls = 0;
  await new Promise<void>((resolve) => {
    systemClock.schedule(() => {
      calls++;
      resolve();
    }, 1);
  });
  assert.equal(calls, 1);
  assert.ok(systemClock.now() >= before);
});

Deno.test("systemClock cancels a call, and with it the timer", async () => {
  const cancel = systemClock.schedule(() => assert.fail("cancelled"), 0);
  cancel();
  await new Promise<void>((resolve) => systemClock.schedule(resolve, 1));
});

Deno.test("systemClock waits for times that a timer of the platform cannot hold", async () => {
  for (const ms of [Infinity, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
    let called = false;
    const cancel = systemClock.schedule(() => called = true, ms);
    // An overflowing timer would be due before this one.
    await new Promise<void>((resolve) => systemClock.schedule(resolve, 5));
    cancel();
    assert.equal(called, false, `${ms} ms are not over yet`);
  }
});
