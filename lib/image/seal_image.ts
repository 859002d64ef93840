/**
 * Checksum and digest of an image that has been changed.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import { sha256 } from "./_digest.ts";
import { parseImage } from "./esp_image.ts";

/**
 * Puts an image's checksum, and its digest if it has one, right in place, after
 * bytes of its segments were changed. What stands behind the image is left alone.
 *
 * @param image Is changed.
 * @throws {ImageError} If the bytes are no image of the chip.
 */
export function sealImage(image: Uint8Array, chip: ChipFamily): void {
  const { size, expectedChecksum, digest } = parseImage(image, chip);
  image[size - 1] = expectedChecksum;
  if (digest !== undefined) image.set(sha256(image.subarray(0, size)), size);
}
