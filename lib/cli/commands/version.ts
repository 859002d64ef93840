/**
 * `version`: tells espline's version.
 *
 * @module
 */

import config from "../../../deno.json" with { type: "json" };
import type { Command } from "../command.ts";
import { object, text } from "../schema.ts";

/** Tells espline's version. */
export const version: Command = {
  name: "version",
  summary: "tell espline's version",
  arguments: {},
  options: {},
  examples: [{ line: "version", does: "tells it" }],
  result: object({ version: text("espline's version") }),
  run({ screen }) {
    screen.line(`espline v${config.version}`);
    screen.line(config.version);
    return { result: { version: config.version } };
  },
};
