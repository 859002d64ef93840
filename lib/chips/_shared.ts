/**
 * Data that chips truly share, as named pieces that each record cites.
 *
 * @module
 */

import type {
  BitField,
  EfuseField,
  MemoryRegion,
  MemoryType,
  RomLoader,
  SpiRegisters,
  SuperWatchdogRegisters,
  TextRule,
  UsbSupport,
  ValueLabels,
  WatchdogRegisters,
} from "./family.ts";

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

/** Secure boot and flash encryption, as on the ESP32-S2, S3, C3, C6, H2, H21 and P4. */
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

/** The purposes that keys have on every chip that tells them; a record adds its own. */
export const KEY_PURPOSES: ValueLabels = {
  0: "USER/EMPTY",
  4: "XTS_AES_128_KEY",
  5: "HMAC_DOWN_ALL",
  6: "HMAC_DOWN_JTAG",
  7: "HMAC_DOWN_DIGITAL_SIGNATURE",
  8: "HMAC_UP",
  9: "SECURE_BOOT_DIGEST0",
  10: "SECURE_BOOT_DIGEST1",
  11: "SECURE_BOOT_DIGEST2",
};

/** The two halves of a key for XTS-AES-256, by their purposes. */
export const XTS_256_PURPOSES: ValueLabels = {
  2: "XTS_AES_256_KEY_1",
  3: "XTS_AES_256_KEY_2",
};

