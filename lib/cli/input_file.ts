/**
 * Files that a verb reads, and the chip that `--chip` says they are for.
 *
 * @module
 */

import { chipById, type ChipFamily } from "../../mod.ts";
import { fileError } from "./output_file.ts";

/**
 * Reads a file.
 *
 * @throws {EspError} `file-invalid` if it cannot be read.
 */
export async function readInputFile(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw fileError("read", path, cause);
  }
}

/** The chip that `--chip` names; `undefined` with `auto`. */
export function namedChip(chip: string): ChipFamily | undefined {
  return chip === "auto" ? undefined : chipById(chip);
}
