import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import { PARTITION_TARGETS } from "./_fuzz_partitions.ts";

/** A seed with some bytes changed, and perhaps cut. */
function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  return fc.record({
    seed: fc.constantFrom(...seeds),
    changes: fc.array(change, { maxLength: 6 }),
    end: fc.oneof(fc.constant(Infinity), fc.nat(0x2000)),
  }).map(({ seed, changes, end }) => {
    const bytes = seed.slice(0, end);
    for (const [at, value] of changes) bytes[at % (bytes.length || 1)] = value;
    return bytes;
  });
}

for (const { name, seeds, parse } of PARTITION_TARGETS) {
  Deno.test(`a mutated ${name} is read, or refused by a typed error`, () => {
    for (const seed of seeds) parse(seed);
    fc.assert(
      fc.property(mutated(seeds), (bytes) => {
        try {
          parse(bytes);
        } catch (error) {
          assert.ok(
            error instanceof ImageError || error instanceof SyntaxError,
            String(error),
          );
        }
      }),
      { numRuns: 1000 },
    );
  });
}