/** The purposes of keys for ECDSA's other curves. */
export const ECDSA_CURVE_PURPOSES: ValueLabels = {
  16: "ECDSA_KEY_P192",
  17: "ECDSA_KEY_P384_L",
  18: "ECDSA_KEY_P384_H",
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

/** Flash frequencies of the chips whose flash clock is 80 MHz or a part of it. */
export const FLASH_FREQUENCIES: Readonly<Record<string, number>> = {
  "80m": 0xf,
  "40m": 0x0,
  "26m": 0x1,
  "20m": 0x2,
};

/** The crystals of boards whose family has more than one, in megahertz. */
export const MEASURED_CRYSTALS: readonly number[] = [26, 40, 48];

/** What secure download mode leaves: SYNC, writing flash, the line's speed, the flash's set-up and GET_SECURITY_INFO. */
export const SECURE_DOWNLOAD_OPCODES: readonly number[] = [
  ...[0x02, 0x03, 0x04, 0x08, 0x0b, 0x0d, 0x0f, 0x10, 0x11, 0x12, 0x14],
];

/** The ROM loader of every chip after the ESP32. */
export const LATER_ROM: RomLoader = {
  statusBytes: 4,
  opcodes: SECURITY_INFO_ROM_OPCODES,
  flashBlockSize: 0x400,
  ramBlockSize: 0x1800,
  encryptedFlag: true,
  bootLogBaud: 115_200,
  secureDownloadOpcodes: SECURE_DOWNLOAD_OPCODES,
};

/** The flash controller of the chips after the ESP32, by its first register. */
export function spiController(base: number): SpiRegisters {
  return {
    cmd: base,
    addr: base + 0x4,
    usr: base + 0x18,
    usr1: base + 0x1c,
    usr2: base + 0x20,
    mosiDlen: base + 0x24,
    misoDlen: base + 0x28,
    w0: base + 0x58,
    addressShift: 0,
  };
}

/** What unlocks a watchdog's registers. */
export const WATCHDOG_KEY = 0x50d8_3aa1;

/** The super watchdog's key and bit where it is part of RTC_CNTL. */
export const RTC_SUPER_WATCHDOG: Pick<
  SuperWatchdogRegisters,
  "key" | "autoFeed"
> = { key: 0x8f1d_312a, autoFeed: 0x8000_0000 };

/** The super watchdog's key and bit where it is part of LP_WDT. */
export const LP_SUPER_WATCHDOG: Pick<
  SuperWatchdogRegisters,
  "key" | "autoFeed"
> = { key: WATCHDOG_KEY, autoFeed: 1 << 18 };

/** LP_WDT of the ESP32-C5, C6 and C61, but for whether it resets the chip. */
export const LP_WATCHDOG: Omit<WatchdogRegisters, "resets"> = {
  config0: 0x600b_1c00,
  config1: 0x600b_1c04,
  writeProtect: 0x600b_1c18,
  key: WATCHDOG_KEY,
};

/** The super watchdog of the ESP32-C5, C6 and C61. */
export const LP_WATCHDOG_SUPER: SuperWatchdogRegisters = {
  config: 0x600b_1c1c,
  writeProtect: 0x600b_1c20,
  ...LP_SUPER_WATCHDOG,
};

/** LP_WDT of the ESP32-H2 and H21, which has a register more. */
export const H2_WATCHDOG: WatchdogRegisters = {
  config0: 0x600b_1c00,
  config1: 0x600b_1c04,
  writeProtect: 0x600b_1c1c,
  key: WATCHDOG_KEY,
  resets: false,
};

/** The super watchdog of the ESP32-H2 and H21. */
export const H2_WATCHDOG_SUPER: SuperWatchdogRegisters = {
  config: 0x600b_1c20,
  writeProtect: 0x600b_1c24,
  ...LP_SUPER_WATCHDOG,
};

/** USB-Serial/JTAG, with the product id that every chip with it has. */
export const USB_JTAG: UsbSupport = { jtagProductId: 0x1001 };

/** Bytes in a MEM_DATA packet over USB-OTG. */
export const OTG_BLOCK_SIZE = 0x800;

/** Makers of flash inside the package, by the value of FLASH_VENDOR. */
export const FLASH_VENDORS: ValueLabels = {
  1: "XMC",
  2: "GD",
  3: "FM",
  4: "TT",
  5: "ZBIT",
  other: "",
};

/** The feature of flash inside the package, where its maker is told whatever its size. */
export const EMBEDDED_FLASH: readonly TextRule[] = [
  {
    when: { flashCapacity: { min: 1 } },
    text: "{flashCapacity} ({flashVendor})",
  },
];

/** MAC_EXT: the upper half of the MAC address's second word. */
export const BLOCK1_MAC_EXTENSION: readonly BitField[] = [
  block1(1, 24, 8),
  block1(1, 16, 8),
];

const FLASH_BITS = [block1(2, 13, 3)];
const PSRAM_BITS = [block1(2, 19, 3)];

/** BLOCK1's system parameters as the ESP32-C5 and C61 have them, all of them in word 2. */
export const WORD2_FIELDS: Readonly<Record<string, EfuseField>> = {
  majorRevision: { bits: [block1(2, 4, 2)] },
  minorRevision: { bits: [block1(2, 0, 4)] },
  package: { bits: [block1(2, 26, 3)] },
  blockVersionMajor: { bits: [block1(2, 11, 2)] },
  blockVersionMinor: { bits: [block1(2, 8, 3)] },
  temperature: { bits: [block1(2, 24, 2)] },
  flashCapacity: { bits: FLASH_BITS },
  flashCode: { bits: FLASH_BITS },
  flashVendor: { bits: [block1(2, 16, 3)] },
  psramCapacity: { bits: PSRAM_BITS },
  psramCode: { bits: PSRAM_BITS },
  psramVendor: { bits: [block1(2, 22, 2)] },
};

/** The memory map of the ESP32-C6 and H2. */
export const C6_MEMORY: readonly MemoryRegion[] = [
  { kind: "rom", start: 0x4000_0000, end: 0x4005_0000 },
  { kind: "iram", start: 0x4080_0000, end: 0x4088_0000 },
  { kind: "dram", start: 0x4080_0000, end: 0x4088_0000 },
  { kind: "irom", start: 0x4200_0000, end: 0x4280_0000 },
  { kind: "drom", start: 0x4280_0000, end: 0x4300_0000 },
  { kind: "rtc", start: 0x5000_0000, end: 0x5000_4000 },
];

/** What the addresses of the ESP32-C6 and H2 are called. */
export const C6_MEMORY_TYPES: readonly MemoryType[] = [
  { name: "PADDING", start: 0x0, end: 0x1_0000 },
  { name: "DROM", start: 0x4200_0000, end: 0x4300_0000 },
  { name: "DRAM", start: 0x4080_0000, end: 0x4088_0000 },
  { name: "BYTE_ACCESSIBLE", start: 0x4080_0000, end: 0x4088_0000 },
  { name: "DROM_MASK", start: 0x4004_ac00, end: 0x4005_0000 },
  { name: "IROM_MASK", start: 0x4000_0000, end: 0x4004_ac00 },
  { name: "IROM", start: 0x4200_0000, end: 0x4300_0000 },
  { name: "IRAM", start: 0x4080_0000, end: 0x4088_0000 },
  { name: "RTC_IRAM", start: 0x5000_0000, end: 0x5000_4000 },
  { name: "RTC_DRAM", start: 0x5000_0000, end: 0x5000_4000 },
  { name: "MEM_INTERNAL2", start: 0x600f_e000, end: 0x6010_0000 },
];
