/**
 * `erase-region`: erases a part of the flash.
 *
 * @module
 */

import { systemClock } from "../../clock.ts";
import { type Command, defineCommand } from "../command.ts";
import { required } from "../options.ts";
import { either, integer, number, object, text } from "../schema.ts";
import { withDevice } from "../session.ts";
import { sizeName } from "../text.ts";
import { parseSizeOrAll, parseUint32 } from "../values.ts";

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
  arguments: {
    address: required("address", "a multiple of 4096", parseUint32),
    size: required("size", "a multiple of 4096 bytes, or all", parseSizeOrAll),
  },
  options: {},
  run: (call) =>
    withDevice(call, async (_chip, device) => {
      const { address, size } = call.arguments;
      if (size === "all") {
        const { size: found } = await device.flashId();
        call.screen.line(`Detected flash size: ${sizeName(found)}`);
      }
      const start = systemClock.now();
      call.screen.line("Erasing region (may be slow depending on size)...");
      call.flash.expectChange();
      await device.eraseRegion(address, size);
      const ms = systemClock.now() - start;
      call.screen.line(
        `Flash memory region erased successfully in ${
          (ms / 1000).toFixed(1)
        } seconds.`,
      );
      return { address, size, ms };
    }),
});
