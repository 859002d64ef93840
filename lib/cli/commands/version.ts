/**
 * `version`: the result is `{ version }`.
 *
 * @module
 */

import config from "../../../deno.json" with { type: "json" };
import type { Command } from "../command.ts";

/** Tells espline's version. */
export const version: Command = {
  name: "version",
  summary: "tell espline's version",
  arguments: {},
  options: {},
  run({ screen }) {
    screen.line(`espline v${config.version}`);
    screen.line(config.version);
    return { result: { version: config.version } };
  },
};
