/**
 * ESP32-C2.
 *
 * @module
 */

import { type BitField, type ChipFamily, defineChip } from "./family.ts";
import {
  block0,
  EMBEDDED_FLASH,
  FLASH_SIZES,
  FLASH_VENDORS,
  LATER_ROM,
  MEASURED_CRYSTALS,
  spiController,
  WATCHDOG_KEY,
} from "./_shared.ts";

function block2(word: number, shift: number, width: number): BitField {
  return { block: "block2", word, shift, width };
}

/** ESP32-C2 and ESP8684: RISC-V, told by its chip id; its MAC address and revision are in BLOCK2. */
export const esp32c2: ChipFamily = defineChip({
  id: "esp32c2",
  name: "ESP32-C2",
  source:
    "ESP8684 Technical Reference Manual, chapters System and Memory, eFuse Controller, Watchdog Timers; ESP-IDF esp_efuse_table.csv and soc headers; values and texts that esptool 5.6 prints",
  imageChipId: 12,
  detect: { kind: "chip-id", id: 12 },
  rom: LATER_ROM,
  stub: { file: "esp32c2", earlier: { before: 1 } },
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_007c,
    spi: spiController(0x6000_2000),
    watchdog: {
      config0: 0x6000_8084,
      config1: 0x6000_8088,
      writeProtect: 0x6000_809c,
      key: WATCHDOG_KEY,
      resets: true,
    },
    strap: { address: 0x6000_4038, mask: 8 },
  },
  memory: [
    { kind: "drom", start: 0x3c00_0000, end: 0x3c40_0000 },
    { kind: "dram", start: 0x3fca_0000, end: 0x3fce_0000 },
    { kind: "rom", start: 0x3ff0_0000, end: 0x3ff5_0000 },
    { kind: "rom", start: 0x4000_0000, end: 0x4009_0000 },
    { kind: "iram", start: 0x4037_c000, end: 0x403c_0000 },
    { kind: "irom", start: 0x4200_0000, end: 0x4240_0000 },
  ],
  flash: {
    bootloaderOffset: 0x0,
    sizes: FLASH_SIZES,
    frequencies: { "60m": 0xf, "30m": 0x0, "20m": 0x1, "15m": 0x2 },
    legacyRevisionStep: 100,
    beyond16MB: false,
  },
  image: {
    uf2FamilyId: 0x2b88_d29c,
    mmuPageSizes: [0x1_0000, 0x8000, 0x4000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x3c00_0000, end: 0x3c40_0000 },
      { name: "DRAM", start: 0x3fca_0000, end: 0x3fce_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x3fc8_8000, end: 0x3fd0_0000 },
      { name: "DROM_MASK", start: 0x3ff0_0000, end: 0x3ff5_0000 },
      { name: "IROM_MASK", start: 0x4000_0000, end: 0x4009_0000 },
      { name: "IROM", start: 0x4200_0000, end: 0x4240_0000 },
      { name: "IRAM", start: 0x4037_c000, end: 0x403c_0000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0x6000_882c, words: 2 },
      block2: { address: 0x6000_8840, words: 8 },
      flashKey: { address: 0x6000_8860, words: 8 },
    },
    fields: {
      majorRevision: { bits: [block2(1, 20, 2)] },
      minorRevision: { bits: [block2(1, 16, 4)] },
      package: { bits: [block2(1, 22, 3)] },
      blockVersionMajor: { bits: [block2(1, 28, 2)] },
      blockVersionMinor: { bits: [block2(1, 25, 3)] },
      flashCapacity: { bits: [block2(7, 29, 3)] },
      flashVendor: { bits: [block2(7, 24, 3)] },
      // RD_DIS: the whole key is hidden, or the half that a short one has.
      flashKeyHidden: { bits: [block0(1, 0, 2)], map: { 0: 0, 1: 1, 3: 1 } },
      manualEncryptDisabled: { bits: [block0(1, 6, 1)] },
      flashCryptCount: { bits: [block0(1, 7, 3)] },
      secureBoot: { bits: [block0(1, 21, 1)] },
    },
    mac: [
      block2(1, 8, 8),
      block2(1, 0, 8),
      block2(0, 24, 8),
      block2(0, 16, 8),
      block2(0, 8, 8),
      block2(0, 0, 8),
    ],

    labels: {
      flashCapacity: {
        1: "Embedded Flash 4MB",
        2: "Embedded Flash 2MB",
        3: "Embedded Flash 1MB",
        other: "Unknown Embedded Flash",
      },
      flashVendor: FLASH_VENDORS,
    },
    description: [{ when: { package: 0 }, text: "ESP32-C2" }, {
      when: { package: 1 },
      text: "ESP8684H",
    }, { text: "Unknown ESP32-C2" }],
    features: [
      [{ text: "Wi-Fi" }],
      [{ text: "BT 5 (LE)" }],
      [{ text: "Single Core" }],
      [{ text: "120MHz" }],
      EMBEDDED_FLASH,
    ],
  },
  crystal: { kind: "measured", divider: 1, candidates: MEASURED_CRYSTALS },
  quirks: ["esp32c2-rom-baud"],
});
