/**
 * Text that came from outside, made fit for people.
 *
 * @module
 */

/**
 * Makes text safe for one line of a terminal or a cell of a table: white space
 * of any kind becomes one space; characters that could forge colours or the
 * direction of writing become `�`.
 */
export function sanitizeText(text: string): string {
  return text
    .replaceAll(/[\s\u0085]+/g, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "\ufffd")
    .trim();
}

/** What went wrong with reading a file, without the runtime's own wording where a shorter one is known. */
export function readReason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.NotCapable) {
    return "the program runs without --allow-read for it";
  }
  return error instanceof Error ? error.message : String(error);
}
