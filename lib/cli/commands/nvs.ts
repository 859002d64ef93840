/**
 * `nvs`: of files and of boards.
 *
 * @module
 */

import {
  buildNvs,
  decryptNvs,
  encodeNvsKeys,
  encryptNvs,
  formatNvsCsv,
  generateNvsKeys,
  NVS_MIN_WRITABLE_SIZE,
  type NvsKeys,
  parseNvs,
  parseNvsCsv,
  parseNvsValue,
} from "../../image/mod.ts";
import { type Command, defineCommand, type Report } from "../command.ts";
import { readInput, readInputText } from "../input_file.ts";
import {
  BOARD_OPTIONS,
  checkOptions,
  KEY_OPTIONS,
  NVS_OPTIONS,
  type NvsCall,
  type NvsOption,
  readKeys,
} from "../nvs_options.ts";
import { changeNvs, readNvs } from "../nvs_partition.ts";
import { describeNvs, jsonNvs, NVS_RESULT } from "../nvs_text.ts";
import { required } from "../options.ts";
import { fileError, keepInputs, OutputFile } from "../output_file.ts";
import { naming } from "../typed_options.ts";
import { UsageError } from "../usage_error.ts";
import { oneOf, parseSize } from "../values.ts";

/** Something that `nvs` does. */
interface Action {
  /** What stands behind it; what may be left out is in brackets. */
  readonly words: readonly string[];
  /** The options that it heeds. */
  readonly options: readonly NvsOption[];
  /** Does it. */
  run(call: NvsCall, words: readonly string[]): Promise<Report>;
}

const ACTIONS = {
  show: {
    words: ["[FILE]"],
    options: [...BOARD_OPTIONS, ...KEY_OPTIONS, "csv", "pages", "redact"],
    run: show,
  },
  set: {
    words: ["NAMESPACE", "KEY", "TYPE", "[VALUE]"],
    options: [
      ...BOARD_OPTIONS,
      ...KEY_OPTIONS,
      "valueFile",
      "backup",
      "force",
    ],
    run: set,
  },
  "erase-key": {
    words: ["NAMESPACE", "KEY"],
    options: [...BOARD_OPTIONS, ...KEY_OPTIONS, "backup", "force"],
    run: (call, [namespace = "", key = ""]) =>
      changeNvs(call, { [namespace]: { [key]: null } }),
  },
  build: {
    words: ["CSV", "OUT", "SIZE"],
    options: [...KEY_OPTIONS, "version"],
    run: build,
  },
  "generate-key": {
    words: ["OUT"],
    options: ["hmacKey"],
    run: generateKey,
  },
  encrypt: {
    words: ["IN", "OUT"],
    options: KEY_OPTIONS,
    run: (call, words) => convert(call, words, encrypt),
  },
  decrypt: {
    words: ["IN", "OUT"],
    options: KEY_OPTIONS,
    run: (call, words) => convert(call, words, decrypt),
  },
} as const satisfies Record<string, Action>;

const NAMES = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[];

/** Shows, changes and builds NVS partitions. */
export const nvs: Command = defineCommand({
  name: "nvs",
  summary: "show, change or build an NVS partition",
  arguments: {
    action: required("action", NAMES.join(", "), oneOf(NAMES)),
    words: {
      label: "[words...]",
      summary: Object.entries(ACTIONS)
        .map(([name, { words }]) => `${name} ${words.join(" ")}`).join("; "),
      parse: (texts) => texts,
    },
  },
  options: NVS_OPTIONS,
  boards: "many",
  examples: [
    { line: "nvs show --redact", does: "lists the board's keys" },
    {
      line: "nvs set wifi ssid string Workshop",
      does: "changes one key of the board and keeps all others",
    },
    {
      line: "nvs build settings.csv nvs.bin 24k",
      does: "builds a partition of 24 KiB",
    },
  ],
  result: NVS_RESULT,
  async run(call) {
    const { action, words } = call.arguments;
    const chosen: Action = ACTIONS[action];
    const least = chosen.words.filter((word) => !word.startsWith("["));
    if (words.length < least.length || words.length > chosen.words.length) {
      throw new UsageError(
        `nvs ${action} needs ${chosen.words.join(" ")}`,
        'Try "espline help nvs".',
      );
    }
    checkOptions(action, call, chosen.options);
    const onBoard = chosen.options.includes("partition") &&
      call.options.file === undefined;
    if (!onBoard) call.board.checkFileWork();
    return await chosen.run(call, words);
  },
});

