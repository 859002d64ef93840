/**
 * Firmware, read, checked, hashed and compressed once for all boards of a job.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { constants, deflate } from "node:zlib";
import { padTo } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import {
  digest,
  readBuild,
  type ReadFile,
  readFiles,
  Reading,
} from "./_firmware_files.ts";
import { IMAGE_MAGIC } from "../image/esp_image.ts";
import { patchFlashParameters } from "../image/flash_parameters.ts";
import type { Partition } from "../image/partition_table.ts";
import {
  checkFiles,
  checkShape,
  familyOf,
  type LoadedFile,
} from "./_checks.ts";
import { contentsOf, type FirmwareContents } from "./_contents.ts";
import {
  checkDataAddresses,
  checkPatchedFiles,
  checkTemplates,
  prepareData,
  type PreparedData,
} from "./_data_plan.ts";
import { type PreparedIdentity, prepareIdentity } from "./_identity_source.ts";
import { checkJob, type FirmwareEntry } from "./_job_check.ts";
import { type Place, placeOf, readTable, tableAmong } from "./_places.ts";
import { jobInvalid, type JobPath, type LineOf } from "./_problems.ts";
import type { Firmware, ProvisionJob } from "./job.ts";

/** A file, ready to be written to many boards. */
export interface PreparedFirmwareFile {
  /** Where in flash it starts. */
  readonly address: number;
  /** What records and messages call it. */
  readonly name: string;
  /** What is written. */
  readonly data: Uint8Array;
  /** The same as a zlib stream. */
  readonly deflated?: Uint8Array | undefined;
  /**
   * The SHA-256 digest of the file as it was given, before flash parameters
   * were put into its header: what `sha256sum` prints, as lower-case hex. Absent
   * if the file is made for one board, as {@linkcode BoardFile.sha256} says.
   */
  readonly sha256?: string;
}

/** What boards of one chip family get, ready to be written. */
export interface PreparedFirmware {
  /** The family. */
  readonly chip: ChipFamily;
  /** What is written, by rising address. */
  readonly files: readonly PreparedFirmwareFile[];
  /** The least flash, in bytes, that a board must have. */
  readonly minFlashSize: number;
  /** The least revision, as major × 100 + minor. */
  readonly minRevision: number;
  /**
   * What is erased before anything is written.
   *
   * @internal
   */
  readonly erase: readonly Place[];
  /**
   * What is made for each board.
   *
   * @internal
   */
  readonly data: PreparedData;
  /** What the files say about themselves. */
  readonly contents: FirmwareContents;
}

/** A job that has been checked and whose files are in memory. */
export interface PreparedJob {
  /** Tells this from a job that has not been prepared. */
  readonly kind: "prepared";
  /** What records call it. */
  readonly name: string;
  /** The SHA-256 digest of the job and of its files' digests, as lower-case hex. */
  readonly sha256: string;
  /** The job itself. */
  readonly job: ProvisionJob;
  /** What is written, one per family. */
  readonly firmware: readonly PreparedFirmware[];
  /**
   * The plan of identities, its table read; absent if boards are alike.
   *
   * @internal
   */
  readonly identity?: PreparedIdentity;
}

/** Options of {@linkcode prepareJob}. */
export interface PrepareJobOptions {
  /** What messages call the job. @default its name */
  readonly name?: string | undefined;
  /** The line that a part of the job stands on, for messages. */
  readonly lineOf?: LineOf | undefined;
}

/**
 * Reads, checks, hashes and compresses everything that a job writes. Opens no port.
 *
 * The job is checked against the schema too, so what is not known to be one may be given.
 * @throws {EspError} `job-invalid`, with every problem in its message: files
 * that are missing, empty, overlapping, not at the start of a sector, not the
 * pinned ones, for another chip, damaged, or too large; partitions and columns
 * that there are none of.
 */
export async function prepareJob(
  job: ProvisionJob,
  options: PrepareJobOptions = {},
): Promise<PreparedJob> {
  const { job: checked, entries, problems: unfit } = checkJob(job);
  const problems = [...unfit, ...checkShape(entries)];
  const causes: unknown[] = [];
  const reading = new Reading(problems, causes);
  if (checked.firmware.length === 0 && unfit.length === 0) {
    problems.push({ path: ["firmware"], message: "It has no firmware" });
  }
  const identity = await prepareIdentity(checked, (p) => problems.push(p));
  problems.push(
    ...checkTemplates(checked, identity?.columns),
    ...checkDataAddresses(checked),
  );
  const all = await Promise.all(
    entries.map((entry) => loadFirmware(checked, entry, reading)),
  );
  const loaded = all.filter((entry) => entry !== undefined);
  const names = loaded.flatMap(({ files }) => files.map(({ name }) => name));
  problems.push(...checkPatchedFiles(checked, new Set(names)));
  if (problems.length > 0) {
    const { name = checked.name, lineOf } = options;
    throw jobInvalid(name, problems, { lineOf, causes });
  }
  const firmware = await Promise.all(loaded.map(prepareFirmware));
  return {
    kind: "prepared",
    name: checked.name,
    sha256: digestJob(checked, firmware),
    job: checked,
    firmware,
    ...(identity && { identity }),
  };
}

