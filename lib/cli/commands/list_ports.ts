/**
 * `list-ports`: the result is `{ ports }`, each as a `PortInfo`.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { describePort } from "../text.ts";

/** Lists the serial ports and what is known of them. */
export const listPorts: Command = {
  name: "list-ports",
  summary: "list the serial ports",
  arguments: {},
  options: {},
  async run({ io, screen }) {
    const ports = await io.listPorts();
    for (const port of ports) screen.line(describePort(port));
    if (ports.length === 0) screen.line("No serial port was found.");
    return { result: { ports } };
  },
};
