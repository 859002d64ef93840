/**
 * What an image can be told to be.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import type { FlashMode } from "./flash_parameters.ts";

/** Options of {@linkcode buildImage}. Those that mean nothing to the chip are refused. */
export interface BuildImageOptions {
  /** Which chip the image is for. */
  readonly chip: ChipFamily;
  /**
   * The ESP8266's image version: 1 is what its ROM loads, 2 and 3 what its bootloaders load.
   *
   * @default {1}
   */
  readonly version?: 1 | 2 | 3 | undefined;
  /**
   * The flash access mode.
   *
   * @default {"qio"}
   */
  readonly flashMode?: FlashMode | undefined;
  /**
   * The flash size.
   *
   * @default {"1MB"}
   */
  readonly flashSize?: string | undefined;
  /**
   * The flash frequency.
   *
   * @default {"40m", or the one that the chip has in its place}
   */
  readonly flashFrequency?: string | undefined;
  /**
   * The least chip revision as bootloaders before ESP-IDF 4.4 read it, 0 to 255. Not on the ESP8266.
   *
   * @default {0}
   */
  readonly legacyMinRevision?: number | undefined;
  /**
   * The least chip revision, major × 100 + minor. Not on the ESP8266.
   *
   * @default {0}
   */
  readonly minRevision?: number | undefined;
  /**
   * The greatest chip revision, major × 100 + minor. Not on the ESP8266.
   *
   * @default {65535}
   */
  readonly maxRevision?: number | undefined;
  /**
   * Whether a SHA-256 digest of the image follows the checksum. Not on the
   * ESP8266, whose version 3 always has it and whose others never have.
   *
   * @default {true}
   */
  readonly appendDigest?: boolean | undefined;
  /** Room for a signature: `v1` for secure boot v1 (ESP32), `v2` for v2 (not on the ESP8266). */
  readonly securePadding?: "v1" | "v2" | undefined;
  /**
   * Where in the image the ELF file's SHA-256 digest goes, in bytes. Not on
   * the ESP8266, except in version 2.
   *
   * @default {0xb0 if the ELF file's sections have an app descriptor, else nowhere}
   */
  readonly elfDigestOffset?: number | undefined;
  /**
   * Whether the ELF file's program headers are loaded instead of its sections.
   *
   * @default {false}
   */
  readonly useSegments?: boolean | undefined;
  /**
   * The size of a page in which flash is mapped, in bytes, where the chip leaves a choice.
   *
   * @default {what the app descriptor says, else the first of the chip's}
   */
  readonly mmuPageSize?: number | undefined;
  /** Fills the image with 0xFF to a multiple of so many bytes. Not on the ESP8266. */
  readonly padToSize?: number | undefined;
  /**
   * Whether the header counts only the segments for RAM, which then come
   * first, so that a ROM skips the others; there is no digest. For an image at the
   * bootloader's offset. Not on the ESP8266.
   *
   * @default {false}
   */
  readonly ramOnlyHeader?: boolean | undefined;
}

/** What only images with an extended header have. */
const EXTENDED: readonly (keyof BuildImageOptions)[] = [
  "legacyMinRevision",
  "minRevision",
  "maxRevision",
  "appendDigest",
  "securePadding",
  "mmuPageSize",
  "padToSize",
  "ramOnlyHeader",
];

/** Lists the options that are given and mean nothing to the chip's images. */
export function uselessImageOptions(
  options: BuildImageOptions,
): (keyof BuildImageOptions)[] {
  const { chip, version = 1 } = options;
  const useless = chip.imageChipId === undefined
    ? version === 2 ? EXTENDED : [...EXTENDED, "elfDigestOffset" as const]
    : uselessExtended(options);
  return useless.filter((name) => options[name] !== undefined);
}

function uselessExtended(
  { chip, securePadding, mmuPageSize }: BuildImageOptions,
): (keyof BuildImageOptions)[] {
  const useless: (keyof BuildImageOptions)[] = ["version"];
  const [pageSize, ...others] = chip.image.mmuPageSizes ?? [];
  if (others.length === 0 && mmuPageSize !== pageSize) {
    useless.push("mmuPageSize");
  }
  if (securePadding === "v1" && !chip.image.secureBootV1) {
    useless.push("securePadding");
  }
  return useless;
}