/** Firmware whose files have been read and have their places. */
interface LoadedFirmware {
  readonly firmware: Firmware;
  readonly chip: ChipFamily;
  readonly files: readonly LoadedFile[];
  readonly erase: readonly Place[];
  readonly data: PreparedData;
  readonly contents: FirmwareContents;
}

async function loadFirmware(
  job: ProvisionJob,
  { firmware, path }: FirmwareEntry,
  reading: Reading,
): Promise<LoadedFirmware | undefined> {
  const chip = familyOf(firmware);
  if (chip === undefined) return undefined;
  const read = [
    ...await readFiles(firmware, path, reading),
    ...await readBuild(firmware, chip, path, reading),
  ];
  const table = await loadTable(firmware, chip, read, path, reading);
  const files = read.flatMap(({ file, path, name, data }) => {
    const place = reading.try(path, name, () => placeOf(file, table));
    if (place === undefined) return [];
    if (data.length > place.size) {
      const message =
        `${name} has ${data.length} bytes, its partition ${place.size}`;
      reading.report({ path, message });
    }
    return [{ path, name, data, address: place.address, size: data.length }];
  });
  const regions = Array.isArray(job.erase) ? job.erase : [];
  const erase = regions.flatMap((partition: string, index) =>
    reading.try(
      ["erase", index],
      chip.name,
      () => placeOf({ partition }, table),
    ) ?? []
  );
  const data = await prepareData(job.data ?? {}, {
    table,
    files,
    chip,
    report: (problem) => reading.report(problem),
  });
  reading.report(...checkFiles(firmware, chip, files, data.reserved));
  const contents = contentsOf(files, table, chip);
  return { firmware, chip, files, erase, data, contents };
}

/** The table that the firmware names, or else the one among its files. */
async function loadTable(
  { partitionTable }: Firmware,
  chip: ChipFamily,
  files: readonly ReadFile[],
  path: JobPath,
  reading: Reading,
): Promise<readonly Partition[] | undefined> {
  const place = [...path, "partitionTable"];
  const what = "The partition table";
  if (partitionTable === undefined) {
    const placed = files.flatMap(({ file: { address }, data }) =>
      address === undefined ? [] : [{ address, data }]
    );
    return reading.try(path, what, () => tableAmong(placed));
  }
  const bytes = await reading.read(partitionTable, place, what);
  return bytes && reading.try(place, what, () => readTable(bytes, chip));
}

async function prepareFirmware(
  { firmware, chip, files, erase, data, contents }: LoadedFirmware,
): Promise<PreparedFirmware> {
  const prepared = await Promise.all(
    files
      .toSorted((a, b) => a.address - b.address)
      .map((file) =>
        prepareFile(file, firmware, chip, data.patches.has(file.name))
      ),
  );
  const end = Math.max(
    0,
    ...prepared.map(({ address, data }) => address + data.length),
    ...data.reserved.map(({ address, size }) => address + size),
  );
  return {
    chip,
    files: prepared,
    minFlashSize: firmware.minFlashSize ?? end,
    minRevision: parseRevision(firmware.minRevision),
    erase,
    data,
    contents,
  };
}

function parseRevision(text = "0.0"): number {
  const [major = 0, minor = 0] = text.replace(/^v/, "").split(".").map(Number);
  return major * 100 + minor;
}

async function prepareFile(
  file: LoadedFile,
  firmware: Firmware,
  chip: ChipFamily,
  isPatched: boolean,
): Promise<PreparedFirmwareFile> {
  const isBootImage = file.address === chip.flash.bootloaderOffset &&
    file.data[0] === IMAGE_MAGIC;
  const parameters = isBootImage
    ? patchFlashParameters(file.data, {
      mode: firmware.flashMode,
      size: firmware.flashSize,
      frequency: firmware.flashFrequency,
    }, chip)
    : file.data;
  // Flash is written in words; padding later would cost the compressed copy.
  const data = padTo(parameters, 4);
  const common = {
    address: file.address,
    name: file.name,
    data,
    sha256: digest(file.data),
  };
  // What differs from board to board is compressed board by board.
  if (isPatched) return common;
  const deflated = await promisify(deflate)(data, {
    level: constants.Z_BEST_COMPRESSION,
  });
  return { ...common, deflated };
}

/** A digest that differs if anything differs that the job does to a board, identity rows apart. */
function digestJob(
  job: ProvisionJob,
  firmware: readonly PreparedFirmware[],
): string {
  const files = firmware.map(({ chip, files }) => [
    chip.id,
    files.map(({ address, name, sha256 }) => [address, name, sha256]),
  ]);
  const rest = { ...job, firmware: files };
  return createHash("sha256").update(JSON.stringify(rest)).digest("hex");
}
