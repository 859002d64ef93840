/**
 * `elf2image`: the result is `{ chip, files }`, each file as
 * `{ name, size, address }`: where in flash it goes, if the image says so.
 *
 * @module
 */

import type { ChipFamily } from "../../../mod.ts";
import { chipById } from "../../chips/registry.ts";
import {
  buildImageFilesAsync,
  type ImageFile,
} from "../../image/build_image.ts";
import {
  type BuildImageOptions,
  uselessImageOptions,
} from "../../image/image_options.ts";
import { type Command, defineCommand, type OptionValues } from "../command.ts";
import {
  addressedName,
  IMAGE_FILES_RESULT,
  writeImageFiles,
} from "../image_files.ts";
import { readInput } from "../input_file.ts";
import {
  flag,
  IMAGE_PARAMETER_OPTIONS,
  required,
  setting,
} from "../options.ts";
import type { Screen } from "../screen.ts";
import { UsageError } from "../usage_error.ts";
import { oneOf, parseDecimal, parseUint32 } from "../values.ts";

const VERSIONS = { "1": 1, "2": 2, "3": 3 } as const;
const PAGE_SIZES = ["64KB", "32KB", "16KB", "8KB"] as const;
const UNITS = { KB: 0x400, MB: 0x10_0000 } as const;

const OPTIONS = {
  ...IMAGE_PARAMETER_OPTIONS,
  output: setting<string | undefined>({
    flags: "-o, --output <file>",
    summary:
      "the image, or what comes before the addresses in the names of an ESP8266's two files",
    fallback: undefined,
    parse: String,
  }),
  version: setting<1 | 2 | 3 | undefined>({
    flags: "-e, --version <version>",
    summary: "the ESP8266's image version: 1, 2 or 3 (default: 1)",
    fallback: undefined,
    parse: (text) => VERSIONS[oneOf(["1", "2", "3"])(text)],
  }),
  legacyMinRevision: revision(
    "-r, --min-rev <revision>",
    "the least chip revision, for bootloaders before ESP-IDF 4.4",
  ),
  minRevision: revision(
    "--min-rev-full <revision>",
    "the least chip revision, major * 100 + minor (default: 0)",
  ),
  maxRevision: revision(
    "--max-rev-full <revision>",
    "the greatest chip revision, major * 100 + minor (default: 65535)",
  ),
  securePad: flag(
    "--secure-pad",
    "end with a page once signed for secure boot v1 (ESP32)",
  ),
  securePadV2: flag(
    "--secure-pad-v2",
    "end with a page before the signature of secure boot v2",
  ),
  elfDigestOffset: setting<number | undefined>({
    flags: "--elf-sha256-offset <offset>",
    summary:
      "where in the image the ELF file's SHA-256 goes (default: in the app descriptor)",
    fallback: undefined,
    parse: parseUint32,
  }),
  noDigest: flag(
    "--dont-append-digest",
    "leave out the SHA-256 of the image behind it",
  ),
  useSegments: flag(
    "--use-segments",
    "load the ELF file's program headers, not its sections",
  ),
  mmuPageSize: setting<number | undefined>({
    flags: "--flash-mmu-page-size <size>",
    summary: `how flash is mapped, where a chip has a choice: ${
      PAGE_SIZES.join(", ")
    }`,
    fallback: undefined,
    parse: (text) => parseUnits(oneOf(PAGE_SIZES)(text)),
  }),
  padToSize: setting<number | undefined>({
    flags: "--pad-to-size <size>",
    aliases: ["--fill-flash-size"],
    summary: "fill with 0xff to a multiple of this, such as 64KB or 4MB",
    fallback: undefined,
    parse: parseUnits,
  }),
  ramOnlyHeader: flag(
    "--ram-only-header",
    "show the ROM only what is for RAM; implies --dont-append-digest",
  ),
};

/** Makes a firmware image of an ELF file. */
export const elf2image: Command = defineCommand({
  name: "elf2image",
  summary: "make a firmware image of an ELF file",
  arguments: { file: required("file", "the ELF file", String) },
  options: OPTIONS,
  examples: [{
    line: "--chip esp32c3 elf2image -o app.bin build/app.elf",
    does: "makes app.bin of an application for the ESP32-C3",
  }],
  result: IMAGE_FILES_RESULT,
  async run(call) {
    const { globals, screen, arguments: { file }, options } = call;
    if (globals.chip === "auto") {
      throw new UsageError(
        "elf2image does not know which chip the image is for",
        "Name it: espline --chip esp32 elf2image …",
      );
    }
    const chip = chipById(globals.chip);
    const elf = await readInput(file);
    screen.line(`Creating ${chip.name} image...`);
    const build = usefulOptions(chip, options, screen);
    if (build.ramOnlyHeader) {
      screen.line(
        "Image has only RAM segments visible. ROM segments are hidden and SHA256 digest is not appended.",
      );
    }
    const files = await buildImageFilesAsync(elf, build);
    return await writeImageFiles(call, {
      chip,
      files,
      inputs: [file],
      nameOf: (part) => nameOf(part, file, options.output, build),
    });
  },
});

/** The library's options less those that mean nothing to the chip, of which esptool takes no heed. */
function usefulOptions(
  chip: ChipFamily,
  options: OptionValues<typeof OPTIONS>,
  screen: Screen,
): BuildImageOptions {
  const { securePad, securePadV2, noDigest, output: _output, ...same } =
    options;
  const given = {
    ...same,
    chip,
    appendDigest: noDigest ? false : undefined,
    securePadding: securePadV2 ? "v2" : securePad ? "v1" : undefined,
    ramOnlyHeader: options.ramOnlyHeader || undefined,
  } as const;
  const useless = uselessImageOptions(given);
  for (const name of useless) {
    screen.line(
      `Note: ${flagOf(name)} means nothing to an image for ${chip.name}.`,
    );
  }
  const without = Object.fromEntries(useless.map((name) => [name, undefined]));
  return { ...given, ...without };
}

/** What a person calls an option of the library. */
function flagOf(name: keyof BuildImageOptions): string {
  if (name === "appendDigest") return "--dont-append-digest";
  if (name === "securePadding") return "secure padding";
  if (name === "chip") return "--chip";
  return OPTIONS[name].flags.replace(/ <.+>$/, "").split(", ").at(-1) ?? name;
}

/** The names that esptool gives. */
function nameOf(
  { address }: ImageFile,
  elf: string,
  output: string | undefined,
  { chip, version = 1 }: BuildImageOptions,
): string {
  if (chip.imageChipId === undefined && version === 1) {
    return addressedName(output ?? `${elf}-`, address);
  }
  const stem = elf.replace(/(?<=[^/\\])\.[^./\\]*$/, "");
  return output ??
    (address === undefined
      ? `${stem}.bin`
      : addressedName(`${stem}-`, address));
}

function revision(flags: string, summary: string) {
  return setting<number | undefined>({
    flags,
    summary,
    fallback: undefined,
    parse: parseDecimal,
  });
}

/** `64KB` and `4MB` as bytes. */
function parseUnits(text: string): number {
  const [, digits, unit] = /^(\d+)(KB|MB)$/.exec(text) ?? [];
  if (digits !== undefined && (unit === "KB" || unit === "MB")) {
    return Number(digits) * UNITS[unit];
  }
  throw new SyntaxError(`"${text}" is not a size such as 64KB or 4MB`);
}
