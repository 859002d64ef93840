import assert from "node:assert/strict";
import { esp32 } from "../../lib/chips/esp32.ts";
import { esp32c3 } from "../../lib/chips/esp32c3.ts";
import { ImageError } from "../../lib/errors.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import { inspectImage } from "../../lib/image/image_info.ts";
import { parseIntelHex } from "../../lib/image/intel_hex.ts";
import { mergeImages } from "../../lib/image/merge.ts";
import { encodeUf2, parseUf2 } from "../../lib/image/uf2.ts";

const FILES = [
  { address: 0x2000, data: Uint8Array.of(3, 4), name: "b.bin" },
  { address: 0x1000, data: Uint8Array.of(1, 2), name: "a.bin" },
];

const BOOTLOADER = buildImage(
  {
    entry: 0x4038_0000,
    segments: [{ address: 0x4038_0000, data: Uint8Array.of(1, 2, 3, 4) }],
  },
  { chip: esp32c3 },
);

/** An Intel HEX file of lines and its end. */
function hexFile(...lines: string[]): Uint8Array {
  return new TextEncoder().encode([...lines, ":00000001FF", ""].join("\n"));
}

Deno.test("mergeImages fills gaps with 0xff, from the target offset on", () => {
  const merged = mergeImages(FILES, { chip: esp32, targetOffset: 0xffe });
  assert.equal(merged.length, 0x1004);
  assert.equal(merged.subarray(0, 5).toHex(), "ffff0102ff");
  assert.equal(merged.subarray(0x1001).toHex(), "ff0304");
  assert.equal(mergeImages(FILES, { chip: esp32 }).length, 0x2002);
});

Deno.test("mergeImages pads a raw file up to an address, and never cuts it", () => {
  const length = (padToSize: number) =>
    mergeImages(FILES, { chip: esp32, targetOffset: 0x1000, padToSize }).length;
  assert.equal(length(0x4000), 0x3000);
  assert.equal(length(0x1800), 0x1002);
});

Deno.test("mergeImages writes Intel HEX and UF2 without gaps", () => {
  const segments = [
    { address: 0x1000, data: Uint8Array.of(1, 2) },
    { address: 0x2000, data: Uint8Array.of(3, 4) },
  ];
  const hex = mergeImages(FILES, { chip: esp32, format: "hex" });
  assert.deepEqual(parseIntelHex(hex), segments);
  const uf2 = mergeImages(FILES, { chip: esp32, format: "uf2", md5: false });
  assert.deepEqual(parseUf2(uf2), {
    families: [{ familyId: 0x1c5f_21b0, segments }],
    skippedBlocks: 0,
  });
});

Deno.test("mergeImages takes Intel HEX and UF2 as they say themselves", () => {
  const files = [
    { address: 0x7000, data: hexFile(":02000000AABB99", ":01001000CC23") },
    {
      address: 0x7000,
      data: encodeUf2([{ address: 0x1000, data: Uint8Array.of(0xdd) }], {
        familyId: 0x1c5f_21b0,
      }),
    },
  ];
  const merged = mergeImages(files, { chip: esp32 });
  assert.equal(merged.length, 0x1001);
  assert.equal(merged.subarray(0, 3).toHex(), "aabbff");
  assert.equal(merged.subarray(15, 18).toHex(), "ffccff");
  assert.equal(merged.subarray(0x1000).toHex(), "dd");
});

Deno.test("mergeImages changes flash parameters at the bootloader's offset only", () => {
  const files = [
    { address: 0, data: BOOTLOADER },
    { address: 0x1_0000, data: BOOTLOADER },
  ];
  const merged = mergeImages(files, {
    chip: esp32c3,
    parameters: { mode: "dout", size: "8MB", frequency: "80m" },
  });
  const { flashMode, flashSize, flashFrequency, digest } = inspectImage(merged);
  assert.deepEqual(
    [flashMode, flashSize, flashFrequency, digest?.isValid],
    ["dout", "8MB", "80m", true],
  );
  assert.deepEqual(merged.subarray(0x1_0000), BOOTLOADER);
});

