/**
 * Files that a verb is given.
 *
 * @module
 */

import { EspError } from "../errors.ts";
import { fileError } from "./output_file.ts";

/**
 * Reads a file.
 *
 * @throws {EspError} `file-invalid` if it cannot be read.
 */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw fileError("read", path, cause);
  }
}

/**
 * Reads a file of text.
 *
 * @throws {EspError} `file-invalid` if it cannot be read, or is no UTF-8.
 */
export async function readInputText(path: string): Promise<string> {
  const bytes = await readInput(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new EspError(`Cannot read "${path}": it is no text in UTF-8`, {
      code: "file-invalid",
      cause,
    });
  }
}
