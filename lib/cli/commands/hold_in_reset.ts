/**
 * `hold-in-reset`: by the port's lines alone.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { deviceLibrary } from "../device_library.ts";
import { setting } from "../options.ts";
import { choosePort, publicName } from "../port_choice.ts";
import { number, object } from "../schema.ts";
import { parseSeconds } from "../values.ts";

/** Keeps a chip in reset until Ctrl-C, or for a time. */
export const holdInResetCommand: Command = defineCommand({
  name: "hold-in-reset",
  summary: "keep the chip in reset by its EN line until Ctrl-C",
  boards: "many",
  examples: [{
    line: "--port /dev/ttyUSB0 hold-in-reset --for 10",
    does: "keeps the chip quiet for ten seconds",
  }],
  result: object({
    ms: number("how long the chip was held, in milliseconds"),
  }),
  arguments: {},
  options: {
    duration: setting<number | undefined>({
      flags: "--for <seconds>",
      summary: "let it go by itself after this time",
      fallback: undefined,
      parse: parseSeconds,
    }),
  },
  async run(call) {
    const { io, screen } = call;
    const { duration } = call.options;
    const port = await choosePort(call);
    const until = duration === undefined
      ? "until Ctrl-C"
      : `for ${duration / 1000} s`;
    const { holdInReset } = await deviceLibrary();
    const ms = await holdInReset(io.target(port), {
      duration,
      signal: io.signal,
      onHeld: () =>
        screen.line(
          `Holding the chip on ${publicName(port)} in reset ${until}.`,
        ),
    });
    screen.line("Let it go.");
    return { port: publicName(port), result: { ms } };
  },
});
