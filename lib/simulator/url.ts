/**
 * Boards by URL: `sim://esp8266?mac=5c:cf:7f:00:00:02&flash-size=1MB&fault=no-sync`.
 *
 * @module
 */

import { parseBehavior } from "./behavior_text.ts";
import { VirtualBoard, type VirtualBoardOptions } from "./virtual_board.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Setter = (
  options: Mutable<VirtualBoardOptions>,
  value: string,
) => void;

const PARAMETERS: Readonly<Record<string, Setter>> = {
  "mac": (options, value) => options.mac = value,
  "index": (options, value) => options.index = parseInteger("index", value),
  "flash-size": (options, value) => options.flashSize = value,
  "flash-id": (options, value) =>
    options.flashId = parseInteger("flash-id", value),
  "flash-pins": (options, value) => options.flashPins = value,
  "revision": (options, value) => options.revision = value,
  "crystal": (options, value) =>
    options.crystalMhz = parseInteger("crystal", value),
  "strap": (options, value) =>
    options.strap = oneOf("strap", value, ["auto", "download", "run"]),
  "usb": (options, value) =>
    options.usb = oneOf("usb", value, ["bridge", "jtag", "otg"]),
  "secure-boot": (options, value) =>
    options.secureBoot = parseTruth("secure-boot", value),
  "flash-encryption": (options, value) =>
    options.flashEncryption = parseTruth("flash-encryption", value),
  "secure-download": (options, value) =>
    options.secureDownload = parseTruth("secure-download", value),
  "timing": (options, value) =>
    options.timing = oneOf("timing", value, ["instant", "clocked"]),
  "app": (options, value) => options.appText = value,
  "fault": (options, value) =>
    options.behaviors = [...options.behaviors ?? [], parseBehavior(value)],
};

/**
 * Makes a board from a URL: the chip stands where a host name would, options
 * are parameters, and what stands behind `#` is the board's name.
 *
 * Parameters: `mac`, `index`, `flash-size`, `flash-id`, `flash-pins`, `revision`,
 * `crystal` (MHz), `strap`, `usb` (`bridge`, `jtag` or `otg`), `secure-boot`,
 * `flash-encryption`, `secure-download`, `timing`, `app` (what the application
 * prints) and any number of `fault`, each as `parseBehavior` reads it. What is on
 * or off may do without a value: `sim://esp32s3?usb=otg&secure-download`.
 *
 * @throws {SyntaxError} If the URL or a parameter cannot be read.
 * @throws {RangeError} If the chip or a value does not exist.
 */
export function virtualBoardFromUrl(url: string): VirtualBoard {
  if (!URL.canParse(url) || !url.startsWith("sim://")) {
    throw new SyntaxError(
      `Cannot open board "${url}": it looks like "sim://esp32?flash-size=4MB"`,
    );
  }
  const { host, searchParams, hash } = new URL(url);
  const options: Mutable<VirtualBoardOptions> = { chip: host };
  if (hash !== "") options.name = decodeURIComponent(hash.slice(1));
  for (const [key, value] of searchParams) {
    const set = Object.hasOwn(PARAMETERS, key) ? PARAMETERS[key] : undefined;
    if (set === undefined) {
      throw new SyntaxError(
        `Cannot open board "${url}": parameter "${key}" is none of ${
          Object.keys(PARAMETERS).join(", ")
        }`,
      );
    }
    set(options, value);
  }
  return new VirtualBoard(options);
}

function oneOf<const Value extends string>(
  name: string,
  text: string,
  values: readonly Value[],
): Value {
  const value = values.find((candidate) => candidate === text);
  if (value === undefined) {
    throw new SyntaxError(
      `Cannot parse parameter "${name}": "${text}" is none of ${
        values.join(", ")
      }`,
    );
  }
  return value;
}

function parseTruth(name: string, text: string): boolean {
  return oneOf(name, text, ["", "true", "false"]) !== "false";
}

function parseInteger(name: string, text: string): number {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) return Number(text);
  throw new SyntaxError(
    `Cannot parse parameter "${name}": "${text}" is no number`,
  );
}
