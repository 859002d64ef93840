import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import {
  isAppDescriptor,
  parseAppDescriptor,
} from "../../lib/image/app_descriptor.ts";
import {
  isBootloaderDescriptor,
  parseBootloaderDescriptor,
} from "../../lib/image/bootloader_descriptor.ts";

/** A field of text, filled up with NULs. */
function text(value: string, size: number): string {
  return new TextEncoder().encode(value.padEnd(size, "\0")).toHex();
}

/** Written out by hand from ESP-IDF's `esp_app_desc.h`. */
const APP = Uint8Array.fromHex(
  "3254cdab" + "07000000" + "00".repeat(8) + text("v1.2-3-gabc", 32) +
    text("blink", 32) + text("19:46:07", 16) + text("Sep 13 2022", 16) +
    text("v5.1", 32) + "ab".repeat(32) + "0500" + "c700" + "0e" +
    "00".repeat(75),
);

/** Written out by hand from ESP-IDF's `esp_bootloader_desc.h`. */
const BOOTLOADER = Uint8Array.fromHex(
  "50" + "0000" + "03" + "4d000000" + text("v5.2-dev-254", 32) +
    text("Apr 25 2023 00:13:32", 24) + "00".repeat(16),
);

Deno.test("parseAppDescriptor reads every field", () => {
  assert.equal(APP.length, 256);
  const { elfSha256, ...rest } = parseAppDescriptor(APP);
  assert.equal(elfSha256.toHex(), "ab".repeat(32));
  assert.deepEqual(rest, {
    project: "blink",
    version: "v1.2-3-gabc",
    time: "19:46:07",
    date: "Sep 13 2022",
    idfVersion: "v5.1",
    secureVersion: 7,
    minEfuseBlockRevision: 5,
    maxEfuseBlockRevision: 199,
    mmuPageSize: 0x4000,
  });
});

Deno.test("parseAppDescriptor reads text that fills its field, and text that is no UTF-8", () => {
  const odd = APP.slice();
  odd.fill(0x56, 16, 48);
  odd.set([0xff, 0x41, 0], 48);
  odd[180] = 0;
  const { version, project, ...rest } = parseAppDescriptor(odd);
  assert.equal(version, "V".repeat(32));
  assert.equal(project, "\ufffdA");
  assert.equal("mmuPageSize" in rest, false);
});

Deno.test("parseAppDescriptor refuses what is none", () => {
  for (const bytes of [APP.subarray(0, 255), APP.subarray(1), BOOTLOADER]) {
    assert.equal(isAppDescriptor(bytes), false);
    assert.throws(() => parseAppDescriptor(bytes), ImageError);
  }
});

Deno.test("parseBootloaderDescriptor reads every field", () => {
  assert.equal(BOOTLOADER.length, 80);
  assert.deepEqual(parseBootloaderDescriptor(BOOTLOADER), {
    version: 77,
    idfVersion: "v5.2-dev-254",
    dateTime: "Apr 25 2023 00:13:32",
    secureVersion: 3,
  });
});

Deno.test("parseBootloaderDescriptor takes a date that was left out", () => {
  const undated = BOOTLOADER.slice().fill(0, 40, 64);
  assert.equal(parseBootloaderDescriptor(undated).dateTime, "");
});

Deno.test("parseBootloaderDescriptor refuses a program that begins with its magic byte", () => {
  const texts = fc.uint8Array({ minLength: 79, maxLength: 79 });
  fc.assert(fc.property(texts, (rest) => {
    const bytes = Uint8Array.of(0x50, ...rest);
    fc.pre(rest.subarray(7, 39).some((byte) => byte > 0x7e));
    fc.pre(rest.subarray(7, 39).indexOf(0) < 0);
    assert.equal(isBootloaderDescriptor(bytes), false);
  }));
  for (const bytes of [BOOTLOADER.subarray(0, 79), BOOTLOADER.subarray(1)]) {
    assert.throws(() => parseBootloaderDescriptor(bytes), ImageError);
  }
});
