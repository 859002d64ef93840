import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import {
  encodePartitionTable,
  findPartition,
  parsePartitionTable,
  type Partition,
} from "../../lib/image/partition_table.ts";
import { CUSTOM_TYPES, SINGLE_APP, TWO_OTA } from "./_partition_vectors.ts";

const SINGLE_APP_PARTITIONS: Partition[] = [
  partition("nvs", 1, 2, 0x9000, 0x6000),
  partition("phy_init", 1, 1, 0xf000, 0x1000),
  partition("factory", 0, 0, 0x1_0000, 0x10_0000),
];

function partition(
  name: string,
  type: number,
  subtype: number,
  offset: number,
  size: number,
): Partition {
  const flags = { encrypted: false, readonly: false };
  return { name, type, subtype, offset, size, ...flags };
}

/** A table with some bytes changed. */
function changed(table: Uint8Array, offset: number, hex: string): Uint8Array {
  const copy = table.slice();
  copy.set(Uint8Array.fromHex(hex), offset);
  return copy;
}

Deno.test("parsePartitionTable reads ESP-IDF's single factory app", () => {
  assert.deepEqual(parsePartitionTable(SINGLE_APP), {
    partitions: SINGLE_APP_PARTITIONS,
    hasMd5: true,
  });
});

Deno.test("parsePartitionTable reads flags and types without a name", () => {
  const { partitions } = parsePartitionTable(TWO_OTA);
  assert.deepEqual(partitions.at(-1), {
    ...partition("ro", 1, 0x81, 0x31_1000, 0x6000),
    encrypted: true,
    readonly: true,
  });
  assert.deepEqual(parsePartitionTable(CUSTOM_TYPES).partitions, [
    partition("factory", 0, 0, 0x1_0000, 0x10_0000),
    partition("data", 1, 0x20, 0x11_0000, 0x200),
    partition("second", 0x10, 0, 0x15_0000, 0x1000),
  ]);
});

Deno.test("parsePartitionTable keeps flag bits that it does not know", () => {
  const table = changed(SINGLE_APP.subarray(0, 32), 28, "06000080");
  const [only] = parsePartitionTable(table).partitions;
  assert.deepEqual(only, {
    ...partition("nvs", 1, 2, 0x9000, 0x6000),
    readonly: true,
    unknownFlags: 0x8000_0004,
  });
  const encoded = encodePartitionTable([only], { noMd5: true });
  assert.deepEqual(encoded.subarray(0, 32), table);
});

Deno.test("parsePartitionTable reads a table without digest and end mark, as older tools made it", () => {
  const { partitions, hasMd5 } = parsePartitionTable(
    SINGLE_APP.subarray(0, 96),
  );
  assert.equal(hasMd5, false);
  assert.deepEqual(partitions, SINGLE_APP_PARTITIONS);
});

Deno.test("parsePartitionTable reads a name of 16 bytes, and what follows it is a flag", () => {
  const name = "a name 16 bytes!";
  const table = encodePartitionTable([
    { ...partition(name, 1, 2, 0x9000, 0x6000), encrypted: true },
  ]);
  assert.equal(
    table.subarray(12, 32).toHex(),
    "61206e616d652031362062797465732101000000",
  );
  assert.equal(parsePartitionTable(table).partitions[0]?.name, name);
});

Deno.test("parsePartitionTable looks no further than 0xc00 bytes", () => {
  const sector = new Uint8Array(0x1000).fill(0x5a);
  sector.set(encodePartitionTable(SINGLE_APP_PARTITIONS));
  assert.equal(parsePartitionTable(sector).partitions.length, 3);
  const full = Array.from(
    { length: 95 },
    (_, i) => partition(`p${i}`, 1, 6, 0x9000 + i * 0x1000, 0x1000),
  );
  const table = encodePartitionTable(full);
  assert.equal(table.length, 0xc00);
  sector.set(table);
  assert.deepEqual(parsePartitionTable(sector).partitions, full);
});

const BROKEN: readonly [string, Uint8Array, RegExp, number][] = [
  ["erased flash", new Uint8Array(0xc00).fill(0xff), /has no entry/, 0],
  ["nothing", new Uint8Array(), /has no entry/, 0],
  ["another file", new Uint8Array(64), /entry 0 does not begin with aa 50/, 0],
  [
    "a half entry",
    SINGLE_APP.subarray(0, 80),
    /ends within an entry/,
    64,
  ],
  [
    "a changed entry",
    changed(SINGLE_APP, 5, "91"),
    /MD5 digest is f4ad4f45\S+, that of its entries [0-9a-f]{32}$/,
    112,
  ],
  [
    "an entry behind the digest",
    Uint8Array.from([...SINGLE_APP.subarray(0, 128), ...SINGLE_APP]),
    /an entry follows the MD5 digest/,
    128,
  ],
  [
    "a name that is no text",
    changed(SINGLE_APP, 32 + 12, "ff"),
    /a name is not UTF-8/,
    44,
  ],
];

