import assert from "node:assert/strict";
import { esp32 } from "../../lib/chips/esp32.ts";
import { esp8266 } from "../../lib/chips/esp8266.ts";
import { chipById } from "../../lib/chips/registry.ts";
import {
  erasedSizeOf,
  eraseSizeFor,
  macFromOtp,
  revisionOf,
} from "../../lib/loader/quirks.ts";

const SECTOR = 0x1000;

/** What the ESP8266's ROM erases when told to: first up to the next block, then all that it was told once more. */
function erasedByRom(offset: number, told: number): number {
  const sectors = told / SECTOR;
  const head = 16 - (offset / SECTOR) % 16;
  return (sectors + Math.min(head, sectors)) * SECTOR;
}

Deno.test("eraseSizeFor makes the ESP8266's ROM erase what is needed, and at most a sector more", () => {
  const chip = chipById("esp8266");
  for (let sector = 0; sector < 40; sector++) {
    for (let sectors = 0; sectors < 80; sectors++) {
      const [offset, size] = [sector * SECTOR, sectors * SECTOR];
      const erased = erasedByRom(offset, eraseSizeFor(chip, offset, size));
      assert.ok(
        erased === size || erased === size + SECTOR,
        `${sectors} sectors at ${sector}: ${erased / SECTOR}`,
      );
    }
  }
});

Deno.test("eraseSizeFor knows the ESP8266's cases", () => {
  const chip = chipById("esp8266");
  const cases = [
    [0x0, 0, 0],
    [0x0, 1, 0x1000],
    [0x0, 0x1000, 0x1000],
    [0x0, 0x2000, 0x1000],
    [0x0, 0x1_0000, 0x8000],
    [0x0, 0x1_f000, 0x1_0000],
    [0x0, 0x2_0000, 0x1_0000],
    [0x0, 0x4_0000, 0x3_0000],
    [0xf000, 0x1000, 0x1000],
    [0xf000, 0x2000, 0x1000],
    [0xf000, 0x1_0000, 0xf000],
    [0x1_0000, 0x5_1234, 0x4_2000],
  ] as const;
  for (const [offset, size, told] of cases) {
    assert.equal(eraseSizeFor(chip, offset, size), told, `${offset} ${size}`);
  }
});

Deno.test("eraseSizeFor leaves the other chips alone", () => {
  assert.equal(eraseSizeFor(chipById("esp32"), 0xf000, 0x12_3456), 0x12_3456);
});

Deno.test("macFromOtp finds the vendor in word 3, or implied by word 1", () => {
  assert.equal(
    macFromOtp([0x5600_0000, 0x0200_1234, 0, 0x005c_cf7f]),
    "5c:cf:7f:12:34:56",
  );
});

Deno.test("macFromOtp knows the two implied vendors and refuses others", () => {
  assert.equal(
    macFromOtp([0xf1ab_cdef, 0xff00_a1b2, 0, 0xff00_0000]),
    "18:fe:34:a1:b2:f1",
  );
  assert.equal(
    macFromOtp([0x0100_0000, 0x0001_0203, 0, 0]),
    "ac:d0:74:02:03:01",
  );
  assert.throws(() => macFromOtp([0, 0x0002_0000, 0, 0]), {
    code: "chip-unknown",
  });
});

Deno.test("revisionOf takes the ESP32-S3's first silicon for v0.0", async () => {
  const of = (chip: string, fields: Record<string, number>) =>
    revisionOf(chipById(chip), (name) => Promise.resolve(fields[name] ?? 0));
  const eco0 = {
    majorRevision: 1,
    minorRevision: 8,
    blockVersionMajor: 1,
    blockVersionMinor: 1,
  };
  assert.deepEqual(await of("esp32s3", eco0), { major: 0, minor: 0 });
  assert.deepEqual(await of("esp32s3", { ...eco0, minorRevision: 9 }), {
    major: 1,
    minor: 9,
  });
  assert.deepEqual(await of("esp32s3", { ...eco0, blockVersionMinor: 2 }), {
    major: 1,
    minor: 8,
  });
  assert.deepEqual(await of("esp32c3", eco0), { major: 1, minor: 8 });
});

Deno.test("erasedSizeOf says what the ESP8266's ROM erases, never less than asked and at most a sector more", () => {
  assert.equal(erasedSizeOf(esp8266, 0x5000, 0x1000), 0x2000);
  assert.equal(erasedSizeOf(esp8266, 0, 0x2000), 0x2000);
  assert.equal(erasedSizeOf(esp32, 0x5000, 1), 0x1000);
  for (let offset = 0; offset < 0x2_0000; offset += 0x1000) {
    for (let sectors = 1; sectors < 70; sectors++) {
      const more = erasedSizeOf(esp8266, offset, sectors * 0x1000) -
        sectors * 0x1000;
      assert.ok(more === 0 || more === 0x1000, `${offset} ${sectors}`);
    }
  }
});
