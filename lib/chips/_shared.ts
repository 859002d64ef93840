/**
 * Data that chips truly share, as named pieces that each record cites.
 *
 * @module
 */

import type { BitField, EfuseField, TextRule } from "./family.ts";

/** A field of BLOCK1, where the system parameters are. */
export function block1(word: number, shift: number, width: number): BitField {
  return { block: "block1", word, shift, width };
}

/** WAFER_VERSION_MAJOR and WAFER_VERSION_MINOR, as on the ESP32-S3 and ESP32-C3. */
export const REVISION_FIELDS: Readonly<
  Record<"majorRevision" | "minorRevision", EfuseField>
> = {
  majorRevision: { bits: [block1(5, 24, 2)] },
  minorRevision: { bits: [block1(3, 18, 3), block1(5, 23, 1)] },
};

/** A field of BLOCK0, whose word 0 is RD_WR_DIS. */
export function block0(word: number, shift: number, width: number): BitField {
  return { block: "block0", word, shift, width };
}

/** Secure boot and flash encryption, as on the ESP32-S2, S3, C3, C6, H2 and H21. */
export const SECURITY_FIELDS: Readonly<Record<string, EfuseField>> = {
  manualEncryptDisabled: { bits: [block0(1, 20, 1)] },
  flashCryptCount: { bits: [block0(2, 18, 3)] },
  keyPurpose0: { bits: [block0(2, 24, 4)] },
  keyPurpose1: { bits: [block0(2, 28, 4)] },
  keyPurpose2: { bits: [block0(3, 0, 4)] },
  keyPurpose3: { bits: [block0(3, 4, 4)] },
  keyPurpose4: { bits: [block0(3, 8, 4)] },
  keyPurpose5: { bits: [block0(3, 12, 4)] },
  secureBoot: { bits: [block0(3, 20, 1)] },
};

/** The flash's supply, as on the ESP32-S2 and S3. */
export const FLASH_VOLTAGE_FIELDS: Readonly<Record<string, EfuseField>> = {
  flashVoltageOn: { bits: [block0(2, 4, 1)] },
  flashVoltageHigh: { bits: [block0(2, 5, 1)] },
  flashVoltageForced: { bits: [block0(2, 6, 1)] },
};

/** MAC: word 1 holds the first two bytes, word 0 the last four. */
export const BLOCK1_MAC: readonly BitField[] = [
  block1(1, 8, 8),
  block1(1, 0, 8),
  block1(0, 24, 8),
  block1(0, 16, 8),
  block1(0, 8, 8),
  block1(0, 0, 8),
];

/** Opcodes of a ROM that inflates and digests: the ESP32's. */
export const COMPRESSING_ROM_OPCODES: readonly number[] = [
  ...[0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b],
  ...[0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13],
];

/** Opcodes of a ROM that also knows GET_SECURITY_INFO. */
export const SECURITY_INFO_ROM_OPCODES: readonly number[] = [
  ...COMPRESSING_ROM_OPCODES,
  0x14,
];

/** Flash sizes of every chip after the ESP8266: the nibble is log2 of the megabytes. */
export const FLASH_SIZES: Readonly<Record<string, number>> = {
  "1MB": 0x0,
  "2MB": 0x1,
  "4MB": 0x2,
  "8MB": 0x3,
  "16MB": 0x4,
  "32MB": 0x5,
  "64MB": 0x6,
  "128MB": 0x7,
};

/** Makers of flash inside the package, by the value of FLASH_VENDOR. */
export const FLASH_VENDORS: Readonly<Record<number, string>> = {
  1: "XMC",
  2: "GD",
  3: "FM",
  4: "TT",
  5: "BY",
};

/** Registers of the RTC watchdog's and super watchdog's locks. */
export const RTC_WATCHDOG_KEYS = {
  key: 0x50d8_3aa1,
  superKey: 0x8f1d_312a,
} as const;

/** The feature that tells of flash inside the package. */
export const EMBEDDED_FLASH: readonly TextRule[] = [
  {
    when: { flashCapacity: { min: 1 }, flashVendor: { min: 1 } },
    text: "Embedded Flash {flashCapacity} ({flashVendor})",
  },
  {
    when: { flashCapacity: { min: 1 } },
    text: "Embedded Flash {flashCapacity}",
  },
];
