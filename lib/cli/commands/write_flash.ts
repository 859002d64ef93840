/**
 * `write-flash`: the result is `{ files }`, each as a `WrittenFile`:
 * `{ address, size, wireBytes, ms, md5, verified, skipped, name }`.
 *
 * @module
 */

import type { WrittenFile } from "../../../mod.ts";
import { type Command, defineCommand, type OptionValues } from "../command.ts";
import { placedFiles, readPlacedFiles } from "../files.ts";
import { flag, FLASH_PARAMETER_OPTIONS } from "../options.ts";
import type { Screen } from "../screen.ts";
import { withDevice } from "../session.ts";
import { hex, speed } from "../text.ts";
import { UsageError } from "../usage_error.ts";

const OPTIONS = {
  ...FLASH_PARAMETER_OPTIONS,
  eraseAll: flag("-e, --erase-all", "erase the whole flash chip first"),
  compress: flag(
    "-z, --compress",
    "send compressed data (default with the stub)",
  ),
  noCompress: flag("-u, --no-compress", "send data as they are"),
  skipFlashed: flag(
    "-s, --skip-flashed",
    "leave out files that the flash holds already",
  ),
  force: flag("--force", "write an image that is for another chip or revision"),
  noProgress: flag("-p, --no-progress", "show no progress"),
};

/** Writes files to flash and verifies them. */
export const writeFlash: Command = defineCommand({
  name: "write-flash",
  summary: "write files to flash and verify them",
  boards: "many",
  arguments: { files: placedFiles() },
  options: OPTIONS,
  async run(call) {
    const { flashMode, flashFrequency, flashSize } = call.options;
    const { eraseAll, force, skipFlashed, noProgress } = call.options;
    const compress = compression(call.options);
    if (noProgress) call.screen.hideProgress();
    const files = await readPlacedFiles(call.arguments.files);
    return await withDevice(call, async (_chip, device) => {
      call.flash.expectChange();
      const written = await device.writeFlash(files, {
        flashMode,
        flashFrequency,
        flashSize,
        compress,
        eraseAll,
        force,
        skipFlashed,
      });
      if (written.every(({ verified }) => verified)) call.flash.verify();
      for (const file of written) describeFile(file, call.screen);
      return { files: written };
    });
  },
});

function compression(
  { compress, noCompress }: OptionValues<typeof OPTIONS>,
): boolean | undefined {
  if (compress && noCompress) {
    throw new UsageError("--compress and --no-compress exclude each other");
  }
  return compress ? true : noCompress ? false : undefined;
}

function describeFile(file: WrittenFile, screen: Screen): void {
  const { address, size, wireBytes, ms, skipped, verified, name } = file;
  if (skipped) {
    screen.line(
      `Skipped ${name ?? "data"} at ${
        hex(address)
      }: the flash holds it already.`,
    );
    return;
  }
  const compressed = wireBytes < size ? ` (${wireBytes} compressed)` : "";
  screen.line(
    `Wrote ${size} bytes${compressed} at ${hex(address)} ${speed(size, ms)}.`,
  );
  screen.line(
    verified
      ? "Hash of data verified."
      : "The loader cannot hash flash: the data have not been verified.",
  );
}
