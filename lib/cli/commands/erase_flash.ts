/**
 * `erase-flash`: erases the whole flash chip.
 *
 * @module
 */

import { systemClock } from "../../clock.ts";
import { type Command, defineCommand } from "../command.ts";
import { ERASE_OPTIONS } from "../flash_options.ts";
import { number, object } from "../schema.ts";
import { withDevice } from "../session.ts";

/** Erases the whole flash chip. */
export const eraseFlash: Command = defineCommand({
  name: "erase-flash",
  summary: "erase the whole flash chip",
  boards: "many",
  examples: [{ line: "erase-flash", does: "erases everything" }],
  result: object({ ms: number("how long it took, in milliseconds") }),
  arguments: {},
  options: ERASE_OPTIONS,
  run: (call) =>
    withDevice(call, async (_chip, device) => {
      const start = systemClock.now();
      call.screen.line("Erasing flash memory (this may take a while)...");
      call.flash.expectChange();
      await device.eraseFlash({ force: call.options.force });
      const ms = systemClock.now() - start;
      call.screen.line(
        `Flash memory erased successfully in ${
          (ms / 1000).toFixed(1)
        } seconds.`,
      );
      return { ms };
    }, call.options),
});
