/**
 * A serial port of this machine, over the system's own library by FFI: nothing
 * is compiled or installed, and `--allow-ffi` is the only permission needed.
 *
 * @module
 */

import { TransportError } from "../errors.ts";
import type { Transport } from "./transport.ts";

/** Options of {@linkcode openSerial}. */
export interface SerialOptions {
  /**
   * The speed to open at, in baud: any integer that the driver accepts.
   *
   * @default {115200}
   */
  readonly baudRate?: number | undefined;
  /**
   * Whether other programs are kept from opening the port. On Windows they
   * always are.
   *
   * @default {true}
   */
  readonly exclusive?: boolean | undefined;
  /** USB vendor id of the adapter, to be found in the port's `info`. */
  readonly usbVendorId?: number | undefined;
  /** USB product id of the adapter, to be found in the port's `info`. */
  readonly usbProductId?: number | undefined;
  /** USB serial number of the adapter, to be found in the port's `info`. */
  readonly usbSerialNumber?: string | undefined;
  /** Ends the attempt to open; has no effect on the open port. */
  readonly signal?: AbortSignal | undefined;
}

/** The speed, in baud, of a port opened without one. */
export const DEFAULT_BAUD_RATE = 115200;

/**
 * Opens a serial port: 8 data bits, no parity, one stop bit, no flow control.
 * DTR and RTS are left as the system sets them when a port is opened.
 *
 * @param path `/dev/ttyUSB0`, `/dev/cu.usbserial-0001`, `COM3`.
 * @throws {TransportError} `port-not-found`, `port-busy`, `port-denied`,
 * `port-open-failed`, `baud-unsupported`, or `port-unsupported` on a system
 * other than Linux, macOS and Windows.
 * @throws The signal's reason.
 *
 * @example Read what a board prints
 * ```ts ignore
 * import { openSerial } from "@espline/espline";
 *
 * await using port = await openSerial("/dev/ttyUSB0", { baudRate: 74880 });
 * for await (const bytes of port.readable) console.log(bytes);
 * ```
 */
export async function openSerial(
  path: string,
  options: SerialOptions = {},
): Promise<Transport> {
  const { baudRate = DEFAULT_BAUD_RATE, exclusive = true, signal } = options;
  if (!Number.isSafeInteger(baudRate) || baudRate <= 0) {
    throw new RangeError(
      `Cannot open "${path}": ${baudRate} is no speed in baud`,
    );
  }
  if (path === "" || path.includes("\0")) {
    throw new TypeError(`Cannot open "${path}": not a path`);
  }
  signal?.throwIfAborted();
  const open = await loadOpener();
  signal?.throwIfAborted();
  try {
    return await open(path, { ...options, baudRate, exclusive });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new TransportError(`Cannot open "${path}": FFI is not allowed`, {
      code: "port-denied",
      hint: "Run Deno with --allow-ffi",
      cause: error,
    });
  }
}

type Opener = (path: string, options: SerialOptions) => Promise<Transport>;

async function loadOpener(): Promise<Opener> {
  const { os } = Deno.build;
  if (os === "windows") return (await import("./_windows.ts")).openWindowsPort;
  if (os === "linux" || os === "darwin") {
    return (await import("./_posix.ts")).openPosixPort;
  }
  throw new TransportError(
    `Cannot open a serial port: not supported on ${os}`,
    {
      code: "port-unsupported",
      hint: "Reach the port over rfc2217:// or socket://",
    },
  );
}
