/**
 * Everything that an image says about itself.
 *
 * @module
 */

import { equalBytes, viewOf } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { chipByImageId, CHIPS } from "../chips/registry.ts";
import { ImageError } from "../errors.ts";
import {
  CHIP_ID_OFFSET,
  DIGEST_SIZE,
  EXTENDED_HEADER_SIZE,
  HEADER_SIZE,
  V2_MAGIC,
} from "./_layout.ts";
import { sha256 } from "./_digest.ts";
import {
  type AppDescriptor,
  isAppDescriptor,
  parseAppDescriptor,
} from "./app_descriptor.ts";
import {
  type BootloaderDescriptor,
  isBootloaderDescriptor,
  parseBootloaderDescriptor,
} from "./bootloader_descriptor.ts";
import {
  type EspImage,
  IMAGE_MAGIC,
  type ImageSegment,
  imageSize,
  isCrcValid,
  parseImage,
} from "./esp_image.ts";
import { FLASH_MODES, type FlashMode } from "./flash_parameters.ts";
import { findSignatures, type ImageSignature } from "./signature.ts";

/** A segment and what its address is called. */
export interface SegmentInfo extends ImageSegment {
  /** The names of the memory that it is loaded into or mapped to; none if it is in no known one. */
  readonly memory: readonly string[];
}

/** A digest behind an image. */
export interface ImageDigest {
  /** The digest that the image carries, as a view. */
  readonly bytes: Uint8Array;
  /** The digest that it should carry. */
  readonly expected: Uint8Array;
  /** Whether the two are the same. */
  readonly isValid: boolean;
}

/** What an image says about itself. */
export interface ImageInfo {
  /** The chip that it has been read for. */
  readonly chip: ChipFamily;
  /** The image's own numbers. */
  readonly image: EspImage;
  /** Which of the formats it has: 3 is the ESP8266's with a digest, whose header looks like version 1. */
  readonly version: 1 | 2 | 3;
  /** How many bytes it has, with what follows its checksum but without signatures. */
  readonly size: number;
  /** The flash mode; absent if the number means none. */
  readonly flashMode?: FlashMode;
  /** The flash size's name; absent if the number means none. */
  readonly flashSize?: string;
  /** The flash frequency's name; absent if the number means none. */
  readonly flashFrequency?: string;
  /** The segments in their order. */
  readonly segments: readonly SegmentInfo[];
  /** Whether the checksum is right. */
  readonly isChecksumValid: boolean;
  /** Whether the CRC of an image of version 2 is right. */
  readonly isCrcValid?: boolean;
  /** The SHA-256 digest, if it carries one. */
  readonly digest?: ImageDigest;
  /** What an application says about itself. */
  readonly app?: AppDescriptor;
  /** What a second-stage bootloader says about itself. */
  readonly bootloader?: BootloaderDescriptor;
  /** The signatures behind it. */
  readonly signatures: readonly ImageSignature[];
}

/**
 * Reads all that an image says about itself. What is wrong with its checksum,
 * digest, CRC or signatures' digests is told, not thrown.
 *
 * @param file What begins with the image: it may go on behind it.
 * @param chip The chip to read it for; found out unless told.
 * @throws {ImageError} If the bytes are no image, end too early, or are for no known chip.
 */
export function inspectImage(
  file: Uint8Array,
  chip: ChipFamily = detectImageChip(file),
): ImageInfo {
  const image = parseImage(file, chip);
  const size = imageSize(image);
  const digest = findDigest(file, image);
  const crcValid = isCrcValid(file, image);
  const flashMode = FLASH_MODE_NAMES.find((name) =>
    FLASH_MODES[name] === image.flashMode
  );
  const isVersion3 = digest !== undefined && image.extended === undefined;
  const sizes = (isVersion3 && chip.image.version3Sizes) || chip.flash.sizes;
  const flashSize = nameOf(sizes, image.flashSize);
  const flashFrequency = nameOf(chip.flash.frequencies, image.flashFrequency);
  return {
    chip,
    image,
    version: isVersion3 ? 3 : image.version,
    size: digest === undefined ? size : image.size + DIGEST_SIZE,
    ...(flashMode && { flashMode }),
    ...(flashSize && { flashSize }),
    ...(flashFrequency && { flashFrequency }),
    segments: image.segments.map((segment) => ({
      ...segment,
      memory: memoryNames(chip, segment.address),
    })),
    isChecksumValid: image.checksum === image.expectedChecksum,
    ...(crcValid !== undefined && { isCrcValid: crcValid }),
    ...(digest && { digest }),
    ...describe(image),
    signatures: image.extended === undefined
      ? []
      : findSignatures(file, size).filter(({ version }) =>
        version === 2 || chip.image.secureBootV1
      ),
  };
}

