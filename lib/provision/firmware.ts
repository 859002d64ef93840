/**
 * Firmware, read, checked, hashed and compressed once for all boards of a job.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { constants, deflate } from "node:zlib";
import { formatAddress, padTo } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { chipById } from "../chips/registry.ts";
import { IMAGE_MAGIC } from "../image/esp_image.ts";
import { patchFlashParameters } from "../image/flash_parameters.ts";
import { checkFiles, checkShape, type LoadedFile } from "./_checks.ts";
import { readReason } from "./_text.ts";
import {
  type Firmware,
  type FirmwareFile,
  jobInvalid,
  type ProvisionJob,
} from "./job.ts";

/** A file, ready to be written to many boards. */
export interface PreparedFirmwareFile {
  /** Where in flash it starts. */
  readonly address: number;
  /** What records and messages call it. */
  readonly name: string;
  /** What is written. */
  readonly data: Uint8Array;
  /** The same as a zlib stream. */
  readonly deflated: Uint8Array;
  /**
   * The SHA-256 digest of the file as it was given, before flash parameters
   * were put into its header: what `sha256sum` prints, as lower-case hex.
   */
  readonly sha256: string;
}

/** What boards of one chip family get, ready to be written. */
export interface PreparedFirmware {
  /** The family. */
  readonly chip: ChipFamily;
  /** What is written, by rising address. */
  readonly files: readonly PreparedFirmwareFile[];
  /** The least flash, in bytes, that a board must have. */
  readonly minFlashSize: number;
}

/** A job that has been checked and whose files are in memory. */
export interface PreparedJob {
  /** Tells this from a job that has not been prepared. */
  readonly kind: "prepared";
  /** What records call it. */
  readonly name: string;
  /** What is written, one per family. */
  readonly firmware: readonly PreparedFirmware[];
  /** Whether the whole flash of each board is erased first. */
  readonly eraseAll: boolean;
  /** Whether a file that a board's flash holds already is not written again. */
  readonly skipFlashed: boolean;
}

/**
 * Reads, checks, hashes and compresses everything that a job writes. Opens no port.
 *
 * @throws {EspError} `job-invalid`, with every problem in its message: files
 * that are missing, empty, overlapping, not at the start of a sector, for
 * another chip, damaged, or too large.
 */
export async function prepareJob(job: ProvisionJob): Promise<PreparedJob> {
  const problems = checkShape(job);
  const causes: unknown[] = [];
  const reads = new Map<string, Promise<Uint8Array>>();
  const loaded = await Promise.all(job.firmware.map(async (firmware) => {
    const files: LoadedFile[] = [];
    const settled = await Promise.allSettled(
      firmware.files.map((file) => readOnce(file, reads)),
    );
    settled.forEach((result, index) => {
      const file = firmware.files[index];
      if (file === undefined) return;
      const name = fileName(file);
      if (result.status === "fulfilled") {
        files.push({ address: file.address, name, data: result.value });
      } else {
        problems.push(`${name} cannot be read: ${readReason(result.reason)}`);
        causes.push(result.reason);
      }
    });
    problems.push(...checkFiles(firmware, files));
    return { firmware, files };
  }));
  if (problems.length > 0) throw jobInvalid(job.name, problems, causes);
  return {
    kind: "prepared",
    name: job.name,
    firmware: await Promise.all(
      loaded.map(({ firmware, files }) => prepareFirmware(firmware, files)),
    ),
    eraseAll: job.eraseAll ?? false,
    skipFlashed: job.skipFlashed ?? false,
  };
}

function readOnce(
  { source }: FirmwareFile,
  reads: Map<string, Promise<Uint8Array>>,
): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return Promise.resolve(source);
  const key = String(source);
  const read = reads.get(key) ?? Deno.readFile(source);
  reads.set(key, read);
  return read;
}

/** The name that a file has, or the last part of its path, or its address. */
function fileName({ name, source, address }: FirmwareFile): string {
  if (name !== undefined) return name;
  if (source instanceof Uint8Array) return formatAddress(address);
  const path = source instanceof URL ? fileURLToPath(source) : source;
  return basename(path);
}

async function prepareFirmware(
  firmware: Firmware,
  files: readonly LoadedFile[],
): Promise<PreparedFirmware> {
  const chip = chipById(firmware.chip);
  const prepared = await Promise.all(
    files
      .toSorted((a, b) => a.address - b.address)
      .map((file) => prepareFile(file, firmware, chip)),
  );
  const last = prepared.at(-1);
  const end = last === undefined ? 0 : last.address + last.data.length;
  return {
    chip,
    files: prepared,
    minFlashSize: firmware.minFlashSize ?? end,
  };
}

async function prepareFile(
  file: LoadedFile,
  firmware: Firmware,
  chip: ChipFamily,
): Promise<PreparedFirmwareFile> {
  const isBootImage = file.address === chip.flash.bootloaderOffset &&
    file.data[0] === IMAGE_MAGIC;
  const patched = isBootImage
    ? patchFlashParameters(file.data, {
      mode: firmware.flashMode,
      size: firmware.flashSize,
      frequency: firmware.flashFrequency,
    }, chip)
    : file.data;
  // Flash is written in words; padding later would cost the compressed copy.
  const data = padTo(patched, 4);
  const deflated = await promisify(deflate)(data, {
    level: constants.Z_BEST_COMPRESSION,
  });
  return {
    address: file.address,
    name: file.name,
    data,
    deflated,
    sha256: createHash("sha256").update(file.data).digest("hex"),
  };
}
