/**
 * `reset`: by the port's lines alone.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { deviceLibrary } from "../device_library.ts";
import { setting } from "../options.ts";
import { choosePort, publicName } from "../port_choice.ts";
import { object, text } from "../schema.ts";
import { oneOf } from "../values.ts";

const MODES = ["run", "download"] as const;

/** Resets a board without talking to it. */
export const reset: Command = defineCommand({
  name: "reset",
  summary: "reset the chip by DTR and RTS, whatever it runs",
  boards: "many",
  examples: [{
    line: "--port /dev/ttyUSB0 reset --into download",
    does: "starts the chip's loader",
  }],
  result: object({
    into: text("what the chip runs now", MODES),
    sequence: text("the name of the sequence that was played on DTR and RTS"),
  }),
  arguments: {},
  options: {
    into: setting<"run" | "download">({
      flags: "--into <mode>",
      summary: "run: the application; download: the loader (default: run)",
      fallback: "run",
      parse: oneOf(MODES),
    }),
  },
  async run(call) {
    const { io, screen } = call;
    const { into } = call.options;
    const port = await choosePort(call);
    const { resetPort } = await deviceLibrary();
    const sequence = await resetPort(io.target(port), {
      into,
      signal: io.signal,
    });
    const runs = into === "run" ? "application" : "loader";
    screen.line(`Reset the chip on ${publicName(port)} into its ${runs}.`);
    return { port: publicName(port), result: { into, sequence } };
  },
});
