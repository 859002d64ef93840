/**
 * Images that are made: their files, and what is said of them.
 *
 * @module
 */

import type { ChipFamily } from "../../mod.ts";
import type { ImageFile } from "../image/mod.ts";
import type { Report, Surroundings } from "./command.ts";
import { writeFiles } from "./output_file.ts";
import { integer, listOf, maybe, object, text } from "./schema.ts";

/** What the `--json` result of a verb that makes an image looks like. */
export const IMAGE_FILES_RESULT = object({
  chip: text("the chip's id"),
  files: listOf(
    object({
      name: text("the file's path"),
      size: integer("its size in bytes"),
      address: maybe(
        integer("where in flash it goes, if the image says so"),
      ),
    }),
    "the files that were written",
  ),
});

/** An image that has been made. */
export interface MadeImage {
  /** The chip that it is for. */
  readonly chip: ChipFamily;
  /** Its files. */
  readonly files: readonly ImageFile[];
  /** The files that it is made of. */
  readonly inputs: readonly string[];
  /** The path of a file of it. */
  nameOf(file: ImageFile): string;
}

/**
 * Writes the files of an image, all of them or none.
 *
 * @throws {EspError} `file-invalid` if one cannot be written.
 * @throws {UsageError} If one would be written in place of an input.
 */
export async function writeImageFiles(
  { screen }: Surroundings,
  { chip, files, inputs, nameOf }: MadeImage,
): Promise<Report> {
  await writeFiles(
    files.map((file) => ({ path: nameOf(file), read: () => file.data })),
    inputs,
  );
  const written = files.map((file) => ({
    name: nameOf(file),
    size: file.data.length,
    ...(file.address !== undefined && { address: file.address }),
  }));
  for (const { name, size } of written) {
    screen.line(`Wrote ${size} bytes to '${name}'.`);
  }
  screen.line(`Successfully created ${chip.name} image.`);
  return { result: { chip: chip.id, files: written } };
}

/** The name of a file that goes to an address in flash: `app-0x10000.bin`. */
export function addressedName(prefix: string, address = 0): string {
  return `${prefix}0x${address.toString(16).padStart(5, "0")}.bin`;
}
