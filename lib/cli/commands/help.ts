/**
 * `help`: explains a verb, or lists all.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { optional } from "../options.ts";
import { object, text } from "../schema.ts";

/** Shows the help text of a verb, or of all. */
export const help: Command = defineCommand({
  name: "help",
  summary: "explain a verb, or list all",
  arguments: { verb: optional("verb", "which verb", String) },
  options: {},
  examples: [{ line: "help write-flash", does: "explains write-flash" }],
  result: object({ text: text("the help text") }),
  async run({ usage, screen, arguments: { verb } }) {
    const explained = await usage(verb);
    screen.line(explained.trimEnd());
    return { result: { text: explained } };
  },
});
