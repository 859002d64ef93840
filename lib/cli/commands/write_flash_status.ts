/**
 * `write-flash-status`.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { STATUS_OPTIONS } from "../flash_options.ts";
import { flag, required } from "../options.ts";
import { integer, object, truth } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hexDigits } from "../text.ts";
import { parseUint32 } from "../values.ts";

/** Writes the flash chip's status registers, and tells them before and after. */
export const writeFlashStatus: Command = defineCommand({
  name: "write-flash-status",
  summary: "write the flash chip's status registers",
  boards: "many",
  examples: [{
    line: "write-flash-status --bytes 1 --non-volatile 0",
    does: "takes the write protection away for good",
  }],
  result: object({
    before: integer("the registers before, the first as the low byte"),
    after: integer("the registers after"),
    bytes: integer("how many registers"),
    nonVolatile: truth("whether the change outlasts a power cycle"),
  }),
  arguments: {
    value: required("value", "the registers, the first last", parseUint32),
  },
  options: {
    ...STATUS_OPTIONS,
    nonVolatile: flag("--non-volatile", "write what outlasts a power cycle"),
  },
  run(call) {
    const { bytes, nonVolatile } = call.options;
    const value = call.arguments.value % 2 ** (8 * bytes);
    const text = (status: number) => `0x${hexDigits(status, 2 * bytes)}`;
    return withDevice(call, async (_chip, device) => {
      const before = await device.readFlashStatus(bytes);
      call.screen.line(`Initial flash memory status: ${text(before)}`);
      call.screen.line(`Setting flash memory status: ${text(value)}`);
      await device.writeFlashStatus(value, { bytes, nonVolatile });
      const after = await device.readFlashStatus(bytes);
      call.screen.line(`After flash memory status:   ${text(after)}`);
      return { before, after, bytes, nonVolatile };
    }, call.options);
  },
});
