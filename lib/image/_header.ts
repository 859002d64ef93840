/**
 * The header that every image begins with.
 *
 * @module
 */

import { ImageError } from "../errors.ts";
import { MAX_SEGMENTS } from "./_layout.ts";
import type { Program } from "./_program.ts";
import { IMAGE_MAGIC } from "./esp_image.ts";
import { FLASH_MODES, nibbleOf } from "./flash_parameters.ts";
import type { BuildImageOptions } from "./image_options.ts";

/** What a header says. */
export interface Header {
  /** Whose entry it has. */
  readonly program: Program;
  /** Its second byte: how many segments there are. */
  readonly count: number;
  /** Where the flash parameters are. */
  readonly options: BuildImageOptions;
  /** The first byte; {@linkcode IMAGE_MAGIC} unless told otherwise. */
  readonly magic?: number;
  /** Flash sizes by name, where they are not the chip's own. */
  readonly sizes?: Readonly<Record<string, number>> | undefined;
}

/**
 * Writes a header of eight bytes.
 *
 * @throws {RangeError} If the chip does not know a flash parameter's name.
 */
export function writeHeader(
  view: DataView,
  { program, count, options, magic = IMAGE_MAGIC, sizes }: Header,
  offset = 0,
): void {
  const { chip, flashMode = "qio", flashSize = "1MB", flashFrequency } =
    options;
  const size = nibbleOf(
    chip,
    "flash size",
    sizes ?? chip.flash.sizes,
    flashSize,
  );
  const frequency = flashFrequency === undefined ? 0 : nibbleOf(
    chip,
    "flash frequency",
    chip.flash.frequencies,
    flashFrequency,
  );
  view.setUint8(offset, magic);
  view.setUint8(offset + 1, count);
  view.setUint8(offset + 2, FLASH_MODES[flashMode]);
  view.setUint8(offset + 3, size << 4 | frequency);
  view.setUint32(offset + 4, program.entry, true);
}

/**
 * Makes sure that a loader takes so many segments.
 *
 * @throws {ImageError} If it does not.
 */
export function checkSegmentCount(count: number): void {
  if (count <= MAX_SEGMENTS) return;
  throw new ImageError(
    `Cannot build image: it has ${count} segments, ${MAX_SEGMENTS} are allowed`,
    { offset: 1, hint: "Let the linker script put sections side by side." },
  );
}
