/**
 * What a file puts into flash, whichever of the formats it has.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { CHIPS } from "../chips/registry.ts";
import { ImageError } from "../errors.ts";
import { isIntelHex, parseIntelHex } from "./intel_hex.ts";
import type { Segment } from "./segment.ts";
import { isUf2, parseUf2, type Uf2Family } from "./uf2.ts";

/** The formats of a file for flash. */
export type FlashFormat = "raw" | "hex" | "uf2";

/** Options of {@linkcode unpackFlashFile}. */
export interface UnpackOptions {
  /**
   * Where a raw file goes, in bytes from the start of flash; the others say it themselves.
   *
   * @default {0}
   */
  readonly address?: number | undefined;
  /** The chip that it is for; decides between the families of a UF2 file. */
  readonly chip?: ChipFamily | undefined;
}

/** What a file puts into flash. */
export interface FlashContent {
  /** The file's format. */
  readonly format: FlashFormat;
  /** The chip that it is for, if the file or the caller says so. */
  readonly chip?: ChipFamily;
  /** Bytes and their flash addresses, by address. */
  readonly segments: readonly Segment[];
}

/**
 * Takes a file for flash apart: Intel HEX and UF2 are known by their beginning,
 * all else is raw.
 *
 * @throws {ImageError} If it is malformed, or has nothing for the chip.
 */
export function unpackFlashFile(
  file: Uint8Array,
  options: UnpackOptions = {},
): FlashContent {
  const { address = 0, chip } = options;
  if (isUf2(file)) {
    const family = pickFamily(parseUf2(file).families, chip);
    const named = chip ??
      CHIPS.find(({ image }) => image.uf2FamilyId === family.familyId);
    return {
      format: "uf2",
      ...(named && { chip: named }),
      segments: family.segments,
    };
  }
  const isHex = isIntelHex(file);
  return {
    format: isHex ? "hex" : "raw",
    ...(chip && { chip }),
    segments: isHex ? parseIntelHex(file) : [{ address, data: file }],
  };
}

/** The only family there is, or the chip's; blocks that name none are for any chip. */
function pickFamily(
  families: readonly Uf2Family[],
  chip: ChipFamily | undefined,
): Uf2Family {
  const fitting = families.filter(({ familyId }) =>
    chip === undefined || familyId === undefined ||
    familyId === chip.image.uf2FamilyId
  );
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  const names = families.map(({ familyId }) => familyName(familyId)).join(", ");
  throw new ImageError(
    `Cannot unpack UF2: it has ${
      names === "" ? "nothing for flash" : `blocks for ${names}`
    }${only === undefined && chip ? `, not for ${chip.name}` : ""}`,
    {
      code: only === undefined ? "image-mismatch" : "image-invalid",
      offset: 0,
      hint: fitting.length > 1 ? "Say which chip it is for." : undefined,
    },
  );
}

function familyName(familyId: number | undefined): string {
  if (familyId === undefined) return "any chip";
  return CHIPS.find(({ image }) => image.uf2FamilyId === familyId)?.name ??
    `family ${formatAddress(familyId)}`;
}
