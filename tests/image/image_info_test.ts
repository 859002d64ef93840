import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "npm:fast-check@4.10.2";
import type { ChipFamily } from "../../lib/chips/family.ts";
import { esp32 } from "../../lib/chips/esp32.ts";
import { esp32c3 } from "../../lib/chips/esp32c3.ts";
import { esp8266 } from "../../lib/chips/esp8266.ts";
import { CHIPS } from "../../lib/chips/registry.ts";
import { ImageError } from "../../lib/errors.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import { detectImageChip, inspectImage } from "../../lib/image/image_info.ts";

/** One segment in RAM for an ESP32-C3: 4MB 80m, DIO; digest flag set. */
const C3_BODY = Uint8Array.fromHex(
  "e901022f04003840" + "ee2143650500" + "03" + "0300" + "c700" + "00000000" +
    "01" + "00003840" + "04000000" + "11223344" +
    "0000000000000000000000" + "ab",
);
const C3_IMAGE = Uint8Array.from([
  ...C3_BODY,
  ...createHash("sha256").update(C3_BODY).digest(),
]);

/** For an ESP8266: one segment, 512KB 40m, QIO. */
const ESP8266_IMAGE = Uint8Array.fromHex(
  "e901000004001040" + "00001040" + "04000000" + "01020304" +
    "0000000000000000000000" + "eb",
);

Deno.test("inspectImage tells all that an image says", () => {
  const { image, digest, segments, ...rest } = inspectImage(C3_IMAGE);
  assert.deepEqual(rest, {
    chip: esp32c3,
    version: 1,
    size: 80,
    flashMode: "dio",
    flashSize: "4MB",
    flashFrequency: "80m",
    isChecksumValid: true,
    signatures: [],
  });
  assert.equal(digest?.isValid, true);
  assert.equal(digest?.bytes.buffer, C3_IMAGE.buffer);
  assert.deepEqual(
    segments.map(({ address, offset, data, memory }) =>
      [address, offset, data.length, memory] as const
    ),
    [[0x4038_0000, 24, 4, ["IRAM"]]],
  );
  assert.deepEqual(image.extended?.pins, {
    writeProtect: 0xee,
    drives: [1, 2, 3, 4, 5, 6],
  });
});

Deno.test("inspectImage tells a wrong checksum and a wrong digest", () => {
  const changed = C3_IMAGE.slice();
  changed[32] = 0;
  const { isChecksumValid, digest } = inspectImage(changed);
  assert.equal(isChecksumValid, false);
  assert.equal(digest?.isValid, false);
});

Deno.test("inspectImage tells version 3 by the digest that no flag announces", () => {
  const body = ESP8266_IMAGE.slice();
  body[3] = 0x20; // 4MB in version 3, 1MB in version 1
  const digest = createHash("sha256").update(body).digest();
  const whole = Uint8Array.from([...body, ...digest]);
  const { version, size, flashSize, ...rest } = inspectImage(whole);
  assert.deepEqual([version, size, flashSize], [3, 64, "4MB"]);
  assert.equal(rest.digest?.isValid, true);
  whole.set([0, 0, 0, 0], 40);
  const other = inspectImage(whole);
  assert.deepEqual(
    [other.version, other.size, other.flashSize, other.digest],
    [1, 32, "1MB", undefined],
  );
});

Deno.test("inspectImage takes what follows for a signature of version 1 where a chip has those", () => {
  const signature = new Uint8Array(68);
  signature.set([1, 2, 3], 4);
  const asOf = (chip: ChipFamily) => {
    const program = { entry: 0x4038_0000, segments: [] };
    const image = buildImage(program, { chip });
    return inspectImage(Uint8Array.from([...image, ...signature])).signatures;
  };
  assert.deepEqual(asOf(esp32), [
    { version: 1, scheme: "ecdsa-p256", offset: 64 },
  ]);
  assert.deepEqual(asOf(esp32c3), []);
});

Deno.test("inspectImage leaves out what a number does not name", () => {
  const odd = ESP8266_IMAGE.slice();
  odd.set([0x09, 0x77], 2);
  const info = inspectImage(odd);
  assert.equal("flashMode" in info, false);
  assert.equal("flashSize" in info, false);
  assert.equal("flashFrequency" in info, false);
});

Deno.test("detectImageChip knows every chip's images", () => {
  for (const chip of CHIPS) {
    const address = chip.memory.find(({ kind }) => kind === "iram")?.start ?? 0;
    const image = buildImage(
      { entry: address, segments: [{ address, data: Uint8Array.of(1) }] },
      {
        chip,
        flashFrequency: Object.keys(chip.flash.frequencies)[0] ?? "",
      },
    );
    assert.equal(detectImageChip(image).id, chip.id);
  }
});

Deno.test("detectImageChip lets the checksum decide between two readings", () => {
  // The first segment's size, 5, stands where other chips have the chip id.
  const ambiguous = Uint8Array.fromHex(
    "e901000004001040" + "00001040" + "05000000" + "0102030405" +
      "000000000000000000" + "00" + "ee",
  );
  assert.equal(detectImageChip(ambiguous), esp8266);
});

Deno.test("detectImageChip says what the bytes are not", () => {
  const cases: [string, Uint8Array][] = [
    ["it is empty", new Uint8Array()],
    ["it begins with 0x05, not with 0xe9", Uint8Array.of(5)],
    [
      "it does not begin with a header for ESP8266",
      Uint8Array.of(0xe9, 0, 0),
    ],
    [
      "it has 79 bytes, its headers promise 80",
      C3_IMAGE.subarray(0, 79),
    ],
  ];
  for (const [expected, bytes] of cases) {
    assert.throws(
      () => detectImageChip(bytes),
      (error) =>
        error instanceof ImageError &&
        error.message === `Cannot parse image: ${expected}`,
      expected,
    );
  }
  const unknown = C3_IMAGE.slice();
  unknown[12] = 0x4d;
  assert.throws(
    () => inspectImage(unknown),
    /^ImageError: Cannot parse image: it is for chip id 77, which is not known$/,
  );
  assert.equal(inspectImage(unknown, esp32).image.extended?.chipId, 77);
});

Deno.test("inspectImage throws nothing but ImageError, whatever it is given", () => {
  const seeds = [C3_IMAGE, ESP8266_IMAGE];
  const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(change, { maxLength: 4 }),
      (seed, changes) => {
        const bytes = seed.slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          inspectImage(bytes);
        } catch (error) {
          assert(error instanceof ImageError);
        }
      },
    ),
  );
});
