/**
 * From an image to a program that runs in RAM.
 *
 * @module
 */

import { parseImage } from "../image/esp_image.ts";
import type { Loader } from "../loader/loader.ts";
import { loadRam } from "../loader/ram.ts";
import type { OperationOptions } from "../progress.ts";

/**
 * Loads an image's segments into RAM and runs it.
 *
 * @param image Its path, URL or bytes.
 */
export async function loadImage(
  loader: Loader,
  image: string | URL | Uint8Array,
  options: OperationOptions,
): Promise<void> {
  const bytes = image instanceof Uint8Array
    ? image
    : await Deno.readFile(image);
  const { entry, segments } = parseImage(bytes, loader.chip);
  await loadRam(loader, segments, entry, options);
}
