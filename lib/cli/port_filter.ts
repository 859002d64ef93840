/**
 * Which of the ports that are there are meant, and in which order they are tried.
 *
 * @module
 */

import type { PortInfo } from "../../mod.ts";
import { parseNumber } from "./values.ts";

/** One property that a port must have. */
export interface PortFilter {
  /** The property. */
  readonly key: "vid" | "pid" | "name" | "serial";
  /** Whether a port has it. */
  matches(port: PortInfo): boolean;
}

const MATCHERS: Readonly<
  Record<PortFilter["key"], (text: string) => PortFilter["matches"]>
> = {
  vid: (text) => {
    const id = parseNumber(text);
    return ({ usbVendorId }) => usbVendorId === id;
  },
  pid: (text) => {
    const id = parseNumber(text);
    return ({ usbProductId }) => usbProductId === id;
  },
  name: (text) => ({ path }) => includes(path, text),
  serial: (text) => ({ serialNumber }) => includes(serialNumber ?? "", text),
};

const KEYS = ["vid", "pid", "name", "serial"] as const;

/**
 * Parses filters such as `vid=0x10c4`, `pid=60000`, `name=ttyUSB` and
 * `serial=A1B2`; names and serial numbers are parts of the whole, in any case.
 *
 * @throws {SyntaxError} If one is not of that kind.
 */
export function parsePortFilters(
  texts: readonly string[],
): readonly PortFilter[] {
  return texts.map((text) => {
    const equals = text.indexOf("=");
    const key = KEYS.find((key) => key === text.slice(0, equals));
    if (key === undefined) {
      throw new SyntaxError(
        `"${text}" is not vid=NUMBER, pid=NUMBER, name=TEXT or serial=TEXT`,
      );
    }
    return { key, matches: MATCHERS[key](text.slice(equals + 1)) };
  });
}

/** The ports that have one of the wanted values of each wanted property. */
export function filterPorts(
  ports: readonly PortInfo[],
  filters: readonly PortFilter[],
): PortInfo[] {
  return ports.filter((port) =>
    KEYS.every((key) => {
      const same = filters.filter((filter) => filter.key === key);
      return same.length === 0 || same.some((filter) => filter.matches(port));
    })
  );
}

/** Espressif's USB vendor id. */
const ESPRESSIF = 0x303a;
/** What macOS lists beside serial ports. */
const NO_BOARDS = /Bluetooth-Incoming-Port|wlan-debug|debug-console/;

/** Ports that may have a board, the most likely first: a chip's own USB port, USB adapters, then the others. */
export function byLikelihood(ports: readonly PortInfo[]): PortInfo[] {
  return ports.filter(({ path }) => !NO_BOARDS.test(path))
    .toSorted((a, b) => rank(a) - rank(b));
}

function rank({ usbVendorId }: PortInfo): number {
  if (usbVendorId === ESPRESSIF) return 0;
  return usbVendorId === undefined ? 2 : 1;
}

function includes(whole: string, part: string): boolean {
  return whole.toLowerCase().includes(part.toLowerCase());
}
