/**
 * Options of a device and of those of its operations that have their own.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { OperationOptions } from "../progress.ts";
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

/** How a {@linkcode Device} behaves; {@linkcode open} fills it in. */
export interface DeviceSettings {
  /** What becomes of the chip on close. */
  readonly after: AfterMode;
  /** The clock of time limits. */
  readonly clock?: Clock | undefined;
  /** Stops every operation, for as long as the device lives. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every operation's progress. */
  readonly onProgress?: OperationOptions["onProgress"];
}
