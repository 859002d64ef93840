/** What is to be made for each board: checked, and given its place, before there is a board. */

import type { ChipFamily } from "../chips/family.ts";
import { parseElf } from "../image/elf.ts";
import { parseElfSymbols } from "../image/elf_symbols.ts";
import { parseImage } from "../image/esp_image.ts";
import type { Partition } from "../image/partition_table.ts";
import {
  checkAddress,
  type Extent,
  type LoadedFile,
  SECTOR_SIZE,
} from "./_checks.ts";
import { type Place, placeOf } from "./_places.ts";
import type { JobPath, JobProblem } from "./_problems.ts";
import { BOARD_VALUES, templateNames } from "./_template.ts";
import { readReason } from "./_text.ts";
import type { ProvisionJob } from "./job.ts";
import type { BoardFileData, DeviceData, NvsData, Patch } from "./job_data.ts";

/** An NVS partition to be made. */
export interface PreparedNvs {
  readonly plan: NvsData;
  readonly place: Place;
  /** Where its keys go, if it is encrypted. */
  readonly keys?: Place;
}

/** A file to be made. */
export interface PreparedBoardFile {
  readonly plan: BoardFileData;
  readonly place: Place;
}

/** A field of a firmware file. */
export interface PreparedPatch {
  readonly plan: Patch;
  /** Where in the file. */
  readonly offset: number;
  /** How many bytes. */
  readonly size: number;
}

/** What is made for each board of one chip family. */
export interface PreparedData {
  readonly nvs: readonly PreparedNvs[];
  readonly files: readonly PreparedBoardFile[];
  /** Patches by the name of the file. */
  readonly patches: ReadonlyMap<string, readonly PreparedPatch[]>;
  /** The flash that is taken, as if by files. */
  readonly reserved: readonly Extent[];
}

/** What a plan is prepared against. */
export interface DataContext {
  readonly chip: ChipFamily;
  readonly table: readonly Partition[] | undefined;
  readonly files: readonly LoadedFile[];
  readonly report: (problem: JobProblem) => void;
}

/** The size of each type of patch that has one of its own. */
const PATCH_SIZES: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4 };

/** Finds the places of everything, and tells what has none. */
export async function prepareData(
  { nvs = [], files = [], patches = [] }: DeviceData,
  context: DataContext,
): Promise<PreparedData> {
  const reserved: Extent[] = [];
  const reserve = (path: JobPath, name: string, place: Place) => {
    const size = place.size === Infinity ? SECTOR_SIZE : place.size;
    reserved.push({ path, name, address: place.address, size });
    return place;
  };
  const find = (path: JobPath, target: Parameters<typeof placeOf>[0]) => {
    try {
      const name = target.partition ?? "data";
      return reserve(path, name, placeOf(target, context.table));
    } catch (error) {
      context.report({ path, message: readReason(error) });
      return undefined;
    }
  };
  const preparedNvs = nvs.flatMap((plan, index): PreparedNvs[] => {
    const { partition = "nvs", keysPartition } = plan;
    const path = ["data", "nvs", index];
    const place = find(path, { partition });
    if (place === undefined) return [];
    if (keysPartition === undefined) return [{ plan, place }];
    const keys = find([...path, "keysPartition"], { partition: keysPartition });
    return keys === undefined ? [] : [{ plan, place, keys }];
  });
  const preparedFiles = files.flatMap((plan, index): PreparedBoardFile[] => {
    const place = find(["data", "files", index], plan);
    return place === undefined ? [] : [{ plan, place }];
  });
  return {
    nvs: preparedNvs,
    files: preparedFiles,
    patches: await preparePatches(patches, context),
    reserved,
  };
}

async function preparePatches(
  patches: readonly Patch[],
  context: DataContext,
): Promise<Map<string, PreparedPatch[]>> {
  const prepared = new Map<string, PreparedPatch[]>();
  for (const [index, plan] of patches.entries()) {
    const file = context.files.find(({ name }) => name === plan.file);
    // A job for several families patches the files of each.
    if (file === undefined) continue;
    try {
      const field = await findField(plan, file, context.chip);
      prepared.set(plan.file, [...prepared.get(plan.file) ?? [], field]);
    } catch (error) {
      const message = readReason(error);
      context.report({ path: ["data", "patches", index], message });
    }
  }
  return prepared;
}

