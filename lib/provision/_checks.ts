/**
 * What can be wrong with a job's firmware, told before any port is opened.
 *
 * @module
 */

import { alignDown, alignUp, formatAddress, viewOf } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { chipById, chipByImageId } from "../chips/registry.ts";
import { IMAGE_MAGIC, isDigestValid, parseImage } from "../image/esp_image.ts";
import { isImageOf } from "./image_family.ts";
import type { Firmware, ProvisionJob } from "./job.ts";

/** The least that flash erases. */
export const SECTOR_SIZE = 0x1000;

/** The first address behind what a file address can be: 32 bits. */
const ADDRESS_END = 0x1_0000_0000;

const CHIP_ID_OFFSET = 12;

/** A file that has been read. */
export interface LoadedFile {
  /** Where in flash it starts. */
  readonly address: number;
  /** What messages call it. */
  readonly name: string;
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

/** Problems that show without reading a file. */
export function checkShape({ firmware }: ProvisionJob): string[] {
  const problems: string[] = [];
  if (firmware.length === 0) problems.push("It has no firmware");
  const seen = new Set<string>();
  for (const entry of firmware) {
    const family = familyOf(entry);
    if (family === undefined) {
      problems.push(`Chip "${entry.chip}" is not known`);
    } else if (seen.has(family.id)) {
      problems.push(`${family.name} has firmware twice`);
    } else {
      seen.add(family.id);
    }
    if (entry.files.length === 0) {
      problems.push(`The firmware for ${entry.chip} has no files`);
    }
    for (const { address } of entry.files) {
      if (
        !Number.isInteger(address) || address < 0 || address >= ADDRESS_END
      ) {
        problems.push(`${address} is no flash address`);
      } else if (address % SECTOR_SIZE !== 0) {
        problems.push(
          `${formatAddress(address)} is not the start of a 4 KiB sector`,
        );
      }
    }
    problems.push(...checkSizes(entry, family));
  }
  return problems;
}

function checkSizes(firmware: Firmware, family?: ChipFamily): string[] {
  const { minFlashSize, flashSize, flashFrequency } = firmware;
  const problems: string[] = [];
  if (
    minFlashSize !== undefined &&
    !(Number.isInteger(minFlashSize) && minFlashSize > 0)
  ) {
    problems.push(`${minFlashSize} is no flash size in bytes`);
  }
  if (family === undefined) return problems;
  const { sizes, frequencies } = family.flash;
  if (flashSize !== undefined && !Object.hasOwn(sizes, flashSize)) {
    problems.push(`${family.name} knows no flash size "${flashSize}"`);
  }
  if (
    flashFrequency !== undefined && !Object.hasOwn(frequencies, flashFrequency)
  ) {
    problems.push(
      `${family.name} knows no flash frequency "${flashFrequency}"`,
    );
  }
  return problems;
}

/** Problems of the files of one firmware that could be read. */
export function checkFiles(
  firmware: Firmware,
  files: readonly LoadedFile[],
): string[] {
  const family = familyOf(firmware);
  const problems = [...checkOverlaps(files)];
  for (const file of files) {
    const at = `${file.name} at ${formatAddress(file.address)}`;
    if (file.data.length === 0) problems.push(`${at} is empty`);
    const end = file.address + file.data.length;
    if (
      firmware.minFlashSize !== undefined && end > firmware.minFlashSize
    ) {
      problems.push(
        `${at} ends at ${
          formatAddress(end)
        }, behind the ${firmware.minFlashSize} bytes of flash expected`,
      );
    }
    if (family !== undefined) {
      const problem = checkImage(file, family);
      if (problem !== undefined) problems.push(`${at} ${problem}`);
    }
  }
  return problems;
}

function* checkOverlaps(files: readonly LoadedFile[]): Generator<string> {
  const sorted = files.toSorted((a, b) => a.address - b.address);
  let last: LoadedFile | undefined;
  for (const file of sorted) {
    if (
      last !== undefined &&
      alignUp(last.address + last.data.length, SECTOR_SIZE) >
        alignDown(file.address, SECTOR_SIZE)
    ) {
      yield `${file.name} at ${
        formatAddress(file.address)
      } overlaps ${last.name} at ${formatAddress(last.address)}`;
    }
    if (last === undefined || endOf(file) > endOf(last)) last = file;
  }
}

/** The first address behind a file; an empty one still claims its first byte. */
function endOf({ address, data }: LoadedFile): number {
  return address + Math.max(1, data.length);
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
