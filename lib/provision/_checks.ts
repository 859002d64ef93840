/**
 * What can be wrong with firmware, told before any port is opened.
 *
 * @module
 */

import { alignDown, alignUp, formatAddress, viewOf } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { chipById, chipByImageId } from "../chips/registry.ts";
import { IMAGE_MAGIC, isDigestValid, parseImage } from "../image/esp_image.ts";
import type { FirmwareEntry } from "./_job_check.ts";
import type { JobPath, JobProblem } from "./_problems.ts";
import { isImageOf } from "./image_family.ts";
import type { Firmware } from "./job.ts";

/** The least that flash erases. */
export const SECTOR_SIZE = 0x1000;

/** The first address behind what a file address can be: 32 bits. */
const ADDRESS_END = 0x1_0000_0000;

const CHIP_ID_OFFSET = 12;

/** A range of flash that something is written to. */
export interface Extent {
  /** Where in the job it stands. */
  readonly path: JobPath;
  /** Where in flash it starts. */
  readonly address: number;
  /** How many bytes it has. */
  readonly size: number;
  /** What messages call it. */
  readonly name: string;
}

/** A file that has been read and has its place. */
export interface LoadedFile extends Extent {
  /** Its bytes. */
  readonly data: Uint8Array;
}

/** The family that a firmware names, if there is one. */
export function familyOf({ chip }: Firmware): ChipFamily | undefined {
  try {
    return chipById(chip);
  } catch {
    return undefined;
  }
}

/** Problems of the firmware's chips, addresses and flash parameters. */
export function* checkShape(
  entries: readonly FirmwareEntry[],
): Generator<JobProblem> {
  const seen = new Set<string>();
  for (const { firmware, path } of entries) {
    const family = familyOf(firmware);
    const chip = [...path, "chip"];
    if (family === undefined) {
      yield { path: chip, message: `Chip "${firmware.chip}" is not known` };
    } else if (seen.has(family.id)) {
      yield { path: chip, message: `${family.name} has firmware twice` };
    } else {
      seen.add(family.id);
      yield* checkParameters(firmware, family, path);
    }
    const { files = [], from } = firmware;
    if (files.length === 0 && from === undefined) {
      yield { path, message: `The firmware for ${firmware.chip} has no files` };
    }
    for (const [index, { address }] of files.entries()) {
      yield* checkAddress(address, [...path, "files", index, "address"]);
    }
  }
}

/** Whether an address, if there is one, is the start of a sector. */
export function* checkAddress(
  address: number | undefined,
  path: JobPath,
): Generator<JobProblem> {
  if (address === undefined) return;
  if (!Number.isInteger(address) || address < 0 || address >= ADDRESS_END) {
    yield { path, message: `${address} is no flash address` };
  } else if (address % SECTOR_SIZE !== 0) {
    const message = `${
      formatAddress(address)
    } is not the start of a 4 KiB sector`;
    yield { path, message };
  }
}

function* checkParameters(
  { flashSize, flashFrequency }: Firmware,
  { name, flash }: ChipFamily,
  path: JobPath,
): Generator<JobProblem> {
  if (flashSize !== undefined && !Object.hasOwn(flash.sizes, flashSize)) {
    yield {
      path: [...path, "flashSize"],
      message: `${name} knows no flash size "${flashSize}"`,
    };
  }
  if (
    flashFrequency !== undefined &&
    !Object.hasOwn(flash.frequencies, flashFrequency)
  ) {
    yield {
      path: [...path, "flashFrequency"],
      message: `${name} knows no flash frequency "${flashFrequency}"`,
    };
  }
}

/** Problems of the files of one firmware that could be read. */
export function* checkFiles(
  { minFlashSize }: Firmware,
  family: ChipFamily,
  files: readonly LoadedFile[],
  reserved: readonly Extent[],
): Generator<JobProblem> {
  yield* checkOverlaps([...files, ...reserved]);
  for (const file of files) {
    const { path } = file;
    const at = `${file.name} at ${formatAddress(file.address)}`;
    if (file.data.length === 0) yield { path, message: `${at} is empty` };
    const end = file.address + file.data.length;
    if (minFlashSize !== undefined && end > minFlashSize) {
      yield {
        path,
        message: `${at} ends at ${
          formatAddress(end)
        }, behind the ${minFlashSize} bytes of flash expected`,
      };
    }
    const problem = checkImage(file, family);
    if (problem !== undefined) yield { path, message: `${at} ${problem}` };
  }
}

/** Files of which one would erase a part of the other. */
function* checkOverlaps(
  files: readonly Extent[],
): Generator<JobProblem> {
  const sorted = files.toSorted((a, b) => a.address - b.address);
  let last: Extent | undefined;
  for (const file of sorted) {
    if (
      last !== undefined &&
      alignUp(last.address + last.size, SECTOR_SIZE) >
        alignDown(file.address, SECTOR_SIZE)
    ) {
      const message = `${file.name} at ${
        formatAddress(file.address)
      } overlaps ${last.name} at ${formatAddress(last.address)}`;
      yield { path: file.path, message };
    }
    if (last === undefined || endOf(file) > endOf(last)) last = file;
  }
}

/** The first address behind a file; an empty one still claims its first byte. */
function endOf({ address, size }: Extent): number {
  return address + Math.max(1, size);
}

/**
 * What is wrong with a file as an image. Where the ROM looks for one, bytes
 * that begin as an image have to be a whole one, and right; elsewhere only a
 * whole image of another chip is a problem, since any data may begin with 0xE9.
 */
function checkImage(file: LoadedFile, chip: ChipFamily): string | undefined {
  const { data, address } = file;
  if (data[0] !== IMAGE_MAGIC) return undefined;
  const isBoot = address === chip.flash.bootloaderOffset;
  if (!isBoot && !isImageOf(data, chip)) return undefined;
  if (chip.imageChipId !== undefined && data.length > CHIP_ID_OFFSET + 1) {
    const chipId = viewOf(data).getUint16(CHIP_ID_OFFSET, true);
    if (chipId !== chip.imageChipId) {
      const other = chipByImageId(chipId)?.name ?? `chip id ${chipId}`;
      return `is an image for ${other}, not for ${chip.name}`;
    }
  }
  try {
    const image = parseImage(data, chip);
    if (image.checksum !== image.expectedChecksum) {
      return "is an image with a wrong checksum";
    }
    return isDigestValid(data, image) === false
      ? "is an image with a wrong SHA-256 digest"
      : undefined;
  } catch (error) {
    return `is no image for ${chip.name}: ${(error as Error).message}`;
  }
}
