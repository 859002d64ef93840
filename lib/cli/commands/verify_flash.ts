/**
 * `verify-flash`: the result is `{ files }`, each as a `VerifiedFile`:
 * `{ address, size, md5, name }`.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { placedFiles, readPlacedFiles } from "../files.ts";
import { FLASH_PARAMETER_OPTIONS } from "../options.ts";
import { withDevice } from "../session.ts";
import { hex } from "../text.ts";

/** Compares files with the flash. */
export const verifyFlash: Command = defineCommand({
  name: "verify-flash",
  summary: "compare files with the flash",
  boards: "many",
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
