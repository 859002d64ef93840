/**
 * `read-mac`: the result is `{ mac }`, with `macExtension` and `eui64` on a
 * chip that has an address of eight bytes.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { withDevice } from "../session.ts";
import { macLines } from "../text.ts";

/** Tells the base MAC address, and the EUI-64 that is made of it. */
export const readMac: Command = {
  name: "read-mac",
  summary: "tell the MAC address",
  arguments: {},
  options: {},
  run: (call) =>
    withDevice(call, (identity) => {
      for (const line of macLines(identity)) call.screen.line(line);
      const { mac, macExtension, eui64 } = identity;
      return eui64 === undefined ? { mac } : { mac, macExtension, eui64 };
    }),
};
