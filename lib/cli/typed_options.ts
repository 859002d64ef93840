/**
 * Options between our tables and commander: declared, noted as typed, read.
 *
 * @module
 */

import {
  type Command as Program,
  Option as ProgramOption,
} from "npm:commander@14.0.3";
import type { AnyOption, Options, OptionValues } from "./command.ts";
import { programName, shownNames, spellings } from "./spelling.ts";
import { UsageError } from "./usage_error.ts";

/** Options as they were typed: every value in its order, none for one without a value. */
export type Typed = Map<string, string[]>;

/** The list that the options of every verb have in a verb's help text. */
const GLOBAL_GROUP = "Options of every verb:";

/**
 * Declares options. Those of every verb have a list of their own in a verb's
 * help text, and leave out the names that the verb has given to options of its own.
 */
export function addOptions(
  program: Program,
  options: Options,
  typed: Typed,
  own?: Options,
): void {
  const taken = new Set(Object.values(own ?? {}).flatMap(spellings));
  for (const [key, option] of Object.entries(options)) {
    const free = spellings(option).filter((name) => !taken.has(name));
    for (const declared of declarations(option, free)) {
      if (own !== undefined) declared.helpGroup(GLOBAL_GROUP);
      program.addOption(declared);
      program.on(`option:${declared.name()}`, (text?: string | null) => {
        const texts = typed.get(key) ?? [];
        typed.set(key, text == null ? texts : [...texts, text]);
      });
    }
  }
}

/** `-c, --chip <chip>` as one option that is shown, and each name that commander cannot take with it as one that is not. */
function declarations(
  option: AnyOption,
  names: readonly string[],
): ProgramOption[] {
  const value = valuePart(option);
  const shown = shownNames(option).filter((name) => names.includes(name));
  const short = shown.find((name) => /^-[^-]$/.test(name));
  const long = shown.findLast((name) => name.startsWith("--"));
  const main = [short, long].filter((name) => name !== undefined);
  const others = names.filter((name) => !main.includes(name));
  return [
    ...(main.length === 0 ? [] : [
      new ShownOption(
        main.join(", ") + value,
        option,
        shown.join(", ") + value,
      ),
    ]),
    ...others.map((name) =>
      new ProgramOption(programName(name) + value).hideHelp()
    ),
  ];
}

/** An option that knows how it is to be written in the help text. */
export class ShownOption extends ProgramOption {
  /** Its names, with those that commander does not know, and its value. */
  readonly term: string;

  /** Declares it under the names that commander can take. */
  constructor(flags: string, option: AnyOption, term: string) {
    super(flags, option.summary);
    this.term = term;
    if (option.hidden) this.hideHelp();
  }
}

/** ` <mode>`, or nothing for an option without a value. */
function valuePart({ flags }: AnyOption): string {
  return / <.+>$/.exec(flags)?.[0] ?? "";
}

/**
 * Reads the options of one table: what was typed, else what a variable says, else the fallback.
 *
 * @throws {UsageError} If a value cannot be read.
 */
export function readOptions<O extends Options>(
  options: O,
  typed: Typed,
  env: (name: string) => string | undefined,
): OptionValues<O> {
  const values = Object.entries(options).map(([key, option]) => {
    const given = typed.get(key);
    if (option.kind === "flag") return [key, given !== undefined];
    const parse = (texts: readonly string[]) =>
      option.kind === "list"
        ? option.parse(texts)
        : option.parse(texts.at(-1) ?? "");
    if (given !== undefined) {
      const name = shownNames(option).at(-1) ?? key;
      return [key, naming(name, () => parse(given))];
    }
    const variable = option.env === undefined
      ? undefined
      : findVariable(option.env, env);
    if (variable === undefined) return [key, option.fallback];
    const { name, text } = variable;
    return [key, naming(`the variable ${name}`, () => parse([text]))];
  });
  return Object.fromEntries(values);
}

/** A variable of ours or, failing that, of esptool's; an empty one is none. */
export function findVariable(
  name: string,
  env: (name: string) => string | undefined,
): { readonly name: string; readonly text: string } | undefined {
  for (const full of [`ESPLINE_${name}`, `ESPTOOL_${name}`]) {
    const text = env(full);
    if (text) return { name: full, text };
  }
  return undefined;
}

/**
 * Runs a parser, and puts the culprit's name in front of what it complains about.
 *
 * @throws {UsageError} Instead of its `SyntaxError`.
 */
export function naming<T>(culprit: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`Cannot read ${culprit}: ${error.message}`);
  }
}