async function findField(
  plan: Patch,
  file: LoadedFile,
  chip: ChipFamily,
): Promise<PreparedPatch> {
  const symbol = plan.elf === undefined ? undefined : await findSymbol(plan);
  const offset = symbol === undefined
    ? plan.offset ?? 0
    : offsetOf(symbol.value, file, chip);
  const size = PATCH_SIZES[plan.type] ?? plan.size ?? symbol?.size ?? 0;
  if (size === 0 && plan.type === "string") {
    throw new RangeError(`Symbol "${plan.symbol}" has no size: give one`);
  }
  if (offset + size > file.data.length) {
    throw new RangeError(
      `${plan.file} has ${file.data.length} bytes, the patch goes up to ${
        offset + size
      }`,
    );
  }
  return { plan, offset, size };
}

async function findSymbol(
  { elf = "", symbol }: Patch,
): Promise<{ readonly value: number; readonly size: number }> {
  const symbols = parseElfSymbols(parseElf(await Deno.readFile(elf)));
  const found = symbols.find(({ name }) => name === symbol);
  if (found !== undefined) return found;
  throw new RangeError(`${elf} has no symbol "${symbol}"`);
}

/** Where the byte that is loaded to an address stands in an image. */
function offsetOf(
  address: number,
  { name, data }: LoadedFile,
  chip: ChipFamily,
): number {
  const segment = parseImage(data, chip).segments.find((segment) =>
    segment.address <= address &&
    address < segment.address + segment.data.length
  );
  if (segment === undefined) {
    throw new RangeError(`${name} loads nothing to 0x${address.toString(16)}`);
  }
  const start = segment.data.byteOffset - data.byteOffset;
  return start + address - segment.address;
}

/** Problems of a job's templates and patches that show without a board or a file's content. */
export function* checkTemplates(
  job: ProvisionJob,
  columns: readonly string[] | undefined,
): Generator<JobProblem> {
  const known = new Set<string>([...BOARD_VALUES, ...columns ?? []]);
  const isOpen = job.identity !== undefined && columns === undefined;
  const secrets = new Set(job.identity?.secrets);
  for (const { path, template } of templatesOf(job)) {
    let names: string[];
    try {
      names = templateNames(template);
    } catch (error) {
      yield { path, message: readReason(error) };
      continue;
    }
    const secret = names.find((name) => secrets.has(name));
    if (path[0] === "columns" && secret !== undefined) {
      yield { path, message: `The inventory cannot show secret "${secret}"` };
    }
    const unknown = names.find((name) => !known.has(name));
    if (unknown === undefined || isOpen) continue;
    yield {
      path,
      message: `There is no value "${unknown}": known are ${
        [...known].join(", ")
      }`,
    };
  }
}

interface FoundTemplate {
  readonly path: JobPath;
  readonly template: string;
}

/** Every template of a job and where it stands. */
function* templatesOf(
  { data = {}, improv, label, columns = {}, hooks = [] }: ProvisionJob,
): Generator<FoundTemplate> {
  const all = (path: JobPath, templates: readonly (string | undefined)[]) =>
    templates.flatMap((template) =>
      template === undefined ? [] : [{ path, template }]
    );
  for (const [index, { values }] of (data.nvs ?? []).entries()) {
    const path = ["data", "nvs", index, "values"];
    for (const [namespace, keys] of Object.entries(values)) {
      for (const [key, value] of Object.entries(keys)) {
        const template = typeof value === "string" ? value : value.value;
        yield { path: [...path, namespace, key], template };
      }
    }
  }
  for (const [index, { file, text }] of (data.files ?? []).entries()) {
    yield* all(["data", "files", index], [file, text]);
  }
  for (const [index, { value }] of (data.patches ?? []).entries()) {
    yield* all(["data", "patches", index, "value"], [value]);
  }
  yield* all(["improv"], [improv?.ssid, improv?.password]);
  const { qr, lines = [], file, command = [] } = label ?? {};
  yield* all(["label"], [qr, ...lines, file, ...command]);
  for (const [column, template] of Object.entries(columns)) {
    yield { path: ["columns", column], template };
  }
  for (const [index, { command = [] }] of hooks.entries()) {
    yield* all(["hooks", index, "command"], command);
  }
}

/** Patches of files that no firmware has. */
export function* checkPatchedFiles(
  { data, firmware }: ProvisionJob,
  names: ReadonlySet<string>,
): Generator<JobProblem> {
  if (firmware.some(({ from }) => from !== undefined)) return;
  for (const [index, { file }] of (data?.patches ?? []).entries()) {
    if (names.has(file)) continue;
    const path = ["data", "patches", index, "file"];
    yield { path, message: `No firmware has a file "${file}"` };
  }
}

/** Addresses of the board's own files that are none. */
export function* checkDataAddresses(
  { data }: ProvisionJob,
): Generator<JobProblem> {
  for (const [index, { address }] of (data?.files ?? []).entries()) {
    yield* checkAddress(address, ["data", "files", index, "address"]);
  }
}
