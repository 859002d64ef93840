/**
 * What can be typed, as every shell's script needs it.
 *
 * @module
 */

import type { AnyOption, Argument, Command, Options } from "../command.ts";
import { GLOBAL_OPTIONS } from "../options.ts";
import { shownNames, spellings } from "../spelling.ts";
import { wordsOf } from "../values.ts";

/** What can stand for a value. */
export interface Values {
  /** Known words. */
  readonly words: readonly string[];
  /** Whether it can be the path of a file. */
  readonly files: boolean;
}

/** An option as it is completed. */
export interface OptionModel {
  /** `-fm`, `--flash-mode`. */
  readonly names: readonly string[];
  /** What it does. */
  readonly summary: string;
  /** What stands behind it, unless it has no value. */
  readonly values?: Values | undefined;
}

/** A verb as it is completed. */
export interface VerbModel {
  /** What is typed. */
  readonly name: string;
  /** What it does. */
  readonly summary: string;
  /** Its options, and those of every verb under the names that are left to them. */
  readonly options: readonly OptionModel[];
  /** What can stand behind it. */
  readonly values: Values;
}

/** Everything that can be typed. */
export interface CompletionModel {
  /** The verbs. */
  readonly verbs: readonly VerbModel[];
  /** The options that can stand before a verb. */
  readonly globals: readonly OptionModel[];
}

const HELP: OptionModel = {
  names: ["-h", "--help"],
  summary: "show the help text",
};

/** Makes the model of the verbs. */
export function completionModel(
  commands: readonly Command[],
): CompletionModel {
  const verbs = commands.map(({ name }) => name);
  return {
    globals: [...optionModels(GLOBAL_OPTIONS), HELP],
    verbs: commands.map(({ name, summary, options, arguments: parts }) => ({
      name,
      summary,
      options: [
        ...optionModels(options),
        ...optionModels(GLOBAL_OPTIONS, options),
        HELP,
      ],
      values: merge(Object.values(parts).map((part) => valuesOf(part, verbs))),
    })),
  };
}

/** All names of options. */
export function namesOf(options: readonly OptionModel[]): string[] {
  return options.flatMap(({ names }) => names);
}

/** The options with a value among these, by all their names. */
export function valuedNames(options: readonly OptionModel[]): string[] {
  return namesOf(options.filter(({ values }) => values !== undefined));
}

function optionModels(options: Options, own: Options = {}): OptionModel[] {
  const taken = new Set(Object.values(own).flatMap(spellings));
  return Object.values(options).filter(({ hidden }) => !hidden)
    .map((option) => ({
      names: shownNames(option).filter((name) => !taken.has(name)),
      summary: option.summary,
      values: option.kind === "flag" ? undefined : optionValues(option),
    }))
    .filter(({ names }) => names.length > 0);
}

function optionValues(option: Exclude<AnyOption, { kind: "flag" }>): Values {
  const label = / <(.+)>$/.exec(option.flags)?.[1] ?? "";
  if (label === "port") return { words: ["all"], files: true };
  return { words: wordsOf(option.parse) ?? [], files: isFile(label) };
}

function valuesOf(
  { label, words = [] }: Argument<unknown>,
  verbs: readonly string[],
): Values {
  return {
    words: /\bverb\b/.test(label) ? verbs : words,
    files: isFile(label),
  };
}

function merge(parts: readonly Values[]): Values {
  return {
    words: [...new Set(parts.flatMap(({ words }) => words))],
    files: parts.some(({ files }) => files),
  };
}

function isFile(label: string): boolean {
  return /file|folder|path/i.test(label);
}
