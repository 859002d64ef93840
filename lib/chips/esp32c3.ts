/**
 * ESP32-C3.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block1,
  BLOCK1_MAC,
  EMBEDDED_FLASH,
  FLASH_FREQUENCIES,
  FLASH_SIZES,
  FLASH_VENDORS,
  KEY_PURPOSES,
  LATER_ROM,
  REVISION_FIELDS,
  RTC_SUPER_WATCHDOG,
  SECURITY_FIELDS,
  spiController,
  USB_JTAG,
  WATCHDOG_KEY,
} from "./_shared.ts";

/** ESP32-C3: RISC-V, told by its chip id. */
export const esp32c3: ChipFamily = defineChip({
  id: "esp32c3",
  name: "ESP32-C3",
  source:
    "ESP32-C3 Technical Reference Manual v1.2, chapters 3, 4, 9, 27; ESP-IDF esp_efuse_table.csv; ROM traces; texts that esptool 5.6 prints",
  imageChipId: 5,
  detect: { kind: "chip-id", id: 5 },
  rom: LATER_ROM,
  stub: { file: "esp32c3", secureBoot: { kind: "never" } },
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_007c,
    spi: spiController(0x6000_2000),
    watchdog: {
      config0: 0x6000_8090,
      config1: 0x6000_8094,
      writeProtect: 0x6000_80a8,
      key: WATCHDOG_KEY,
      resets: true,
    },
    superWatchdog: {
      config: 0x6000_80ac,
      writeProtect: 0x6000_80b0,
      ...RTC_SUPER_WATCHDOG,
    },
    strap: { address: 0x6000_4038, mask: 8 },
  },
  memory: [
    { kind: "drom", start: 0x3c00_0000, end: 0x3c80_0000 },
    { kind: "dram", start: 0x3fc8_0000, end: 0x3fce_0000 },
    { kind: "rom", start: 0x3ff0_0000, end: 0x3ff2_0000 },
    { kind: "rom", start: 0x4000_0000, end: 0x4006_0000 },
    { kind: "iram", start: 0x4037_c000, end: 0x403e_0000 },
    { kind: "irom", start: 0x4200_0000, end: 0x4280_0000 },
    { kind: "rtc", start: 0x5000_0000, end: 0x5000_2000 },
  ],
  flash: {
    bootloaderOffset: 0x0,
    sizes: FLASH_SIZES,
    frequencies: FLASH_FREQUENCIES,
    legacyRevisionStep: 1,
    beyond16MB: false,
  },
  image: {
    uf2FamilyId: 0xd42b_a06c,
    mmuPageSizes: [0x1_0000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x3c00_0000, end: 0x3c80_0000 },
      { name: "DRAM", start: 0x3fc8_0000, end: 0x3fce_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x3fc8_8000, end: 0x3fd0_0000 },
      { name: "DROM_MASK", start: 0x3ff0_0000, end: 0x3ff2_0000 },
      { name: "IROM_MASK", start: 0x4000_0000, end: 0x4006_0000 },
      { name: "IROM", start: 0x4200_0000, end: 0x4280_0000 },
      { name: "IRAM", start: 0x4037_c000, end: 0x403e_0000 },
      { name: "RTC_IRAM", start: 0x5000_0000, end: 0x5000_2000 },
      { name: "RTC_DRAM", start: 0x5000_0000, end: 0x5000_2000 },
      { name: "MEM_INTERNAL2", start: 0x600f_e000, end: 0x6010_0000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0x6000_882c, words: 6 },
      block1: { address: 0x6000_8844, words: 6 },
      block2: { address: 0x6000_885c, words: 8 },
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
      ...SECURITY_FIELDS,
    },
    mac: BLOCK1_MAC,
    labels: {
      keyPurpose0: { ...KEY_PURPOSES, 1: "RESERVED" },
      flashCapacity: {
        1: "Embedded Flash 4MB",
        2: "Embedded Flash 2MB",
        3: "Embedded Flash 1MB",
        4: "Embedded Flash 8MB",
        other: "Unknown Embedded Flash",
      },
      flashVendor: FLASH_VENDORS,
    },
    description: [
      { when: { package: 0 }, text: "ESP32-C3 (QFN32)" },
      { when: { package: 1 }, text: "ESP8685 (QFN28)" },
      { when: { package: 2 }, text: "ESP32-C3 AZ (QFN32)" },
      { when: { package: 3 }, text: "ESP8686 (QFN24)" },
      { text: "Unknown ESP32-C3" },
    ],
    features: [
      [{ text: "Wi-Fi" }],
      [{ text: "BT 5 (LE)" }],
      [{ text: "Single Core" }],
      [{ text: "160MHz" }],
      EMBEDDED_FLASH,
    ],
  },
  crystal: { kind: "fixed", mhz: 40 },
  flashPins: { ranges: [[0, 22]], usb: [18, 19] },
  usb: USB_JTAG,
  quirks: [],
});
