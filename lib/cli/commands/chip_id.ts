/**
 * `chip-id`: the result is `{ chipId }`, which is the last three bytes of the
 * MAC address where a chip has no id.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { withDevice } from "../session.ts";
import { hex, macLine } from "../text.ts";

/** Tells the ESP8266's chip id. The other chips have none, and get their MAC address told. */
export const chipId: Command = {
  name: "chip-id",
  summary: "tell the chip's id",
  boards: "many",
  arguments: {},
  options: {},
  run: (call) =>
    withDevice(call, ({ chip: name, chipId, mac }, { chip }) => {
      if (chip.efuse.chipId !== undefined) {
        call.screen.line(`Chip ID: ${hex(chipId)}`);
      } else {
        call.screen.line(`The ${name} has no chip ID, but a MAC address.`);
        call.screen.line(macLine(mac));
      }
      return { chipId };
    }),
};
