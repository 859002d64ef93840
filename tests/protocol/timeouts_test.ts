import assert from "node:assert/strict";
import {
  DEFAULT_TIMEOUTS,
  timeoutForSize,
} from "../../lib/protocol/timeouts.ts";

Deno.test("DEFAULT_TIMEOUTS are those of esptool's configuration, in milliseconds", () => {
  assert.deepEqual(DEFAULT_TIMEOUTS, {
    default: 3_000,
    sync: 100,
    chipErase: 120_000,
    max: 240_000,
    memEndRom: 200,
    md5PerMb: 8_000,
    eraseRegionPerMb: 40_000,
    eraseWritePerMb: 40_000,
  });
  assert.ok(Object.isFrozen(DEFAULT_TIMEOUTS));
});

Deno.test("timeoutForSize scales by the decimal megabyte and never goes under the default", () => {
  assert.equal(timeoutForSize(DEFAULT_TIMEOUTS, 40_000, 0), 3_000);
  assert.equal(timeoutForSize(DEFAULT_TIMEOUTS, 40_000, 75_000), 3_000);
  assert.equal(timeoutForSize(DEFAULT_TIMEOUTS, 40_000, 75_025), 3_001);
  assert.equal(timeoutForSize(DEFAULT_TIMEOUTS, 40_000, 4_000_000), 160_000);
  assert.equal(
    timeoutForSize({ ...DEFAULT_TIMEOUTS, default: 10 }, 8_000, 1_000_000),
    8_000,
  );
});
