import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import { CONTAINER_TARGETS } from "./_fuzz_containers.ts";

/** A seed with some bytes changed, some doubled, and perhaps cut. */
function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(
    fc.oneof(fc.nat(), fc.nat(0x40)),
    fc.oneof(fc.nat(255), fc.constantFrom(0, 0x30, 0x7f, 0x80, 0xff)),
  );
  return fc.record({
    seed: fc.constantFrom(...seeds),
    changes: fc.array(change, { maxLength: 6 }),
    end: fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, fc.nat()),
    repeated: fc.boolean(),
  }).map(({ seed, changes, end, repeated }) => {
    const whole = repeated ? Uint8Array.from([...seed, ...seed]) : seed;
    const bytes = whole.slice(0, end % (whole.length + 1) || undefined);
    for (const [at, value] of changes) bytes[at % (bytes.length || 1)] = value;
    return bytes;
  });
}

for (const { name, seeds, parse } of CONTAINER_TARGETS) {
  Deno.test(`a mutated ${name} is read, or refused by a typed error`, () => {
    for (const seed of seeds) parse(seed);
    fc.assert(
      fc.property(mutated(seeds), (bytes) => {
        try {
          parse(bytes);
        } catch (error) {
          if (!(error instanceof ImageError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
}

Deno.test("decoders take time in proportion to hostile input, not to its square", () => {
  const encoder = new TextEncoder();
  const count = 20_000;
  // One byte at every second address, in falling order.
  const lines = Array.from({ length: count }, (_, i) => {
    const offset = 2 * (count - i);
    const bytes = [1, offset >> 8, offset & 0xff, 0, 7];
    const sum = bytes.reduce((sum, byte) => sum + byte, 0);
    return `:${Uint8Array.from([...bytes, -sum & 0xff]).toHex()}`;
  });
  const hex = encoder.encode([...lines, ":00000001ff"].join("\n"));
  const start = performance.now();
  for (const { parse } of CONTAINER_TARGETS) {
    try {
      parse(hex);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
    }
  }
  // A square of 20,000 would take minutes; this takes a tenth of a second.
  assert(performance.now() - start < 5000);
});
