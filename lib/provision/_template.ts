/** Text with places for a board's values: `{serial}`; `{{` and `}}` are braces. */

/** Finds the value of a name, if there is one. */
export type TemplateLookup = (name: string) => string | undefined;

/** What every template knows beside the columns of a board's row. */
export const BOARD_VALUES = [
  "mac",
  "macHex",
  "chip",
  "chipId",
  "job",
  "station",
  "slot",
  "port",
] as const;

const PIECES = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/**
 * The names that a template has places for.
 *
 * @throws {SyntaxError} If a brace has no partner. The template, which may be a password, is never quoted.
 */
export function templateNames(template: string): string[] {
  const names: string[] = [];
  for (const [piece, name] of template.matchAll(PIECES)) {
    if (name !== undefined) names.push(name);
    else if (piece.length === 1) {
      throw new SyntaxError(
        `There is a single "${piece}": write "${piece}${piece}" for a brace`,
      );
    }
  }
  return names;
}

/**
 * Puts values into a template.
 *
 * @throws {RangeError} If a name has no value. Neither values nor the template are quoted.
 */
export function renderTemplate(
  template: string,
  lookup: TemplateLookup,
): string {
  return template.replaceAll(PIECES, (piece, name?: string) => {
    if (name === undefined) return piece.charAt(0);
    const value = lookup(name);
    if (value === undefined) {
      throw new RangeError(
        `Cannot fill a template in: there is no value "${name}"`,
      );
    }
    return value;
  });
}
