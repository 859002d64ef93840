/**
 * `read-flash`: reads flash into a file.
 *
 * @module
 */

import { systemClock } from "../../clock.ts";
import { type Command, defineCommand } from "../command.ts";
import {
  namedFlashSize,
  SPI_OPTIONS,
  tellFlashSize,
} from "../flash_options.ts";
import { flashRange, rangeArgument } from "../flash_range.ts";
import { flag, FLASH_PARAMETER_OPTIONS, setting } from "../options.ts";
import { PARTITION_OPTIONS } from "../partition_options.ts";
import { OutputFile } from "../output_file.ts";
import { integer, number, object, text } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hex, speed } from "../text.ts";

/** Reads flash into a file. */
export const readFlash: Command = defineCommand({
  name: "read-flash",
  summary: "read flash into a file",
  boards: "many",
  examples: [{
    line: "read-flash 0 all backup.bin",
    does: "saves the whole flash",
  }, {
    line: "--port all read-flash 0 all backup-{mac}.bin",
    does: "saves every board's flash to a file of its own",
  }],
  result: object({
    address: integer("where it begins, in bytes"),
    size: integer("how many bytes"),
    ms: number("how long it took, in milliseconds"),
    file: text("the path of the file"),
  }),
  arguments: { place: rangeArgument("file") },
  options: {
    noProgress: flag("-p, --no-progress", "show no progress"),
    flashSize: setting({
      ...FLASH_PARAMETER_OPTIONS.flashSize,
      summary:
        "what to take the flash's size for, such as 4MB (default: what its id says)",
    }),
    ...SPI_OPTIONS,
    ...PARTITION_OPTIONS,
  },
  async run(call) {
    const { options, globals, arguments: { place } } = call;
    if (options.noProgress) call.screen.hideProgress();
    const { rest: [file = ""] } = place;
    const range = await flashRange(place, options, globals.chip);
    await using output = await OutputFile.create(file, call.board);
    return await withDevice(call, async (_chip, device) => {
      const { address, size } = await range(device);
      if (size === "all") await tellFlashSize(device, call.screen);
      const start = systemClock.now();
      const data = await device.readFlash(address, size, undefined, {
        flashSize: namedFlashSize(options),
      });
      const ms = systemClock.now() - start;
      await output.write(data);
      call.screen.line(
        `Read ${data.length} bytes from ${hex(address)} ${
          speed(data.length, ms)
        } to '${output.path}'.`,
      );
      return { address, size: data.length, ms, file: output.path };
    }, options);
  },
});
