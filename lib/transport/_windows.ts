/**
 * Serial ports on Windows, opened through FFI to kernel32.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import { type CompletionPort, SharedCompletionPort } from "./_iocp.ts";
import {
  encodeWide,
  INVALID_HANDLE,
  type Kernel32,
  openKernel32,
} from "./_kernel32.ts";
import { checkBaudRate } from "./_port_streams.ts";
import { emptyDcb, encodeTimeouts } from "./_windows_dcb.ts";
import { ioError, openError } from "./_windows_errors.ts";
import { QUEUE_SIZE, WindowsPort } from "./_windows_port.ts";
import type { SerialOptions } from "./serial.ts";
import type { Transport } from "./transport.ts";

const GENERIC_READ_WRITE = 0xc000_0000;
const OPEN_EXISTING = 3;
const FILE_FLAG_OVERLAPPED = 0x4000_0000;

/**
 * Opens a serial port of Windows.
 *
 * @param path `COM5`, or a device path such as `\\.\COM5`.
 * @throws {TransportError} `port-not-found`, `port-busy`, `port-open-failed`, `port-unsupported` or `baud-unsupported`.
 */
export function openWindowsPort(
  path: string,
  options: SerialOptions = {},
): Promise<Transport> {
  return processPorts.open(path, options);
}

/** The serial ports of one kernel32, which share a completion port. */
export class WindowsPorts {
  readonly #shared: SharedCompletionPort;
  readonly #clock: Clock;

  /** Loads nothing until a port is opened. */
  constructor(load: () => Kernel32, clock: Clock = systemClock) {
    this.#shared = new SharedCompletionPort(load);
    this.#clock = clock;
  }

  /** Does the work of {@linkcode openWindowsPort}. */
  async open(path: string, options: SerialOptions = {}): Promise<Transport> {
    const { baudRate = 115200, signal } = options;
    checkBaudRate(baudRate);
    signal?.throwIfAborted();
    const lease = this.#shared.acquire();
    const { kernel } = lease.completions;
    try {
      const handle = await createFile(kernel, path);
      try {
        signal?.throwIfAborted();
        setUp(kernel, handle, lease.completions, path);
        const port = new WindowsPort(path, handle, lease, this.#clock, options);
        port.applyBaudRate(baudRate);
        port.startReading();
        return port;
      } catch (error) {
        await kernel.CloseHandleAsync(handle);
        throw error;
      }
    } catch (error) {
      await lease.release();
      throw error;
    }
  }
}

/** The process's own ports. The completion port behind it lives while a port is open. */
const processPorts = new WindowsPorts(openKernel32);

/** Opens the device on a pool thread, for a driver may take seconds. */
async function createFile(kernel: Kernel32, path: string): Promise<bigint> {
  const name = encodeWide(path.startsWith("\\\\") ? path : `\\\\.\\${path}`);
  const rest = [
    GENERIC_READ_WRITE,
    0, // no sharing: serial ports allow none
    null,
    OPEN_EXISTING,
    FILE_FLAG_OVERLAPPED,
    0n,
  ] as const;
  const handle = await kernel.CreateFileWAsync(name, ...rest);
  if (handle !== INVALID_HANDLE) return handle;
  // Why it failed stayed behind on the pool thread: ask again on this one.
  const again = kernel.CreateFileW(name, ...rest);
  if (again === INVALID_HANDLE) throw openError(path, kernel.GetLastError());
  return again;
}

function setUp(
  kernel: Kernel32,
  handle: bigint,
  completions: CompletionPort,
  path: string,
): void {
  if (kernel.GetCommState(handle, emptyDcb()) === 0) {
    const error = kernel.GetLastError();
    throw new TransportError(
      `Cannot open ${path}: it is no serial port (Windows error ${error})`,
      { code: "port-unsupported" },
    );
  }
  // A recommendation that drivers are free to ignore, and some refuse.
  kernel.SetupComm(handle, QUEUE_SIZE, QUEUE_SIZE);
  if (kernel.SetCommTimeouts(handle, encodeTimeouts()) === 0) {
    throw ioError(path, "set the timeouts of", kernel.GetLastError());
  }
  const error = completions.attach(handle);
  if (error !== 0) throw ioError(path, "watch", error);
}
