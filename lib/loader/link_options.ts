/**
 * Options of a link and of its methods.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Timeouts } from "../protocol/timeouts.ts";
import type { ResetSequence } from "./reset_sequence.ts";
import type { TraceListener } from "./trace.ts";

/** Options of {@linkcode Link}. */
export interface LinkOptions {
  /** The source of time; the system's clock by default. */
  readonly clock?: Clock | undefined;
  /** Time limits. */
  readonly timeouts?: Timeouts | undefined;
  /** How long the port may take to accept what is sent, in milliseconds; no limit of its own by default. */
  readonly writeTimeout?: number | undefined;
  /**
   * How often one packet of flash data may be sent.
   *
   * @default {3}
   */
  readonly writeAttempts?: number | undefined;
  /** A reset into the application of one's own. */
  readonly hardReset?: ResetSequence | undefined;
  /** Told of everything on the wire. */
  readonly onTrace?: TraceListener | undefined;
}

/** Options of {@linkcode Link.drain}. */
export interface DrainOptions {
  /** The longest wait, in milliseconds; ten times the quiet by default. */
  readonly most?: number | undefined;
  /** Stops the wait. */
  readonly signal?: AbortSignal | undefined;
}
