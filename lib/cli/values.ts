/**
 * Values of arguments and options: text to numbers and words. Each parser
 * throws a `SyntaxError` whose message goes behind the argument's name.
 *
 * @module
 */

const MAX_UINT32 = 0xffff_ffff;
/** A day. */
const MAX_SECONDS = 86_400;
const SUFFIXES: Readonly<Record<string, number>> = {
  k: 0x400,
  M: 0x10_0000,
};

/**
 * Parses a whole number: decimal, `0x` hex, `0o` octal or `0b` binary, with
 * `_` between digits. Other numbers with a leading zero are refused, because it
 * means octal to some.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseNumber(text: string): number {
  const value = readNumber(text);
  if (value !== undefined) return value;
  throw new SyntaxError(
    `"${text}" is not a number such as 4096, 0x1000, 0o10000 or 0b1`,
  );
}

function readNumber(text: string): number | undefined {
  const [, digits = ""] =
    /^\s*\+?(0x(?:_?[0-9a-f])+|0o(?:_?[0-7])+|0b(?:_?[01])+|0(?:_?0)*|[1-9](?:_?\d)*)\s*$/i
      .exec(text) ?? [];
  const value = Number(digits.replaceAll("_", ""));
  return digits !== "" && Number.isSafeInteger(value) ? value : undefined;
}

/**
 * Parses an address or another number of 32 bits.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseUint32(text: string): number {
  const value = parseNumber(text);
  if (value <= MAX_UINT32) return value;
  throw new SyntaxError(`"${text}" does not fit 32 bits`);
}

/**
 * Parses a number of bytes: a number, with `k` for 1024 or `M` for 1048576.
 *
 * @throws {SyntaxError} If it is none, or zero.
 */
export function parseSize(text: string): number {
  const unit = SUFFIXES[text.slice(-1)];
  const count = readNumber(unit === undefined ? text : text.slice(0, -1));
  if (count === undefined) {
    throw new SyntaxError(`"${text}" is not a size such as 4096, 0x1000 or 4k`);
  }
  const value = count * (unit ?? 1);
  if (value > 0 && value <= MAX_UINT32) return value;
  throw new SyntaxError(`"${text}" is not from 1 to ${MAX_UINT32} bytes`);
}

/**
 * Parses a number of bytes as {@linkcode parseSize} does, or the word `all`.
 *
 * @throws {SyntaxError} If it is neither.
 */
export function parseSizeOrAll(text: string): number | "all" {
  return text.toLowerCase() === "all" ? "all" : parseSize(text);
}

/**
 * Parses a whole decimal number, as esptool has them where it is not about
 * addresses and sizes; leading zeros mean nothing here.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseDecimal(text: string): number {
  const [, digits] = /^\s*([+-]?\d+(?:_\d+)*)\s*$/.exec(text) ?? [];
  const value = digits === undefined ? NaN : Number(digits.replaceAll("_", ""));
  if (Number.isSafeInteger(value)) return value;
  throw new SyntaxError(`"${text}" is not a whole decimal number`);
}

/**
 * Parses a speed in baud.
 *
 * @throws {SyntaxError} If it is no whole decimal number above 0.
 */
export function parseBaud(text: string): number {
  const value = parseDecimal(text);
  if (value > 0) return value;
  throw new SyntaxError(`"${text}" is not a speed in baud`);
}

/**
 * Parses a time in seconds, such as `2` or `0.5`.
 *
 * @returns Milliseconds.
 * @throws {SyntaxError} If it is none, or over a day.
 */
export function parseSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (seconds > 0 && seconds <= MAX_SECONDS) return Math.round(seconds * 1000);
  throw new SyntaxError(
    `"${text}" is no time in seconds, up to ${MAX_SECONDS}`,
  );
}

/**
 * Parses the number of a TCP port; 0 is any that is free.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseTcpPort(text: string): number {
  const value = parseNumber(text);
  if (value <= 0xffff) return value;
  throw new SyntaxError(`"${text}" is no TCP port from 0 to 65535`);
}

/** A parser of one word of several, which are known to the completions too. */
export interface WordParser<T extends string> {
  /**
   * From text to the word.
   *
   * @throws {SyntaxError} If it is none of them.
   */
  (text: string): T;
  /** The words. */
  readonly words: readonly T[];
}

/** Makes a parser of one word of several; `_` is as good as `-`. */
export function oneOf<const T extends string>(
  words: readonly T[],
): WordParser<T> {
  return namedWords(words, (text) => text.replaceAll("_", "-"));
}

/**
 * Makes a parser of one word of several.
 *
 * @param normalize Turns other spellings of a word into the word.
 */
export function namedWords<const T extends string>(
  words: readonly T[],
  normalize: (text: string) => string,
): WordParser<T> {
  const parse = (text: string): T => {
    const wanted = normalize(text);
    const word = words.find((word) => word === wanted);
    if (word !== undefined) return word;
    throw new SyntaxError(`"${text}" is not one of ${words.join(", ")}`);
  };
  return Object.assign(parse, { words });
}

/** The words that a parser knows, if it is one of {@linkcode oneOf} or {@linkcode namedWords}. */
export function wordsOf(
  parse: ((value: never) => unknown) | WordParser<string>,
): readonly string[] | undefined {
  return "words" in parse ? parse.words : undefined;
}
