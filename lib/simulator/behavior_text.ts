/**
 * Behaviors as text, for URLs and command lines.
 *
 * @module
 */

import { COMMANDS } from "../protocol/commands.ts";
import {
  badMd5,
  type Behavior,
  bootLoop,
  brownOutAt,
  dropBytes,
  failingSector,
  flipBytes,
  insertBytes,
  lateReplies,
  noSync,
  refuseCommand,
  type SpoilOptions,
  unplugAt,
  wrongChip,
} from "./behaviors.ts";

type Parser = (argument: string, text: string) => Behavior;

const PARSERS: Readonly<Record<string, Parser>> = {
  "no-sync": withoutArgument(noSync),
  "late-replies": (argument, text) => lateReplies(parseCount(argument, text)),
  "drop-bytes": (argument, text) => dropBytes(parseSpoil(argument, text)),
  "flip-bytes": (argument, text) => flipBytes(parseSpoil(argument, text)),
  "insert-bytes": (argument, text) => insertBytes(parseSpoil(argument, text)),
  "wrong-chip": (argument, text) => wrongChip(parseWord(argument, text)),
  "bad-md5": withoutArgument(badMd5),
  "failing-sector": (argument, text) =>
    failingSector(parseCount(argument, text)),
  "brown-out": (argument, text) => brownOutAt(parseCount(argument, text)),
  "unplug": (argument, text) => unplugAt(parseCount(argument, text)),
  "boot-loop": withoutArgument(bootLoop),
  "refuse": parseRefuse,
};

/** The names that {@linkcode parseBehavior} knows. */
export const BEHAVIOR_NAMES: readonly string[] = Object.freeze(
  Object.keys(PARSERS),
);

/**
 * Parses a behavior: its name, and behind `@` its argument.
 *
 * - `no-sync`, `bad-md5`, `boot-loop`
 * - `late-replies@200` (milliseconds)
 * - `unplug@4096`, `brown-out@4096` (bytes from the host)
 * - `failing-sector@0x10000` (address)
 * - `wrong-chip@esp8266`
 * - `refuse@FLASH_DATA=0108` (command, status in hex)
 * - `drop-bytes@100` (position), `flip-bytes@0.001,seed=7` (chance),
 *   `insert-bytes@5,to-board`
 *
 * @throws {SyntaxError} If the text is no behavior.
 */
export function parseBehavior(text: string): Behavior {
  const [name = "", ...rest] = text.split("@");
  const parse = Object.hasOwn(PARSERS, name) ? PARSERS[name] : undefined;
  if (parse === undefined) {
    throw new SyntaxError(
      `Cannot parse fault "${text}": known are ${BEHAVIOR_NAMES.join(", ")}`,
    );
  }
  return parse(rest.join("@"), text);
}

function withoutArgument(make: () => Behavior): Parser {
  return (argument, text) => {
    if (argument === "") return make();
    throw new SyntaxError(`Cannot parse fault "${text}": it takes no argument`);
  };
}

function parseWord(argument: string, text: string): string {
  if (argument !== "") return argument;
  throw new SyntaxError(
    `Cannot parse fault "${text}": an argument behind "@" is missing`,
  );
}

function parseCount(argument: string, text: string): number {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(argument)) return Number(argument);
  throw new SyntaxError(
    `Cannot parse fault "${text}": "${argument}" is no number`,
  );
}

/** A position if it is a whole number, a chance if it has a decimal point. */
function parseSpoil(argument: string, text: string): SpoilOptions {
  const [where = "", ...flags] = argument.split(",");
  const options: { -readonly [Key in keyof SpoilOptions]: SpoilOptions[Key] } =
    /^(0?\.\d+|1\.0*)$/.test(where)
      ? { rate: Number(where) }
      : { at: parseCount(where, text) };
  for (const flag of flags) {
    const seed = /^seed=(\d+)$/.exec(flag)?.[1];
    if (seed !== undefined) options.seed = Number(seed);
    else if (flag === "to-board" || flag === "to-host") {
      options.direction = flag;
    } else {
      throw new SyntaxError(
        `Cannot parse fault "${text}": "${flag}" is none of seed=N, to-board, to-host`,
      );
    }
  }
  return options;
}

function parseRefuse(argument: string, text: string): Behavior {
  const [name = "", status = ""] = argument.split("=");
  const command = COMMANDS.values().find((row) => row.name === name);
  if (command === undefined || !/^(0x)?[0-9a-f]{1,4}$/i.test(status)) {
    throw new SyntaxError(
      `Cannot parse fault "${text}": it takes a command and a status, such as FLASH_DATA=0108`,
    );
  }
  return refuseCommand(command.opcode, parseInt(status, 16));
}
