/**
 * Firmware as it is named on a command line.
 *
 * @module
 */

import { basename } from "node:path";
import type { ChipFamily } from "../chips/family.ts";
import { chipById, CHIPS } from "../chips/registry.ts";
import { IMAGE_MAGIC, parseImage } from "../image/esp_image.ts";
import { readReason } from "./_text.ts";
import { familyOfImage, isImageOf } from "./image_family.ts";
import { jobInvalid } from "./_problems.ts";
import type { Firmware, FirmwareFile } from "./job.ts";

/** Options of {@linkcode readFirmwareArguments}. */
export interface FirmwareArgumentOptions {
  /**
   * The chip family that all files are for.
   *
   * @default what the images say
   */
  readonly chip?: string | undefined;
}

interface NamedFile {
  readonly path: string;
  readonly address: number | undefined;
}

interface ReadFile extends NamedFile {
  readonly data: Uint8Array;
  readonly family: ChipFamily | undefined;
}

/**
 * Makes firmware of a command line's words: pairs of an address and a file, or
 * files alone, which go to the address in their name (`app-0x10000.bin`), and
 * else, if they are images that the chip's ROM can load, to where it looks for one.
 *
 * Images are sorted by the family that they are for. Other files belong to the
 * family of the images, as long as there is only one.
 *
 * @throws {EspError} `job-invalid`, with everything that is wrong in its message.
 * @throws {RangeError} If `chip` is not known.
 */
export async function readFirmwareArguments(
  words: readonly string[],
  options: FirmwareArgumentOptions = {},
): Promise<Firmware[]> {
  const chip = options.chip === undefined ? undefined : chipById(options.chip);
  const problems: string[] = [];
  const files: ReadFile[] = [];
  for (const { path, address } of pairWords(words, problems)) {
    try {
      const data = await Deno.readFile(path);
      const family = chip ?? familyOfImage(data);
      files.push({ path, address, data, family });
    } catch (error) {
      problems.push(`${path} cannot be read: ${readReason(error)}`);
    }
  }
  const firmware = sortFiles(files, problems);
  if (problems.length > 0) {
    throw jobInvalid(
      "command line",
      problems.map((message) => ({ path: [], message })),
    );
  }
  return firmware;
}

function sortFiles(
  files: readonly ReadFile[],
  problems: string[],
): Firmware[] {
  const [only, other] = CHIPS.filter((chip) =>
    files.some(({ family }) => family === chip)
  );
  const sorted = new Map<string, FirmwareFile[]>();
  for (const { path, address, data, family } of files) {
    const owner = family ?? (other === undefined ? only : undefined);
    if (owner === undefined) {
      problems.push(`${path} does not tell which chip it is for`);
    } else if (address === undefined && data[0] !== IMAGE_MAGIC) {
      problems.push(`${path} is no image, and has no address`);
    } else if (address === undefined && isApplication(data, owner)) {
      problems.push(`${path} is an application, and has no address`);
    } else {
      const list = sorted.get(owner.id) ?? [];
      const start = address ?? owner.flash.bootloaderOffset;
      list.push({ address: start, source: data, name: basename(path) });
      sorted.set(owner.id, list);
    }
  }
  return Array.from(sorted, ([chip, files]) => ({ chip, files }));
}

/**
 * Whether an image is for the second-stage bootloader, which maps flash into
 * memory, and not for the ROM, which cannot. The ESP8266's ROM runs both.
 */
function isApplication(image: Uint8Array, chip: ChipFamily): boolean {
  if (chip.imageChipId === undefined || !isImageOf(image, chip)) return false;
  const mapped = chip.memory.filter(({ kind }) =>
    kind === "irom" || kind === "drom"
  );
  return parseImage(image, chip).segments.some(({ address }) =>
    mapped.some(({ start, end }) => start <= address && address < end)
  );
}

/** Gives each file the address before it, else the one in its name. */
function pairWords(words: readonly string[], problems: string[]): NamedFile[] {
  const files: NamedFile[] = [];
  let before: string | undefined;
  for (const word of [...words, undefined]) {
    const isAddress = word === undefined || /^(0x[\da-f_]+|\d+)$/i.test(word);
    if (isAddress) {
      if (before !== undefined) problems.push(`${before} has no file after it`);
      before = word;
    } else {
      const address = before === undefined
        ? addressInName(word)
        : Number(before.replaceAll("_", ""));
      files.push({ path: word, address });
      before = undefined;
    }
  }
  return files;
}

function addressInName(path: string): number | undefined {
  const [, digits] = /0x([\da-f_]+)\.\w+$/i.exec(path) ?? [];
  return digits === undefined
    ? undefined
    : parseInt(digits.replaceAll("_", ""), 16);
}
