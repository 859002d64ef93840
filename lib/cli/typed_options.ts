/**
 * Options between our tables and commander: declared, noted as typed, read.
 *
 * @module
 */

import {
  type Command as Program,
  Option as ProgramOption,
} from "npm:commander@14.0.3";
import type { Options, OptionValues } from "./command.ts";
import { UsageError } from "./usage_error.ts";

/** Options as they were typed: `true` for one without a value. The last one counts. */
export type Typed = Map<string, string | true>;

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
  const taken = new Set(Object.values(own ?? {}).flatMap(names));
  for (const [key, option] of Object.entries(options)) {
    const [, value = ""] = /( <.+>)?$/.exec(option.flags) ?? [];
    const free = names(option).filter((name) => !taken.has(name));
    const declared = new ProgramOption(
      `${free.join(", ")}${value}`,
      option.summary,
    );
    if (own !== undefined) declared.helpGroup("Options of every verb:");
    program.addOption(declared);
    program.on(
      `option:${declared.name()}`,
      (text?: string | null) => typed.set(key, text ?? true),
    );
  }
}

/** The spellings of an option: `-p`, `--port`. */
function names({ flags }: { readonly flags: string }): string[] {
  return flags.replace(/ <.+>$/, "").split(", ");
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
    if (typeof given === "string") {
      const name = names(option).at(-1) ?? key;
      return [key, naming(name, () => option.parse(given))];
    }
    for (
      const prefix of option.env === undefined ? [] : ["ESPLINE", "ESPTOOL"]
    ) {
      const variable = `${prefix}_${option.env}`;
      const text = env(variable);
      if (!text) continue;
      return [
        key,
        naming(`the variable ${variable}`, () => option.parse(text)),
      ];
    }
    return [key, option.fallback];
  });
  return Object.fromEntries(values);
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
