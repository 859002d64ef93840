/**
 * `@file`: words that stand in a file, one line after the other, as esptool
 * has them for long command lines and for paths with spaces.
 *
 * @module
 */

import { UsageError } from "./usage_error.ts";

/** The largest response file, in bytes. */
const MOST_BYTES = 0x10_0000;
const ESCAPE_HINT =
  "Write @@ for a word that begins with an @, or ./@name for such a file.";

/**
 * Puts in place of each `@file` the words in it, and `@text` in place of
 * `@@text`. A word in such a file is taken as it is, even with an `@`.
 *
 * @throws {UsageError} If a file cannot be read, or is no text of words.
 */
export async function expandResponseFiles(
  words: readonly string[],
): Promise<string[]> {
  const expanded: string[] = [];
  for (const word of words) {
    if (word.startsWith("@@")) expanded.push(word.slice(1));
    else if (word.startsWith("@")) {
      expanded.push(...await readWords(word.slice(1)));
    } else expanded.push(word);
  }
  return expanded;
}

async function readWords(path: string): Promise<string[]> {
  const text = await readText(path);
  return text.split(/\r?\n/).flatMap((line, i) => {
    try {
      return splitWords(line);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new UsageError(
        `Cannot read line ${
          i + 1
        } of the response file "${path}": ${error.message}`,
      );
    }
  });
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MOST_BYTES) {
      throw new Error("it is too large for a list of words");
    }
    const bytes = await Deno.readFile(path);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (text.includes("\0")) throw new TypeError("it is binary");
    return text;
  } catch (error) {
    const why = error instanceof TypeError
      ? "it is not text in UTF-8"
      : error instanceof Error
      ? error.message.replace(/ \(os error \d+\).*$/s, "")
      : String(error);
    throw new UsageError(
      `Cannot read the response file "${path}": ${why}`,
      ESCAPE_HINT,
    );
  }
}

/**
 * Splits a line as a POSIX shell does: at blanks that are not inside quotes or
 * behind a backslash. Nothing is substituted, and `#` is a letter.
 *
 * @throws {SyntaxError} If a quote is not closed, or nothing follows a backslash.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  const token = /(\s+)|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)|(.)/gs;
  for (
    const [, gap, single, double, escaped, plain, lone] of line.matchAll(token)
  ) {
    if (lone !== undefined) {
      throw new SyntaxError(
        lone === "\\" ? "it ends in a backslash" : `a ${lone} is not closed`,
      );
    }
    if (gap === undefined) {
      word = (word ?? "") + (single ?? double?.replace(/\\(["\\])/g, "$1") ??
        escaped ?? plain ?? "");
    } else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}
