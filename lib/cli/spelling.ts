/**
 * The names of options, with those that esptool's users have in their scripts
 * and fingers.
 *
 * @module
 */

import type { AnyOption, Options } from "./command.ts";

/** All spellings of an option, the older ones last. */
export function spellings(option: AnyOption): string[] {
  return [...shownNames(option), ...option.aliases ?? []];
}

/** The spellings of an option that the help text has, the long one last. */
export function shownNames({ flags }: AnyOption): string[] {
  return flags.replace(/ <.+>$/, "").split(", ");
}

/** The key of the option that has a spelling. */
export function keyOf(name: string, options: Options): string | undefined {
  return Object.keys(options).findLast((key) => {
    const option = options[key];
    return option !== undefined && spellings(option).includes(name);
  });
}

/** A verb in its own spelling: `write_flash` is `write-flash`. */
export function verbName(word: string): string {
  return word.replaceAll("_", "-");
}
