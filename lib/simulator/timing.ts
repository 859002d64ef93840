/**
 * How long things take: bytes on the line, and the flash chip's own work.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

/**
 * `instant`: nothing takes time and no timer is set. `clocked`: bytes take
 * their time at the line's speed and flash takes its datasheet's, on the
 * board's clock.
 */
export type TimingMode = "instant" | "clocked";

/** What a flash chip takes for its work, in milliseconds. */
export interface FlashTiming {
  /** Programming one page of 256 bytes. */
  readonly page: number;
  /** Erasing 4 KiB. */
  readonly sector: number;
  /** Erasing 64 KiB. */
  readonly block: number;
  /** Writing a status register. */
  readonly status: number;
}

/**
 * GigaDevice GD25Q32C, datasheet, typical values. Erasing the whole chip is
 * taken for erasing its blocks.
 */
export const GD25Q32C_TIMING: FlashTiming = Object.freeze({
  page: 0.6,
  sector: 50,
  block: 250,
  status: 5,
});

/** Start bit, eight data bits, stop bit. */
export const BITS_PER_BYTE = 10;

/** How long `bytes` bytes take at `baudRate`, in milliseconds. */
export function lineTime(bytes: number, baudRate: number): number {
  return bytes * BITS_PER_BYTE * 1000 / baudRate;
}

/** One direction of a line, which carries one byte after the other. */
export class LineClock {
  readonly #clock: Clock;
  #free = 0;

  /** Makes an idle line. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Puts bytes on the line.
   *
   * @returns How long it is until the last has arrived, in milliseconds.
   */
  carry(bytes: number, baudRate: number): number {
    const now = this.#clock.now();
    this.#free = Math.max(now, this.#free) + lineTime(bytes, baudRate);
    return this.#free - now;
  }
}
