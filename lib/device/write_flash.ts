/**
 * Writing files to flash and comparing them: checks, flash parameters, MD5.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  alignDown,
  alignUp,
  concatBytes,
  formatAddress,
  padTo,
} from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { ImageError, VerifyError } from "../errors.ts";
import {
  FLASH_MODES,
  type FlashMode,
  patchFlashParameters,
} from "../image/flash_parameters.ts";
import { eraseFlash, flashMd5, writeFlash } from "../loader/flash.ts";
import type { Loader } from "../loader/loader.ts";
import type { OperationOptions } from "../progress.ts";
import { SPI_FLASH_MD5 } from "../protocol/commands.ts";
import { checkImages } from "./_image_checks.ts";
import { sizeName } from "./flash_size.ts";
import {
  describeFile,
  FLASH_SECTOR_SIZE,
  type PlacedFile,
} from "./flash_files.ts";

/** Flash parameters to put into the image at the bootloader's offset. */
export interface FlashParameterOptions {
  /**
   * The access mode.
   *
   * @default {"keep"}
   */
  readonly flashMode?: FlashMode | "keep" | undefined;
  /**
   * The frequency, such as `40m`.
   *
   * @default {"keep"}
   */
  readonly flashFrequency?: string | undefined;
  /**
   * The size, such as `4MB`, or `detect` for the size that the flash chip reports.
   *
   * @default {"keep"}
   */
  readonly flashSize?: string | undefined;
}

/** Options of {@linkcode Device.verifyFlash}. */
export interface VerifyFlashOptions
  extends OperationOptions, FlashParameterOptions {}

/** Options of {@linkcode Device.writeFlash}. */
export interface WriteFlashOptions
  extends OperationOptions, FlashParameterOptions {
  /**
   * Whether to send compressed data, where the loader can inflate them and they become smaller.
   *
   * @default {true} with the stub, `false` with the ROM
   */
  readonly compress?: boolean | undefined;
  /**
   * Whether to compare the MD5 digest of the flash with that of the file.
   *
   * @default {true}
   */
  readonly verify?: boolean | undefined;
  /**
   * Whether to erase the whole chip first.
   *
   * @default {false}
   */
  readonly eraseAll?: boolean | undefined;
  /**
   * Whether to write an image that is for another chip or revision.
   *
   * @default {false}
   */
  readonly force?: boolean | undefined;
  /**
   * Whether to leave out files that the flash holds already.
   *
   * @default {false}
   */
  readonly skipFlashed?: boolean | undefined;
}

/** A file that has been written. */
export interface WrittenFile {
  /** Where in flash, in bytes. */
  readonly address: number;
  /** The file's size as written, in bytes. */
  readonly size: number;
  /** How many bytes of data were sent for it: fewer if they were compressed. */
  readonly wireBytes: number;
  /** How long the writing took, in milliseconds. */
  readonly ms: number;
  /** The MD5 digest of what was written, as 32 lower-case hex digits. */
  readonly md5: string;
  /** Whether the flash's digest was compared with it; the ESP8266's ROM has none. */
  readonly verified: boolean;
  /** Whether nothing was written because the flash held the file already. */
  readonly skipped: boolean;
  /** What it is called. */
  readonly name?: string | undefined;
}

/** A file that has been compared. */
export interface VerifiedFile {
  /** Where in flash, in bytes. */
  readonly address: number;
  /** The file's size as compared, in bytes. */
  readonly size: number;
  /** The MD5 digest of file and flash, as 32 lower-case hex digits. */
  readonly md5: string;
  /** What it is called. */
  readonly name?: string | undefined;
}

/** Writes files, in the order of their addresses, having checked all of them first. */
export async function writeFiles(
  loader: Loader,
  files: readonly PlacedFile[],
  flashSize: number | undefined,
  options: WriteFlashOptions,
): Promise<WrittenFile[]> {
  checkFit(files, flashSize);
  if (!options.force) await checkImages(loader, files, options);
  const ready = files.map((file) =>
    fromSectorStart(loader, prepare(loader, file, flashSize, options))
  );
  if (options.eraseAll) await eraseChip(loader, flashSize, options);
  const written: WrittenFile[] = [];
  for (const file of ready) {
    written.push(await writeFile(loader, file, options));
  }
  return written;
}

/** Erases the whole flash chip. */
export async function eraseChip(
  loader: Loader,
  flashSize: number | undefined,
  options: OperationOptions,
): Promise<void> {
  const total = flashSize ?? 0;
  const event = {
    kind: "erase",
    port: loader.port,
    address: 0,
    total,
  } as const;
  options.onProgress?.({ ...event, done: 0 });
  await eraseFlash(loader, options);
  options.onProgress?.({ ...event, done: total });
}

