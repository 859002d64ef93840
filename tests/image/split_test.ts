import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { esp32 } from "../../lib/chips/esp32.ts";
import { esp32c3 } from "../../lib/chips/esp32c3.ts";
import { ImageError } from "../../lib/errors.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import { mergeImages } from "../../lib/image/merge.ts";
import type { Segment } from "../../lib/image/segment.ts";
import { splitImage, type SplitOptions } from "../../lib/image/split.ts";
import { encodeUf2 } from "../../lib/image/uf2.ts";
import { SINGLE_APP } from "./_partition_vectors.ts";

/** An image of 80 bytes whose last one is 0xff, as an erased one is. */
function image(chip = esp32): Uint8Array {
  const address = chip === esp32 ? 0x4008_0000 : 0x4038_0000;
  for (let value = 0;; value++) {
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, value);
    const built = buildImage(
      { entry: address, segments: [{ address, data }] },
      {
        chip,
      },
    );
    if (built.at(-1) === 0xff) return built;
  }
}

const BOOTLOADER = image();
const NVS = Uint8Array.from({ length: 0x2000 }, (_, i) => i % 251);
const FILES: readonly Segment[] = [
  { address: 0x1000, data: BOOTLOADER },
  { address: 0x8000, data: SINGLE_APP },
  { address: 0x9000, data: NVS },
  { address: 0x1_0000, data: BOOTLOADER },
];

function split(
  file: Uint8Array,
  options: SplitOptions = {},
): [string, string, number, string][] {
  return splitImage(file, options).parts.map((part) => [
    part.kind,
    part.name,
    part.address,
    part.read().toHex(),
  ]);
}

const PARTS = [
  ["bootloader", "bootloader", 0x1000, BOOTLOADER.toHex()],
  [
    "partition-table",
    "partition-table",
    0x8000,
    SINGLE_APP.toHex().padEnd(0xc00 * 2, "f"),
  ],
  ["partition", "nvs", 0x9000, NVS.toHex()],
  ["partition", "phy_init", 0xf000, ""],
  ["partition", "factory", 0x1_0000, BOOTLOADER.toHex()],
];

Deno.test("splitImage gives back what mergeImages was given, in every format", () => {
  for (const format of ["raw", "hex", "uf2"] as const) {
    const merged = mergeImages(FILES, { chip: esp32, format });
    assert.deepEqual(split(merged), PARTS, format);
    const { chip, ...found } = splitImage(merged);
    assert.equal(found.format, format);
    assert.equal(chip?.id, "esp32");
  }
});

Deno.test("splitImage's parts are views where the file has no gap", () => {
  const merged = mergeImages(FILES, { chip: esp32 });
  const { parts } = splitImage(merged);
  for (const part of parts.filter(({ kind }) => kind === "partition")) {
    assert.equal(part.read().buffer, merged.buffer);
  }
});

Deno.test("splitImage keeps the padding if told to", () => {
  const merged = mergeImages(FILES, { chip: esp32, padToSize: 0x40_0000 });
  const sizes = splitImage(merged, { keepPadding: true }).parts
    .map((part) => [part.size, part.read().length]);
  assert.deepEqual(sizes, [
    [0x7000, 0x7000],
    [0x1000, 0x1000],
    [0x6000, 0x6000],
    [0x1000, 0x1000],
    [0x10_0000, 0x10_0000],
  ]);
});

Deno.test("splitImage finds the table where it is said to be, and a file that begins in the middle", () => {
  const files = FILES.map(({ address, data }) => ({
    address: address === 0x8000 ? 0x4000 : address,
    data,
  }));
  const merged = mergeImages(files, { chip: esp32, targetOffset: 0x1000 });
  assert.deepEqual(
    split(merged, { targetOffset: 0x1000, tableOffset: 0x4000 })
      .map(([, name, address]) => [name, address]),
    [
      ["bootloader", 0x1000],
      ["partition-table", 0x4000],
      ["nvs", 0x9000],
      ["phy_init", 0xf000],
      ["factory", 0x1_0000],
    ],
  );
});

Deno.test("splitImage does not lose what is in no partition", () => {
  const other = Uint8Array.of(7, 8, 9);
  const merged = mergeImages([
    ...FILES.slice(1),
    { address: 0x3001, data: other },
    { address: 0x20_0000, data: other },
  ], { chip: esp32 });
  assert.deepEqual(split(merged).filter(([kind]) => kind === "other"), [
    ["other", "0x00003000", 0x3000, "ff070809"],
    ["other", "0x00200000", 0x20_0000, "070809"],
  ]);
});

Deno.test("splitImage takes each stretch of a file without a table as a part", () => {
  const files = [
    { address: 0x1000, data: Uint8Array.of(1, 0xff) },
    { address: 0x1_0000, data: Uint8Array.of(2) },
  ];
  for (const format of ["hex", "uf2"] as const) {
    const merged = mergeImages(files, { chip: esp32, format });
    assert.deepEqual(split(merged), [
      ["other", "0x00001000", 0x1000, "01ff"],
      ["other", "0x00010000", 0x1_0000, "02"],
    ]);
  }
  assert.throws(
    () => splitImage(mergeImages(files, { chip: esp32 })),
    (error) =>
      error instanceof ImageError && error.offset === 0x8000 &&
      error.message ===
        "Cannot split: there is no partition table at 0x0000_8000",
  );
});

Deno.test("splitImage takes the chip's family of a UF2 file", () => {
  const data = Uint8Array.of(1);
  const both = Uint8Array.from([esp32, esp32c3].flatMap((chip, address) => [
    ...encodeUf2([{ address, data }], { familyId: chip.image.uf2FamilyId }),
  ]));
  assert.deepEqual(split(both, { chip: esp32c3 }), [
    ["other", "0x00000001", 1, "01"],
  ]);
  assert.throws(
    () => splitImage(both),
    /^ImageError: Cannot unpack UF2: it has blocks for ESP32, ESP32-C3$/,
  );
  assert.throws(
    () => splitImage(both.subarray(0, 512), { chip: esp32c3 }),
    /^ImageError: Cannot unpack UF2: it has blocks for ESP32, not for ESP32-C3$/,
  );
});

Deno.test("splitImage refuses partitions that overlap", () => {
  const table = SINGLE_APP.slice(0, 96);
  table.set([0x00, 0x70, 0x00, 0x00], 8); // nvs is 0x7000 long
  const merged = mergeImages([{ address: 0x8000, data: table }], {
    chip: esp32,
    padToSize: 0x1_0000,
  });
  assert.throws(
    () => splitImage(merged),
    /^ImageError: Cannot split: "nvs" and "phy_init" overlap at 0x0000_f000$/,
  );
});

Deno.test("splitImage gives back any contents of the partitions", () => {
  const content = (maxLength: number) =>
    fc.uint8Array({ minLength: 1, maxLength })
      .filter((data) => data.at(-1) !== 0xff);
  fc.assert(
    fc.property(
      content(0x6000),
      content(0x1000),
      fc.constantFrom("raw", "hex", "uf2"),
      (nvs, phy, format) => {
        const files = [
          { address: 0x8000, data: SINGLE_APP },
          { address: 0x9000, data: nvs },
          { address: 0xf000, data: phy },
        ];
        const merged = mergeImages(files, { chip: esp32, format });
        const { parts } = splitImage(merged);
        assert.deepEqual(
          ["nvs", "phy_init"].map((name) =>
            parts.find((part) => part.name === name)?.read()
          ),
          [nvs, phy],
        );
      },
    ),
    { numRuns: 30 },
  );
});
