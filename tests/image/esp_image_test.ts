import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "npm:fast-check@4.10.2";
import { esp32 } from "../../lib/chips/esp32.ts";
import { esp32c3 } from "../../lib/chips/esp32c3.ts";
import { esp8266 } from "../../lib/chips/esp8266.ts";
import { ImageError } from "../../lib/errors.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import {
  imageSize,
  isCrcValid,
  isDigestValid,
  parseImage,
} from "../../lib/image/esp_image.ts";
import { patchFlashParameters } from "../../lib/image/flash_parameters.ts";

/** Two segments, written out by hand from "Firmware Image Format" of esptool's documentation. */
const ESP8266_IMAGE = Uint8Array.fromHex(
  "e902020004001040" + // magic, 2 segments, DIO, 512KB 40m, entry 0x40100004
    "00001040" + "08000000" + "0102030405060708" + // 8 bytes at 0x40100000
    "0080fe3f" + "04000000" + "aabbccdd" + // 4 bytes at 0x3ffe8000
    "0000000000000000000000" + "e7", // 0xef ^ 01…08 (08) ^ aa bb cc dd (00), at 16 n - 1
);

/** One segment for an ESP32-C3, revisions 0.3 to 1.99, 4MB 80m, with a digest. */
const ESP32C3_BODY = Uint8Array.fromHex(
  "e901022f04003840" + "ee0000000500" + "03" + "0300" + "c700" + "00000000" +
    "01" + // extended header: wp pin, drives, chip id 5, revisions, digest flag
    "00003840" + "04000000" + "11223344" +
    "0000000000000000000000" + "ab", // 0xef ^ 11 22 33 44
);
const ESP32C3_IMAGE = Uint8Array.from([
  ...ESP32C3_BODY,
  ...createHash("sha256").update(ESP32C3_BODY).digest(),
]);

Deno.test("parseImage takes an ESP8266 image apart", () => {
  const image = parseImage(ESP8266_IMAGE, esp8266);
  assert.deepEqual(
    {
      ...image,
      segments: image.segments.map((
        { address, data, offset },
      ) => [address, data.toHex(), offset]),
    },
    {
      version: 1,
      flashMode: 2,
      flashSize: 0,
      flashFrequency: 0,
      entry: 0x4010_0004,
      segments: [
        [0x4010_0000, "0102030405060708", 8],
        [0x3ffe_8000, "aabbccdd", 24],
      ],
      checksum: 0xe7,
      expectedChecksum: 0xe7,
      size: 48,
    },
  );
});

Deno.test("parseImage reads the extended header and the digest", () => {
  const image = parseImage(ESP32C3_IMAGE, esp32c3);
  assert.deepEqual(image.extended, {
    pins: { writeProtect: 0xee, drives: [0, 0, 0, 0, 0, 0] },
    chipId: 5,
    legacyMinRevision: 3,
    minRevision: 3,
    maxRevision: 199,
    hasDigest: true,
  });
  assert.equal(image.checksum, image.expectedChecksum);
  assert.equal(isDigestValid(ESP32C3_IMAGE, image), true);
});

/** An image as esptool 5.6 has written it from a small ELF file with `--version 2`. */
const ESP8266_V2_IMAGE = Uint8Array.fromHex(
  "ea04002000001040" + // magic, 4, QIO, 1MB 40m, entry
    "0000000010000000" + "11223344556677880000000000000000" + // the mapped part
    "e902002000001040" + // magic, 2 segments, and the same again
    "0000104008000000" + "0102030405060708" +
    "0080fe3f04000000" + "aabbccdd" +
    "0000000000000000000000" + "e7" + "c975e516",
);

Deno.test("parseImage takes an image of version 2 apart", () => {
  const image = parseImage(ESP8266_V2_IMAGE, esp8266);
  assert.deepEqual(
    image.segments.map((
      { address, data, offset },
    ) => [address, data.length, offset]),
    [[0, 16, 8], [0x4010_0000, 8, 40], [0x3ffe_8000, 4, 56]],
  );
  assert.equal(image.version, 2);
  assert.equal(image.checksum, image.expectedChecksum);
  assert.equal(imageSize(image), ESP8266_V2_IMAGE.length);
  assert.equal(isCrcValid(ESP8266_V2_IMAGE, image), true);
  // The same with the last byte of the mapped part changed: this sum's top bit is clear.
  const other = ESP8266_V2_IMAGE.slice();
  other[23] = 0x01;
  other.set(Uint8Array.fromHex("483e6b28"), 80);
  assert.equal(isCrcValid(other, parseImage(other, esp8266)), true);
  const changed = ESP8266_V2_IMAGE.slice();
  changed[20] = 0;
  assert.equal(isCrcValid(changed, parseImage(changed, esp8266)), false);
  assert.throws(
    () => patchFlashParameters(ESP8266_V2_IMAGE, { mode: "dio" }, esp8266),
    ImageError,
  );
});

Deno.test("parseImage refuses every truncation of an image of version 2", () => {
  for (let size = 0; size < ESP8266_V2_IMAGE.length; size++) {
    assert.throws(
      () => parseImage(ESP8266_V2_IMAGE.subarray(0, size), esp8266),
      ImageError,
      `${size}`,
    );
  }
});

