/**
 * `read-mac`: tells the base MAC address, and the EUI-64 on a chip that has
 * an address of eight bytes.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { maybe, object, text } from "../schema.ts";
import { withDevice } from "../session.ts";
import { macLines } from "../text.ts";

/** Tells the base MAC address, and the EUI-64 that is made of it. */
export const readMac: Command = {
  name: "read-mac",
  summary: "tell the MAC address",
  boards: "many",
  examples: [{
    line: "read-mac --json",
    does: "for scripts: .result.mac is the address",
  }, { line: "--port all read-mac", does: "of every board that is connected" }],
  result: object({
    mac: text("the base MAC address, lower case with colons"),
    macExtension: maybe(text("the two bytes that make it an EUI-64")),
    eui64: maybe(text("the EUI-64, on a chip that has one")),
  }),
  arguments: {},
  options: {},
  run: (call) =>
    withDevice(call, async (known, device) => {
      const identity = known ?? await device.readIdentity();
      for (const line of macLines(identity)) call.screen.line(line);
      const { mac, macExtension, eui64 } = identity;
      return eui64 === undefined ? { mac } : { mac, macExtension, eui64 };
    }),
};
