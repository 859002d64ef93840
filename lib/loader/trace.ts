/**
 * What goes over the wire, as events for whoever wants to look at it.
 *
 * @module
 */

import type { SerialSignals } from "../transport/transport.ts";

/** A command is about to be sent. */
export interface CommandTrace {
  /** Tells this event from the others. */
  readonly kind: "command";
  /** The command's name in the serial protocol, such as `FLASH_BEGIN`. */
  readonly name: string;
  /** Its number. */
  readonly opcode: number;
  /** How many bytes of data it has. */
  readonly size: number;
}

/** Bytes are written or have come, or a whole frame has come: its payload, without SLIP's escapes. */
export interface BytesTrace {
  /** Tells this event from the others. */
  readonly kind: "write" | "read" | "frame";
  /** The bytes; they must not be changed. */
  readonly bytes: Uint8Array;
}

/** The modem lines are set. */
export interface SignalsTrace {
  /** Tells this event from the others. */
  readonly kind: "signals";
  /** The lines that are set. */
  readonly signals: SerialSignals;
}

/** The speed is changed. */
export interface BaudTrace {
  /** Tells this event from the others. */
  readonly kind: "baud";
  /** The new speed, in baud. */
  readonly baud: number;
}

/** Something on the wire. */
export type TraceEvent = CommandTrace | BytesTrace | SignalsTrace | BaudTrace;

/** Called with each event as it happens; it must not throw. */
export type TraceListener = (event: TraceEvent) => void;