Deno.test("isDigestValid sees a changed byte", () => {
  const changed = ESP32C3_IMAGE.slice();
  changed[32] = 0x12;
  assert.equal(isDigestValid(changed, parseImage(changed, esp32c3)), false);
});

Deno.test("parseImage refuses every truncation, and says where", () => {
  for (
    const [image, chip] of [[ESP8266_IMAGE, esp8266], [
      ESP32C3_IMAGE,
      esp32c3,
    ]] as const
  ) {
    for (let size = 0; size < image.length; size++) {
      assert.throws(
        () => parseImage(image.subarray(0, size), chip),
        ImageError,
        `${size} bytes`,
      );
    }
  }
});

Deno.test("parseImage refuses segment lies", () => {
  const huge = ESP8266_IMAGE.slice();
  huge.set([0xff, 0xff, 0xff, 0xff], 12);
  assert.throws(() => parseImage(huge, esp8266), {
    name: "ImageError",
    offset: 8,
  });
  const many = ESP8266_IMAGE.slice();
  many[1] = 17;
  assert.throws(() => parseImage(many, esp8266), {
    name: "ImageError",
    offset: 1,
  });
});

Deno.test("parseImage throws nothing but ImageError, whatever it is given", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    if (bytes.length > 0) bytes[0] = 0xe9;
    for (const chip of [esp8266, esp32]) {
      try {
        parseImage(bytes, chip);
      } catch (error) {
        assert.ok(error instanceof ImageError);
      }
    }
  }));
});

Deno.test("patchFlashParameters changes the two bytes of an ESP8266 image and nothing else", () => {
  const patched = patchFlashParameters(
    ESP8266_IMAGE,
    { mode: "qout", size: "4MB", frequency: "80m" },
    esp8266,
  );
  assert.equal(patched.subarray(0, 4).toHex(), "e902014f");
  assert.equal(patched.subarray(4).toHex(), ESP8266_IMAGE.subarray(4).toHex());
  assert.equal(ESP8266_IMAGE[2], 2, "the original is left alone");
});

Deno.test("patchFlashParameters makes the digest anew", () => {
  const patched = patchFlashParameters(
    ESP32C3_IMAGE,
    { size: "16MB" },
    esp32c3,
  );
  assert.equal(patched[3], 0x4f);
  assert.equal(
    patched.subarray(-32).toHex(),
    createHash("sha256").update(patched.subarray(0, -32)).digest("hex"),
  );
});

Deno.test("patchFlashParameters returns the image itself where nothing changes", () => {
  assert.equal(patchFlashParameters(ESP32C3_IMAGE, {}, esp32c3), ESP32C3_IMAGE);
  assert.equal(
    patchFlashParameters(ESP32C3_IMAGE, { size: "4MB", mode: "dio" }, esp32c3),
    ESP32C3_IMAGE,
  );
});

Deno.test("patchFlashParameters mends a wrong digest only when it is asked for something", () => {
  const damaged = ESP32C3_IMAGE.slice();
  damaged.set([1, 2, 3], ESP32C3_IMAGE.length - 3);
  assert.equal(patchFlashParameters(damaged, {}, esp32c3), damaged);
  assert.deepEqual(
    patchFlashParameters(damaged, { mode: "dio" }, esp32c3),
    ESP32C3_IMAGE,
  );
});

Deno.test("patchFlashParameters refuses a size that the chip does not know", () => {
  assert.throws(
    () => patchFlashParameters(ESP32C3_IMAGE, { size: "512KB" }, esp32c3),
    RangeError,
  );
  assert.throws(
    () => patchFlashParameters(ESP32C3_IMAGE, { size: "constructor" }, esp32c3),
    RangeError,
  );
});

Deno.test("buildImage builds what the documentation shows", () => {
  const esp8266Image = buildImage({
    entry: 0x4010_0004,
    segments: [
      { address: 0x4010_0000, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      { address: 0x3ffe_8000, data: Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd) },
    ],
  }, { chip: esp8266, flashMode: "dio", flashSize: "512KB" });
  assert.equal(esp8266Image.toHex(), ESP8266_IMAGE.toHex());
});

Deno.test("buildImage pads data to words, and parses back", () => {
  const image = buildImage(
    {
      entry: 0x4008_0000,
      segments: [{ address: 0x4008_0000, data: Uint8Array.of(1, 2, 3) }],
    },
    { chip: esp32, minRevision: 100 },
  );
  const parsed = parseImage(image, esp32);
  assert.equal(parsed.segments[0]?.data.toHex(), "01020300");
  assert.equal(parsed.extended?.minRevision, 100);
  assert.equal(parsed.extended?.maxRevision, 0xffff);
  assert.equal(isDigestValid(image, parsed), true);
});

Deno.test("buildImage refuses more segments than a ROM loads", () => {
  const data = new Uint8Array(4);
  const segments = Array.from(
    { length: 17 },
    (_, index) => ({ address: 0x4008_0000 + index * 4, data }),
  );
  assert.throws(
    () => buildImage({ entry: 0, segments }, { chip: esp32 }),
    ImageError,
  );
});
