/**
 * The name of a flash's size.
 *
 * @module
 */

import { parseFlashSize } from "../chips/flash_size.ts";
import { EspError } from "../errors.ts";
import type { Loader } from "../loader/loader.ts";

/**
 * The chip's name for the size that its flash has.
 *
 * @throws {EspError} `flash-unknown` if the flash chip's id does not tell it.
 */
export function sizeName(
  { chip, port }: Loader,
  flashSize: number | undefined,
): string {
  const name = flashSize === undefined
    ? undefined
    : Object.keys(chip.flash.sizes).find((name) =>
      parseFlashSize(name) === flashSize
    );
  if (name !== undefined) return name;
  throw new EspError(
    `Cannot detect the flash size on "${port}": the flash chip's id does not tell it`,
    {
      code: "flash-unknown",
      hint: "Say the flash size, such as 4MB, or keep the one in the image.",
    },
  );
}
