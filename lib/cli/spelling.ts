/**
 * Spellings that esptool's users have in their scripts and fingers, turned
 * into the ones that commander is told of.
 *
 * @module
 */

import type { Command, Options } from "./command.ts";

/** Short names of more than one letter, and the long names that they stand for. */
const DOUBLE_LETTERS = /^-(fm|ff|fs)(?==|$)/;

/**
 * Turns `write_flash` into `write-flash`, `--flash_mode` into `--flash-mode`
 * and `-fm` into `--fm`. Values and file names stay as they are.
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
      const option = normalizeOption(word);
      result.push(option);
      const next = words[i + 1];
      if (next !== undefined && takesNext(option, options)) {
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

function normalizeOption(word: string): string {
  if (!word.startsWith("--")) return word.replace(DOUBLE_LETTERS, "--$1");
  const [name = ""] = word.split("=", 1);
  return name.replaceAll("_", "-") + word.slice(name.length);
}

/** Whether the next word is this option's value. A verb's own options come last, and win. */
function takesNext(word: string, options: Options): boolean {
  const found = Object.values(options).findLast(({ flags }) =>
    flags.split(/[ ,]+/).includes(word)
  );
  return found?.kind === "setting";
}