/** Compares files with the flash. */
export async function verifyFiles(
  loader: Loader,
  files: readonly PlacedFile[],
  flashSize: number | undefined,
  options: VerifyFlashOptions,
): Promise<VerifiedFile[]> {
  checkFit(files, flashSize);
  const verified: VerifiedFile[] = [];
  for (const placed of files) {
    const file = prepare(loader, placed, flashSize, options);
    const md5 = md5Of(file.data);
    await compare(loader, file, md5, options);
    verified.push({
      address: file.address,
      size: file.data.length,
      md5,
      name: file.name,
    });
  }
  return verified;
}

async function writeFile(
  loader: Loader,
  file: PlacedFile,
  options: WriteFlashOptions,
): Promise<WrittenFile> {
  const md5 = md5Of(file.data);
  const outcome = {
    address: file.address,
    size: file.data.length,
    md5,
    name: file.name,
  };
  const canDigest = loader.has(SPI_FLASH_MD5);
  if (options.skipFlashed && canDigest && !options.eraseAll) {
    const present = await flashMd5(
      loader,
      file.address,
      file.data.length,
      options,
    );
    if (present === md5) {
      return { ...outcome, wireBytes: 0, ms: 0, verified: true, skipped: true };
    }
  }
  const { wireBytes, ms } = await writeFlash(loader, file, options);
  const verified = options.verify !== false && canDigest;
  if (verified) await compare(loader, file, md5, options);
  return { ...outcome, wireBytes, ms, verified, skipped: false };
}

async function compare(
  loader: Loader,
  file: PlacedFile,
  md5: string,
  options: OperationOptions,
): Promise<void> {
  const actual = await flashMd5(
    loader,
    file.address,
    file.data.length,
    options,
  );
  if (actual === md5) return;
  const blank = actual === md5Of(new Uint8Array(file.data.length).fill(0xff));
  throw new VerifyError(
    `Cannot verify ${describeFile(file)}: the flash ${
      blank ? "is empty there" : "holds something else"
    }`,
    {
      address: file.address,
      expected: md5,
      actual,
      hint:
        "Write it again; if that fails too, check the flash chip's supply, pins and protection.",
    },
  );
}

function md5Of(data: Uint8Array): string {
  return createHash("md5").update(data).digest("hex");
}

function checkFit(
  files: readonly PlacedFile[],
  flashSize: number | undefined,
): void {
  if (flashSize === undefined) return;
  // Data are written in whole words.
  const outside = files.find(({ address, data }) =>
    address + alignUp(data.length, 4) > flashSize
  );
  if (outside === undefined) return;
  throw new ImageError(
    `Cannot write ${
      describeFile(outside)
    }: its ${outside.data.length} bytes go past the end of the flash at ` +
      formatAddress(flashSize),
    { code: "flash-too-small", offset: flashSize - outside.address },
  );
}

/** Pads a file, and changes its flash parameters where it is a bootloader. */
function prepare(
  loader: Loader,
  file: PlacedFile,
  flashSize: number | undefined,
  options: FlashParameterOptions & OperationOptions,
): PlacedFile {
  const { chip, port } = loader;
  let data = padTo(file.data, 4);
  checkParameters(options, chip);
  if (file.address === chip.flash.bootloaderOffset) {
    const size = options.flashSize === "detect"
      ? sizeName(loader, flashSize)
      : named(options.flashSize);
    const parameters = {
      mode: named(options.flashMode),
      frequency: named(options.flashFrequency),
      size,
    };
    try {
      data = patchFlashParameters(data, parameters, chip);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      const message = `Flash parameters are left as they are in ${
        describeFile(file)
      }: ${error.message}`;
      if (Object.values(parameters).some(Boolean)) {
        options.onProgress?.({ kind: "note", port, message });
      }
    }
  }
  const { deflated, ...rest } = file;
  return data === file.data ? { ...rest, data, deflated } : { ...rest, data };
}

/** A ROM erases from the start of a sector, and programs from where it began to erase. */
function fromSectorStart(loader: Loader, file: PlacedFile): PlacedFile {
  const address = alignDown(file.address, FLASH_SECTOR_SIZE);
  const gap = file.address - address;
  if (loader.isStub || gap === 0) return file;
  const { deflated: _deflated, ...rest } = file;
  const data = concatBytes([new Uint8Array(gap).fill(0xff), file.data]);
  return { ...rest, address, data };
}

/** @throws {RangeError} If the chip does not know a parameter, whatever it is for. */
function checkParameters(
  options: FlashParameterOptions,
  { name, flash }: ChipFamily,
): void {
  const known = {
    flashMode: Object.keys(FLASH_MODES),
    flashFrequency: Object.keys(flash.frequencies),
    flashSize: ["detect", ...Object.keys(flash.sizes)],
  };
  for (const option of ["flashMode", "flashFrequency", "flashSize"] as const) {
    const value = named(options[option]);
    if (value === undefined || known[option].includes(value)) continue;
    throw new RangeError(
      `Cannot use ${option} "${value}": ${name} knows ${
        known[option].join(", ")
      }`,
    );
  }
}

function named<T extends string>(value: T | "keep" | undefined): T | undefined {
  return value === "keep" || value === undefined ? undefined : value;
}
