/**
 * Which lines are shown: ESP-IDF's `--print-filter`.
 *
 * Source: ESP-IDF Programming Guide, "IDF Monitor", "Output Filtering".
 *
 * @module
 */

import type { LogLevel } from "./log_line.ts";

/** What a filter asks of a line. */
export interface Filterable {
  /** Its level, if it is of ESP-IDF's log. */
  readonly level?: LogLevel | undefined;
  /** Its tag, if it is of ESP-IDF's log. */
  readonly tag?: string | undefined;
}

const RANKS: Readonly<Record<string, number>> = {
  N: 0,
  E: 1,
  W: 2,
  I: 3,
  D: 4,
  V: 5,
  "*": 5,
  "": 5,
};
const NOTHING = 0;
const EVERYTHING = 5;

/** Rules such as `wifi:V *:W`, the gravest level of each tag that is still shown. */
export class LogFilter {
  readonly #ranks: ReadonlyMap<string, number>;

  /**
   * Reads rules: `tag:level` items with spaces between them. A level is one of
   * `N` (nothing), `E`, `W`, `I`, `D`, `V`, or `*` or nothing at all for `V`;
   * the tag `*` is every tag without a rule of its own; the last rule for a tag
   * counts. Without any rule everything is shown.
   *
   * @throws {SyntaxError} If an item is no rule.
   */
  constructor(rules: string) {
    const items = rules.split(/\s+/).filter((item) => item !== "");
    this.#ranks = new Map(
      items.length === 0 ? [["*", EVERYTHING]] : items.map(parseRule),
    );
  }

  /**
   * Whether a line is shown. One that is not of ESP-IDF's log is shown if there
   * is a rule for `*` that shows anything.
   */
  shows({ level, tag }: Filterable): boolean {
    const others = this.#ranks.get("*") ?? NOTHING;
    if (level === undefined || tag === undefined) return others > NOTHING;
    return (this.#ranks.get(tag) ?? others) >= (RANKS[level] ?? EVERYTHING);
  }
}

function parseRule(item: string): readonly [tag: string, rank: number] {
  const [tag = "", level = "", ...more] = item.split(":");
  const rank = RANKS[level.toUpperCase()];
  if (tag === "" || rank === undefined || more.length > 0) {
    throw new SyntaxError(
      `"${item}" is no rule such as wifi:W, with a level of N, E, W, I, D, V or *`,
    );
  }
  return [tag, rank];
}
