import assert from "node:assert/strict";
import { ImageError } from "../../lib/errors.ts";
import { CONTAINER_TARGETS } from "./_fuzz_containers.ts";

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
