/**
 * What is wrong with a command line.
 *
 * @module
 */

/** The command line cannot be understood; the message names the culprit. */
export class UsageError extends Error {
  /** The class's name. */
  override readonly name = "UsageError";
  /** What to try next, as a sentence for a person, where something is known. */
  readonly hint: string | undefined;

  /** Makes an error from a message without a final period. */
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
