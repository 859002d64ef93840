/**
 * `read-flash-status`.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { STATUS_OPTIONS } from "../flash_options.ts";
import { integer, object } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hexDigits } from "../text.ts";

/** esptool writes four digits, however many registers it reads. */
const LEAST_DIGITS = 4;

/** Tells the flash chip's status registers. */
export const readFlashStatus: Command = defineCommand({
  name: "read-flash-status",
  summary: "tell the flash chip's status registers",
  boards: "many",
  examples: [{
    line: "read-flash-status --bytes 3",
    does: "tells all three registers",
  }],
  result: object({
    status: integer("the registers, the first as the low byte"),
    bytes: integer("how many registers"),
  }),
  arguments: {},
  options: STATUS_OPTIONS,
  run(call) {
    const { bytes } = call.options;
    return withDevice(call, async (_chip, device) => {
      const status = await device.readFlashStatus(bytes);
      call.screen.line(
        `Flash memory status: 0x${hexDigits(status, LEAST_DIGITS)}`,
      );
      return { status, bytes };
    }, call.options);
  },
});
