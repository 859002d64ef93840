/**
 * The flash parameters in an image's header: how a ROM reads the flash.
 *
 * @module
 */

import { equalBytes } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { ImageError } from "../errors.ts";
import { sha256 } from "./_digest.ts";
import { parseImage } from "./esp_image.ts";

/** How the flash is read: data (and, with `io`, addresses) on four or two lines. */
export type FlashMode = "qio" | "qout" | "dio" | "dout";

/** Flash access modes, as the image header's byte 2. */
export const FLASH_MODES: Readonly<Record<FlashMode, number>> = Object.freeze({
  qio: 0,
  qout: 1,
  dio: 2,
  dout: 3,
});

/** Flash parameters by name; a parameter that is left out is kept. */
export interface FlashParameters {
  /** The access mode. */
  readonly mode?: FlashMode | undefined;
  /** The size, such as `4MB`. */
  readonly size?: string | undefined;
  /** The frequency, such as `40m`. */
  readonly frequency?: string | undefined;
}

/**
 * Changes the flash parameters in an image's header, and makes its digest anew:
 * one that was wrong is right then, as with esptool.
 *
 * @returns `image` itself if nothing changes, else a changed copy.
 * @throws {ImageError} If the bytes are no image of the chip, or one of version 2.
 * @throws {RangeError} If the chip does not know a parameter's name.
 */
export function patchFlashParameters(
  image: Uint8Array,
  parameters: FlashParameters,
  chip: ChipFamily,
): Uint8Array {
  const parsed = parseImage(image, chip);
  if (Object.values(parameters).every((name) => name === undefined)) {
    return image;
  }
  if (parsed.version === 2) {
    throw new ImageError(
      "Cannot change flash parameters: the image is of version 2, which says them twice and has a CRC",
      { offset: 0, hint: "Build the image with other parameters." },
    );
  }
  const mode = parameters.mode === undefined
    ? parsed.flashMode
    : FLASH_MODES[parameters.mode];
  const size = parameters.size === undefined
    ? parsed.flashSize
    : nibbleOf(chip, "flash size", chip.flash.sizes, parameters.size);
  const frequency = parameters.frequency === undefined
    ? parsed.flashFrequency
    : nibbleOf(
      chip,
      "flash frequency",
      chip.flash.frequencies,
      parameters.frequency,
    );
  const patched = image.slice();
  patched[2] = mode;
  patched[3] = size << 4 | frequency;
  if (parsed.digest !== undefined) {
    patched.set(sha256(patched.subarray(0, parsed.size)), parsed.size);
  }
  return equalBytes(patched, image) ? image : patched;
}

/**
 * Looks a size or frequency up in a chip's table.
 *
 * @throws {RangeError} If the chip does not know it.
 */
export function nibbleOf(
  chip: ChipFamily,
  what: string,
  table: Readonly<Record<string, number>>,
  name: string,
): number {
  const nibble = Object.hasOwn(table, name) ? table[name] : undefined;
  if (nibble === undefined) {
    throw new RangeError(
      `Cannot encode ${what} "${name}": ${chip.name} knows ${
        Object.keys(table).join(", ")
      }`,
    );
  }
  return nibble;
}
