/**
 * The options that every verb has, those that several have, and how to declare more.
 *
 * @module
 */

import {
  type AfterMode,
  type BeforeMode,
  CHIPS,
  type FlashMode,
} from "../../mod.ts";
import type { Argument, Flag, Options, Setting } from "./command.ts";
import { oneOf, parseAttempts, parseBaud } from "./values.ts";

const BEFORE_MODES: readonly BeforeMode[] = [
  "default-reset",
  "usb-reset",
  "no-reset",
  "no-reset-no-sync",
];

const AFTER_MODES: readonly AfterMode[] = [
  "hard-reset",
  "soft-reset",
  "no-reset",
  "no-reset-stub",
  "watchdog-reset",
];

/** Declares an option without a value. */
export function flag(flags: string, summary: string): Flag {
  return { kind: "flag", flags, summary };
}

/** Declares an option with a value. */
export function setting<T>(option: Omit<Setting<T>, "kind">): Setting<T> {
  return { kind: "setting", ...option };
}

/** Declares an argument that must be there. */
export function required<T>(
  name: string,
  summary: string,
  parse: (text: string) => T,
): Argument<T> {
  return {
    label: `<${name}>`,
    summary,
    parse: ([text = ""]) => parse(text),
  };
}

/** Declares an argument that may be left out. */
export function optional<T>(
  name: string,
  summary: string,
  parse: (text: string) => T,
): Argument<T | undefined> {
  return {
    label: `[${name}]`,
    summary,
    parse: ([text]) => text === undefined ? undefined : parse(text),
  };
}

/** The options of every verb. A verb's own option takes a short name away from one of these. */
export const GLOBAL_OPTIONS = {
  chip: setting({
    flags: "-c, --chip <chip>",
    summary: "the chip, so that another is refused (default: auto)",
    env: "CHIP",
    fallback: "auto",
    parse: (text) => parseChip(text.toLowerCase().replaceAll(/[-_]/g, "")),
  }),
  port: setting<string | undefined>({
    flags: "-p, --port <port>",
    summary:
      "a path, COM port, socket://, rfc2217:// or sim:// URL (default: the only port there is)",
    env: "PORT",
    fallback: undefined,
    parse: String,
  }),
  baud: setting({
    flags: "-b, --baud <baud>",
    summary: "the speed once connected (default: 115200)",
    env: "BAUD",
    fallback: 115_200,
    parse: parseBaud,
  }),
  before: setting<BeforeMode>({
    flags: "--before <mode>",
    summary: `how to enter the loader: ${BEFORE_MODES.join(", ")}`,
    env: "BEFORE",
    fallback: "default-reset",
    parse: oneOf(BEFORE_MODES),
  }),
  after: setting<AfterMode>({
    flags: "-a, --after <mode>",
    summary: `how to leave the chip: ${AFTER_MODES.join(", ")}`,
    env: "AFTER",
    fallback: "hard-reset",
    parse: oneOf(AFTER_MODES),
  }),
  noStub: flag("--no-stub", "talk to the ROM's loader only"),
  connectAttempts: setting({
    flags: "--connect-attempts <count>",
    summary: "how often to try; 0 for ever (default: 7)",
    env: "CONNECT_ATTEMPTS",
    fallback: 7,
    parse: parseAttempts,
  }),
  json: flag("--json", "one JSON object on stdout, and nothing else"),
} satisfies Options;

/** Flash parameters for the image at the bootloader's offset. */
export const FLASH_PARAMETER_OPTIONS = {
  flashMode: setting<FlashMode | "keep">({
    flags: "--fm, --flash-mode <mode>",
    summary: "qio, qout, dio, dout or keep, for a bootloader (default: keep)",
    env: "FM",
    fallback: "keep",
    parse: oneOf(["keep", "qio", "qout", "dio", "dout"]),
  }),
  flashFrequency: setting({
    flags: "--ff, --flash-freq <frequency>",
    summary: "such as 40m, or keep, for a bootloader (default: keep)",
    env: "FF",
    fallback: "keep",
    parse: oneOf(["keep", ...encodings("frequencies")]),
  }),
  flashSize: setting({
    flags: "--fs, --flash-size <size>",
    summary: "such as 4MB, detect or keep, for a bootloader (default: keep)",
    env: "FS",
    fallback: "keep",
    parse: oneOf(["detect", "keep", ...encodings("sizes")]),
  }),
} satisfies Options;

const parseChip = oneOf(["auto", ...CHIPS.map(({ id }) => id)]);

/** What any chip's image header can say; whether this chip's can is known when it answers. */
function encodings(field: "sizes" | "frequencies"): string[] {
  return [...new Set(CHIPS.flatMap(({ flash }) => Object.keys(flash[field])))];
}
