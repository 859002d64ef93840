/**
 * ESP32-S31.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block0,
  block1,
  BLOCK1_MAC,
  ECDSA_CURVE_PURPOSES,
  FLASH_SIZES,
  KEY_PURPOSES,
  LATER_ROM,
  LP_SUPER_WATCHDOG,
  OTG_BLOCK_SIZE,
  spiController,
  USB_JTAG,
  WATCHDOG_KEY,
  XTS_256_PURPOSES,
} from "./_shared.ts";

/** ESP32-S31: dual-core RISC-V, told by its chip id. */
export const esp32s31: ChipFamily = defineChip({
  id: "esp32s31",
  name: "ESP32-S31",
  source:
    "ESP-IDF esp_efuse_table.csv and soc headers, as no manual is published; values and texts that esptool 5.6 prints",
  imageChipId: 32,
  detect: { kind: "chip-id", id: 32 },
  rom: LATER_ROM,
  stub: { file: "esp32s31" },
  registers: {
    uartClkDiv: 0x2038_a014,
    uartDate: 0x2038_a08c,
    spi: spiController(0x2050_1000),
    watchdog: {
      config0: 0x2080_1000,
      config1: 0x2080_1004,
      writeProtect: 0x2080_1018,
      key: WATCHDOG_KEY,
      resets: true,
    },
    superWatchdog: {
      config: 0x2080_101c,
      writeProtect: 0x2080_1020,
      ...LP_SUPER_WATCHDOG,
    },
  },
  memory: [
    { kind: "rtc", start: 0x2e00_0000, end: 0x2e00_8000 },
    { kind: "iram", start: 0x2f00_0000, end: 0x2f08_0000 },
    { kind: "dram", start: 0x2f00_0000, end: 0x2f08_0000 },
    { kind: "rom", start: 0x2f80_0000, end: 0x2f85_0000 },
    { kind: "irom", start: 0x4000_0000, end: 0x5400_0000 },
    { kind: "drom", start: 0x4000_0000, end: 0x5400_0000 },
  ],
  flash: {
    bootloaderOffset: 0x2000,
    sizes: FLASH_SIZES,
    frequencies: { "80m": 0xf, "40m": 0x0, "20m": 0x2 },
    legacyRevisionStep: 100,
    beyond16MB: true,
  },
  image: {
    uf2FamilyId: 0x3101_f7c1,
    mmuPageSizes: [0x1_0000, 0x8000, 0x2_0000, 0x4_0000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x4000_0000, end: 0x5400_0000 },
      { name: "DRAM", start: 0x2f00_0000, end: 0x2f08_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x2f00_0000, end: 0x2f08_0000 },
      { name: "DROM_MASK", start: 0x2f80_0000, end: 0x2f85_0000 },
      { name: "IROM_MASK", start: 0x2f80_0000, end: 0x2f85_0000 },
      { name: "IROM", start: 0x4000_0000, end: 0x5400_0000 },
      { name: "IRAM", start: 0x2f00_0000, end: 0x2f08_0000 },
      { name: "RTC_IRAM", start: 0x2e00_0000, end: 0x2e00_8000 },
      { name: "RTC_DRAM", start: 0x2e00_0000, end: 0x2e00_8000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0x2071_502c, words: 6 },
      block1: { address: 0x2071_5050, words: 6 },
    },
    fields: {
      majorRevision: { bits: [block1(3, 22, 2)] },
      minorRevision: { bits: [block1(3, 18, 4)] },
      package: { bits: [block1(4, 6, 2)] },
      blockVersionMajor: { bits: [block1(3, 29, 2)] },
      blockVersionMinor: { bits: [block1(3, 26, 3)] },
      psramCapacity: { bits: [block1(3, 31, 1), block1(4, 0, 2)] },
      psramVendor: { bits: [block1(4, 4, 2)] },
      temperature: { bits: [block1(4, 2, 2)] },
      manualEncryptDisabled: { bits: [block0(1, 20, 1)] },
      flashCryptCount: { bits: [block0(2, 21, 3)] },
      forceKeyManager: { bits: [block0(2, 12, 4)] },
      keyPurpose0: { bits: [block0(3, 0, 5)] },
      keyPurpose1: { bits: [block0(3, 5, 5)] },
      keyPurpose2: { bits: [block0(3, 10, 5)] },
      keyPurpose3: { bits: [block0(3, 15, 5)] },
      keyPurpose4: { bits: [block0(3, 20, 5)] },
      secureBoot: { bits: [block0(4, 2, 1)] },
    },
    mac: BLOCK1_MAC,

    labels: {
      keyPurpose0: {
        ...KEY_PURPOSES,
        ...XTS_256_PURPOSES,
        ...ECDSA_CURVE_PURPOSES,
        1: "ECDSA_KEY",
        12: "KM_INIT_KEY",
        13: "XTS_AES_256_PSRAM_KEY_1",
        14: "XTS_AES_256_PSRAM_KEY_2",
        15: "XTS_AES_128_PSRAM_KEY",
        19: "SDC_KEY_DIGEST",
      },
    },
    description: [{ when: { package: 0 }, text: "ESP32-S31" }, {
      text: "unknown ESP32-S31",
    }],
    features: [
      [{ text: "Wi-Fi 6" }],
      [{ text: "BT 5.4 (LE)" }],
      [{ text: "IEEE802.15.4" }],
      [{ text: "Dual Core + LP Core" }],
      [{ text: "300MHz" }],
    ],
  },
  crystal: { kind: "fixed", mhz: 40 },
  usb: { ...USB_JTAG, otgProductId: 0x0020, otgBlockSize: OTG_BLOCK_SIZE },
  quirks: [],
});