Deno.test("mergeImages leaves what is no image as it is, and says so", () => {
  const notes: string[] = [];
  const options = {
    chip: esp32,
    parameters: { mode: "dio" },
    onNote: (note: string) => void notes.push(note),
  } as const;
  assert.equal(mergeImages(FILES, options)[0x1000], 1);
  assert.deepEqual(notes, [
    'Flash parameters are left as they are in "a.bin" at 0x0000_1000: ' +
    "Cannot parse image: it does not begin with a header for ESP32",
  ]);
});

Deno.test("mergeImages tells of options that mean nothing to the format", () => {
  const notes: string[] = [];
  const options = {
    chip: esp32,
    padToSize: 0x4000,
    chunkSize: 256,
    onNote: (note: string) => void notes.push(note),
  };
  for (const format of ["raw", "hex", "uf2"] as const) {
    notes.push(format);
    mergeImages(FILES, { ...options, format });
  }
  assert.deepEqual(notes, [
    "raw",
    "There are no blocks of UF2 in a file of the format raw",
    "hex",
    "There is no padding in a file of the format hex",
    "There are no blocks of UF2 in a file of the format hex",
    "uf2",
    "There is no padding in a file of the format uf2",
  ]);
});

Deno.test("mergeImages names the file that is malformed", () => {
  const data = hexFile(":02000000AABB00");
  assert.throws(
    () => mergeImages([{ address: 0, data, name: "a.hex" }], { chip: esp32 }),
    /^ImageError: Cannot merge "a.hex": Cannot parse Intel HEX: line 1: its checksum is 0x00/,
  );
});

Deno.test("mergeImages refuses a flash parameter that the chip does not know", () => {
  assert.throws(
    () =>
      mergeImages([{ address: 0, data: BOOTLOADER }], {
        chip: esp32c3,
        parameters: { size: "256KB" },
      }),
    /^RangeError: Cannot encode flash size "256KB": ESP32-C3 knows 1MB/,
  );
});

Deno.test("mergeImages refuses files that touch the same sector", () => {
  const data = Uint8Array.of(1, 2);
  assert.throws(
    () =>
      mergeImages([
        { address: 0x1ffe, data, name: "b.bin" },
        { address: 0x1000, data },
      ], { chip: esp32 }),
    new RangeError(
      'Cannot merge: 2 bytes at 0x0000_1000 and "b.bin" at 0x0000_1ffe touch the same 4 KiB sector',
    ),
  );
});

Deno.test("mergeImages refuses a file in front of the target offset", () => {
  assert.throws(
    () => mergeImages(FILES, { chip: esp32, targetOffset: 0x1001 }),
    new RangeError(
      'Cannot merge: "a.bin" at 0x0000_1000 is in front of the target offset 0x0000_1001',
    ),
  );
});

Deno.test("mergeImages does not fill the memory for a stray address", () => {
  const far = { address: 0, data: hexFile(":02000004FFFFFC", ":0100000000FF") };
  assert.throws(
    () => mergeImages([...FILES, far], { chip: esp32 }),
    (error) =>
      error instanceof ImageError &&
      error.message ===
        "Cannot fill the gaps from 0x0000_0000 to 0xffff_0000: that is more than any flash holds",
  );
  const hex = mergeImages([...FILES, far], { chip: esp32, format: "hex" });
  assert.equal(parseIntelHex(hex).length, 3);
});

Deno.test("mergeImages refuses to merge nothing", () => {
  const empty = { address: 0, data: hexFile() };
  for (const files of [[], [empty]]) {
    assert.throws(
      () => mergeImages(files, { chip: esp32 }),
      /^ImageError: Cannot merge: no file holds anything/,
    );
  }
});
