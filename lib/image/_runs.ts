/**
 * Addressed pieces put in order, for the formats that carry addresses.
 *
 * @module
 */

import { concatBytes, formatAddress } from "../bytes.ts";
import type { Segment } from "./segment.ts";

/** The first address that 32 bits cannot hold. */
export const ADDRESS_END = 0x1_0000_0000;

/**
 * Puts pieces in the order of their addresses and joins those that touch.
 * A piece that touches no other stays the view that it was; empty ones are left out.
 *
 * @param onOverlap Makes the error for two pieces that claim the same address.
 * @throws What `onOverlap` makes.
 */
export function joinRuns<T extends Segment>(
  pieces: readonly T[],
  onOverlap: (address: number, later: T) => Error,
): Segment[] {
  const ordered = pieces.filter(({ data }) => data.length > 0)
    .sort((a, b) => a.address - b.address);
  const runs: { address: number; end: number; parts: Uint8Array[] }[] = [];
  for (const piece of ordered) {
    const { address, data } = piece;
    const last = runs.at(-1);
    if (last !== undefined && address < last.end) {
      throw onOverlap(address, piece);
    }
    if (last?.end === address) {
      last.parts.push(data);
      last.end += data.length;
    } else {
      runs.push({ address, end: address + data.length, parts: [data] });
    }
  }
  return runs.map(({ address, parts }) => ({
    address,
    data: concatBytes(parts),
  }));
}

/**
 * Refuses a piece that 32 bits cannot address.
 *
 * @throws {RangeError} If it goes past the last address.
 */
export function checkAddressable(
  step: string,
  { address, data }: Segment,
): void {
  if (address >= 0 && address + data.length <= ADDRESS_END) return;
  throw new RangeError(
    `Cannot ${step}: ${data.length} bytes at ${
      formatAddress(address)
    } go past the last address of 32 bits`,
  );
}
