/**
 * `verify-flash`: compares flash with files.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { placedFiles, readPlacedFiles } from "../files.ts";
import { FLASH_PARAMETER_OPTIONS } from "../options.ts";
import { integer, listOf, maybe, object, text } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hex } from "../text.ts";

/** Compares files with the flash. */
export const verifyFlash: Command = defineCommand({
  name: "verify-flash",
  summary: "compare files with the flash",
  boards: "many",
  examples: [{
    line: "verify-flash 0x10000 app.bin",
    does: "ends with 0 if the flash holds the file",
  }],
  result: object({
    files: listOf(
      object({
        address: integer("where in flash, in bytes"),
        size: integer("its size as compared, in bytes"),
        md5: text("the MD5 digest of file and flash, 32 lower-case hex digits"),
        name: maybe(text("what it is called")),
      }, "one file"),
      "the files, in the order of their addresses",
    ),
  }),
  arguments: { files: placedFiles() },
  options: FLASH_PARAMETER_OPTIONS,
  async run(call) {
    const files = await readPlacedFiles(call.arguments.files);
    return await withDevice(call, async (_chip, device) => {
      const verified = await device.verifyFlash(files, call.options);
      for (const { address, size, name } of verified) {
        call.screen.line(
          `Verifying ${size} bytes at ${
            hex(address)
          } in flash against '${name}'...`,
        );
        call.screen.line("Verification successful (digest matched).");
      }
      return { files: verified };
    });
  },
});