for (const [name, bytes, message, offset] of BROKEN) {
  Deno.test(`parsePartitionTable refuses ${name}`, () => {
    assert.throws(() => parsePartitionTable(bytes), (error) => {
      assert.ok(error instanceof ImageError);
      assert.match(error.message, message);
      assert.equal(error.offset, offset);
      return true;
    });
  });
}

Deno.test("encodePartitionTable writes the bytes of ESP-IDF's tool", () => {
  for (const table of [SINGLE_APP, TWO_OTA, CUSTOM_TYPES]) {
    const { partitions } = parsePartitionTable(table);
    const encoded = encodePartitionTable(partitions);
    assert.equal(encoded.length, 0xc00);
    assert.deepEqual(encoded.subarray(0, table.length), table);
    assert.ok(encoded.subarray(table.length).every((byte) => byte === 0xff));
  }
});

Deno.test("encodePartitionTable refuses what no entry can say", () => {
  const nvs = partition("nvs", 1, 2, 0x9000, 0x6000);
  const cases: readonly [readonly Partition[], RegExp][] = [
    [[], /it has 0 partitions/],
    [Array.from({ length: 96 }, () => nvs), /it has 96 partitions/],
    [[{ ...nvs, name: "seventeen letters" }], /its name/],
    [[{ ...nvs, name: "a\0b" }], /its name/],
    [[{ ...nvs, type: 256 }], /its type is 256, which is not from 0 to 255/],
    [[{ ...nvs, subtype: -1 }], /its subtype is -1/],
    [[{ ...nvs, offset: 2 ** 32 }], /its offset is 4294967296/],
    [[{ ...nvs, size: 0.5 }], /its size is 0.5/],
  ];
  for (const [partitions, message] of cases) {
    assert.throws(() => encodePartitionTable(partitions), {
      name: "RangeError",
      message,
    });
  }
});

Deno.test("findPartition finds by name, and tells the names there are", () => {
  assert.equal(findPartition(SINGLE_APP_PARTITIONS, "factory").size, 0x10_0000);
  assert.throws(() => findPartition(SINGLE_APP_PARTITIONS, "ota_0"), {
    code: "partition-unknown",
    message: 'Cannot find partition "ota_0": none has this name',
    hint: "The table has nvs, phy_init, factory.",
  });
  const twice = [...SINGLE_APP_PARTITIONS, ...SINGLE_APP_PARTITIONS];
  assert.throws(() => findPartition(twice, "nvs"), {
    code: "partition-unknown",
    message: 'Cannot find partition "nvs": 2 have this name',
  });
});

/** Any partition that an entry can hold. */
const anyPartition: fc.Arbitrary<Partition> = fc.record({
  name: fc.string({ maxLength: 16, unit: "grapheme-ascii" }),
  type: fc.nat(255),
  subtype: fc.nat(255),
  offset: fc.nat(0xffff_ffff),
  size: fc.nat(0xffff_ffff),
  encrypted: fc.boolean(),
  readonly: fc.boolean(),
}, { noNullPrototype: true });

Deno.test("parsePartitionTable reads back what encodePartitionTable writes", () => {
  fc.assert(
    fc.property(
      fc.array(anyPartition, { minLength: 1, maxLength: 95 }),
      fc.boolean(),
      (partitions, noMd5) => {
        const table = encodePartitionTable(partitions, { noMd5 });
        assert.deepEqual(parsePartitionTable(table), {
          partitions,
          hasMd5: !noMd5,
        });
      },
    ),
    { numRuns: 50 },
  );
});

const SHARED = new URL(
  "../../../shared/data/firmware/partitions_singleapp.bin",
  import.meta.url,
);

Deno.test({
  name: "parsePartitionTable reads esptool's test table",
  ignore: !exists(SHARED),
  fn() {
    const { partitions, hasMd5 } = parsePartitionTable(
      Deno.readFileSync(SHARED),
    );
    assert.equal(hasMd5, false);
    assert.deepEqual(partitions, [
      partition("factory", 0, 0, 0x1_0000, 0x10_0000),
      partition("rfdata", 1, 1, 0x11_0000, 0x4_0000),
      partition("wifidata", 1, 2, 0x15_0000, 0x4_0000),
    ]);
  },
});

function exists(url: URL): boolean {
  try {
    return Deno.statSync(url).isFile;
  } catch {
    return false;
  }
}
