/**
 * Spellings that esptool's users have in their scripts and fingers, turned
 * into the ones that commander is told of.
 *
 * @module
 */

import type { AnyOption, Command, Options } from "./command.ts";

/**
 * Turns `write_flash` into `write-flash`, and a short option of more than one
 * letter, which commander does not know, into the name that it has there.
 * Values and file names stay as they are.
 */
export function normalizeWords(
  words: readonly string[],
  commands: readonly Command[],
  globals: Options,
): string[] {
  const result: string[] = [];
  let options: Options = globals;
  let verb: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--") return [...result, ...words.slice(i)];
    if (word.startsWith("-")) {
      const [name = ""] = word.split("=", 1);
      const found = findOption(name, options);
      result.push(
        found === undefined
          ? word
          : programName(name) + word.slice(name.length),
      );
      const next = words[i + 1];
      if (word === name && next !== undefined && takesNext(found)) {
        result.push(next);
        i++;
      }
      continue;
    }
    if (verb !== undefined) {
      result.push(word);
      continue;
    }
    verb = word.replaceAll("_", "-");
    result.push(verb);
    const own = commands.find(({ name }) => name === verb)?.options;
    options = { ...globals, ...own };
  }
  return result;
}

/** All spellings of an option, the older ones last. */
export function spellings(option: AnyOption): string[] {
  return [...shownNames(option), ...option.aliases ?? []];
}

/** The spellings of an option that the help text has, the long one last. */
export function shownNames({ flags }: AnyOption): string[] {
  return flags.replace(/ <.+>$/, "").split(", ");
}

/**
 * What commander calls a spelling: `-fm`, which it would take for `-f m`, has
 * a name there that nobody types.
 */
export function programName(name: string): string {
  return /^-[^-]{2}/.test(name) ? `--.${name.slice(1)}` : name;
}

/** A verb's own options come last, and win. */
function findOption(name: string, options: Options): AnyOption | undefined {
  return Object.values(options)
    .findLast((option) => spellings(option).includes(name));
}

/** Whether the next word is this option's value. */
function takesNext(option: AnyOption | undefined): boolean {
  return option !== undefined && option.kind !== "flag";
}
