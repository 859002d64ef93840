/**
 * `load-ram`.
 *
 * @module
 */

import { parseImage } from "../../image/mod.ts";
import { type Command, defineCommand } from "../command.ts";
import { readInput } from "../input_file.ts";
import { required } from "../options.ts";
import { integer, listOf, object } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hex } from "../text.ts";

/** Loads an image into RAM and runs it. */
export const loadRam: Command = defineCommand({
  name: "load-ram",
  summary: "load an image into RAM and run it",
  boards: "many",
  examples: [{
    line: "--no-stub load-ram test.bin",
    does: "runs a program without touching the flash",
  }],
  result: object({
    entry: integer("where the program starts"),
    segments: listOf(
      object({
        address: integer("where in RAM"),
        size: integer("how many bytes"),
      }, "one segment"),
      "what was loaded, in the image's order",
    ),
  }),
  arguments: {
    file: required("file", "an image whose segments are in RAM", String),
  },
  options: {},
  async run(call) {
    const { file } = call.arguments;
    const image = await readInput(file);
    return await withDevice(call, async (_chip, device) => {
      const { entry, segments } = parseImage(image, device.chip);
      call.screen.line(`Loading '${file}' to RAM...`);
      await device.loadRam(image);
      call.screen.line(
        `Loaded ${segments.length} segments from '${file}' to RAM, executing at ${
          hex(entry)
        }.`,
      );
      return {
        entry,
        segments: segments.map(({ address, data }) => ({
          address,
          size: data.length,
        })),
      };
    });
  },
});
