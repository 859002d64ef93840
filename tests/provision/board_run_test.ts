import assert from "node:assert/strict";
import { delay, ManualClock } from "../../lib/clock.ts";
import { BoardRun } from "../../lib/provision/_board_run.ts";
import {
  type BoardStep,
  type Hook,
  prepareJob,
} from "../../lib/provision/mod.ts";
import { serve } from "./_http_server.ts";

const JOB = await prepareJob({
  name: "lamp",
  firmware: [{
    chip: "esp32",
    files: [{ address: 0x1_0000, source: new Uint8Array(4) }],
  }],
});

/** A run whose clock stands still but for timers, of which the first always falls due. */
function makeRun(clock: ManualClock, hooks: readonly Hook[] = []): BoardRun {
  return new BoardRun({
    ...{ port: "COM7", slot: "a", attempt: 1, baud: undefined },
    job: { ...JOB, job: { ...JOB.job, hooks } },
    line: { clock },
  });
}

Deno.test("BoardRun lets a step take its time that waits with a limit of its own", async () => {
  const clock = new ManualClock();
  using run = makeRun(clock);
  const minutes = (step: BoardStep) =>
    run.step(step, () => delay(clock, 600_000, { signal: run.signal }));
  for (const step of ["claim", "boot", "improv", "label"] as const) {
    await clock.drive(minutes(step));
  }
  await assert.rejects(clock.drive(minutes("write")), {
    code: "timeout",
    message: 'Cannot go on with COM7: step "write" has not moved for 45000 ms',
  });
});

Deno.test("BoardRun does not hold a hook's time against its board", async () => {
  await using server = serve(() => new Response());
  const clock = new ManualClock();
  const { url } = server;
  using run = makeRun(clock, [
    { on: "before-write", command: ["false"], onFailure: "ignore" },
    { on: "before-write", url },
    { on: "after-write", url },
  ]);
  // While a hook is waited for, every timer of the clock falls due at once.
  await clock.drive(run.step("write", () => Promise.resolve()));
  assert.equal(server.asked.length, 2);
  assert.equal(run.signal.aborted, false);
});

Deno.test("BoardRun calls the hooks of a failure though the board has been given up", async () => {
  await using server = serve(() => new Response());
  const clock = new ManualClock();
  using run = makeRun(clock, [{ on: "fail", url: server.url }]);
  const error = await clock.drive(run.step("write", () => delay(clock, 1e6)))
    .then(() => undefined, (error: unknown) => error);
  assert.equal(run.signal.aborted, true);
  await run.hooks("fail", error);
  const { moment, failure } = JSON.parse(server.asked[0]?.body ?? "{}");
  assert.deepEqual([moment, failure.step, failure.code], [
    "fail",
    "write",
    "timeout",
  ]);
});
