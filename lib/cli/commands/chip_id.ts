/**
 * `chip-id`: the result is `{ chipId }`.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { withDevice } from "../session.ts";
import { hex } from "../text.ts";

/** Tells the ESP8266's chip id; on other chips the last three bytes of the MAC address. */
export const chipId: Command = {
  name: "chip-id",
  summary: "tell the chip's id",
  arguments: {},
  options: {},
  run: (call) =>
    withDevice(call, ({ chipId }) => {
      call.screen.line(`Chip ID: ${hex(chipId)}`);
      return { chipId };
    }),
};
