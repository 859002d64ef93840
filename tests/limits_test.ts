import assert from "node:assert/strict";
import { ManualClock } from "../lib/clock.ts";
import { withLimits } from "../lib/limits.ts";

/** Work that ends only by its signal. */
function endless(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) =>
    signal?.addEventListener("abort", () => reject(signal.reason))
  );
}

Deno.test("withLimits ends the work when its time is over", async () => {
  const clock = new ManualClock();
  const limits = { step: "dig", clock, signals: [], timeout: 30 };
  await assert.rejects(clock.drive(withLimits(limits, endless)), {
    name: "TimeoutError",
    message: "Cannot dig: it is not done in 30 ms",
    step: "dig",
    ms: 30,
  });
  assert.equal(clock.now(), 30);
});

Deno.test("withLimits ends the work by any of its signals, with that signal's reason", async () => {
  const clock = new ManualClock();
  for (const chosen of [0, 1]) {
    const controllers = [new AbortController(), new AbortController()];
    const signals = [undefined, ...controllers.map(({ signal }) => signal)];
    const work = withLimits({ step: "dig", clock, signals }, endless);
    controllers[chosen]?.abort(new Error(`signal ${chosen}`));
    await assert.rejects(work, { message: `signal ${chosen}` });
  }
});

Deno.test("withLimits does not begin when a signal has aborted", async () => {
  const clock = new ManualClock();
  const signals = [AbortSignal.abort(new Error("stop"))];
  const begun: string[] = [];
  const work = withLimits({ step: "dig", clock, signals }, () => {
    begun.push("work");
    return Promise.resolve();
  });
  await assert.rejects(work, { message: "stop" });
  assert.deepEqual(begun, []);
});

Deno.test("withLimits leaves no timer and no listener behind", async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  const limits = { step: "dig", clock, signals: [signal], timeout: 30 };
  let inner: AbortSignal | undefined;
  const result = await withLimits(limits, (signal) => {
    inner = signal;
    return Promise.resolve(7);
  });
  assert.equal(result, 7);
  await clock.advance(100);
  assert.equal(inner?.aborted, false);
});
