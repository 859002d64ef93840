/**
 * `ota`: the data by which a bootloader chooses an application.
 *
 * @module
 */

import type { Device } from "../../../mod.ts";
import {
  bootPartition,
  eraseOtaData,
  findOtaData,
  OTA_DATA_SIZE,
  type OtaCopy,
  otaSlots,
  type OtaState,
  parseOtaData,
  type Partition,
  selectOtaSlot,
} from "../../image/mod.ts";
import {
  type Command,
  defineCommand,
  type OptionValues,
  type Report,
  type Surroundings,
} from "../command.ts";
import { deviceLibrary } from "../device_library.ts";
import { readInput } from "../input_file.ts";
import { flag, optional, required, setting } from "../options.ts";
import { OutputFile } from "../output_file.ts";
import {
  partitionsInFile,
  partitionSource,
  TABLE_OPTIONS,
} from "../partition_options.ts";
import {
  either,
  integer,
  listOf,
  maybe,
  object,
  text,
  truth,
} from "../schema.ts";
import type { Screen } from "../screen.ts";
import { withDevice } from "../session.ts";
import { UsageError } from "../usage_error.ts";
import { oneOf } from "../values.ts";

const ACTIONS = ["show", "select", "erase"] as const;
const STATES: readonly OtaState[] = [
  "undefined",
  "new",
  "pending-verify",
  "valid",
  "invalid",
  "aborted",
];

const OPTIONS = {
  file: setting<string | undefined>({
    flags: "--file <file>",
    summary: "use a file of OTA data and no board",
    fallback: undefined,
    parse: String,
  }),
  ...TABLE_OPTIONS,
  state: setting<OtaState>({
    flags: "--state <state>",
    summary: `what a selected slot's application is: ${
      STATES.join(", ")
    } (default: undefined)`,
    fallback: "undefined",
    parse: oneOf(STATES),
  }),
  force: flag("--force", "replace what is no OTA data"),
};

const COPY_SCHEMA = object({
  sequence: integer("its sequence; 4294967295 if it was erased"),
  state: either(
    [text("by its name", STATES), integer("by its number, if it has no name")],
    "what is known of the application",
  ),
  label: text("its label's 20 bytes, as hex"),
  isErased: truth("whether it was erased"),
  isValid: truth("whether its CRC-32 is right"),
  isBootable: truth("whether the bootloader heeds it"),
}, "a copy");

type OtaCall = Surroundings & {
  readonly options: OptionValues<typeof OPTIONS>;
};

/** Tells, chooses and forgets which application starts. */
export const ota: Command = defineCommand({
  name: "ota",
  summary: "tell or choose which application starts",
  arguments: {
    action: required(
      "action",
      "show; select a slot; erase, so that factory or ota_0 starts",
      oneOf(ACTIONS),
    ),
    slot: optional("slot", "1, ota_1 or a partition's name", String),
  },
  options: OPTIONS,
  boards: "many",
  examples: [
    { line: "ota show", does: "tells which application starts" },
    { line: "ota select ota_1", does: "lets the one in ota_1 start" },
  ],
  result: object({
    copies: listOf(COPY_SCHEMA, "both copies of the OTA data"),
    active: maybe(integer("which of them counts, 0 or 1, if one does")),
    slots: maybe(
      listOf(
        text("a partition's name"),
        "the slots, where the partition table is known",
      ),
    ),
    boots: maybe(
      text(
        "the partition that starts, where the table is known and has an application",
      ),
    ),
  }),
  async run(call) {
    const { action, slot } = call.arguments;
    if ((slot === undefined) === (action === "select")) {
      throw new UsageError(
        action === "select"
          ? "ota select needs a SLOT"
          : `ota ${action} has no SLOT`,
      );
    }
    const { file } = call.options;
    if (file !== undefined) {
      call.board.checkFileWork();
      return { result: await useFile(call, action, slot, file) };
    }
    const source = await partitionSource(call.options, call.globals.chip);
    return await withDevice(
      call,
      async (_chip, device) =>
        await useBoard(call, action, slot, device, await source(device)),
    );
  },
});

async function useBoard(
  { screen, flash, options }: OtaCall,
  action: typeof ACTIONS[number],
  slot: string | undefined,
  device: Device,
  partitions: readonly Partition[],
): Promise<Report["result"]> {
  const { offset } = findOtaData(partitions);
  if (action !== "show") flash.expectChange();
  if (action === "erase") await device.eraseRegion(offset, OTA_DATA_SIZE);
  if (slot !== undefined) {
    const { state, force } = options;
    const number = slotNumber(slot, partitions);
    const { selectBootSlot } = await deviceLibrary();
    await selectBootSlot(device, number, { partitions, state, force });
    flash.verify();
  }
  const data = await device.readFlash(offset, OTA_DATA_SIZE);
  return describe(screen, data, partitions);
}

async function useFile(
  { screen, options, globals }: OtaCall,
  action: typeof ACTIONS[number],
  slot: string | undefined,
  file: string,
): Promise<Report["result"]> {
  const { state, force } = options;
  const partitions = await partitionsInFile(options, globals.chip);
  if (action === "show") {
    return describe(screen, await readInput(file), partitions);
  }
  await using output = await OutputFile.create(file);
  let data = eraseOtaData();
  if (slot !== undefined) {
    if (partitions === undefined) {
      throw new UsageError(
        "How many slots there are has not been said",
        "Name the partition table's file: --partition-table partitions.csv",
      );
    }
    const number = slotNumber(slot, partitions);
    const count = otaSlots(partitions).length;
    data = selectOtaSlot(await readInput(file), number, count, {
      state,
      force,
    });
  }
  await output.write(data);
  return describe(screen, data, partitions);
}

/** A slot's number, from `1`, `ota_1` or the name of its partition. */
function slotNumber(slot: string, partitions: readonly Partition[]): number {
  const slots = otaSlots(partitions);
  const named = slots.findIndex(({ name }) => name === slot);
  if (named >= 0) return named;
  const number = /^(?:ota[_-])?(\d{1,2})$/.exec(slot)?.[1];
  if (number !== undefined && Number(number) < slots.length) {
    return Number(number);
  }
  throw new UsageError(
    `There is no OTA slot "${slot}"`,
    slots.length === 0
      ? "The partition table has no OTA slots."
      : `The partition table has ${slots.map(({ name }) => name).join(", ")}.`,
  );
}

function describe(
  screen: Screen,
  data: Uint8Array,
  partitions: readonly Partition[] | undefined,
): Report["result"] {
  const parsed = parseOtaData(data);
  const { copies, active } = parsed;
  copies.forEach((copy, index) => {
    const mark = index === active ? ", which counts" : "";
    screen.line(`Copy ${index}: ${describeCopy(copy)}${mark}`);
  });
  const result = {
    copies: copies.map((copy) => ({ ...copy, label: copy.label.toHex() })),
    active,
  };
  if (partitions === undefined) return result;
  const boots = bootPartition(parsed, partitions)?.name;
  screen.line(`Starts: ${boots ?? "nothing, the table has no application"}`);
  const slots = otaSlots(partitions).map(({ name }) => name);
  return { ...result, slots, boots };
}

function describeCopy(copy: OtaCopy): string {
  if (copy.isErased) return "erased";
  if (!copy.isValid) return "no OTA data";
  return `sequence ${copy.sequence}, application ${copy.state}`;
}
