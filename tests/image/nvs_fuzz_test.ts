import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import { encodeUint32 } from "../../lib/bytes.ts";
import { encodeItem, ITEM_TYPE } from "../../lib/image/_nvs_item.ts";
import { ENTRIES_PER_PAGE, pagesOf } from "../../lib/image/_nvs_page.ts";
import { parseNvs } from "../../lib/image/mod.ts";
import { NVS_TARGETS } from "./_fuzz_nvs.ts";

const change = fc.tuple(
  fc.double({ min: 0, max: 0.999, noNaN: true }),
  fc.nat(255),
);

for (const { name, seeds, parse } of NVS_TARGETS) {
  Deno.test(`${name}: mutated bytes throw nothing but typed errors`, () => {
    for (const seed of seeds) tryTo(seed, parse);
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(change, { maxLength: 30 }),
        fc.boolean(),
        (seed, changes, early) => {
          const bytes = seed.slice();
          // What counts is at the beginning of a partition.
          const reach = early ? Math.min(bytes.length, 400) : bytes.length;
          for (const [at, byte] of changes) {
            bytes[Math.floor(at * reach)] = byte;
          }
          tryTo(bytes, parse);
        },
      ),
      { numRuns: 200 },
    );
  });
}

function tryTo(bytes: Uint8Array, parse: (bytes: Uint8Array) => void): void {
  try {
    parse(bytes);
  } catch (error) {
    const typed = error instanceof ImageError || error instanceof SyntaxError ||
      error instanceof RangeError;
    if (!typed) throw error;
  }
}

Deno.test("a partition of indexes that all claim the same chunks is small work", () => {
  const partition = new Uint8Array(0x10_0000).fill(0xff);
  const item = { namespace: 1, key: "k" };
  const index = Uint8Array.of(...encodeUint32(127 * 32), 127, 0, 0xff, 0xff);
  pagesOf(partition).forEach((page, number) => {
    page.activate(number, 2);
    page.setState("full");
    while (page.end + 2 <= ENTRIES_PER_PAGE) {
      const chunk = number * 63 + page.end / 2;
      page.append(
        chunk < 127
          ? encodeItem({
            ...item,
            type: ITEM_TYPE.blobData,
            chunk,
            data: new Uint8Array(32),
          })
          : encodeItem({ ...item, type: ITEM_TYPE.blobIndex, data: index }),
      );
    }
  });
  assert.equal(parseNvs(partition).contents.size, 0);
});
