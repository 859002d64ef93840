/**
 * `read-mac`: tells the base MAC address.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { object, text } from "../schema.ts";
import { withDevice } from "../session.ts";
import { macLine } from "../text.ts";

/** Tells the base MAC address. */
export const readMac: Command = {
  name: "read-mac",
  summary: "tell the MAC address",
  boards: "many",
  examples: [{
    line: "read-mac --json",
    does: "for scripts: .result.mac is the address",
  }, { line: "--port all read-mac", does: "of every board that is connected" }],
  result: object({ mac: text("the base MAC address, lower case with colons") }),
  arguments: {},
  options: {},
  run: (call) =>
    withDevice(call, ({ mac }) => {
      call.screen.line(macLine(mac));
      return { mac };
    }),
};
