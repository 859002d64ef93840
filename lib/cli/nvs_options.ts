/**
 * The options of `nvs`, and what is read because of them.
 *
 * @module
 */

import {
  deriveNvsKeys,
  type NvsKeys,
  type NvsVersion,
  parseNvsKeys,
} from "../image/mod.ts";
import type { Options, OptionValues, Surroundings } from "./command.ts";
import { readInput } from "./input_file.ts";
import { flag, setting } from "./options.ts";
import { TABLE_OPTIONS } from "./partition_options.ts";
import { UsageError } from "./usage_error.ts";
import { oneOf } from "./values.ts";

/** The name of the partition that ESP-IDF's NVS uses unless told otherwise. */
const DEFAULT_PARTITION = "nvs";

/** An option that is the path of a file. */
function fileSetting(flags: string, summary: string) {
  return setting<string | undefined>({
    flags,
    summary,
    fallback: undefined,
    parse: String,
  });
}

/** The options of `nvs`, of all its actions. */
export const NVS_OPTIONS = {
  file: fileSetting("--file <file>", "use a partition's file and no board"),
  partition: setting<string>({
    flags: "--partition <name>",
    summary: "the board's partition (default: nvs)",
    fallback: DEFAULT_PARTITION,
    parse: String,
  }),
  ...TABLE_OPTIONS,
  keys: fileSetting(
    "--keys <file>",
    "the key partition's file, for an encrypted partition",
  ),
  hmacKey: fileSetting(
    "--hmac-key <file>",
    "the HMAC key's file (32 bytes) that the keys are made of",
  ),
  version: setting<NvsVersion>({
    flags: "--version <version>",
    summary: "the format to build: 1 is for ESP-IDF before 3.2 (default: 2)",
    fallback: 2,
    parse: (text) => oneOf(["1", "2"])(text) === "1" ? 1 : 2,
  }),
  valueFile: fileSetting("--value-file <file>", "take the value from a file"),
  backup: fileSetting(
    "--backup <file>",
    "save the board's partition before it is changed",
  ),
  csv: fileSetting(
    "--csv <file>",
    "save the CSV that the partition can be built from",
  ),
  pages: flag("--pages", "show the pages as well"),
  redact: flag("--redact", "show no values"),
  force: flag("--force", "change a partition that is readonly"),
} satisfies Options;

/** The name of an option. */
export type NvsOption = keyof typeof NVS_OPTIONS;

/** A run of `nvs`. */
export type NvsCall = Surroundings & {
  readonly options: OptionValues<typeof NVS_OPTIONS>;
};

/** Options that say which partition of a board is meant. */
export const BOARD_OPTIONS: readonly NvsOption[] = [
  "file",
  "partition",
  "tableFile",
  "tableOffset",
];

/** Options that say which keys are meant. */
export const KEY_OPTIONS: readonly NvsOption[] = ["keys", "hmacKey"];

/**
 * Refuses options that an action would pass over.
 *
 * @throws {UsageError} If there is one.
 */
export function checkOptions(
  action: string,
  { options }: NvsCall,
  allowed: readonly NvsOption[],
): void {
  for (const name of Object.keys(NVS_OPTIONS) as NvsOption[]) {
    const option = NVS_OPTIONS[name];
    const fallback = option.kind === "flag" ? false : option.fallback;
    if (options[name] === fallback || allowed.includes(name)) continue;
    const [spelling] = option.flags.split(" ");
    throw new UsageError(`nvs ${action} has no ${spelling}`);
  }
}

/**
 * Reads the keys that the options name.
 *
 * @returns `undefined` if they name none.
 * @throws {UsageError} If they name two.
 * @throws {EspError} `file-invalid` if the file cannot be read.
 * @throws {ImageError} If it has no keys.
 */
export async function readKeys(
  { options }: NvsCall,
): Promise<NvsKeys | undefined> {
  const { keys, hmacKey } = options;
  if (keys !== undefined && hmacKey !== undefined) {
    throw new UsageError("--keys and --hmac-key exclude each other");
  }
  if (keys !== undefined) return parseNvsKeys(await readInput(keys));
  return hmacKey === undefined
    ? undefined
    : deriveNvsKeys(await readInput(hmacKey));
}
