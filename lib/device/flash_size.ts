/**
 * The name of a flash's size.
 *
 * @module
 */

import { parseFlashSize } from "../chips/flash_size.ts";
import type { Loader } from "../loader/loader.ts";
import type { OperationOptions } from "../progress.ts";

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
