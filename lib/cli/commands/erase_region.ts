/**
 * `erase-region`: erases a part of the flash.
 *
 * @module
 */

import { systemClock } from "../../clock.ts";
import { type Command, defineCommand } from "../command.ts";
import { ERASE_OPTIONS, tellFlashSize } from "../flash_options.ts";
import { flashRange, rangeArgument } from "../flash_range.ts";
import { PARTITION_OPTIONS } from "../partition_options.ts";
import { either, integer, number, object, text } from "../schema.ts";
import { withDevice } from "../session.ts";

/** Erases whole sectors. */
export const eraseRegion: Command = defineCommand({
  name: "erase-region",
  summary: "erase whole sectors of 4096 bytes",
  boards: "many",
  examples: [{
    line: "erase-region 0x9000 0x6000",
    does: "erases six sectors",
  }],
  result: object({
    address: integer("where it begins, in bytes"),
    size: either(
      [integer("in bytes"), text("up to the end", ["all"])],
      "how much",
    ),
    ms: number("how long it took, in milliseconds"),
  }),
  arguments: { place: rangeArgument() },
  options: { ...ERASE_OPTIONS, ...PARTITION_OPTIONS },
  async run(call) {
    const { options, globals, arguments: { place } } = call;
    const range = await flashRange(place, options, globals.chip);
    return await withDevice(call, async (_chip, device) => {
      const { address, size } = await range(device);
      if (size === "all") await tellFlashSize(device, call.screen);
      const start = systemClock.now();
      call.screen.line("Erasing region (may be slow depending on size)...");
      call.flash.expectChange();
      await device.eraseRegion(address, size, { force: options.force });
      const ms = systemClock.now() - start;
      call.screen.line(
        `Flash memory region erased successfully in ${
          (ms / 1000).toFixed(1)
        } seconds.`,
      );
      return { address, size, ms };
    }, options);
  },
});
