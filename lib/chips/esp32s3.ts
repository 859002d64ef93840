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
  FLASH_SIZES,
  FLASH_VENDORS,
  FLASH_VOLTAGE_FIELDS,
  REVISION_FIELDS,
  RTC_WATCHDOG_KEYS,
  SECURITY_FIELDS,
  SECURITY_INFO_ROM_OPCODES,
} from "./_shared.ts";

/** ESP32-S3: Xtensa LX7, told by its chip id. */
export const esp32s3: ChipFamily = defineChip({
  id: "esp32s3",
  name: "ESP32-S3",
  source:
    "ESP32-S3 Technical Reference Manual v1.6, chapters 4, 5, 10, 26; ESP-IDF esp_efuse_table.csv",
  imageChipId: 9,
  detect: { kind: "chip-id", id: 9 },
  rom: {
    statusBytes: 4,
    opcodes: SECURITY_INFO_ROM_OPCODES,
    flashBlockSize: 0x400,
    ramBlockSize: 0x1800,
    encryptedFlag: true,
    bootLogBaud: 115_200,
  },
  stub: { file: "esp32s3", flashBlockSize: 0x4000 },
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_0080,
    spi: {
      cmd: 0x6000_2000,
      addr: 0x6000_2004,
      usr: 0x6000_2018,
      usr1: 0x6000_201c,
      usr2: 0x6000_2020,
      mosiDlen: 0x6000_2024,
      misoDlen: 0x6000_2028,
      w0: 0x6000_2058,
      addressShift: 0,
    },
    watchdog: {
      config0: 0x6000_8098,
      config1: 0x6000_809c,
      writeProtect: 0x6000_80b0,
      superConfig: 0x6000_80b4,
      superWriteProtect: 0x6000_80b8,
      ...RTC_WATCHDOG_KEYS,
    },
    forceDownloadBoot: 0x6000_812c,
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
    frequencies: { "80m": 0xf, "40m": 0x0, "26m": 0x1, "20m": 0x2 },
    legacyRevisionStep: 100,
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
      flashCapacity: { 1: "8MB", 2: "4MB" },
      flashVendor: FLASH_VENDORS,
      psramCapacity: { 1: "8MB", 2: "2MB", 3: "16MB", 4: "4MB" },
      psramVendor: { 1: "AP_3v3", 2: "AP_1v8" },
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
          when: { psramCapacity: { min: 1 }, psramVendor: { min: 1 } },
          text: "Embedded PSRAM {psramCapacity} ({psramVendor})",
        },
        {
          when: { psramCapacity: { min: 1 } },
          text: "Embedded PSRAM {psramCapacity}",
        },
      ],
    ],
  },
  crystal: { kind: "fixed", mhz: 40 },
  flashPins: { ranges: [[0, 22], [26, 49]], highestHd: 46, usb: [19, 20] },
  flashSupply: { strap: 0x6000_4038, strapBit: 4 },
  usb: { jtagProductId: 0x1001, otgProductId: 0x0009, otgBlockSize: 0x800 },
  quirks: ["esp32s3-eco0-revision"],
});
