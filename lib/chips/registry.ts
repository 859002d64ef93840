/**
 * The chip families that espline knows, and how to find one.
 *
 * @module
 */

import { esp32 } from "./esp32.ts";
import { esp32c2 } from "./esp32c2.ts";
import { esp32c3 } from "./esp32c3.ts";
import { esp32c5 } from "./esp32c5.ts";
import { esp32c6 } from "./esp32c6.ts";
import { esp32c61 } from "./esp32c61.ts";
import { esp32e22 } from "./esp32e22.ts";
import { esp32h2 } from "./esp32h2.ts";
import { esp32h21 } from "./esp32h21.ts";
import { esp32h4 } from "./esp32h4.ts";
import { esp32p4 } from "./esp32p4.ts";
import { esp32s2 } from "./esp32s2.ts";
import { esp32s3 } from "./esp32s3.ts";
import { esp32s31 } from "./esp32s31.ts";
import { esp8266 } from "./esp8266.ts";
import type { ChipFamily } from "./family.ts";

/** Every family, in the order in which they appeared. */
export const CHIPS: readonly ChipFamily[] = Object.freeze([
  esp8266,
  esp32,
  esp32s2,
  esp32s3,
  esp32c3,
  esp32c2,
  esp32c6,
  esp32h2,
  esp32p4,
  esp32c5,
  esp32c61,
  esp32h21,
  esp32h4,
  esp32s31,
  esp32e22,
]);

/** Chip ids of betas that were never sold, and that no record describes: ESP32-S3, C3, C6, H2 and C5. */
export const BETA_IDS: readonly number[] = Object.freeze([
  ...[4, 6, 7, 10, 14, 17],
]);

/** The address of the word that tells one ROM from another. */
export const MAGIC_ADDRESS = 0x4000_1000;

/**
 * Finds a family by its id or name; case and hyphens do not matter.
 *
 * @throws {RangeError} If there is no such family.
 */
export function chipById(id: string): ChipFamily {
  const wanted = id.toLowerCase().replaceAll("-", "");
  const family = CHIPS.find((chip) => chip.id === wanted);
  if (family === undefined) {
    throw new RangeError(
      `Cannot find chip "${id}": known are ${
        CHIPS.map((chip) => chip.id).join(", ")
      }`,
    );
  }
  return family;
}

/** Finds a family by the word at {@linkcode MAGIC_ADDRESS}. */
export function chipByMagic(magic: number): ChipFamily | undefined {
  return CHIPS.find(({ detect }) =>
    detect.kind === "magic" && detect.values.includes(magic)
  );
}

/** Finds a family by the chip id in GET_SECURITY_INFO's answer. */
export function chipBySecurityId(id: number): ChipFamily | undefined {
  return CHIPS.find(({ detect }) =>
    detect.kind === "chip-id" && detect.id === id
  );
}

/** Finds a family by the chip id in an image's extended header. */
export function chipByImageId(id: number): ChipFamily | undefined {
  return CHIPS.find((chip) => chip.imageChipId === id);
}
