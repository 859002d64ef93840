/**
 * `partition-table`: of files and of boards.
 *
 * @module
 */

import type { Device } from "../../../mod.ts";
import { ImageError } from "../../errors.ts";
import {
  encodePartitionTable,
  formatPartitionCsv,
  type Partition,
  type PartitionCsvOptions,
  partitionProblems,
} from "../../image/mod.ts";
import {
  type Command,
  defineCommand,
  type OptionValues,
  type Report,
  type Surroundings,
} from "../command.ts";
import { deviceLibrary } from "../device_library.ts";
import { flag, optional, required, setting } from "../options.ts";
import { keepInputs, OutputFile } from "../output_file.ts";
import {
  bootloaderOffset,
  namedPartition,
  TABLE_OPTIONS,
} from "../partition_options.ts";
import { partitionTable as drawTable } from "../partition_text.ts";
import { withDevice } from "../session.ts";
import { integer, listOf, maybe, object, text, truth } from "../schema.ts";
import { hex } from "../text.ts";
import { UsageError } from "../usage_error.ts";
import { oneOf, parseSize, parseUint32 } from "../values.ts";

const ACTIONS = ["show", "to-csv", "to-bin", "write"] as const;
type Action = typeof ACTIONS[number];

const OPTIONS = {
  output: setting<string | undefined>({
    flags: "-o, --output <file>",
    summary: "where to put the table (to-csv: default on the screen)",
    fallback: undefined,
    parse: String,
  }),
  tableOffset: TABLE_OPTIONS.tableOffset,
  recoveryOffset: setting<number | undefined>({
    flags: "--recovery-offset <address>",
    summary: "where the recovery bootloader is, if the table has one",
    fallback: undefined,
    parse: parseUint32,
  }),
  flashSize: setting<number | undefined>({
    flags: "--flash-size <bytes>",
    summary: "refuse a table that needs more, such as 4M or 4MB",
    fallback: undefined,
    parse: (text) => parseSize(text.replace(/B$/, "")),
  }),
  secureBoot: setting<1 | 2 | undefined>({
    flags: "--secure <version>",
    summary: "v1 or v2: refuse apps that Secure Boot cannot verify",
    fallback: undefined,
    parse: (text) => oneOf(["v1", "v2"])(text) === "v1" ? 1 : 2,
  }),
  noMd5: flag(
    "--no-md5, --disable-md5sum",
    "leave out the digest, for bootloaders before ESP-IDF 3.1",
  ),
  force: flag(
    "--force, --no-verify",
    "take a table that breaks ESP-IDF's rules",
  ),
};

const PARTITION_SCHEMA = object({
  name: text("its name"),
  type: integer("its type's number"),
  subtype: integer("its subtype's number"),
  offset: integer("where it begins in flash, in bytes"),
  size: integer("how many bytes it has"),
  encrypted: truth("whether it is encrypted where the chip encrypts its flash"),
  readonly: truth("whether the application may not write to it"),
  unknownFlags: maybe(integer("flag bits that have no name")),
  typeName: text("its type's name, or its number"),
  subtypeName: text("its subtype's name, or its number"),
}, "a partition");

/** Shows, converts and writes partition tables. */
export const partitionTable: Command = defineCommand({
  name: "partition-table",
  summary: "show, convert or write a partition table",
  arguments: {
    action: required(
      "action",
      "show, to-csv, to-bin: of a file or of the board; write: to the board",
      oneOf(ACTIONS),
    ),
    file: optional("file", "CSV or binary (default: from the board)", String),
  },
  options: OPTIONS,
  boards: "many",
  examples: [
    { line: "partition-table show", does: "shows the board's table" },
    {
      line: "partition-table to-bin partitions.csv -o partitions.bin",
      does: "makes the binary that the bootloader reads",
    },
  ],
  result: object({
    partitions: listOf(PARTITION_SCHEMA, "the partitions, in their order"),
    problems: listOf(
      object({
        name: text("the partition's name"),
        message: text("what is wrong with it, as the rest of a sentence"),
      }, "a problem"),
      "what ESP-IDF would object to",
    ),
    size: integer("where the last partition ends, in bytes"),
    csv: maybe(text("the table as CSV, of to-csv without --output")),
    file: maybe(text("the file that was written")),
    address: maybe(integer("where in flash the table was written")),
  }),
  async run(call) {
    const { action, file } = call.arguments;
    const { output } = call.options;
    checkWords(action, file, output);
    if (file !== undefined && action !== "write") call.board.checkFileWork();
    if (file !== undefined && output !== undefined) {
      await keepInputs(output, [file]);
    }
    await using target = output === undefined
      ? undefined
      : await OutputFile.create(output, call.board);
    const rules = rulesOf(call.options, call.globals.chip);
    if (file === undefined) {
      return await withDevice(call, async (_chip, device) => {
        const { tableOffset } = call.options;
        const { readPartitionTable } = await deviceLibrary();
        const table = await readPartitionTable(device, { tableOffset });
        return await give(call, action, table.partitions, rules, target);
      });
    }
    const { loadPartitionTable } = await deviceLibrary();
    const partitions = await loadPartitionTable(file, rules);
    if (action !== "write") {
      return { result: await give(call, action, partitions, rules, target) };
    }
    return await withDevice(
      call,
      (_chip, device) => write(call, device, partitions, rules),
    );
  },
});

