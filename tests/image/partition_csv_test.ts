import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import {
  formatPartitionCsv,
  parsePartitionCsv,
  type PartitionCsvOptions,
} from "../../lib/image/partition_csv.ts";
import { partitionProblems } from "../../lib/image/partition_rules.ts";
import {
  encodePartitionTable,
  parsePartitionTable,
  type Partition,
} from "../../lib/image/partition_table.ts";
import {
  CUSTOM_TYPES,
  SINGLE_APP,
  SINGLE_APP_CSV,
  TWO_OTA,
  TWO_OTA_CSV,
  TWO_OTA_FORMATTED,
} from "./_partition_vectors.ts";

Deno.test("parsePartitionCsv and encodePartitionTable make the bytes of ESP-IDF's tool", () => {
  for (
    const [csv, table] of [
      [SINGLE_APP_CSV, SINGLE_APP],
      [TWO_OTA_CSV, TWO_OTA],
      [TWO_OTA_FORMATTED, TWO_OTA],
    ] as const
  ) {
    const encoded = encodePartitionTable(parsePartitionCsv(csv));
    assert.deepEqual(encoded.subarray(0, table.length), table);
  }
});

Deno.test("parsePartitionCsv reads a byte order mark, CRLF, quotes, spaces and comments", () => {
  const csv = '\ufeff  # "a comment, with an open quote\r\n\r\n' +
    '"nvs" , DATA , nvs , 36K , 0x6000 ,,,\r\n' +
    "factory,app,factory,,1m\r\n";
  assert.deepEqual(place(parsePartitionCsv(csv)), [
    ["nvs", 1, 2, 0x9000, 0x6000],
    ["factory", 0, 0, 0x1_0000, 0x10_0000],
  ]);
});

Deno.test("parsePartitionCsv takes numbers for types and subtypes", () => {
  const numbers = `
myapp, 0, 0,, 0x100000
myota_15, 0, 0x1f,, 0x100000
mytest, 0, 0x20,, 0x100000
myota_status, 1, 0,, 0x2000
tee, 0x00, 0b110000,, 0x10000
own, 0x40, 0o10,, 4096`;
  const names = `
myapp, app, factory,, 0x100000
myota_15, app, ota_15,, 0x100000
mytest, app, test,, 0x100000
myota_status, data, ota,, 0x2000
tee, app, tee_0,, 0x10000
own, 64, 8,, 4K`;
  assert.deepEqual(parsePartitionCsv(numbers), parsePartitionCsv(names));
});

Deno.test("parsePartitionCsv knows ESP-IDF's types and subtypes", () => {
  const known: Record<string, Record<string, number>> = {
    app: { factory: 0, ota_0: 0x10, ota_15: 0x1f, test: 0x20, tee_1: 0x31 },
    data: {
      ota: 0,
      phy: 1,
      nvs: 2,
      coredump: 3,
      nvs_keys: 4,
      efuse: 5,
      undefined: 6,
      esphttpd: 0x80,
      fat: 0x81,
      spiffs: 0x82,
      littlefs: 0x83,
      tee_ota: 0x90,
    },
    bootloader: { ota: 1 },
    partition_table: { ota: 1 },
  };
  const types = ["app", "data", "bootloader", "partition_table"];
  for (const [type, subtypes] of Object.entries(known)) {
    for (const [subtype, number] of Object.entries(subtypes)) {
      const size = /table|boot/.test(type) ? "" : "0x2000";
      const [only] = parsePartitionCsv(`it,${type},${subtype},,${size}`, {
        bootloaderOffset: 0x1000,
        unchecked: true,
      });
      assert.equal(only?.type, types.indexOf(type));
      assert.equal(only.subtype, number, subtype);
    }
  }
});

Deno.test("parsePartitionCsv fills in offsets, aligned by type", () => {
  const csv = `
first, app, factory,, 1M
second, data, 0x15,, 1M
minidata, data, 0x40,, 33000
other, 0x50, 1,, 32K
otherapp, app, factory,, 1M`;
  assert.deepEqual(place(parsePartitionCsv(csv)), [
    ["first", 0, 0, 0x1_0000, 0x10_0000],
    ["second", 1, 0x15, 0x11_0000, 0x10_0000],
    ["minidata", 1, 0x40, 0x21_0000, 33000],
    ["other", 0x50, 1, 0x21_9000, 0x8000],
    ["otherapp", 0, 0, 0x23_0000, 0x10_0000],
  ]);
});

