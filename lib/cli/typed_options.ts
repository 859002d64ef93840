/**
 * From what was typed of options, and from variables, to values.
 *
 * @module
 */

import type { Options, OptionValues } from "./command.ts";
import { shownNames } from "./spelling.ts";
import { UsageError } from "./usage_error.ts";
import type { Typed } from "./words.ts";

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
