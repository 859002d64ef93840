/**
 * `read-mac`: the result is `{ mac }`.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { withDevice } from "../session.ts";
import { macLine } from "../text.ts";

/** Tells the base MAC address. */
export const readMac: Command = {
  name: "read-mac",
  summary: "tell the MAC address",
  boards: "many",
  arguments: {},
  options: {},
  run: (call) =>
    withDevice(call, ({ mac }) => {
      call.screen.line(macLine(mac));
      return { mac };
    }),
};
