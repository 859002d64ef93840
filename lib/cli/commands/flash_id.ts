/**
 * `flash-id`: tells the flash chip's JEDEC id and size.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { integer, maybe, object } from "../schema.ts";
import { withDevice } from "../session.ts";
import { sizeName } from "../text.ts";

/** Tells the flash chip's JEDEC id and its size. */
export const flashId: Command = {
  name: "flash-id",
  summary: "tell the flash chip's id and size",
  boards: "many",
  examples: [{ line: "flash-id", does: "tells what flash chip there is" }],
  result: object({
    manufacturer: integer("the manufacturer's JEDEC id"),
    device: integer("the device's id, 16 bits"),
    size: maybe(integer("the size in bytes, if the id tells it")),
  }),
  arguments: {},
  options: {},
  run: (call) =>
    withDevice(call, async (_chip, device) => {
      const { manufacturer, device: model, size } = await device.flashId();
      call.screen.line("Flash Memory Information:");
      call.screen.line(`Manufacturer: ${hexDigits(manufacturer, 2)}`);
      call.screen.line(`Device: ${hexDigits(model, 4)}`);
      call.screen.line(`Detected flash size: ${sizeName(size)}`);
      return {
        manufacturer,
        device: model,
        ...(size !== undefined && { size }),
      };
    }),
};

function hexDigits(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}
