/**
 * The options that every verb has, those that several have, and how to declare more.
 *
 * @module
 */

import type {
  AfterMode,
  BeforeMode,
  ChipFamily,
  FlashMode,
  VddSdio,
} from "../../mod.ts";
import { parseFlashSize } from "../chips/flash_size.ts";
import { chipById, CHIPS } from "../chips/registry.ts";
import type {
  Argument,
  Flag,
  OptionBase,
  Options,
  Repeated,
  Setting,
} from "./command.ts";
import { parsePortFilters } from "./port_filter.ts";
import {
  namedWords,
  oneOf,
  parseBaud,
  parseDecimal,
  type WordParser,
  wordsOf,
} from "./values.ts";

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
export function flag(
  flags: string,
  summary: string,
  more: Pick<OptionBase, "aliases" | "hidden"> = {},
): Flag {
  return { kind: "flag", flags, summary, ...more };
}

/** Declares an option with a value. */
export function setting<T>(option: Omit<Setting<T>, "kind">): Setting<T> {
  return { kind: "setting", ...option };
}

/** Declares an option that can be given several times, or has several values. */
export function repeated<T>(option: Omit<Repeated<T>, "kind">): Repeated<T> {
  return { kind: "list", ...option };
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
    words: wordsOf(parse),
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
    words: wordsOf(parse),
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
    parse: namedWords(
      ["auto", ...CHIPS.map(({ id }) => id)],
      (text) => text.toLowerCase().replaceAll("-", ""),
    ),
  }),
  ports: repeated<readonly string[]>({
    flags: "-p, --port <port>",
    summary:
      "a path, COM port, socket://, rfc2217:// or sim:// URL; several times, or all, for several boards at once (default: the first with a board)",
    env: "PORT",
    fallback: [],
    parse: (texts) => texts,
  }),
  portFilters: repeated({
    flags: "--port-filter <filter>",
    summary:
      "only ports with this vid=, pid=, name= or serial=; can be repeated",
    fallback: [],
    parse: parsePortFilters,
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
  vddSdio: setting<VddSdio | undefined>({
    flags: "--override-vddsdio <voltage>",
    summary: "supply an ESP32's flash chip with 1.8V, 1.9V or OFF",
    fallback: undefined,
    parse: namedWords(["1.8V", "1.9V", "OFF"], String),
  }),
  connectAttempts: setting<number | undefined>({
    flags: "--connect-attempts <count>",
    summary: "how often to try; 0 or less for ever (default: 7)",
    env: "CONNECT_ATTEMPTS",
    fallback: undefined,
    parse: parseDecimal,
  }),
  stubVersion: setting<string | undefined>({
    flags: "--stub-version <version>",
    summary: "the generation of Espressif's stub; there is only 2 here",
    hidden: true,
    env: "STUB_VERSION",
    fallback: undefined,
    parse: oneOf(["2"]),
  }),
  trace: flag("-t, --trace", "dump what goes over the wire, on stderr"),
  verbose: flag("-v, --verbose", "say more"),
  silent: flag("-s, --silent", "say nothing but errors"),
  json: flag("--json", "one JSON object on stdout, and nothing else"),
} satisfies Options;

/** The chip that `--chip` names; `undefined` with `auto`. */
export function namedChip(chip: string): ChipFamily | undefined {
  return chip === "auto" ? undefined : chipById(chip);
}

/** Flash parameters for the image at the bootloader's offset. */
export const FLASH_PARAMETER_OPTIONS = {
  flashMode: setting<FlashMode | "keep">({
    flags: "-fm, --flash-mode <mode>",
    aliases: ["--flash_mode"],
    summary: "qio, qout, dio, dout or keep, for a bootloader (default: keep)",
    env: "FM",
    fallback: "keep",
    parse: oneOf(["keep", "qio", "qout", "dio", "dout"]),
  }),
  flashFrequency: setting({
    flags: "-ff, --flash-freq <frequency>",
    aliases: ["--flash_freq"],
    summary: "such as 40m, or keep, for a bootloader (default: keep)",
    env: "FF",
    fallback: "keep",
    parse: oneOf(["keep", ...encodings("frequencies")]),
  }),
  flashSize: setting({
    flags: "-fs, --flash-size <size>",
    aliases: ["--flash_size"],
    summary: "such as 4MB, detect or keep, for a bootloader (default: keep)",
    env: "FS",
    fallback: "keep",
    parse: flashSizeParser("detect", "keep"),
  }),
} satisfies Options;

/** Flash parameters of an image that is made. */
export const IMAGE_PARAMETER_OPTIONS = {
  flashMode: setting<FlashMode | undefined>({
    flags: "-fm, --flash-mode <mode>",
    aliases: ["--flash_mode"],
    summary: "qio, qout, dio or dout (default: qio)",
    fallback: undefined,
    parse: oneOf(["qio", "qout", "dio", "dout"]),
  }),
  flashFrequency: setting<string | undefined>({
    flags: "-ff, --flash-freq <frequency>",
    aliases: ["--flash_freq"],
    summary: "such as 40m (default: 40m, or what the chip has in its place)",
    fallback: undefined,
    parse: oneOf(encodings("frequencies")),
  }),
  flashSize: setting<string | undefined>({
    flags: "-fs, --flash-size <size>",
    aliases: ["--flash_size"],
    summary: "such as 4MB (default: 1MB)",
    fallback: undefined,
    parse: flashSizeParser(),
  }),
} satisfies Options;

/** What any chip's image header can say; whether this chip's can is known when it answers. */
function encodings(field: "sizes" | "frequencies"): string[] {
  return [...new Set(CHIPS.flatMap(({ flash }) => Object.keys(flash[field])))];
}

/**
 * Makes a parser of a flash size: in bytes, as `4MB`, or in megabits, as the
 * first esptool had it: `32m` is the same.
 *
 * @param words What else it may be.
 */
export function flashSizeParser(
  ...words: readonly string[]
): WordParser<string> {
  const sizes = encodings("sizes");
  return namedWords([...words, ...sizes], (text) => {
    const [, megabits, layout = ""] = /^(\d{1,4})m(-c1)?$/.exec(text) ?? [];
    if (megabits === undefined) return text;
    const bytes = Number(megabits) * 0x2_0000;
    return sizes.find((size) =>
      parseFlashSize(size) === bytes && size.endsWith("-c1") === (layout !== "")
    ) ?? text;
  });
}
