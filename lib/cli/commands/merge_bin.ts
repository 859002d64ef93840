/**
 * `merge-bin`: the result is `{ file, format, size, offset, chip }`: how many
 * bytes the merged file has, and where in flash it belongs.
 *
 * @module
 */

import { parseFlashSize } from "../../chips/flash_size.ts";
import {
  type FlashFormat,
  type MergeFile,
  mergeImages,
} from "../../image/mod.ts";
import { type Command, defineCommand, type OptionValues } from "../command.ts";
import { type FilePlace, placedFiles } from "../files.ts";
import { readInput } from "../input_file.ts";
import {
  flag,
  FLASH_PARAMETER_OPTIONS,
  flashSizeParser,
  namedChip,
  setting,
} from "../options.ts";
import { keepInputs, OutputFile } from "../output_file.ts";
import { integer, object, text } from "../schema.ts";
import { UsageError } from "../usage_error.ts";
import { oneOf, parseNumber, parseUint32 } from "../values.ts";

const FORMATS: readonly FlashFormat[] = ["raw", "hex", "uf2"];

const OPTIONS = {
  output: setting<string | undefined>({
    flags: "-o, --output <file>",
    summary: "where to put the merged file; must be given",
    fallback: undefined,
    parse: String,
  }),
  format: setting<FlashFormat>({
    flags: "-f, --format <format>",
    summary: `${FORMATS.join(", ")} (default: raw)`,
    fallback: "raw",
    parse: oneOf(FORMATS),
  }),
  targetOffset: setting({
    flags: "-t, --target-offset <address>",
    aliases: ["--target_offset"],
    summary: "where a raw file will be written (default: 0)",
    fallback: 0,
    parse: parseUint32,
  }),
  padToSize: setting<number | undefined>({
    flags: "--pad-to-size <size>",
    aliases: ["--pad_to_size", "--fill-flash-size", "--fill_flash_size"],
    summary: "fill a raw file with 0xff up to this flash size, such as 4MB",
    fallback: undefined,
    parse: parsePadding,
  }),
  chunkSize: setting<number | undefined>({
    flags: "--chunk-size <bytes>",
    aliases: ["--chunk_size"],
    summary: "how much goes into a block of UF2 (default: what fits)",
    fallback: undefined,
    parse: parseNumber,
  }),
  noMd5: flag("--md5-disable", "leave the MD5 digests out of UF2", {
    aliases: ["--md5_disable"],
  }),
  ...FLASH_PARAMETER_OPTIONS,
  flashSize: setting({
    ...FLASH_PARAMETER_OPTIONS.flashSize,
    summary: "such as 4MB or keep, for a bootloader (default: keep)",
    parse: flashSizeParser("keep"),
  }),
};

/** Merges files for flash into one. */
export const mergeBin: Command = defineCommand({
  name: "merge-bin",
  summary: "merge files for flash into one: raw, Intel HEX or UF2",
  arguments: { files: placedFiles() },
  options: OPTIONS,
  examples: [
    {
      line: "--chip esp32c3 merge-bin -o all.bin 0x0 boot.bin 0x10000 app.bin",
      does: "makes one file to be written at 0",
    },
    {
      line: "--chip esp32s3 merge-bin -f uf2 -o all.uf2 0x10000 app.bin",
      does: "makes a file for a board's UF2 drive",
    },
  ],
  result: object({
    file: text("the merged file's path"),
    format: text("its format", FORMATS),
    size: integer("how many bytes it has"),
    offset: integer("where in flash it begins; 0 if the file says it itself"),
    chip: text("the chip that it is for"),
  }),
  async run(call) {
    const { output: path, format, targetOffset } = call.options;
    const { screen } = call;
    const chip = namedChip(call.globals.chip);
    if (chip === undefined) {
      throw new UsageError(
        "merge-bin must know the chip",
        "Say which with --chip, such as --chip esp32c3.",
      );
    }
    if (path === undefined) {
      throw new UsageError("merge-bin needs --output FILE");
    }
    await keepInputs(path, call.arguments.files.map(({ path }) => path));
    const files = await readFiles(call.arguments.files);
    const data = mergeImages(files, {
      ...mergeOptions(call.options),
      chip,
      onNote: (message) => screen.line(`Note: ${message}.`),
    });
    await using output = await OutputFile.create(path);
    await output.write(data);
    const offset = format === "raw" ? targetOffset : 0;
    screen.line(
      `Wrote 0x${data.length.toString(16)} bytes to file '${path}', ready to ${
        format === "uf2"
          ? "be flashed with any ESP USB Bridge"
          : `flash to offset 0x${offset.toString(16)}`
      }.`,
    );
    return {
      result: { file: path, format, size: data.length, offset, chip: chip.id },
    };
  },
});

function parsePadding(text: string): number {
  return parseFlashSize(
    oneOf([
      ...["256KB", "512KB", "1MB", "2MB", "4MB", "8MB"],
      ...["16MB", "32MB", "64MB", "128MB"],
    ])(text),
  );
}

async function readFiles(places: readonly FilePlace[]): Promise<MergeFile[]> {
  const files: MergeFile[] = [];
  for (const { address, path } of places) {
    files.push({ address, data: await readInput(path), name: path });
  }
  return files;
}

function mergeOptions(options: OptionValues<typeof OPTIONS>) {
  const { format, targetOffset, padToSize, chunkSize, noMd5 } = options;
  const { flashMode, flashSize, flashFrequency } = options;
  return {
    format,
    targetOffset,
    padToSize,
    chunkSize,
    md5: !noMd5,
    parameters: {
      mode: flashMode === "keep" ? undefined : flashMode,
      size: flashSize === "keep" ? undefined : flashSize,
      frequency: flashFrequency === "keep" ? undefined : flashFrequency,
    },
  };
}
