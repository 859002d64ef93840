/** Arbitrary contents of NVS partitions. */

import fc from "npm:fast-check@4.10.2";
import {
  nvsInteger,
  type NvsIntegerKind,
  type NvsValue,
} from "../../lib/image/mod.ts";

/** A name of a key or a namespace. */
export const anyName = fc.string({
  unit: fc.constantFrom(...'abcxyz019_. -#,"'),
  minLength: 1,
  maxLength: 15,
});
const anyInteger = fc.constantFrom<NvsIntegerKind>(
  "u8",
  "i8",
  "u16",
  "i16",
  "u32",
  "i32",
  "u64",
  "i64",
).chain((kind) => {
  const bits = Number(kind.slice(1));
  const bounds = kind.startsWith("i")
    ? { min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }
    : { min: 0n, max: 2n ** BigInt(bits) - 1n };
  return fc.bigInt(bounds).map((value) => nvsInteger(kind, value));
});

/** Any value; blobs and strings of a few pages at most. */
export const anyValue: fc.Arbitrary<NvsValue> = fc.oneof(
  anyInteger,
  fc.string({ unit: "grapheme", maxLength: 60 })
    .map((text) => text.replaceAll("\0", ""))
    .map((value) => ({ kind: "string" as const, value })),
  fc.uint8Array({ maxLength: 100 })
    .map((value) => ({ kind: "blob" as const, value })),
  fc.tuple(fc.nat(5000), fc.nat(255)).map(([length, byte]) => ({
    kind: "blob" as const,
    value: new Uint8Array(length).fill(byte),
  })),
);

/** Contents of a few namespaces. */
export const anyContents = fc.array(
  fc.tuple(anyName, fc.array(fc.tuple(anyName, anyValue), { maxLength: 12 })),
  { maxLength: 4 },
).map((pairs) =>
  new Map(pairs.map(([name, values]) => [name, new Map(values)]))
);
