/**
 * ESP32-S3.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block0,
  block1,
  BLOCK1_MAC,
  EMBEDDED_FLASH,
  FLASH_FREQUENCIES,
  FLASH_SIZES,
  FLASH_VENDORS,
  FLASH_VOLTAGE_FIELDS,
  KEY_PURPOSES,
  LATER_ROM,
  OTG_BLOCK_SIZE,
  REVISION_FIELDS,
  RTC_SUPER_WATCHDOG,
  SECURITY_FIELDS,
  spiController,
  USB_JTAG,
  WATCHDOG_KEY,
  XTS_256_PURPOSES,
} from "./_shared.ts";

/** ESP32-S3: Xtensa LX7, told by its chip id. */
export const esp32s3: ChipFamily = defineChip({
  id: "esp32s3",
  name: "ESP32-S3",
  source:
    "ESP32-S3 Technical Reference Manual v1.6, chapters 4, 5, 10, 26; ESP-IDF esp_efuse_table.csv; texts that esptool 5.6 prints",
  imageChipId: 9,
  detect: { kind: "chip-id", id: 9 },
  rom: LATER_ROM,
  stub: {
    file: "esp32s3",
    // The pointer to the ROM's flash read function, which READ_FLASH_SLOW calls.
    secureBoot: { kind: "pointer", address: 0x3fce_f688 },
  },
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_0080,
    spi: spiController(0x6000_2000),
    watchdog: {
      config0: 0x6000_8098,
      config1: 0x6000_809c,
      writeProtect: 0x6000_80b0,
      key: WATCHDOG_KEY,
      resets: true,
    },
    superWatchdog: {
      config: 0x6000_80b4,
      writeProtect: 0x6000_80b8,
      ...RTC_SUPER_WATCHDOG,
    },
    forceDownloadBoot: { address: 0x6000_812c, mask: 1 },
    strap: { address: 0x6000_4038, mask: 8 },
  },
  memory: [
    { kind: "drom", start: 0x3c00_0000, end: 0x3e00_0000 },
    { kind: "dram", start: 0x3fc8_8000, end: 0x3fd0_0000 },
    { kind: "rom", start: 0x3ff0_0000, end: 0x3ff2_0000 },
    { kind: "rom", start: 0x4000_0000, end: 0x4006_0000 },
    { kind: "iram", start: 0x4037_0000, end: 0x403e_0000 },
    { kind: "irom", start: 0x4200_0000, end: 0x4400_0000 },
    { kind: "rtc", start: 0x5000_0000, end: 0x5000_2000 },
    { kind: "rtc", start: 0x600f_e000, end: 0x6010_0000 },
  ],
  flash: {
    bootloaderOffset: 0x0,
    sizes: FLASH_SIZES,
    frequencies: FLASH_FREQUENCIES,
    legacyRevisionStep: 100,
    beyond16MB: true,
  },
  image: {
    uf2FamilyId: 0xc47e_5767,
    mmuPageSizes: [0x1_0000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x3c00_0000, end: 0x3d00_0000 },
      { name: "EXTRAM_DATA", start: 0x3d00_0000, end: 0x3e00_0000 },
      { name: "RTC_DRAM", start: 0x600f_e000, end: 0x6010_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x3fc8_8000, end: 0x3fd0_0000 },
      { name: "MEM_INTERNAL", start: 0x3fc8_8000, end: 0x403e_2000 },
      { name: "DRAM", start: 0x3fc8_8000, end: 0x3fd0_0000 },
      { name: "IROM_MASK", start: 0x4000_0000, end: 0x4001_a100 },
      { name: "IRAM", start: 0x4037_0000, end: 0x403e_0000 },
      { name: "RTC_IRAM", start: 0x600f_e000, end: 0x6010_0000 },
      { name: "IROM", start: 0x4200_0000, end: 0x4280_0000 },
      { name: "RTC_DATA", start: 0x5000_0000, end: 0x5000_2000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0x6000_702c, words: 6 },
      block1: { address: 0x6000_7044, words: 6 },
      block2: { address: 0x6000_705c, words: 8 },
    },
    fields: {
      ...REVISION_FIELDS,
      package: { bits: [block1(3, 21, 3)] },
      blockVersionMajor: {
        bits: [{ block: "block2", word: 4, shift: 0, width: 2 }],
      },
      blockVersionMinor: { bits: [block1(3, 24, 3)] },
      flashCapacity: { bits: [block1(3, 27, 3)] },
      flashVendor: { bits: [block1(4, 0, 3)] },
      psramCapacity: { bits: [block1(4, 3, 2), block1(5, 19, 1)] },
      psramVendor: { bits: [block1(4, 7, 2)] },
      ...SECURITY_FIELDS,
      ...FLASH_VOLTAGE_FIELDS,
      flashOctal: { bits: [block0(4, 9, 1)] },
    },
    mac: BLOCK1_MAC,
    labels: {
      keyPurpose0: { ...KEY_PURPOSES, ...XTS_256_PURPOSES, 1: "RESERVED" },
      flashCapacity: {
        1: "Embedded Flash 8MB",
        2: "Embedded Flash 4MB",
        other: "Unknown Embedded Flash",
      },
      flashVendor: { ...FLASH_VENDORS, 5: "BY" },
      psramCapacity: {
        1: "Embedded PSRAM 8MB",
        2: "Embedded PSRAM 2MB",
        3: "Embedded PSRAM 16MB",
        4: "Embedded PSRAM 4MB",
        other: "Unknown Embedded PSRAM",
      },
      psramVendor: { 1: "AP_3v3", 2: "AP_1v8", other: "" },
    },
    description: [
      { when: { package: 0 }, text: "ESP32-S3 (QFN56)" },
      { when: { package: 1 }, text: "ESP32-S3-PICO-1 (LGA56)" },
      { text: "Unknown ESP32-S3" },
    ],
    features: [
      [{ text: "Wi-Fi" }],
      [{ text: "BT 5 (LE)" }],
      [{ text: "Dual Core + LP Core" }],
      [{ text: "240MHz" }],
      EMBEDDED_FLASH,
      [
        {
          when: { psramCapacity: { min: 1 } },
          text: "{psramCapacity} ({psramVendor})",
        },
      ],
    ],
  },
  crystal: { kind: "fixed", mhz: 40 },
  flashPins: { ranges: [[0, 22], [26, 49]], highestHd: 46, usb: [19, 20] },
  flashSupply: { strapMask: 1 << 4 },
  usb: {
    ...USB_JTAG,
    otgProductId: 0x0009,
    otgBlockSize: OTG_BLOCK_SIZE,
    portVariable: { address: 0x3fce_f14c, otg: 3, jtag: 4 },
  },
  quirks: ["esp32s3-eco0-revision"],
});
