/**
 * What a fuzz run of images, Intel HEX, UF2 and merged files starts from, and
 * what it feeds. `parse` may throw an `ImageError`; it fails by another error if
 * a result is larger than its input allows.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { esp32 } from "../../lib/chips/esp32.ts";
import { esp32c3 } from "../../lib/chips/esp32c3.ts";
import { esp8266 } from "../../lib/chips/esp8266.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import { unpackFlashFile } from "../../lib/image/flash_content.ts";
import { inspectImage } from "../../lib/image/image_info.ts";
import { formatIntelHex, parseIntelHex } from "../../lib/image/intel_hex.ts";
import { mergeImages } from "../../lib/image/merge.ts";
import { patchFlashParameters } from "../../lib/image/flash_parameters.ts";
import type { Segment } from "../../lib/image/segment.ts";
import { splitImage } from "../../lib/image/split.ts";
import { encodeUf2, parseUf2 } from "../../lib/image/uf2.ts";
import type { FuzzTarget } from "./_fuzz.ts";
import { SINGLE_APP } from "./_partition_vectors.ts";

const PATTERN = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
const encoder = new TextEncoder();

const HEX_SEEDS = [
  ":020000021200EA\n:020100000A0BE8\n:0400000300003800C1\n:00000001FF\n",
  ":02000004FFFFFC\r\n:02FFFE00AABB9C\r\n:04000005000000CD2A\r\n:00000001FF",
].map((text) => encoder.encode(text));

const UF2_SEEDS = [true, false].map((md5) =>
  join(
    [esp32, esp32c3].map((chip, i) =>
      encodeUf2([{ address: i * 0x1000, data: PATTERN.subarray(0, 600) }], {
        familyId: chip.image.uf2FamilyId,
        md5,
      })
    ),
  )
);

/** An application with a descriptor and a bootloader with one, for two chips, and what only the ESP8266 has. */
const IMAGE_SEEDS = [
  image(0x3f40_0020, "3254cdab", 256, esp32),
  image(0x3fcd_6100, "50000000010000007635", 80, esp32c3),
  buildImage(
    { entry: 0, segments: [{ address: 0x4010_0000, data: PATTERN }] },
    { chip: esp8266 },
  ),
  buildImage({
    entry: 0x4010_0000,
    segments: [
      { address: 0x4021_0000, data: PATTERN },
      { address: 0x4010_0000, data: PATTERN },
    ],
  }, { chip: esp8266, version: 2 }),
  signedImage(),
];

const FLASH_FILES: readonly Segment[] = [
  { address: 0x1000, data: image(0x4008_0000, "", 64, esp32) },
  { address: 0x8000, data: SINGLE_APP },
  { address: 0x9000, data: PATTERN },
];

const FLASH_SEEDS = (["raw", "hex", "uf2"] as const).map((format) =>
  mergeImages(FLASH_FILES, { chip: esp32, format, md5: false })
);

/** The decoders of containers: each takes any bytes, or refuses them with an `ImageError`. */
export const CONTAINER_TARGETS: readonly FuzzTarget[] = [
  {
    name: "Intel HEX files",
    seeds: HEX_SEEDS,
    parse: parseHex,
  },
  {
    // Mutated text mostly has a wrong checksum; these lines never have.
    name: "rows of Intel HEX records",
    seeds: [
      Uint8Array.of(...[4, 0, 1, 0, 0], ...[0, 0, 9, 8, 7], ...[0, 3, 6, 5, 4]),
      Uint8Array.of(...[2, 0, 9, 0, 1], ...[0, 255, 0, 2, 3]),
    ],
    parse: (bytes) => parseHex(hexOf(bytes)),
  },
  {
    name: "UF2 files",
    seeds: UF2_SEEDS,
    parse(bytes) {
      const { families } = parseUf2(bytes);
      const segments = families.flatMap((family) => family.segments);
      assert(sizeOf(segments) <= bytes.length);
    },
  },
  {
    name: "images and what they say",
    seeds: IMAGE_SEEDS,
    parse(bytes) {
      const { chip, image, size, segments } = inspectImage(bytes);
      assert(size <= bytes.length);
      assert(sizeOf(segments) <= bytes.length);
      if (image.version === 2) return;
      patchFlashParameters(bytes, { mode: "dio" }, chip);
    },
  },
  {
    name: "files for flash",
    seeds: FLASH_SEEDS,
    parse(bytes) {
      const { parts, format } = splitImage(bytes);
      for (const part of parts) {
        const isDense = format === "raw" || part.size <= bytes.length;
        if (isDense) assert.equal(part.read().length, part.size);
      }
      assert(sizeOf(unpackFlashFile(bytes).segments) <= bytes.length);
    },
  },
];

function parseHex(bytes: Uint8Array): void {
  const segments = parseIntelHex(bytes);
  assert(sizeOf(segments) <= bytes.length / 2);
  formatIntelHex(segments);
}

/** Makes a record of each five bytes: type, offset, and two of data. */
function hexOf(bytes: Uint8Array): Uint8Array {
  const lines: string[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5) {
    const [type = 0, high = 0, low = 0, ...data] = bytes.subarray(at, at + 5);
    const kind = [0, 2, 4][type % 3] ?? 0;
    const line = [data.length, high, low, kind, ...data];
    const sum = line.reduce((sum, byte) => sum + byte, 0);
    lines.push(`:${Uint8Array.from([...line, -sum]).toHex()}`);
  }
  return encoder.encode([...lines, ":00000001ff"].join("\n"));
}

function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((size, { data }) => size + data.length, 0);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** An image whose only segment begins with some bytes. */
function image(
  address: number,
  start: string,
  size: number,
  chip: typeof esp32,
): Uint8Array {
  const data = PATTERN.slice(0, size);
  data.set(Uint8Array.fromHex(start));
  const body = Uint8Array.fromHex("e9010220" + "00000840" + "ee000000");
  const bytes = new Uint8Array(24 + 8 + size);
  bytes.set(body);
  const view = new DataView(bytes.buffer);
  view.setUint16(12, chip.imageChipId ?? 0, true);
  bytes[23] = 1;
  view.setUint32(24, address, true);
  view.setUint32(28, size, true);
  bytes.set(data, 32);
  const padded = new Uint8Array(Math.ceil((bytes.length + 1) / 16) * 16);
  padded.set(bytes);
  padded[padded.length - 1] = data.reduce((sum, byte) => sum ^ byte, 0xef);
  return join([padded, createHash("sha256").update(padded).digest()]);
}

/** An image with what begins as a signature block does. */
function signedImage(): Uint8Array {
  const signed = new Uint8Array(0x1000 + 1216).fill(0xff);
  signed.set(image(0x4038_0000, "", 64, esp32c3));
  signed.set([0xe7, 3, 0, 0], 0x1000);
  return signed;
}
