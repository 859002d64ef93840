import assert from "node:assert/strict";
// A CommonJS package: from then on Deno runs promises in another order.
import "npm:yaml@2.9.1";
import { delay, ManualClock } from "../lib/clock.ts";

Deno.test("ManualClock.drive lets promises settle between timers, with CommonJS loaded", async () => {
  for (const steps of [1, 10, 100]) {
    const clock = new ManualClock();
    clock.schedule(() => {}, 1000);
    const work = (async () => {
      await delay(clock, 100);
      for (let step = 0; step < steps; step++) await null;
      return clock.now();
    })();
    assert.equal(await clock.drive(work), 100);
  }
});
