/**
 * `flash-id`: the result is `{ manufacturer, device, size? }`, the size in bytes.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { withDevice } from "../session.ts";
import { sizeName } from "../text.ts";

/** Tells the flash chip's JEDEC id and its size. */
export const flashId: Command = {
  name: "flash-id",
  summary: "tell the flash chip's id and size",
  boards: "many",
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
