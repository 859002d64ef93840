/**
 * Which sectors differ between a file and what was written before it.
 *
 * @module
 */

import { equalBytes } from "../bytes.ts";
import { FLASH_SECTOR_SIZE, type PlacedFile } from "./flash_files.ts";

/**
 * The pieces of a file that are not as they were, cut at the flash's sectors
 * and joined where they touch; views of the file. Takes time for each byte at
 * most once.
 *
 * @param previous What was at the same address.
 */
export function changedPieces(
  { address, data }: PlacedFile,
  previous: Uint8Array,
): PlacedFile[] {
  const pieces: PlacedFile[] = [];
  let from: number | undefined;
  for (let at = 0; at < data.length;) {
    const next = at + FLASH_SECTOR_SIZE - (address + at) % FLASH_SECTOR_SIZE;
    const same = equalBytes(
      data.subarray(at, next),
      previous.subarray(at, Math.min(next, data.length)),
    );
    if (!same) from ??= at;
    if (same && from !== undefined) {
      pieces.push({ address: address + from, data: data.subarray(from, at) });
      from = undefined;
    }
    at = next;
  }
  if (from !== undefined) {
    pieces.push({ address: address + from, data: data.subarray(from) });
  }
  return pieces;
}