type TableCall = Surroundings & {
  readonly options: OptionValues<typeof OPTIONS>;
};

function checkWords(
  action: Action,
  file: string | undefined,
  output: string | undefined,
): void {
  if (action === "write" && file === undefined) {
    throw new UsageError("partition-table write needs a FILE");
  }
  if (action === "to-bin" && output === undefined) {
    throw new UsageError("partition-table to-bin needs --output FILE");
  }
  if (output !== undefined && (action === "show" || action === "write")) {
    throw new UsageError(`partition-table ${action} has no --output`);
  }
}

function rulesOf(
  options: OptionValues<typeof OPTIONS>,
  chip: string,
): PartitionCsvOptions {
  const { tableOffset, flashSize, secureBoot, recoveryOffset, force } = options;
  return {
    tableOffset,
    flashSize,
    secureBoot,
    bootloaderOffset: bootloaderOffset(chip),
    recoveryBootloaderOffset: recoveryOffset,
    unchecked: force,
  };
}

/** Shows a table or writes it to a file. */
async function give(
  { screen, options }: TableCall,
  action: Action,
  partitions: readonly Partition[],
  rules: PartitionCsvOptions,
  target: OutputFile | undefined,
): Promise<Report["result"]> {
  const { noMd5 } = options;
  const result = describe(partitions, rules);
  const csv = action === "to-csv" ? formatPartitionCsv(partitions) : undefined;
  if (target === undefined) {
    const lines = csv?.trimEnd().split("\n") ?? drawTable(partitions);
    for (const line of lines) screen.line(line);
    if (csv !== undefined) return { ...result, csv };
  } else {
    await target.write(
      csv === undefined
        ? encodePartitionTable(partitions, { noMd5 })
        : new TextEncoder().encode(csv),
    );
    screen.line(`Wrote ${partitions.length} partitions to '${target.path}'.`);
  }
  for (const { name, message } of result.problems) {
    screen.line(`Note: partition "${name}" ${message}.`);
  }
  return target === undefined ? result : { ...result, file: target.path };
}

async function write(
  { screen, flash, options }: TableCall,
  device: Device,
  partitions: readonly Partition[],
  rules: PartitionCsvOptions,
): Promise<Report["result"]> {
  const { tableOffset, noMd5 } = options;
  const { size: flashSize } = await device.flashId();
  const checked = { ...rules, flashSize: rules.flashSize ?? flashSize };
  const result = describe(partitions, checked);
  const [problem] = result.problems;
  if (problem !== undefined && !options.force) {
    throw new ImageError(
      `Cannot write partition table: partition "${problem.name}" ${problem.message}`,
      { offset: 0, hint: "Use --force to write it all the same." },
    );
  }
  const data = encodePartitionTable(partitions, { noMd5 });
  flash.expectChange();
  const [written] = await device.writeFlash({
    [tableOffset]: { data, name: "the partition table" },
  });
  if (written?.verified) flash.verify();
  screen.line(
    `Wrote ${partitions.length} partitions at ${hex(tableOffset)}.`,
  );
  return { ...result, address: tableOffset };
}

function describe(
  partitions: readonly Partition[],
  rules: PartitionCsvOptions,
) {
  return {
    partitions: partitions.map(namedPartition),
    problems: partitionProblems(partitions, rules).map((
      { index, message },
    ) => ({ name: partitions[index]?.name ?? "", message })),
    size: Math.max(0, ...partitions.map(({ offset, size }) => offset + size)),
  };
}
