/**
 * `verify-flash`.
 *
 * @module
 */

import type { VerifiedFile } from "../../../mod.ts";
import { VerifyError } from "../../errors.ts";
import { type Command, defineCommand } from "../command.ts";
import { FILES_ARGUMENT, flashInput, INPUT_OPTIONS } from "../flash_input.ts";
import { SPI_OPTIONS } from "../flash_options.ts";
import { flag, FLASH_PARAMETER_OPTIONS } from "../options.ts";
import { integer, listOf, maybe, object, text } from "../schema.ts";
import type { Screen } from "../screen.ts";
import { withDevice } from "../session.ts";
import { hex, hexDigits } from "../text.ts";
import { mergeParameters } from "../flash_parameters.ts";

/** Compares files with the flash. */
export const verifyFlash: Command = defineCommand({
  name: "verify-flash",
  summary: "compare files with the flash",
  boards: "many",
  examples: [{
    line: "verify-flash 0x10000 app.bin",
    does: "ends with 0 if the flash holds the file",
  }, {
    line: "verify-flash --diff --partition nvs nvs.bin",
    does: "lists the bytes of a partition that differ",
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
  arguments: { files: FILES_ARGUMENT },
  options: {
    ...FLASH_PARAMETER_OPTIONS,
    diff: flag("-d, --diff", "list the bytes that differ"),
    ...INPUT_OPTIONS,
    ...SPI_OPTIONS,
  },
  async run(call) {
    const { options, globals, screen } = call;
    const { diff } = options;
    const input = await flashInput({
      places: call.arguments.files,
      options,
      chip: globals.chip,
      force: true,
    });
    return await withDevice(call, async (_chip, device) => {
      const { files, parameters } = await input(device);
      const verified: VerifiedFile[] = [];
      let failure: VerifyError | undefined;
      // One after the other, so that all are told of.
      for (const file of Object.values(files)) {
        try {
          const wanted = { ...mergeParameters(options, parameters), diff };
          const found = await device.verifyFlash([file], wanted);
          found.forEach((one) => tell(one, screen));
          verified.push(...found);
        } catch (error) {
          if (!(error instanceof VerifyError)) throw error;
          tellFailure(error, screen);
          failure ??= error;
        }
      }
      if (failure !== undefined) throw failure;
      return { files: verified };
    }, options);
  },
});

function tell({ address, size, name }: VerifiedFile, screen: Screen): void {
  screen.line(
    `Verifying ${size} bytes at ${hex(address)} in flash against '${name}'...`,
  );
  screen.line("Verification successful (digest matched).");
}

function tellFailure(
  { address, contents }: VerifyError,
  screen: Screen,
): void {
  if (contents === undefined) {
    return screen.line("Verification failed (digest mismatch).");
  }
  const { expected, actual } = contents;
  const places: number[] = [];
  expected.forEach((byte, i) => void (byte !== actual[i] && places.push(i)));
  const [first = 0] = places;
  screen.line(
    `Verification failed: ${places.length} differences, first at ${
      hex(address + first)
    }:`,
  );
  for (const place of places) {
    const bytes = [actual, expected].map((side) =>
      hexDigits(side[place] ?? 0, 2)
    );
    screen.line(`   ${hex(address + place)} ${bytes.join(" ")}`);
  }
}
