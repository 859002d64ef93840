/**
 * The structures that set up a Windows serial port: DCB, COMMTIMEOUTS, COMSTAT.
 *
 * @module
 */

import { encodeUint32, readUint32, viewOf } from "../bytes.ts";
import { fixedBuffer } from "./_kernel32.ts";

/** Size of a DCB in bytes. */
export const DCB_SIZE = 28;
/** Size of a COMSTAT in bytes. */
export const COMSTAT_SIZE = 12;

const DCB_BAUD_RATE = 4;
const DCB_FLAGS = 8;
const DCB_RESERVED = 12;
const DCB_BYTE_SIZE = 18;
const DCB_PARITY = 19;
const DCB_STOP_BITS = 20;

/** Windows knows no other mode than binary, but the flag must be set. */
const F_BINARY = 1 << 0;
/** `DTR_CONTROL_ENABLE` in bits 4 and 5. */
const F_DTR_CONTROL_ENABLE = 1 << 4;
/** `RTS_CONTROL_ENABLE` in bits 12 and 13. */
const F_RTS_CONTROL_ENABLE = 1 << 12;
const NO_PARITY = 0;
const ONE_STOP_BIT = 0;

const MAX_DWORD = 0xffff_ffff;
/**
 * How long a read waits for its first byte, in milliseconds. Not for ever: a
 * driver that leaves its reads pending when its device is pulled out is found
 * out by the next one.
 */
const READ_TIMEOUT = 1000;

/** What a DCB says of a port. */
export interface LineSettings {
  /** In baud. */
  readonly baudRate: number;
  /** Whether DTR is asserted: applying a DCB sets the line again. */
  readonly dtr: boolean;
  /** Whether RTS is asserted. */
  readonly rts: boolean;
}

/**
 * Encodes a DCB for 8N1 without flow control.
 *
 * @param current The port's DCB: its XON/XOFF limits and characters are kept,
 * for drivers check them even where they are not used.
 */
export function encodeDcb(
  current: Uint8Array,
  { baudRate, dtr, rts }: LineSettings,
): Uint8Array<ArrayBuffer> {
  const dcb = fixedBuffer(DCB_SIZE);
  dcb.set(current.subarray(0, DCB_SIZE));
  const view = viewOf(dcb);
  view.setUint32(0, DCB_SIZE, true);
  view.setUint32(DCB_BAUD_RATE, baudRate, true);
  view.setUint32(
    DCB_FLAGS,
    F_BINARY | (dtr ? F_DTR_CONTROL_ENABLE : 0) |
      (rts ? F_RTS_CONTROL_ENABLE : 0),
    true,
  );
  view.setUint16(DCB_RESERVED, 0, true);
  view.setUint8(DCB_BYTE_SIZE, 8);
  view.setUint8(DCB_PARITY, NO_PARITY);
  view.setUint8(DCB_STOP_BITS, ONE_STOP_BIT);
  return dcb;
}

/** Makes a DCB for `GetCommState` to fill. */
export function emptyDcb(): Uint8Array<ArrayBuffer> {
  const dcb = fixedBuffer(DCB_SIZE);
  viewOf(dcb).setUint32(0, DCB_SIZE, true);
  return dcb;
}

/** The speed that a DCB names, in baud. */
export function decodeBaudRate(dcb: Uint8Array): number {
  return readUint32(dcb, DCB_BAUD_RATE);
}

/**
 * The COMMTIMEOUTS with which a read ends as soon as any byte is there, and a
 * write never ends by time.
 */
export function encodeTimeouts(): Uint8Array<ArrayBuffer> {
  return encodeUint32(MAX_DWORD, MAX_DWORD, READ_TIMEOUT, 0, 0);
}

/** How many bytes a COMSTAT counts as not yet sent. */
export function decodeOutputQueue(status: Uint8Array): number {
  return readUint32(status, 8);
}