Deno.test("parsePartitionCsv takes a negative size for the address of the end", () => {
  const csv = `
first, app, factory, 0x10000, -2M
second, data, 0x15, , 1M`;
  assert.deepEqual(place(parsePartitionCsv(csv)), [
    ["first", 0, 0, 0x1_0000, 0x1f_0000],
    ["second", 1, 0x15, 0x20_0000, 0x10_0000],
  ]);
});

Deno.test("parsePartitionCsv places the bootloader and the table themselves", () => {
  const csv = `
boot, bootloader, primary, N/A, N/A
table, partition_table, primary, , ,
nvs, data, nvs, , 24K
recovery, bootloader, recovery, N/A, N/A
boot2, bootloader, ota, , N/A
table2, partition_table, ota,,`;
  const options = {
    bootloaderOffset: 0x1000,
    recoveryBootloaderOffset: 0x3f_0000,
    tableOffset: 0xa000,
  };
  assert.deepEqual(place(parsePartitionCsv(csv, options)), [
    ["boot", 2, 0, 0x1000, 0x9000],
    ["table", 3, 0, 0xa000, 0x1000],
    ["nvs", 1, 2, 0xb000, 0x6000],
    ["recovery", 2, 2, 0x3f_0000, 0x9000],
    ["boot2", 2, 1, 0x3f_9000, 0x9000],
    ["table2", 3, 1, 0x40_2000, 0x1000],
  ]);
});