async function show(
  call: NvsCall,
  [path]: readonly string[],
): Promise<Report> {
  const { csv, file = path } = call.options;
  if (path !== undefined && file !== path) {
    throw new UsageError("nvs show takes one file");
  }
  if (file !== undefined) call.board.checkFileWork();
  if (file !== undefined && csv !== undefined) await keepInputs(csv, [file]);
  await using output = csv === undefined
    ? undefined
    : await OutputFile.create(csv, call.board);
  const chosen = { ...call, options: { ...call.options, file } };
  return await readNvs(chosen, async (bytes, keys) => {
    const partition = parseNvs(bytes, { keys });
    const text = formatNvsCsv(partition.contents);
    await output?.write(new TextEncoder().encode(text));
    const lines = describeNvs(partition, call.options);
    for (const line of lines) call.screen.line(line);
    return jsonNvs(partition, call.options);
  });
}

async function set(
  call: NvsCall,
  [namespace = "", key = "", type = "", text]: readonly string[],
): Promise<Report> {
  const { valueFile } = call.options;
  const given = valueFile === undefined ? text : await readInput(valueFile);
  if (given === undefined || (valueFile !== undefined && text !== undefined)) {
    throw new UsageError("nvs set needs a VALUE or --value-file");
  }
  const value = naming("VALUE", () => parseNvsValue(type, given));
  return await changeNvs(call, { [namespace]: { [key]: value } });
}

async function build(
  call: NvsCall,
  [csv = "", out = "", sizeText = ""]: readonly string[],
): Promise<Report> {
  const size = naming("SIZE", () => parseSize(sizeText));
  await keepInputs(out, [csv]);
  await using output = await OutputFile.create(out);
  const contents = parseNvsCsv(await readInputText(csv), { readFile });
  const keys = await readKeys(call);
  const { version } = call.options;
  const partition = buildNvs(contents, { size, version, keys });
  if (size < NVS_MIN_WRITABLE_SIZE) {
    call.screen.line(
      "Note: a device can only read so small a partition: make it readonly in the partition table.",
    );
  }
  return await save(call, output, out, partition);
}

async function generateKey(
  call: NvsCall,
  [out = ""]: readonly string[],
): Promise<Report> {
  await using output = await OutputFile.create(out);
  const keys = await readKeys(call) ?? generateNvsKeys();
  return await save(call, output, out, encodeNvsKeys(keys));
}

async function convert(
  call: NvsCall,
  [source = "", out = ""]: readonly string[],
  change: (partition: Uint8Array, keys: NvsKeys) => Uint8Array,
): Promise<Report> {
  const keys = await readKeys(call);
  if (keys === undefined) {
    throw new UsageError("No keys were given", "Name them with --keys FILE.");
  }
  await keepInputs(out, [source]);
  await using output = await OutputFile.create(out);
  const converted = change(await readInput(source), keys);
  return await save(call, output, out, converted);
}

/** What is not plain is refused: encrypting it twice would destroy it. */
function encrypt(partition: Uint8Array, keys: NvsKeys): Uint8Array {
  parseNvs(partition);
  return encryptNvs(partition, keys);
}

/** Wrong keys are refused. */
function decrypt(partition: Uint8Array, keys: NvsKeys): Uint8Array {
  parseNvs(partition, { keys });
  return decryptNvs(partition, keys);
}

async function save(
  { screen }: NvsCall,
  output: OutputFile,
  file: string,
  bytes: Uint8Array,
): Promise<Report> {
  await output.write(bytes);
  screen.line(`Wrote ${bytes.length} bytes to '${file}'.`);
  return { result: { file, size: bytes.length } };
}

/** Reads a file that a row of a CSV names. */
function readFile(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (cause) {
    throw fileError("read", path, cause);
  }
}
