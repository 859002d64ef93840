/**
 * From words to options and operands, by getopt's rules: `--name value`,
 * `--name=value`, `-n value`, `-nvalue`, `-abc`, and `--` before what is no
 * option. As esptool has it, short names can have more than one letter, and
 * then `-fm=dio` is `-fm dio`.
 *
 * This is not left to a package: loading the one that writes the help texts
 * takes longer than making an image of an ELF file.
 *
 * @module
 */

import type { AnyOption, Options } from "./command.ts";
import { keyOf } from "./spelling.ts";
import { UsageError } from "./usage_error.ts";

/** Options as they were typed: every value in its order, none for one without a value. */
export type Typed = Map<string, string[]>;

/** Options, and what was typed of them. */
export interface OptionTable {
  /** The options by key. */
  readonly options: Options;
  /** What was typed, by the same keys. */
  readonly typed: Typed;
}

/** What stood between the options. */
export interface Operands {
  /** The words that are no options and no values of any. */
  readonly words: readonly string[];
  /** Whether help was asked for. */
  readonly help: boolean;
  /** The first word that looks like an option and is none. */
  readonly unknown: string | undefined;
}

/** Reads the words of a command line, from the first to the last. */
export class WordReader {
  readonly #words: readonly string[];
  #next = 0;
  #optionsEnded = false;

  /** Reads these words. */
  constructor(words: readonly string[]) {
    this.#words = words;
  }

  /**
   * Reads up to the first operand or, if there is none, to the end.
   *
   * @throws {UsageError} If an option's value is missing.
   */
  readFirst(table: OptionTable): Operands {
    return this.#read([table], { only: 1, negatives: false });
  }

  /**
   * Reads all that is left; the first table that has an option gets it.
   *
   * @throws {UsageError} If an option's value is missing.
   */
  readRest(tables: readonly OptionTable[]): Operands {
    return this.#read(tables, { only: Infinity, negatives: true });
  }

  #read(
    tables: readonly OptionTable[],
    { only, negatives }: { only: number; negatives: boolean },
  ): Operands {
    const words: string[] = [];
    let help = false;
    let unknown: string | undefined;
    while (words.length < only) {
      const word = this.#take();
      if (word === undefined) break;
      if (this.#optionsEnded || !isOption(word, negatives)) words.push(word);
      else if (word === "--") this.#optionsEnded = true;
      else {
        const rest = this.#readOption(word, tables);
        if (rest === "-h" || rest === "--help") help = true;
        else unknown ??= rest;
      }
    }
    return { words, help, unknown };
  }

  /** Reads an option or a group of short ones, and yields what is none. */
  #readOption(
    word: string,
    tables: readonly OptionTable[],
  ): string | undefined {
    const found = find(word, tables);
    if (found !== undefined) return this.#readValues(found);
    const equals = word.indexOf("=");
    if (equals > 2) {
      const named = find(word.slice(0, equals), tables);
      if (named !== undefined && named.option.kind !== "flag") {
        return note(named, word.slice(equals + 1));
      }
    }
    if (word.startsWith("--") || word.length < 3) return word;
    const first = find(word.slice(0, 2), tables);
    if (first === undefined) return word;
    const rest = word.slice(2);
    if (first.option.kind !== "flag") return note(first, rest);
    note(first);
    return this.#readOption(`-${rest}`, tables);
  }

  /** Notes the option whose name was read, with the values behind it. */
  #readValues(found: Found): undefined {
    if (found.option.kind === "flag") return note(found);
    const value = this.#take();
    if (value === undefined) {
      throw new UsageError(
        `Option "${found.option.flags}" argument missing`,
        'Try "espline help".',
      );
    }
    note(found, value);
    if (!found.option.flags.endsWith("...>")) return;
    for (
      let next = this.#words[this.#next];
      next !== undefined && !isOption(next, true);
      next = this.#words[this.#next]
    ) {
      note(found, next);
      this.#next++;
    }
  }

  #take(): string | undefined {
    return this.#words[this.#next++];
  }
}

/** An option that was typed, and where that is noted. */
interface Found {
  readonly key: string;
  readonly option: AnyOption;
  readonly typed: Typed;
}

function find(name: string, tables: readonly OptionTable[]): Found | undefined {
  for (const { options, typed } of tables) {
    const key = keyOf(name, options);
    const option = key === undefined ? undefined : options[key];
    if (key !== undefined && option !== undefined) {
      return { key, option, typed };
    }
  }
  return undefined;
}

function note({ key, typed }: Found, ...texts: readonly string[]): undefined {
  typed.set(key, [...typed.get(key) ?? [], ...texts]);
}

/** Whether a word looks like an option; `-` is a file, and `-1` may be a number. */
function isOption(word: string, negatives: boolean): boolean {
  return word.length > 1 && word.startsWith("-") &&
    !(negatives && /^-(\d+|\d*\.\d+)(e[+-]?\d+)?$/.test(word));
}
