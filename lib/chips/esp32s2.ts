/**
 * ESP32-S2.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block0,
  block1,
  BLOCK1_MAC,
  FLASH_FREQUENCIES,
  FLASH_SIZES,
  FLASH_VOLTAGE_FIELDS,
  KEY_PURPOSES,
  LATER_ROM,
  OTG_BLOCK_SIZE,
  SECURITY_FIELDS,
  spiController,
  WATCHDOG_KEY,
  XTS_256_PURPOSES,
} from "./_shared.ts";

/** ESP32-S2: Xtensa LX7, told by its magic value, as its GET_SECURITY_INFO has no chip id. */
export const esp32s2: ChipFamily = defineChip({
  id: "esp32s2",
  name: "ESP32-S2",
  source:
    "ESP32-S2 Technical Reference Manual, chapters System and Memory, eFuse Controller, Watchdog Timers; ESP-IDF esp_efuse_table.csv and soc headers; values and texts that esptool 5.6 prints",
  imageChipId: 2,
  detect: { kind: "magic", values: [0x7c6] },
  rom: LATER_ROM,
  stub: { file: "esp32s2" },
  registers: {
    uartClkDiv: 0x3f40_0014,
    uartDate: 0x3f40_0074,
    spi: spiController(0x3f40_2000),
    watchdog: {
      config0: 0x3f40_8094,
      config1: 0x3f40_8098,
      writeProtect: 0x3f40_80ac,
      key: WATCHDOG_KEY,
      resets: true,
    },
    forceDownloadBoot: { address: 0x3f40_8128, mask: 1 },
    strap: { address: 0x3f40_4038, mask: 8 },
  },
  memory: [
    { kind: "drom", start: 0x3f00_0000, end: 0x3f3f_0000 },
    { kind: "rtc", start: 0x3ff9_e000, end: 0x3ffa_0000 },
    { kind: "dram", start: 0x3ffb_0000, end: 0x4000_0000 },
    { kind: "rom", start: 0x4000_0000, end: 0x4002_0000 },
    { kind: "iram", start: 0x4002_0000, end: 0x4007_0000 },
    { kind: "rtc", start: 0x4007_0000, end: 0x4007_2000 },
    { kind: "irom", start: 0x4008_0000, end: 0x40b8_0000 },
    { kind: "rtc", start: 0x5000_0000, end: 0x5000_2000 },
  ],
  flash: {
    bootloaderOffset: 0x1000,
    sizes: FLASH_SIZES,
    frequencies: FLASH_FREQUENCIES,
    legacyRevisionStep: 100,
    beyond16MB: false,
  },
  image: {
    uf2FamilyId: 0xbfdd_4eee,
    mmuPageSizes: [0x1_0000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x3f00_0000, end: 0x3ff8_0000 },
      { name: "EXTRAM_DATA", start: 0x3f50_0000, end: 0x3ff8_0000 },
      { name: "RTC_DRAM", start: 0x3ff9_e000, end: 0x3ffa_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x3ff9_e000, end: 0x4000_0000 },
      { name: "MEM_INTERNAL", start: 0x3ff9_e000, end: 0x4007_2000 },
      { name: "DRAM", start: 0x3ffb_0000, end: 0x4000_0000 },
      { name: "IROM_MASK", start: 0x4000_0000, end: 0x4001_a100 },
      { name: "IRAM", start: 0x4002_0000, end: 0x4007_0000 },
      { name: "RTC_IRAM", start: 0x4007_0000, end: 0x4007_2000 },
      { name: "IROM", start: 0x4008_0000, end: 0x4080_0000 },
      { name: "RTC_DATA", start: 0x5000_0000, end: 0x5000_2000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0x3f41_a02c, words: 6 },
      block1: { address: 0x3f41_a044, words: 6 },
      block2: { address: 0x3f41_a05c, words: 8 },
    },
    fields: {
      majorRevision: { bits: [block1(3, 18, 2)] },
      minorRevision: { bits: [block1(4, 4, 3), block1(3, 20, 1)] },
      package: { bits: [block1(4, 0, 4)] },
      blockVersionMajor: { bits: [block1(3, 25, 2)] },
      blockVersionMinor: {
        bits: [{ block: "block2", word: 4, shift: 4, width: 3 }],
      },
      flashCapacity: { bits: [block1(3, 21, 4)] },
      psramCapacity: { bits: [block1(3, 28, 4)] },
      ...SECURITY_FIELDS,
      ...FLASH_VOLTAGE_FIELDS,
      flashOctal: { bits: [block0(4, 9, 1)] },
    },
    mac: BLOCK1_MAC,

    labels: {
      keyPurpose0: { ...KEY_PURPOSES, ...XTS_256_PURPOSES, 1: "RESERVED" },
      flashCapacity: {
        0: "No Embedded Flash",
        1: "Embedded Flash 2MB",
        2: "Embedded Flash 4MB",
        other: "Unknown Embedded Flash",
      },
      psramCapacity: {
        0: "No Embedded PSRAM",
        1: "Embedded PSRAM 2MB",
        2: "Embedded PSRAM 4MB",
        other: "Unknown Embedded PSRAM",
      },
      blockVersionMinor: {
        0: "No calibration in BLK2 of efuse",
        1: "ADC and temperature sensor calibration in BLK2 of eFuse V1",
        2: "ADC and temperature sensor calibration in BLK2 of eFuse V2",
        other: "Unknown calibration in BLK2",
      },
    },
    description: [
      { when: { flashCapacity: 0, psramCapacity: 0 }, text: "ESP32-S2" },
      { when: { flashCapacity: 0, psramCapacity: 1 }, text: "ESP32-S2R2" },
      { when: { flashCapacity: 1, psramCapacity: 0 }, text: "ESP32-S2FH2" },
      { when: { flashCapacity: 2, psramCapacity: 0 }, text: "ESP32-S2FH4" },
      { when: { flashCapacity: 2, psramCapacity: 1 }, text: "ESP32-S2FNR2" },
      { text: "Unknown ESP32-S2" },
    ],
    features: [
      [{ text: "Wi-Fi" }],
      [{ text: "Single Core" }],
      [{ text: "240MHz" }],
      [{ text: "{flashCapacity}" }],
      [{ text: "{psramCapacity}" }],
      [{ text: "{blockVersionMinor}" }],
    ],
  },
  crystal: { kind: "fixed", mhz: 40 },
  flashPins: { ranges: [[0, 22], [26, 47]], usb: [19, 20] },
  flashSupply: { strapMask: 1 << 4 },
  usb: {
    otgProductId: 0x0002,
    otgBlockSize: OTG_BLOCK_SIZE,
    portVariable: { address: 0x3fff_fd14, otg: 2 },
  },
  quirks: [],
});