const UNREADABLE: readonly [string, RegExp, PartitionCsvOptions?][] = [
  ["# nothing", /line 1: there is no partition/],
  ["nvs", /line 1: "" is no type from 0 to 254: app, data, bootloader, parti/],
  ["\nnvs, date, nvs", /line 2: "date" is no type/],
  ["nvs, 255, 1,, 1", /"255" is no type/],
  ["app, app, , , 1M", /"" is no subtype from 0 to 254: factory, ota_0/],
  ["app, app, ota_16, , 1M", /"ota_16" is no subtype/],
  ["x, 0x40, nvs, , 1M", /"nvs" is no subtype from 0 to 254$/],
  ["nvs, data, nvs, -1, 1M", /"-1" is no offset/],
  ["nvs, data, nvs, 0x9000", /there is no size/],
  ["nvs, data, nvs, 0x9000, 1G", /"1G" is no size in bytes/],
  ["nvs, data, nvs, 0x9000, 010", /"010" is no size in bytes/],
  ["nvs, data, nvs, 0x9000, 8192M", /"8192M" is no size/],
  [
    "nvs, data, nvs, 0x9000, -32K",
    /begins at 0x9000, behind its end at 0x8000/,
  ],
  ["nvs, data, nvs,, 1M, hidden", /"hidden" is no flag: encrypted, readonly/],
  ["nvs, data, nvs,, 1M, , 7", /"7" is behind the last column/],
  ["seventeen_letters, data, nvs,, 1M", /has more than 16 bytes/],
  ['"nvs, data, nvs,, 1M', /line 1: quote/i],
  ["b, bootloader, primary", /where the chip's bootloader is/],
  [
    "b, bootloader, recovery",
    /where the recovery bootloader is/,
    { bootloaderOffset: 0 },
  ],
  ["b, bootloader, , , ", /"" is no subtype/],
  [
    "t, partition_table, primary, 0x9000",
    /"t" has offset 0x9000, but must have 0x8000/,
  ],
  ["n\0vs, data, nvs,, 1M", /the name has a zero byte/],
  ["a,64,1,0xffffffff,4K\nb,64,1,,4K", /line 2: "b" is not within 4 GiB/],
  ["a, 64, 1,, 4K\n".repeat(96), /line 96: there are more than 95 partitions/],
];

for (const [csv, message, options] of UNREADABLE) {
  Deno.test(`parsePartitionCsv cannot read ${JSON.stringify(csv.slice(0, 40))}`, () => {
    assert.throws(() => parsePartitionCsv(csv, options), {
      name: "SyntaxError",
      message,
    });
  });
}

const AGAINST_THE_RULES: readonly [string, RegExp, PartitionCsvOptions?][] = [
  [
    "a, app, factory, 0x100000, 2M\n\nb, app, ota_0, 0x200000, 1M",
    /line 3: partition "b" begins at 0x200000 and overlaps "a", which ends at 0x300000/,
  ],
  [
    "a,64,1,0x10000,1M\nb,64,1,0x20000,4K\nc,64,1,0x30000,4K",
    /line 2: partition "b" begins at 0x20000 and overlaps "a"/,
  ],
  ["a, data, nvs, 0x8000, 24K", /before the partition table's end at 0x9000/],
  ["a, data, nvs, 0x9000, 24K", /table's end at 0xb000/, {
    tableOffset: 0xa000,
  }],
  [
    "a, app, factory, 32K, 1M",
    /begins at 0x8000, not at a multiple of 0x10000/,
  ],
  ["a, data, nvs, 0x9004, 24K", /not at a multiple of 0x1000/],
  ["a, app, factory, , 0x10001", /0x10001 bytes, not a multiple of 0x1000/],
  ["a, app, factory, , 0x11000", /a multiple of 0x10000/, { secureBoot: 1 }],
  ["a, data, fat, , 0", /partition "a" has no bytes/],
  ["a, data, ota, , 0x1000", /OTA data have 0x2000/],
  ["a, data, tee_ota, , 0x3000", /OTA data have 0x2000/],
  ["a, data, ota,, 8K\nb, data, ota,, 8K", /"b" is a second partition of OTA/],
  ["a, data, nvs,, 8K", /NVS has at least 0x3000, or is readonly/],
  ["a, data, ota,, 8K, readonly", /is readonly, but has to be written to/],
  ["a, data, coredump,, 8K, readonly", /is readonly, but has to be written/],
  ["a, data, fat,, 8K\na, data, fat,, 8K", /line 2: .*has the name of another/],
  ["a, app, factory,, 4M", /ends at 0x410000, behind the end of the flash/, {
    flashSize: 0x40_0000,
  }],
];

for (const [csv, message, options] of AGAINST_THE_RULES) {
  Deno.test(`parsePartitionCsv refuses ${JSON.stringify(csv)}`, () => {
    assert.throws(() => parsePartitionCsv(csv, options), (error) => {
      assert.ok(error instanceof ImageError);
      assert.match(error.message, message);
      return true;
    });
    assert.ok(parsePartitionCsv(csv, { ...options, unchecked: true }).length);
  });
}

Deno.test("partitionProblems finds nothing wrong with small NVS that is readonly, and with the primary bootloader", () => {
  const small = "a, data, nvs,, 8K, readonly\nb, bootloader, primary";
  const partitions = parsePartitionCsv(small, { bootloaderOffset: 0 });
  assert.deepEqual(partitionProblems(partitions), []);
});

Deno.test("formatPartitionCsv writes the text of ESP-IDF's tool", () => {
  const { partitions } = parsePartitionTable(TWO_OTA);
  assert.equal(formatPartitionCsv(partitions), TWO_OTA_FORMATTED);
  const custom = parsePartitionTable(CUSTOM_TYPES).partitions;
  assert.equal(
    formatPartitionCsv(custom).split("\n").slice(2).join("\n"),
    "factory,app,factory,0x10000,1M,\n" +
      "data,data,32,0x110000,0x200,\n" +
      "second,16,0,0x150000,4K,\n",
  );
});

Deno.test("formatPartitionCsv refuses what ESP-IDF's tool would read as something else", () => {
  const [nvs] = parsePartitionTable(SINGLE_APP).partitions;
  assert.ok(nvs);
  const cases: Partition[] = [
    { ...nvs, name: "a,b" },
    { ...nvs, name: "#a" },
    { ...nvs, name: " a" },
    { ...nvs, name: "a\nb" },
    { ...nvs, unknownFlags: 4 },
  ];
  for (const partition of cases) {
    assert.throws(() => formatPartitionCsv([partition]), RangeError);
  }
});

/** Partitions that text can say. */
const anyPartition: fc.Arbitrary<Partition> = fc.record({
  name: fc.stringMatching(/^[a-z_][a-z0-9 _-]{0,14}[a-z]$/),
  type: fc.oneof(fc.nat(1), fc.integer({ min: 0x40, max: 0xfe })),
  subtype: fc.nat(0xfe),
  offset: fc.nat(0xffff_ffff),
  size: fc.nat(0xffff_ffff),
  encrypted: fc.boolean(),
  readonly: fc.boolean(),
}, { noNullPrototype: true });

Deno.test("parsePartitionCsv reads back what formatPartitionCsv writes", () => {
  fc.assert(
    fc.property(
      fc.array(anyPartition, { minLength: 1, maxLength: 95 }),
      (partitions) =>
        assert.deepEqual(
          parsePartitionCsv(formatPartitionCsv(partitions), {
            unchecked: true,
          }),
          partitions,
        ),
    ),
    { numRuns: 30 },
  );
});

/** What a test looks at. */
function place(
  partitions: readonly Partition[],
): [string, number, number, number, number][] {
  return partitions.map((
    { name, type, subtype, offset, size },
  ) => [name, type, subtype, offset, size]);
}
