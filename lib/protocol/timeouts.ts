/**
 * How long a device may take.
 *
 * @module
 */

/** Time limits, in milliseconds. Their names follow esptool's configuration file. */
export interface Timeouts {
  /** For whatever has no limit of its own. */
  readonly default: number;
  /** For one answer to SYNC. */
  readonly sync: number;
  /** For erasing the whole chip. */
  readonly chipErase: number;
  /** The longest that any command may take. */
  readonly max: number;
  /** For the ROM's answer to MEM_END, which it may never send. */
  readonly memEndRom: number;
  /** For an MD5 digest, by megabyte (1,000,000 bytes). */
  readonly md5PerMb: number;
  /** For erasing a region, by megabyte. */
  readonly eraseRegionPerMb: number;
  /** For erasing and programming, by megabyte. */
  readonly eraseWritePerMb: number;
}

/** The time limits that esptool has. */
export const DEFAULT_TIMEOUTS: Timeouts = Object.freeze({
  default: 3_000,
  sync: 100,
  chipErase: 120_000,
  max: 240_000,
  memEndRom: 200,
  md5PerMb: 8_000,
  eraseRegionPerMb: 40_000,
  eraseWritePerMb: 40_000,
});

/** Scales a time limit by megabyte to a size in bytes; never under the default. */
export function timeoutForSize(
  timeouts: Timeouts,
  perMb: number,
  size: number,
): number {
  return Math.max(timeouts.default, (perMb * size) / 1_000_000);
}
