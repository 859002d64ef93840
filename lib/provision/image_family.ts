/**
 * Which chip family an image is for.
 *
 * @module
 */

import { readUint32, viewOf } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { CHIPS } from "../chips/registry.ts";
import { IMAGE_MAGIC, parseImage } from "../image/esp_image.ts";

const ENTRY_OFFSET = 4;
const CHIP_ID_OFFSET = 12;
const EXTENDED_HEADER_END = 24;

/**
 * Tells which family an image is for: by the chip id in its extended header
 * and, since images for the ESP8266 have neither, by where its program starts.
 *
 * @returns `undefined` if the bytes are no image, or none of a known family.
 */
export function familyOfImage(image: Uint8Array): ChipFamily | undefined {
  if (image[0] !== IMAGE_MAGIC || image.length < EXTENDED_HEADER_END) {
    return undefined;
  }
  const entry = readUint32(image, ENTRY_OFFSET);
  const chipId = viewOf(image).getUint16(CHIP_ID_OFFSET, true);
  const [family, other] = CHIPS.filter((chip) =>
    (chip.imageChipId ?? chipId) === chipId &&
    chip.memory.some(({ kind, start, end }) =>
      kind === "iram" && start <= entry && entry < end
    ) && isImageOf(image, chip)
  );
  return other === undefined ? family : undefined;
}

/** Whether the bytes can be taken apart as an image of the chip, and its checksum is right. */
export function isImageOf(image: Uint8Array, chip: ChipFamily): boolean {
  try {
    const { checksum, expectedChecksum } = parseImage(image, chip);
    return checksum === expectedChecksum;
  } catch {
    return false;
  }
}
