/**
 * Flash sizes by name.
 *
 * @module
 */

import { EspError } from "../errors.ts";
import type { Loader } from "../loader/loader.ts";

/**
 * Parses a flash size's name to bytes: `512KB`, `4MB`, `2MB-c1`.
 *
 * @throws {SyntaxError} If the text is no flash size.
 */
export function parseFlashSize(name: string): number {
  const [, digits, unit] = /^(\d+)(KB|MB)(?:-c1)?$/i.exec(name) ?? [];
  if (digits === undefined || unit === undefined) {
    throw new SyntaxError(
      `Cannot parse flash size: "${name}" is not like 512KB or 4MB`,
    );
  }
  return Number(digits) * (unit.toUpperCase() === "KB" ? 0x400 : 0x10_0000);
}

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
