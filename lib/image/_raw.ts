/**
 * Addressed bytes as one stretch, as flash has them.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import type { Segment } from "./segment.ts";

/** More than any chip's flash: a stray address in a small file must not fill the memory. */
const MAX_RAW_SIZE = 0x1000_0000;

/**
 * Joins segments to the bytes from `start` to `end`, with 0xFF where there are none.
 *
 * @param segments Segments within the two, which do not overlap.
 * @throws {ImageError} If that is more than any flash holds.
 */
export function joinRaw(
  segments: readonly Segment[],
  start: number,
  end: number,
): Uint8Array<ArrayBuffer> {
  const size = end - start;
  if (size > MAX_RAW_SIZE) {
    throw new ImageError(
      `Cannot fill the gaps from ${formatAddress(start)} to ${
        formatAddress(end - 1)
      }: that is more than any flash holds`,
      { offset: MAX_RAW_SIZE, hint: "Intel HEX and UF2 have no gaps." },
    );
  }
  const bytes = new Uint8Array(size).fill(0xff);
  for (const { address, data } of segments) bytes.set(data, address - start);
  return bytes;
}
