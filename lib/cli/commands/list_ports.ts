/**
 * `list-ports`: lists the serial ports.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { integer, listOf, maybe, object, text } from "../schema.ts";
import { describePort } from "../text.ts";

/** Lists the serial ports and what is known of them. */
export const listPorts: Command = {
  name: "list-ports",
  summary: "list the serial ports",
  arguments: {},
  options: {},
  examples: [{ line: "list-ports", does: "lists them" }],
  result: object({
    ports: listOf(
      object({
        path: text("what to open it by"),
        usbVendorId: maybe(integer("USB vendor id")),
        usbProductId: maybe(integer("USB product id")),
        serialNumber: maybe(text("USB serial number")),
        manufacturer: maybe(text("USB manufacturer; on Windows, the driver's")),
        product: maybe(text("USB product name")),
        location: maybe(text("where it is plugged in")),
        description: maybe(text("the system's own word for it")),
      }, "one port"),
      "the ports, in natural order of their paths",
    ),
  }),
  async run({ io, screen }) {
    const ports = await io.listPorts();
    for (const port of ports) screen.line(describePort(port));
    if (ports.length === 0) screen.line("No serial port was found.");
    return { result: { ports } };
  },
};
