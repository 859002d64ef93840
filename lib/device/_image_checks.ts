/**
 * Whether images are for the chip that they are to be written to.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import { chipByImageId } from "../chips/registry.ts";
import { EspError, ImageError } from "../errors.ts";
import {
  type EspImage,
  type ExtendedHeader,
  IMAGE_MAGIC,
  parseImage,
} from "../image/esp_image.ts";
import { readIdentity } from "../loader/identity.ts";
import type { Loader } from "../loader/loader.ts";
import type { OperationOptions } from "../progress.ts";
import { describeFile, type PlacedFile } from "./flash_files.ts";

/** Refuses images for another chip or another revision; what is no image is not checked. */
export async function checkImages(
  loader: Loader,
  files: readonly PlacedFile[],
  options: OperationOptions,
): Promise<void> {
  const { chip } = loader;
  if (chip.imageChipId === undefined) return;
  for (const file of files) {
    const { extended } = tryParseImage(file.data, loader) ?? {};
    if (extended === undefined) continue;
    if (extended.chipId !== chip.imageChipId) {
      const other = chipByImageId(extended.chipId)?.name ??
        `chip id ${extended.chipId}`;
      throw mismatch(file, `it is for ${other}, the chip is ${chip.name}`);
    }
    if (loader.secureDownload) continue;
    const { revision } = await readIdentity(loader, options);
    if (revision === undefined) continue;
    const full = revision.major * 100 + revision.minor;
    const { min, max } = revisionRange(extended, chip);
    if (full < min || full > max) {
      const range = full < min
        ? `from v${format(min)} on`
        : `up to v${format(max)}`;
      throw mismatch(
        file,
        `it is for revisions ${range}, the chip is v${format(full)}`,
      );
    }
  }
}

/** Images from before the two full fields have zero in both. */
function revisionRange(
  header: ExtendedHeader,
  chip: ChipFamily,
): { min: number; max: number } {
  const { minRevision: min, maxRevision: max, legacyMinRevision } = header;
  if (min > 0 || max > 0) return { min, max: max === 0 ? Infinity : max };
  return {
    min: legacyMinRevision * (chip.flash.legacyRevisionStep ?? 0),
    max: Infinity,
  };
}

function format(revision: number): string {
  return `${Math.floor(revision / 100)}.${revision % 100}`;
}

function mismatch(file: PlacedFile, reason: string): EspError {
  return new EspError(`Cannot write ${describeFile(file)}: ${reason}`, {
    code: "image-mismatch",
    hint: "Take the image that was built for this chip, or force it.",
  });
}

function tryParseImage(
  data: Uint8Array,
  { chip }: Loader,
): EspImage | undefined {
  if (data[0] !== IMAGE_MAGIC) return undefined;
  try {
    return parseImage(data, chip);
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}
