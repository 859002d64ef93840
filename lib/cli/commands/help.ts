/**
 * `help`: the result is `{ text }`.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { optional } from "../options.ts";

/** Shows the help text of a verb, or of all. */
export const help: Command = defineCommand({
  name: "help",
  summary: "explain a verb, or list all",
  arguments: { verb: optional("verb", "which verb", String) },
  options: {},
  run({ usage, screen, arguments: { verb } }) {
    const text = usage(verb);
    screen.line(text.trimEnd());
    return { result: { text } };
  },
});
