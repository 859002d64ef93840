/**
 * `write-flash`.
 *
 * @module
 */

import type { Device, WrittenFile, WrittenRange } from "../../../mod.ts";
import { type Command, defineCommand, type OptionValues } from "../command.ts";
import {
  FILES_ARGUMENT,
  flashInput,
  INPUT_OPTIONS,
  SPECIAL_FILE_OPTIONS,
} from "../flash_input.ts";
import { SPI_OPTIONS } from "../flash_options.ts";
import { mergeParameters } from "../flash_parameters.ts";
import { flag, FLASH_PARAMETER_OPTIONS } from "../options.ts";
import {
  integer,
  listOf,
  maybe,
  number,
  object,
  text,
  truth,
} from "../schema.ts";
import type { Screen } from "../screen.ts";
import { withDevice } from "../session.ts";
import { hex, hexDigits, sizeName, speed } from "../text.ts";
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
  ...SPECIAL_FILE_OPTIONS,
  trustFlashContent: flag(
    "--trust-flash-content",
    "with --diff-with: take files that are the same for written, without a look",
    { aliases: ["--no-diff-verify"] },
  ),
  encrypt: flag("--encrypt", "let the chip encrypt what it writes"),
  ignoreEncryptionFuses: flag(
    "--ignore-flash-enc-efuse",
    "write encrypted although the eFuses say that the chip could not run it",
  ),
  force: flag(
    "--force",
    "write an image that is for another chip or revision, and what secure boot and flash encryption make dangerous",
  ),
  verify: flag(
    "--verify",
    "has no effect: what is written is always verified",
  ),
  noProgress: flag("-p, --no-progress", "show no progress"),
  ...INPUT_OPTIONS,
  ...SPI_OPTIONS,
};

const WRITTEN = object({
  address: integer("where in flash, in bytes"),
  size: integer("its size as written, in bytes"),
  wireBytes: integer(
    "how many bytes were sent for it: fewer if they were compressed",
  ),
  ms: number("how long the writing took, in milliseconds"),
  md5: text(
    "the MD5 digest of what was written, before any encryption, 32 lower-case hex digits",
  ),
  verified: truth("whether the flash's digest was compared with it"),
  skipped: truth(
    "whether nothing was written because the flash held it already",
  ),
  encrypted: truth("whether the chip has encrypted it"),
  ranges: listOf(
    object({
      address: integer("where in flash, in bytes"),
      size: integer("how many bytes"),
      wireBytes: integer("how many bytes were sent for it"),
      ms: number("how long it took, in milliseconds"),
    }, "one piece"),
    "what was really written: all of it, or the sectors that differed",
  ),
  flashParameters: maybe(
    integer(
      "the flash parameters that were put into it: mode, then size and frequency, a byte each",
    ),
  ),
  name: maybe(text("what it is called")),
}, "one file");

/** Writes files to flash and verifies them. */
export const writeFlash: Command = defineCommand({
  name: "write-flash",
  summary: "write files to flash and verify them",
  boards: "many",
  examples: [{
    line: "--baud 921600 write-flash 0x1000 boot.bin 0x10000 app.bin",
    does: "writes two files at a higher speed",
  }, {
    line: "write-flash --from build/flasher_args.json",
    does: "writes all that ESP-IDF has built",
  }, {
    line: "write-flash 0x10000 new.bin --diff-with old.bin",
    does: "writes only the sectors that differ",
  }, {
    line: "--port all write-flash 0 image.bin",
    does: "writes to every board that is connected",
  }],
  result: object({
    files: listOf(WRITTEN, "the files, in the order of their addresses"),
  }),
  arguments: { files: FILES_ARGUMENT },
  options: OPTIONS,
  async run(call) {
    const { options, globals, screen } = call;
    checkOptions(options);
    const { eraseAll, force, skipFlashed, noProgress, encrypt } = options;
    const { ignoreEncryptionFuses, trustFlashContent } = options;
    if (noProgress) screen.hideProgress();
    if (options.verify) {
      screen.line("Note: --verify has no effect, everything is verified.");
    }
    const input = await flashInput({
      places: call.arguments.files,
      options,
      chip: globals.chip,
      force,
    });
    return await withDevice(call, async (_chip, device) => {
      const { files, parameters } = await input(device);
      const wanted = mergeParameters(options, parameters);
      if (wanted.flashSize === "detect") await tellDetected(device, screen);
      call.flash.expectChange();
      const written = await device.writeFlash(files, {
        ...wanted,
        compress: options.compress || (options.noCompress ? false : undefined),
        eraseAll,
        force,
        skipFlashed,
        encrypt,
        ignoreEncryptionFuses,
        trustFlashContent,
      });
      if (written.every(({ verified }) => verified)) call.flash.verify();
      if (eraseAll) screen.line("Flash memory erased successfully.");
      for (const file of written) describeFile(file, options, screen);
      return { files: written };
    }, options);
  },
});

/** @throws {UsageError} If options contradict each other. */
function checkOptions(options: OptionValues<typeof OPTIONS>): void {
  const { encryptFiles, diffWith, trustFlashContent } = options;
  const diffs = diffWith.length > 0;
  const exclusive: ReadonlyArray<readonly [string, boolean, string, boolean]> =
    [
      ["compress", options.compress, "no-compress", options.noCompress],
      ["encrypt", options.encrypt, "encrypt-files", encryptFiles.length > 0],
      ["skip-flashed", options.skipFlashed, "diff-with", diffs],
    ];
  for (const [one, given, other, too] of exclusive) {
    if (given && too) {
      throw new UsageError(`--${one} and --${other} exclude each other`);
    }
  }
  if (trustFlashContent && !diffs) {
    throw new UsageError("--trust-flash-content needs --diff-with");
  }
}

async function tellDetected(device: Device, screen: Screen): Promise<void> {
  const { size } = await device.flashId();
  if (size === undefined) return;
  screen.line(`Auto-detected flash size: ${sizeName(size)}`);
}

function describeFile(
  file: WrittenFile,
  { skipFlashed }: OptionValues<typeof OPTIONS>,
  screen: Screen,
): void {
  const { flashParameters, address, name = "data" } = file;
  if (file.skipped) {
    const found = skipFlashed
      ? "already in flash, skipping write."
      : file.verified
      ? "verified."
      : "taken for written, skipping write.";
    return screen.line(`'${name}' at ${hex(address)} ${found}`);
  }
  if (flashParameters !== undefined) {
    screen.line(`Flash parameters set to 0x${hexDigits(flashParameters, 4)}.`);
  }
  for (const range of file.ranges) describeRange(range, screen);
  screen.line(
    file.verified
      ? "Hash of data verified."
      : file.encrypted
      ? "What the chip encrypts cannot be verified."
      : "The loader cannot hash flash: the data have not been verified.",
  );
}

function describeRange(
  { address, size, wireBytes, ms }: WrittenRange,
  screen: Screen,
): void {
  const compressed = wireBytes < size ? ` (${wireBytes} compressed)` : "";
  screen.line(
    `Wrote ${size} bytes${compressed} at ${hex(address)} ${speed(size, ms)}.`,
  );
}
