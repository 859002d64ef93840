/**
 * Addressed bytes.
 *
 * @module
 */

/** Bytes and where they belong. */
export interface Segment {
  /** The address of the first byte, in the chip's memory. */
  readonly address: number;
  /** The bytes. */
  readonly data: Uint8Array;
}
