/**
 * Options of a device and of those of its operations that have their own.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { OperationOptions } from "../progress.ts";
import type { SpiConnection } from "../loader/flash_pins.ts";
import type { AfterMode } from "./after_mode.ts";

/** Options of {@linkcode Device.writeReg}. */
export interface WriteRegOptions extends OperationOptions {
  /**
   * Which bits to change.
   *
   * @default {0xffff_ffff}
   */
  readonly mask?: number | undefined;
  /**
   * How long the chip waits afterwards, in microseconds.
   *
   * @default {0}
   */
  readonly delayUs?: number | undefined;
}

/** Options of {@linkcode Device.writeFlashStatus}. */
export interface WriteFlashStatusOptions extends OperationOptions {
  /**
   * How many status registers, 1 to 3.
   *
   * @default {2}
   */
  readonly bytes?: number | undefined;
  /**
   * Whether the value outlasts a power cycle.
   *
   * @default {false}
   */
  readonly nonVolatile?: boolean | undefined;
}

/** Options of {@linkcode Device.readFlash}. */
export interface ReadFlashOptions extends OperationOptions {
  /**
   * What the loader is to take the flash's size for, in bytes.
   *
   * @default What the flash chip's id says
   */
  readonly flashSize?: number | undefined;
}

/** Options of {@linkcode Device.eraseFlash} and {@linkcode Device.eraseRegion}. */
export interface EraseFlashOptions extends OperationOptions {
  /**
   * Whether to erase although secure boot or flash encryption is on.
   *
   * @default {false}
   */
  readonly force?: boolean | undefined;
}

/** How a {@linkcode Device} behaves; {@linkcode open} fills it in. */
export interface DeviceSettings {
  /** What becomes of the chip on close. */
  readonly after: AfterMode;
  /** The clock of time limits. */
  readonly clock?: Clock | undefined;
  /** Stops every operation, for as long as the device lives. */
  readonly signal?: AbortSignal | undefined;
  /** Where the flash is, if not at the package's own pins. */
  readonly spiConnection?: SpiConnection | undefined;
  /** Told of every operation's progress. */
  readonly onProgress?: OperationOptions["onProgress"];
}
