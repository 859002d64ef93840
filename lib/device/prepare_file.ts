/**
 * From a file to the bytes that are to be in flash.
 *
 * @module
 */

import {
  alignDown,
  alignUp,
  concatBytes,
  formatAddress,
  padTo,
  viewOf,
} from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { ImageError } from "../errors.ts";
import {
  FLASH_MODES,
  type FlashMode,
  patchFlashParameters,
} from "../image/flash_parameters.ts";
import type { Loader } from "../loader/loader.ts";
import type { OperationOptions } from "../progress.ts";
import { encryptionUnit } from "./_flash_guards.ts";
import {
  describeFile,
  FLASH_SECTOR_SIZE,
  type ImageParameters,
  type PlacedFile,
} from "./flash_files.ts";
import { parseFlashSize } from "../chips/flash_size.ts";
import { sizeName } from "./flash_size.ts";

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
   * The size, such as `4MB`, or `detect` for the size that the flash chip
   * reports. A size by name is what the loader takes the flash's for, too.
   *
   * @default {"keep"}
   */
  readonly flashSize?: string | undefined;
}

/** What a file is prepared for. */
export interface Preparation {
  /** The loader that will write it. */
  readonly loader: Loader;
  /** What the flash chip's id says. */
  readonly flashSize: number | undefined;
  /** Whether the chip verifies its bootloader, which must stay as it is then. */
  readonly secureBoot: boolean;
  /** The parameters, and whom to tell of what becomes of them. */
  readonly options: FlashParameterOptions & OperationOptions;
}

/** A file as it goes into flash. */
export interface PreparedPlace extends PlacedFile {
  /** The flash parameters that were put into it, if they were others: mode, then size and frequency, a byte each. */
  readonly flashParameters?: number;
}

/** A size in bytes where options name one. */
export function namedSize(
  { flashSize }: FlashParameterOptions,
): number | undefined {
  const name = named(flashSize);
  return name === undefined || name === "detect"
    ? undefined
    : parseFlashSize(name);
}

/**
 * Pads a file, and changes its flash parameters where it is a bootloader.
 *
 * @throws {RangeError} If the chip does not know one of its parameters.
 */
export function prepareFile(
  file: PlacedFile,
  preparation: Preparation,
): PreparedPlace {
  const { loader } = preparation;
  const unit = file.encrypt ? encryptionUnit(loader) : 4;
  const padded = padTo(file.data, unit);
  const data = patch({ ...file, data: padded }, preparation);
  const { deflated, previous, ...rest } = file;
  return {
    ...rest,
    data,
    ...(data !== padded && { flashParameters: viewOf(data).getUint16(2) }),
    ...(data === file.data && { deflated }),
    ...(previous !== undefined && {
      previous: patch({ ...file, data: padTo(previous, unit) }, {
        ...preparation,
        options: { ...preparation.options, onProgress: undefined },
      }),
    }),
  };
}

/** A ROM erases from the start of a sector, and programs from where it began to erase. */
export function fromSectorStart(
  loader: Loader,
  file: PreparedPlace,
): PreparedPlace {
  const address = alignDown(file.address, FLASH_SECTOR_SIZE);
  const gap = file.address - address;
  if (loader.isStub || gap === 0) return file;
  const { deflated: _deflated, previous, ...rest } = file;
  const blank = new Uint8Array(gap).fill(0xff);
  return {
    ...rest,
    address,
    data: concatBytes([blank, file.data]),
    ...(previous && { previous: concatBytes([blank, previous]) }),
  };
}

/**
 * Refuses files that go past the end of the flash.
 *
 * @throws {ImageError} `flash-too-small`.
 */
export function checkFit(
  files: readonly PlacedFile[],
  end: number | undefined,
): void {
  if (end === undefined) return;
  // Data are written in whole words.
  const outside = files.find(({ address, data }) =>
    address + alignUp(data.length, 4) > end
  );
  if (outside === undefined) return;
  throw new ImageError(
    `Cannot write ${
      describeFile(outside)
    }: its ${outside.data.length} bytes go past the end of the flash at ` +
      formatAddress(end),
    { code: "flash-too-small", offset: end - outside.address },
  );
}

/** The parameters of an image that is made of an ELF file; what is kept or unknown is `elf2image`'s default. */
export function imageParameters(
  preparation: Omit<Preparation, "secureBoot">,
): ImageParameters {
  const { mode, frequency, size } = parametersOf(preparation);
  return { flashMode: mode, flashFrequency: frequency, flashSize: size };
}

function patch(file: PlacedFile, preparation: Preparation): Uint8Array {
  const { loader: { chip, port }, secureBoot, options } = preparation;
  const { address, data } = file;
  if (address !== chip.flash.bootloaderOffset) return data;
  const parameters = parametersOf(preparation);
  if (!Object.values(parameters).some(Boolean)) return data;
  const note = (reason: string) => {
    const message = `Flash parameters are left as they are in ${
      describeFile(file)
    }: ${reason}`;
    options.onProgress?.({ kind: "note", port, message });
    return data;
  };
  if (secureBoot) return note("the chip is secured");
  checkParameters(options, [chip]);
  try {
    return patchFlashParameters(data, parameters, chip);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return note(error.message);
  }
}

function parametersOf(
  { loader, flashSize, options }: Omit<Preparation, "secureBoot">,
) {
  return {
    mode: named(options.flashMode),
    frequency: named(options.flashFrequency),
    size: options.flashSize === "detect"
      ? sizeName(loader, flashSize, options)
      : named(options.flashSize),
  };
}

/**
 * Refuses names that none of the chips knows.
 *
 * @throws {RangeError} Which one.
 */
export function checkParameters(
  options: FlashParameterOptions,
  chips: readonly ChipFamily[],
): void {
  const keys = (field: "sizes" | "frequencies") => [
    ...new Set(chips.flatMap(({ flash }) => Object.keys(flash[field]))),
  ];
  const known = {
    flashMode: Object.keys(FLASH_MODES),
    flashFrequency: keys("frequencies"),
    flashSize: ["detect", ...keys("sizes")],
  };
  const [first, ...others] = chips;
  const who = others.length === 0 && first !== undefined
    ? first.name
    : "any chip";
  for (const option of ["flashMode", "flashFrequency", "flashSize"] as const) {
    const value = named(options[option]);
    if (value === undefined || known[option].includes(value)) continue;
    throw new RangeError(
      `Cannot use ${option} "${value}": ${who} knows ${
        known[option].join(", ")
      }`,
    );
  }
}

function named<T extends string>(value: T | "keep" | undefined): T | undefined {
  return value === "keep" || value === undefined ? undefined : value;
}
