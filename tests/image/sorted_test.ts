import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { lastIndexUpTo } from "../../lib/image/sorted.ts";

Deno.test("lastIndexUpTo finds what a look at every item finds", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(20), (keys, value) => {
      const sorted = keys.toSorted((a, b) => a - b);
      assert.equal(
        lastIndexUpTo(sorted, value, (key) => key),
        sorted.findLastIndex((key) => key <= value),
      );
    }),
  );
});
