/** Images for tests: small, whole, and right. */

import { chipById } from "../../lib/chips/registry.ts";
import { buildImage } from "../../lib/image/build_image.ts";

/** Where each family's programs start in RAM. */
const ENTRIES: Readonly<Record<string, number>> = {
  esp8266: 0x4010_0000,
  esp32: 0x4008_0000,
  esp32s3: 0x4037_8000,
  esp32c3: 0x4038_0000,
};

/** Bytes that do not compress, and are the same each time. */
export function noise(size: number): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}

/** Builds an image that does not compress. */
export function testImage(chip: string, size = 1024): Uint8Array<ArrayBuffer> {
  const family = chipById(chip);
  const iram = family.memory.find(({ kind }) => kind === "iram");
  const address = ENTRIES[chip] ?? iram?.start ?? 0;
  const segments = [{ address, data: noise(size) }];
  const [flashFrequency = ""] = Object.keys(family.flash.frequencies);
  return buildImage({ entry: address, segments }, {
    chip: family,
    flashFrequency,
  });
}
