/**
 * Win32 error numbers as typed errors.
 *
 * @module
 */

import { type EspErrorCode, TransportError } from "../errors.ts";
import { portGone } from "./_port_streams.ts";

/** The operation runs on; its outcome comes through the completion port. */
export const ERROR_IO_PENDING = 997;
/** The operation was cancelled, or its output purged. */
export const ERROR_OPERATION_ABORTED = 995;
const ERROR_INVALID_FUNCTION = 1;
const ERROR_FILE_NOT_FOUND = 2;
const ERROR_PATH_NOT_FOUND = 3;
const ERROR_ACCESS_DENIED = 5;
const ERROR_BAD_COMMAND = 22;
const ERROR_GEN_FAILURE = 31;
const ERROR_SHARING_VIOLATION = 32;
const ERROR_NOT_SUPPORTED = 50;
const ERROR_DEV_NOT_EXIST = 55;
const ERROR_INVALID_NAME = 123;
const ERROR_BAD_PATHNAME = 161;
const ERROR_NO_SUCH_DEVICE = 433;
const ERROR_DEVICE_NOT_CONNECTED = 1167;
const ERROR_DEVICE_REMOVED = 1617;

/** What drivers answer to I/O on a device that was pulled out; each has its own habit. */
const GONE: ReadonlySet<number> = new Set([
  ERROR_FILE_NOT_FOUND,
  ERROR_ACCESS_DENIED,
  ERROR_BAD_COMMAND,
  ERROR_GEN_FAILURE,
  ERROR_DEV_NOT_EXIST,
  ERROR_NO_SUCH_DEVICE,
  ERROR_DEVICE_NOT_CONNECTED,
  ERROR_DEVICE_REMOVED,
]);

const ABSENT: ReadonlySet<number> = new Set([
  ERROR_FILE_NOT_FOUND,
  ERROR_PATH_NOT_FOUND,
  ERROR_INVALID_NAME,
  ERROR_BAD_PATHNAME,
]);

/** Whether a driver says that it has no such function, as ports without modem lines do. */
export function isUnsupported(error: number): boolean {
  return error === ERROR_INVALID_FUNCTION || error === ERROR_NOT_SUPPORTED;
}

/** The error for a `CreateFileW` that failed. */
export function openError(port: string, error: number): TransportError {
  if (ABSENT.has(error)) {
    return fail(`Cannot open ${port}: no such port`, error, {
      code: "port-not-found",
      hint: "Plug the board in and list the ports to see its name",
    });
  }
  if (error === ERROR_ACCESS_DENIED || error === ERROR_SHARING_VIOLATION) {
    return fail(`Cannot open ${port}: in use by another program`, error, {
      code: "port-busy",
      hint: "Close the serial monitor or other program that holds the port",
    });
  }
  return fail(`Cannot open ${port}: its driver refused`, error, {
    code: "port-open-failed",
    hint: "Unplug the adapter and plug it in again",
  });
}

/** The error for an operation that failed on an open port. */
export function ioError(
  port: string,
  action: string,
  error: number,
): TransportError {
  return GONE.has(error)
    ? portGone(port, `cannot ${action} (Windows error ${error})`)
    : fail(`Cannot ${action} ${port}: its driver failed`, error, {
      code: "port-io",
    });
}

interface Failure {
  readonly code: EspErrorCode;
  readonly hint?: string;
}

function fail(
  message: string,
  error: number,
  options: Failure,
): TransportError {
  return new TransportError(`${message} (Windows error ${error})`, options);
}
