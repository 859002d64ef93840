/**
 * `write-flash`: writes files to flash and verifies them.
 *
 * @module
 */

import type { WrittenFile } from "../../../mod.ts";
import { type Command, defineCommand, type OptionValues } from "../command.ts";
import { placedFiles, readPlacedFiles } from "../files.ts";
import { flag, FLASH_PARAMETER_OPTIONS } from "../options.ts";
import type { Screen } from "../screen.ts";
import {
  integer,
  listOf,
  maybe,
  number,
  object,
  text,
  truth,
} from "../schema.ts";
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
  examples: [{
    line: "--baud 921600 write-flash 0x1000 boot.bin 0x10000 app.bin",
    does: "writes two files at a higher speed",
  }, {
    line: "--port all write-flash 0 image.bin",
    does: "writes to every board that is connected",
  }],
  result: object({
    files: listOf(
      object({
        address: integer("where in flash, in bytes"),
        size: integer("its size as written, in bytes"),
        wireBytes: integer(
          "how many bytes were sent for it: fewer if they were compressed",
        ),
        ms: number("how long the writing took, in milliseconds"),
        md5: text(
          "the MD5 digest of what was written, 32 lower-case hex digits",
        ),
        verified: truth("whether the flash's digest was compared with it"),
        skipped: truth(
          "whether nothing was written because the flash held it already",
        ),
        name: maybe(text("what it is called")),
      }, "one file"),
      "the files, in the order of their addresses",
    ),
  }),
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
