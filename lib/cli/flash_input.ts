/**
 * What is to be in flash, and where: addresses with their files, a partition's
 * file, or a whole build.
 *
 * @module
 */

import {
  buildFor,
  checkPartitionFit,
  type Device,
  type FirmwareBuild,
  type FlashFiles,
  type FlashParameterOptions,
  loadFirmwareBuilds,
  loadFlashFiles,
  type PlacedFile,
} from "../../mod.ts";
import type { Argument, Options, OptionValues } from "./command.ts";
import { type FilePlace, parsePlaces } from "./files.ts";
import { readInput } from "./input_file.ts";
import { repeated, setting } from "./options.ts";
import { chosenPartition, PARTITION_OPTIONS } from "./partition_options.ts";
import { UsageError } from "./usage_error.ts";

/** Pairs of address and file; with `--partition` a file alone, with `--from` none at all or more. */
export const FILES_ARGUMENT: Argument<readonly FilePlace[]> = {
  label: "[address file...]",
  summary:
    "flash addresses, each followed by its file: 0x1000 boot.bin; a file may be an image, Intel HEX, UF2 or an ELF file",
  parse(texts, { partition, from }) {
    if (partition !== undefined) {
      const [path] = texts;
      if (path !== undefined && texts.length === 1 && from === undefined) {
        return [{ address: 0, path }];
      }
      throw new UsageError("--partition takes one file, and no address");
    }
    if (texts.length > 0 || from !== undefined) return parsePlaces(texts);
    throw new UsageError(
      'Missing required argument "address file"',
      "Give an address and a file, such as 0x1000 boot.bin, or a build with --from.",
    );
  },
};

/** Where files come from, beside the arguments. */
export const INPUT_OPTIONS = {
  from: setting<string | undefined>({
    flags: "--from <file>",
    summary:
      "take files and flash parameters from ESP-IDF's flasher_args.json or flash_args, or a manifest.json of ESP Web Tools",
    fallback: undefined,
    parse: String,
  }),
  ...PARTITION_OPTIONS,
} satisfies Options;

/** Options of files that need more than an address. */
export const SPECIAL_FILE_OPTIONS = {
  encryptFiles: repeated<readonly FilePlace[]>({
    flags: "--encrypt-files <address file...>",
    summary: "more files, which the chip encrypts while it writes them",
    fallback: [],
    parse: parsePlaces,
  }),
  diffWith: repeated<readonly string[]>({
    flags: "--diff-with <file...>",
    summary:
      "what was written before, file by file, or skip: only sectors that differ are written",
    fallback: [],
    parse: (texts) => texts,
  }),
} satisfies Options;

/** What is to be in flash, once it is known what board there is. */
export interface FlashInput {
  /** Files and their addresses. */
  readonly files: FlashFiles;
  /** The flash parameters that a build was made for. */
  readonly parameters: FlashParameterOptions;
}

/** How the files of a verb are chosen. */
export interface InputChoice {
  /** What stands behind the verb; with a partition, at addresses from its start. */
  readonly places: readonly FilePlace[];
  /** Where else files come from. */
  readonly options:
    & OptionValues<typeof INPUT_OPTIONS>
    & Partial<OptionValues<typeof SPECIAL_FILE_OPTIONS>>;
  /** What `--chip` says. */
  readonly chip: string;
  /** Whether a read-only partition may be written to. */
  readonly force: boolean;
}

/** Finds the files of a board. */
export type InputSource = (device: Device) => Promise<FlashInput>;

/**
 * Reads all files and checks their places, before a port is opened for them.
 *
 * @throws {UsageError} If `--diff-with` does not fit the files.
 * @throws {EspError} `file-invalid` if a file cannot be read, or is empty.
 * @throws {RangeError} If two files touch the same sector.
 */
export async function flashInput(choice: InputChoice): Promise<InputSource> {
  const { places, options, force } = choice;
  const { from, encryptFiles = [], diffWith = [] } = options;
  const partition = await chosenPartition(options, choice.chip);
  if (partition !== undefined) {
    const files = await load(places, diffWith);
    return async (device) => {
      const place = await partition(device);
      const placed = files.map((file) => {
        checkPartitionFit(place, file.address + file.data.length, { force });
        return { ...file, address: place.offset + file.address };
      });
      return { files: pairsOf(placed), parameters: {} };
    };
  }
  const builds = from === undefined ? [] : await loadFirmwareBuilds(from);
  const files = await load(places, diffWith);
  const sealed = (await load(encryptFiles, []))
    .map((file) => ({ ...file, encrypt: true }));
  // Together, so that files that touch each other are found now.
  const own = await loadFlashFiles(pairsOf([...files, ...sealed]));
  return (device) => {
    const build = chosenBuild(builds, device);
    const all = [...own, ...build?.files ?? []];
    const { parameters = {} } = build ?? {};
    return Promise.resolve({ files: pairsOf(all), parameters });
  };
}

function chosenBuild(
  builds: readonly FirmwareBuild[],
  device: Device,
): FirmwareBuild | undefined {
  return builds.length === 0 ? undefined : buildFor(builds, device.chip);
}

function pairsOf(files: readonly PlacedFile[]): FlashFiles {
  return files.map((file) => [file.address, file] as const);
}

/** Reads files, each with what was there before it. */
async function load(
  places: readonly FilePlace[],
  previous: readonly string[],
): Promise<PlacedFile[]> {
  if (previous.length > places.length) {
    throw new UsageError(
      `--diff-with has ${previous.length} files, for ${places.length} to write`,
    );
  }
  const loaded = await Promise.all(places.map(async ({ address, path }, i) => {
    const files = await loadFlashFiles([[address, path]]);
    const before = previous[i];
    if (before === undefined || before === "skip") return files;
    const data = await readInput(before);
    const [file, ...others] = files;
    const plain = file?.address === address && file.container === undefined;
    if (file === undefined || others.length > 0 || !plain) {
      throw new UsageError(`--diff-with cannot be used with "${path}"`);
    }
    return [{ ...file, previous: data }];
  }));
  return loaded.flat();
}
