/**
 * `read-flash`: reads flash into a file.
 *
 * @module
 */

import { systemClock } from "../../clock.ts";
import { type Command, defineCommand } from "../command.ts";
import { flag, required } from "../options.ts";
import { OutputFile } from "../output_file.ts";
import { integer, number, object, text } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hex, sizeName, speed } from "../text.ts";
import { parseSizeOrAll, parseUint32 } from "../values.ts";

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
  arguments: {
    address: required("address", "where to begin", parseUint32),
    size: required("size", "how many bytes, or all", parseSizeOrAll),
    file: required("file", "where to put them", String),
  },
  options: { noProgress: flag("-p, --no-progress", "show no progress") },
  async run(call) {
    const { address, size, file } = call.arguments;
    if (call.options.noProgress) call.screen.hideProgress();
    await using output = await OutputFile.create(file, call.board);
    return await withDevice(call, async (_chip, device) => {
      if (size === "all") {
        const { size: found } = await device.flashId();
        call.screen.line(`Detected flash size: ${sizeName(found)}`);
      }
      const start = systemClock.now();
      const data = await device.readFlash(address, size);
      const ms = systemClock.now() - start;
      await output.write(data);
      call.screen.line(
        `Read ${data.length} bytes from ${hex(address)} ${
          speed(data.length, ms)
        } to '${output.path}'.`,
      );
      return { address, size: data.length, ms, file: output.path };
    });
  },
});
