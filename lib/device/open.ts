/**
 * From a path or URL to an open port.
 *
 * @module
 */

import type { ProgressListener } from "../progress.ts";
import { findPort } from "../transport/list_ports.ts";
import { openRfc2217 } from "../transport/rfc2217.ts";
import { openSerial } from "../transport/serial.ts";
import { openTcp } from "../transport/tcp.ts";
import type { Transport } from "../transport/transport.ts";

/** How a port is opened. */
export interface OpenPortOptions {
  /**
   * The speed to begin with, in baud.
   *
   * @default {115200}
   */
  readonly baudRate?: number;
  /** Gives up opening. */
  readonly signal?: AbortSignal | undefined;
  /** Told what a person should know. */
  readonly onProgress?: ProgressListener | undefined;
}

/** Something that a port can be opened from, again and again: a virtual board, for one. */
export interface PortSource {
  /** What the port is called in messages and events. */
  readonly port: string;
  /** Opens the port. */
  open(options?: OpenPortOptions): Promise<Transport>;
}

/**
 * What to open: a path (`/dev/ttyUSB0`, `COM5`), a URL (`socket://host:port`,
 * `rfc2217://host:port`, with `token@` before the host if the server wants one,
 * `sim://esp32`), a port that is open already, or a source of ports.
 */
export type PortTarget = string | Transport | PortSource;

/** The name of a target, for messages and events. */
export function portName(target: PortTarget): string {
  return typeof target === "string" ? target : target.port;
}

/**
 * Opens a port.
 *
 * @throws {TransportError} If the port cannot be opened.
 * @throws {SyntaxError} If a URL has no host and port, or an unknown scheme.
 */
export async function openTransport(
  target: PortTarget,
  options: OpenPortOptions = {},
): Promise<Transport> {
  if (typeof target !== "string") {
    return "readable" in target ? target : await target.open(options);
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(target)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return await openLocal(target, options);
    case "sim": {
      // Only who asks for a virtual board pays for loading the simulator.
      const { virtualBoardFromUrl } = await import("../simulator/mod.ts");
      return await virtualBoardFromUrl(target).open(options);
    }
    case "socket": {
      const { host, port, query, user } = parseHostUrl(target);
      refuseOthers(target, query, []);
      if (user !== "") {
        throw new SyntaxError(`Cannot open "${target}": raw TCP has no token`);
      }
      return await openTcp(host, port, options);
    }
    case "rfc2217": {
      const { host, port, query, user } = parseHostUrl(target);
      const timeout = query.get("timeout");
      refuseOthers(target, query, ["ign_set_control", "timeout"]);
      return await openRfc2217(host, port, {
        ...options,
        ignoreSetControl: query.has("ign_set_control"),
        ...(user !== "" && { token: user }),
        ...(timeout !== null && { timeout: Number(timeout) * 1000 }),
      });
    }
    default:
      throw new SyntaxError(
        `Cannot open "${target}": known schemes are socket, rfc2217 and sim`,
      );
  }
}

/** Opens a local port and tells it what USB device it is, by which the way of resetting is chosen. */
async function openLocal(
  path: string,
  options: OpenPortOptions,
): Promise<Transport> {
  const found = await findPort(path);
  return await openSerial(path, {
    ...options,
    ...(found?.usbVendorId !== undefined && { usbVendorId: found.usbVendorId }),
    ...(found?.usbProductId !== undefined &&
      { usbProductId: found.usbProductId }),
    ...(found?.serialNumber !== undefined &&
      { usbSerialNumber: found.serialNumber }),
  });
}

/** @throws {SyntaxError} If a URL has an option that nobody would heed. */
function refuseOthers(
  target: string,
  query: URLSearchParams,
  known: readonly string[],
): void {
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const list = known.length === 0 ? "none" : known.join(" and ");
  throw new SyntaxError(
    `Cannot open "${target}": option "${unknown}" is not known, but ${list}`,
  );
}

interface HostUrl {
  readonly host: string;
  readonly port: number;
  readonly query: URLSearchParams;
  /** What stands before `@`. */
  readonly user: string;
}

function parseHostUrl(text: string): HostUrl {
  const url = URL.parse(text);
  if (url === null || url.hostname === "" || url.port === "") {
    throw new SyntaxError(
      `Cannot open "${text}": it should be like scheme://host:port`,
    );
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port),
    query: url.searchParams,
    user: decodeUser(url.username, text),
  };
}

function decodeUser(user: string, text: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    throw new SyntaxError(
      `Cannot open "${text}": what stands before @ has a % without two hex digits`,
    );
  }
}
