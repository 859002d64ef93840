/**
 * ESP32-C6.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block1,
  BLOCK1_MAC,
  BLOCK1_MAC_EXTENSION,
  FLASH_SIZES,
  LATER_ROM,
  LP_WATCHDOG,
  LP_WATCHDOG_SUPER,
  spiController,
  USB_JTAG,
} from "./_shared.ts";

/** ESP32-C6: RISC-V, told by its chip id. */
export const esp32c6: ChipFamily = defineChip({
  id: "esp32c6",
  name: "ESP32-C6",
  source:
    "ESP32-C6 Technical Reference Manual v1.1, chapters 5, 6, 15, 27; ESP-IDF esp_efuse_table.csv; names, texts and ids as esptool 5.6 prints them",
  imageChipId: 13,
  detect: { kind: "chip-id", id: 13 },
  rom: LATER_ROM,
  stub: { file: "esp32c6" },
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_008c,
    spi: spiController(0x6000_3000),
    watchdog: { ...LP_WATCHDOG, resets: false },
    superWatchdog: LP_WATCHDOG_SUPER,
    strap: { address: 0x6009_1038, mask: 8 },
  },
  memory: [
    { kind: "rom", start: 0x4000_0000, end: 0x4005_0000 },
    { kind: "iram", start: 0x4080_0000, end: 0x4088_0000 },
    { kind: "dram", start: 0x4080_0000, end: 0x4088_0000 },
    { kind: "irom", start: 0x4200_0000, end: 0x4280_0000 },
    { kind: "drom", start: 0x4280_0000, end: 0x4300_0000 },
    { kind: "rtc", start: 0x5000_0000, end: 0x5000_4000 },
  ],
  flash: {
    bootloaderOffset: 0x0,
    sizes: FLASH_SIZES,
    frequencies: { "80m": 0x0, "40m": 0x0, "20m": 0x2 },
    legacyRevisionStep: 100,
    beyond16MB: false,
  },
  image: {
    uf2FamilyId: 0x540d_df62,
    mmuPageSizes: [0x0001_0000, 0x8000, 0x4000, 0x2000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x0001_0000 },
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
    ],
  },
  efuse: {
    blocks: { block1: { address: 0x600b_0844, words: 6 } },
    fields: {
      majorRevision: { bits: [block1(3, 22, 2)] },
      minorRevision: { bits: [block1(3, 18, 4)] },
      package: { bits: [block1(3, 24, 3)] },
      blockVersionMajor: { bits: [block1(3, 30, 2)] },
      blockVersionMinor: { bits: [block1(3, 27, 3)] },
      flashCapacity: { bits: [block1(4, 0, 3)] },
      flashVendor: { bits: [block1(4, 5, 3)] },
    },
    mac: BLOCK1_MAC,
    macExtension: BLOCK1_MAC_EXTENSION,
    labels: {
      flashCapacity: {
        1: "Embedded Flash 4MB",
        2: "Embedded Flash 8MB",
        other: "Unknown Embedded Flash",
      },
    },
    description: [{ when: { package: 0 }, text: "ESP32-C6 (QFN40)" }, {
      text: "Unknown ESP32-C6",
    }],
    features: [
      [{ text: "Wi-Fi 6" }],
      [{ text: "BT 5 (LE)" }],
      [{ text: "IEEE802.15.4" }],
      [{ text: "Single Core + LP Core" }],
      [{ text: "160MHz" }],
      [{ text: "{flashCapacity}" }],
    ],
  },
  crystal: { kind: "fixed", mhz: 40 },
  usb: USB_JTAG,
  quirks: [],
});
