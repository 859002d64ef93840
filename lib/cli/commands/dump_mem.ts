/**
 * `dump-mem`: copies memory to a file.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { required } from "../options.ts";
import { OutputFile } from "../output_file.ts";
import { integer, object, text } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hex } from "../text.ts";
import { parseSize, parseUint32 } from "../values.ts";

/** Reads memory, word by word, into a file. */
export const dumpMem: Command = defineCommand({
  name: "dump-mem",
  summary: "read RAM, ROM or registers into a file",
  boards: "many",
  examples: [{
    line: "dump-mem 0x40000000 64k rom.bin",
    does: "saves the ROM",
  }],
  result: object({
    address: integer("where it begins"),
    size: integer("how many bytes"),
    file: text("the path of the file"),
  }),
  arguments: {
    address: required(
      "address",
      "where to begin, a multiple of 4",
      parseUint32,
    ),
    size: required("size", "how many bytes, a multiple of 4", parseSize),
    file: required("file", "where to put them", String),
  },
  options: {},
  async run(call) {
    const { address, size, file } = call.arguments;
    await using output = await OutputFile.create(file, call.board);
    return await withDevice(call, async (_chip, device) => {
      const data = await device.dumpMem(address, size);
      await output.write(data);
      call.screen.line(
        `Dumped ${data.length} bytes from ${hex(address)} to '${output.path}'.`,
      );
      return { address, size: data.length, file };
    });
  },
});
