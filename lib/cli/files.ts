/**
 * `ADDRESS FILE ADDRESS FILE …`: what is to be in flash, and where.
 *
 * @module
 */

import type { Argument } from "./command.ts";
import { parseUint32 } from "./values.ts";

/** A file's path and its flash address. */
export interface FilePlace {
  /** Where in flash, in bytes. */
  readonly address: number;
  /** Its path. */
  readonly path: string;
}

/** Declares one or more pairs of address and file. */
export function placedFiles(): Argument<readonly FilePlace[]> {
  return {
    label: "<address file...>",
    summary: "flash addresses, each followed by its file: 0x1000 boot.bin",
    parse: parsePlaces,
  };
}

/**
 * Reads pairs of address and file.
 *
 * @throws {SyntaxError} If an address cannot be read, or has no file.
 */
export function parsePlaces(texts: readonly string[]): FilePlace[] {
  const places: FilePlace[] = [];
  for (let i = 0; i < texts.length; i += 2) {
    const [address = "", path] = texts.slice(i, i + 2);
    const place = { address: parseUint32(address), path: path ?? "" };
    if (path === undefined) {
      throw new SyntaxError(`"${address}" is an address without a file`);
    }
    places.push(place);
  }
  return places;
}
