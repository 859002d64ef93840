/**
 * `make-image`: the result is `{ chip, files }`, each file as
 * `{ name, size, address }`: where in flash it goes, if the image says so.
 *
 * @module
 */

import type { Segment } from "../../../mod.ts";
import { chipById } from "../../chips/registry.ts";
import { buildImageFilesAsync } from "../../image/build_image.ts";
import { type Command, defineCommand } from "../command.ts";
import {
  addressedName,
  IMAGE_FILES_RESULT,
  writeImageFiles,
} from "../image_files.ts";
import { readInput } from "../input_file.ts";
import {
  IMAGE_PARAMETER_OPTIONS,
  repeated,
  required,
  setting,
} from "../options.ts";
import { UsageError } from "../usage_error.ts";
import { parseUint32 } from "../values.ts";

/** Makes a firmware image of segments. */
export const makeImage: Command = defineCommand({
  name: "make-image",
  summary: "make a firmware image of raw segments",
  arguments: { output: required("output", "the image", String) },
  options: {
    ...IMAGE_PARAMETER_OPTIONS,
    files: repeated<readonly string[]>({
      flags: "-f, --segfile <file>",
      summary: "a segment's bytes; once for each segment",
      fallback: [],
      parse: (texts) => texts,
    }),
    addresses: repeated<readonly number[]>({
      flags: "-a, --segaddr <address>",
      summary: "where it is loaded; once for each segment, in the same order",
      fallback: [],
      parse: (texts) => texts.map(parseUint32),
    }),
    entry: setting({
      flags: "-e, --entrypoint <address>",
      summary: "where the program starts (default: 0)",
      fallback: 0,
      parse: parseUint32,
    }),
  },
  examples: [{
    line: "make-image -f text.bin -a 0x40100000 -e 0x40100004 app.bin",
    does: "makes an ESP8266 image of one segment",
  }],
  result: IMAGE_FILES_RESULT,
  async run(call) {
    const { screen, arguments: { output } } = call;
    const { files, addresses, entry, ...parameters } = call.options;
    if (files.length !== addresses.length || files.length === 0) {
      throw new UsageError(
        `make-image has ${files.length} segment files and ${addresses.length} addresses`,
        "Give each segment both: -f FILE -a ADDRESS.",
      );
    }
    const isAuto = call.globals.chip === "auto";
    if (isAuto) {
      screen.line("Note: no --chip was given, so it is an ESP8266's.");
    }
    const chip = chipById(isAuto ? "esp8266" : call.globals.chip);
    const segments: Segment[] = [];
    for (const [index, address] of addresses.entries()) {
      const data = await readInput(files[index] ?? "");
      segments.push({ address, data });
    }
    const parts = await buildImageFilesAsync({ entry, segments }, {
      chip,
      ...parameters,
    });
    return await writeImageFiles(call, {
      chip,
      files: parts,
      inputs: files,
      // Of two files, each has its address in its name, as elf2image has it.
      nameOf: ({ address }) =>
        parts.length === 1 ? output : addressedName(output, address),
    });
  },
});