const FLASH_MODE_NAMES = Object.keys(FLASH_MODES) as FlashMode[];

/** The first name of a number in a chip's table. */
function nameOf(
  table: Readonly<Record<string, number>>,
  nibble: number,
): string | undefined {
  return Object.keys(table).find((name) => table[name] === nibble);
}

function memoryNames({ image }: ChipFamily, address: number): string[] {
  return image.memoryTypes
    .filter(({ start, end }) => start <= address && address < end)
    .map(({ name }) => name);
}

/** An image for the ESP8266 has no flag for its digest: the bytes behind it are one or not. */
function findDigest(
  file: Uint8Array,
  { version, size, extended, digest }: EspImage,
): ImageDigest | undefined {
  if (version !== 1 || extended?.hasDigest === false) return undefined;
  const bytes = digest ?? file.subarray(size, size + DIGEST_SIZE);
  const expected = sha256(file.subarray(0, size));
  const isValid = equalBytes(bytes, expected);
  return digest === undefined && !isValid
    ? undefined
    : { bytes, expected, isValid };
}

function describe(
  { segments }: EspImage,
): Pick<ImageInfo, "app" | "bootloader"> {
  const app = segments.find(({ data }) => isAppDescriptor(data));
  if (app !== undefined) return { app: parseAppDescriptor(app.data) };
  const first = segments[0]?.data ?? new Uint8Array();
  return isBootloaderDescriptor(first)
    ? { bootloader: parseBootloaderDescriptor(first) }
    : {};
}

/**
 * Tells which chip an image is for: by the chip id in its extended header, or
 * that it has none, as on the ESP8266. Where it could be read both ways, the
 * right checksum decides.
 *
 * @throws {ImageError} If the bytes are no image, end too early, or are for no known chip.
 */
export function detectImageChip(image: Uint8Array): ChipFamily {
  const [magic = 0] = image;
  const isVersion2 = magic === V2_MAGIC;
  if (magic !== IMAGE_MAGIC && !isVersion2) {
    throw new ImageError(
      image.length === 0
        ? "Cannot parse image: it is empty"
        : `Cannot parse image: it begins with 0x${
          magic.toString(16).padStart(2, "0")
        }, not with 0xe9`,
      { offset: 0 },
    );
  }
  const hasExtended = image.length >= HEADER_SIZE + EXTENDED_HEADER_SIZE;
  const chipId = hasExtended && !isVersion2
    ? viewOf(image).getUint16(CHIP_ID_OFFSET, true)
    : undefined;
  const attempts = [
    chipId === undefined ? undefined : chipByImageId(chipId),
    CHIPS.find((chip) => chip.imageChipId === undefined),
  ].filter((chip) => chip !== undefined).map((chip) => attempt(image, chip));
  const found = attempts.find(({ isRight }) => isRight) ??
    attempts.find(({ error }) => error === undefined);
  if (found !== undefined) return found.chip;
  if (chipId === undefined || chipByImageId(chipId) !== undefined) {
    throw attempts[0]?.error;
  }
  throw new ImageError(
    `Cannot parse image: it is for chip id ${chipId}, which is not known`,
    { offset: CHIP_ID_OFFSET, hint: "Say which chip it is for." },
  );
}

interface Attempt {
  readonly chip: ChipFamily;
  /** Whether the checksum is right. */
  readonly isRight: boolean;
  /** Why the image cannot be read for the chip. */
  readonly error?: ImageError;
}

function attempt(image: Uint8Array, chip: ChipFamily): Attempt {
  try {
    const { checksum, expectedChecksum } = parseImage(image, chip);
    return { chip, isRight: checksum === expectedChecksum };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { chip, isRight: false, error };
  }
}
