/**
 * Flash sizes by name.
 *
 * @module
 */

import type { Loader } from "../loader/loader.ts";
import type { OperationOptions } from "../progress.ts";

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

/** What a flash chip is taken for whose id does not tell its size, as esptool does. */
const USUAL_SIZE = "4MB";

/** The chip's name for the size that its flash has; where its id does not tell it, a usual one, and a note. */
export function sizeName(
  { chip, port }: Loader,
  flashSize: number | undefined,
  { onProgress }: OperationOptions,
): string {
  const name = flashSize === undefined
    ? undefined
    : Object.keys(chip.flash.sizes).find((name) =>
      parseFlashSize(name) === flashSize
    );
  if (name !== undefined) return name;
  const message =
    `The flash chip's id does not tell its size: ${USUAL_SIZE} is assumed`;
  onProgress?.({ kind: "note", port, message });
  return USUAL_SIZE;
}
