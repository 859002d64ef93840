/**
 * The serial ports of this machine, and what is plugged into them.
 *
 * @module
 */

import { TransportError } from "../errors.ts";
import { finishPorts, type ListedPort } from "./_listed_port.ts";

/** A serial port. What its system or adapter does not tell is left `undefined`. */
export interface PortInfo {
  /** What to open it by: `/dev/ttyUSB0`, `/dev/cu.usbserial-0001`, `COM5`. */
  readonly path: string;
  /** USB vendor id, 16 bits: 0x10c4 for Silicon Labs, 0x303a for Espressif. */
  readonly usbVendorId?: number | undefined;
  /** USB product id, 16 bits. */
  readonly usbProductId?: number | undefined;
  /** USB serial number. A CH340 has none, and a cheap CP2102 shares "0001" with its like. */
  readonly serialNumber?: string | undefined;
  /** USB manufacturer; on Windows, the driver's. */
  readonly manufacturer?: string | undefined;
  /** USB product name. */
  readonly product?: string | undefined;
  /**
   * Where the adapter is plugged in; the same after it is plugged in again
   * there, and the only thing that tells two CH340s apart.
   *
   * `1-2.3` is port 3 of the hub at port 2 of USB bus 1; on Windows, where
   * buses have no number of their own, `0.1400.0-2.3` names the controller by
   * its place on the PCI bus. Where one adapter has several ports, each says
   * its USB interface as well: `1-2.3:1.0`.
   */
  readonly location?: string | undefined;
  /** The system's own word: the kernel driver on Linux, the friendly name on Windows. */
  readonly description?: string | undefined;
}

/**
 * Lists the serial ports of this machine, in natural order of their paths.
 *
 * Needs `--allow-ffi` and nothing else. A port that vanishes meanwhile is left
 * out.
 *
 * @throws {TransportError} `port-denied` without that permission;
 * `port-unsupported` on a system other than Linux, macOS and Windows, or if it cannot say.
 *
 * @example Find the boards with an adapter by Silicon Labs
 * ```ts
 * import { listPorts } from "@espline/espline";
 *
 * const boards = (await listPorts()).filter((port) =>
 *   port.usbVendorId === 0x10c4
 * );
 * ```
 */
export async function listPorts(): Promise<PortInfo[]> {
  try {
    return finishPorts(await listBySystem());
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new TransportError("Cannot list serial ports: FFI is not allowed", {
      code: "port-denied",
      hint: "Run Deno with --allow-ffi",
      cause: error,
    });
  }
}

/**
 * Ports as a user names them: `all` stands for every serial port of this machine.
 *
 * @throws {TransportError} As {@linkcode listPorts}, if `all` is among them.
 */
export async function expandPorts(names: readonly string[]): Promise<string[]> {
  if (!names.includes("all")) return [...names];
  const all = (await listPorts()).map(({ path }) => path);
  return names.flatMap((name) => name === "all" ? all : [name]);
}

/**
 * Finds a port by its path; on Linux also by a link to it, such as those in
 * `/dev/serial/by-id`.
 *
 * @throws {TransportError} As {@linkcode listPorts}.
 */
export async function findPort(path: string): Promise<PortInfo | undefined> {
  const ports = await listPorts();
  const real = Deno.build.os === "linux"
    ? (await import("./_list_linux.ts")).realPathOf(path)
    : path;
  return ports.find((port) => port.path === real);
}

async function listBySystem(): Promise<ListedPort[]> {
  switch (Deno.build.os) {
    case "linux":
      return (await import("./_list_linux.ts")).listLinuxPorts();
    case "darwin":
      return (await import("./_list_darwin.ts")).listDarwinPorts();
    case "windows":
      return (await import("./_list_windows.ts")).listWindowsPorts();
    default:
      throw new TransportError(
        `Cannot list serial ports: ${Deno.build.os} is not supported`,
        {
          code: "port-unsupported",
          hint: "Name the port, or use a socket:// or rfc2217:// URL",
        },
      );
  }
}
