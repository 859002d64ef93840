/**
 * `chip-id`: tells the chip's id.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { integer, object } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hex, macLines } from "../text.ts";

/** Tells the ESP8266's chip id. The other chips have none, and get their MAC address told. */
export const chipId: Command = {
  name: "chip-id",
  summary: "tell the chip's id",
  boards: "many",
  examples: [{ line: "chip-id", does: "tells the id" }],
  result: object({
    chipId: integer(
      "the ESP8266's own id; for the others, which have none, the last three bytes of the MAC address as a number",
    ),
  }),
  arguments: {},
  options: {},
  run: (call) =>
    withDevice(call, async (known, device) => {
      const { chip } = device;
      const identity = known ?? await device.readIdentity();
      const { chip: name, chipId } = identity;
      if (chip.efuse.chipId !== undefined) {
        call.screen.line(`Chip ID: ${hex(chipId)}`);
      } else {
        call.screen.line(`The ${name} has no chip ID, but a MAC address.`);
        for (const line of macLines(identity)) call.screen.line(line);
      }
      return { chipId };
    }),
};
