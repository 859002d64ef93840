/**
 * From a program to an image.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import { type Digesting, finish, finishAsync } from "./_digest.ts";
import { buildEsp8266Image, type ImageFile } from "./_esp8266_image.ts";
import { buildExtendedImage } from "./_extended_image.ts";
import { checkSegmentCount } from "./_header.ts";
import { type Program, programOf, type SourcedProgram } from "./_program.ts";
import { type ElfFile, parseElf } from "./elf.ts";
import {
  type BuildImageOptions,
  uselessImageOptions,
} from "./image_options.ts";

export type { ImageFile } from "./_esp8266_image.ts";
export type { Program } from "./_program.ts";

/** What an image is made of: an ELF file, whole or taken apart, or segments. */
export type ImageSource = Uint8Array | ElfFile | Program;

/** No loader takes longer segments. */
const MAX_SEGMENT_SIZE = 0x100_0000;
/** No flash is larger. */
const MAX_PADDED_SIZE = 0x800_0000;

/**
 * Builds an image that is one file: every chip's, but version 1 of the ESP8266
 * only if nothing is mapped from flash.
 *
 * An ELF file's sections are merged where they are neighbours and put in the
 * order that esptool has; the segments of a {@linkcode Program} keep theirs. On
 * chips that map flash in pages, segments are placed to match, with padding
 * and cut segments between them.
 *
 * @throws {ImageError} If the ELF file cannot be read, or the program does not make an image.
 * @throws {RangeError} If the chip does not know a parameter's name or value, or has no such option.
 */
export function buildImage(
  source: ImageSource,
  options: BuildImageOptions,
): Uint8Array<ArrayBuffer> {
  const [file, second] = buildImageFiles(source, options);
  if (file === undefined || second !== undefined) {
    throw new ImageError(
      "Cannot build image: what is mapped from flash is a file of its own in version 1",
      {
        offset: 0,
        hint: "Call buildImageFiles, or ask for version 2 or 3.",
      },
    );
  }
  return file.data;
}

/**
 * Builds an image as {@linkcode buildImage} does, with the address in flash of
 * each file that has one.
 *
 * @returns Two files for an ESP8266 image of version 1 of which a part is mapped from flash, else one.
 * @throws {ImageError} If the ELF file cannot be read, or the program does not make an image.
 * @throws {RangeError} If the chip does not know a parameter's name or value, or has no such option.
 */
export function buildImageFiles(
  source: ImageSource,
  options: BuildImageOptions,
): ImageFile[] {
  return finish(build(source, options));
}

/**
 * Builds an image as {@linkcode buildImageFiles} does, and makes its digests
 * with Web Cryptography: in half of the time, for a program that has no other
 * use for `node:crypto`.
 *
 * @returns Two files for an ESP8266 image of version 1 of which a part is mapped from flash, else one.
 * @throws {ImageError} If the ELF file cannot be read, or the program does not make an image.
 * @throws {RangeError} If the chip does not know a parameter's name or value, or has no such option.
 */
export async function buildImageFilesAsync(
  source: ImageSource,
  options: BuildImageOptions,
): Promise<ImageFile[]> {
  return await finishAsync(build(source, options));
}

function* build(
  source: ImageSource,
  options: BuildImageOptions,
): Digesting<ImageFile[]> {
  checkOptions(options);
  const program = takeProgram(source, options);
  checkSegmentCount(program.segments.length);
  checkSegmentSizes(program);
  return options.chip.imageChipId === undefined
    ? yield* buildEsp8266Image(program, options)
    : [{ data: yield* buildExtendedImage(program, options) }];
}

function checkOptions(options: BuildImageOptions): void {
  const [useless] = uselessImageOptions(options);
  if (useless !== undefined) {
    throw new RangeError(
      `Cannot build image: ${options.chip.name} has no use for ${useless} ${
        options[useless]
      }`,
    );
  }
  const { padToSize = 1 } = options;
  if (!(padToSize >= 1 && padToSize <= MAX_PADDED_SIZE)) {
    throw new RangeError(
      `Cannot build image: padToSize ${padToSize} is not from 1 to ${MAX_PADDED_SIZE} bytes`,
    );
  }
}

function takeProgram(
  source: ImageSource,
  options: BuildImageOptions,
): SourcedProgram {
  const { chip, version = 1, useSegments = false, elfDigestOffset } = options;
  const elf = source instanceof Uint8Array ? parseElf(source) : source;
  if ("sections" in elf) {
    return programOf(elf, {
      chip,
      useSegments,
      // esptool tells an ESP8266's memory apart more finely in versions 1 and 2.
      ranges: version === 3 ? chip.memory : chip.image.memoryTypes,
      sortSections: options.ramOnlyHeader === true,
      sortSegments: chip.imageChipId !== undefined || version === 3,
    });
  }
  if (useSegments || elfDigestOffset !== undefined) {
    throw new RangeError(
      "Cannot build image: useSegments and elfDigestOffset are for ELF files",
    );
  }
  return elf;
}

function checkSegmentSizes({ segments }: Program): void {
  const long = segments.find(({ data }) => data.length >= MAX_SEGMENT_SIZE);
  if (long === undefined) return;
  throw new ImageError(
    `Cannot build image: the segment at ${
      formatAddress(long.address)
    } has ${long.data.length} bytes, ${MAX_SEGMENT_SIZE} are too many`,
    { offset: 0 },
  );
}
