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
  C6_MEMORY,
  C6_MEMORY_TYPES,
  FLASH_SIZES,
  KEY_PURPOSES,
  LATER_ROM,
  LP_WATCHDOG,
  LP_WATCHDOG_SUPER,
  SECURITY_FIELDS,
  spiController,
  USB_JTAG,
} from "./_shared.ts";

/** ESP32-C6: RISC-V, told by its chip id. */
export const esp32c6: ChipFamily = defineChip({
  id: "esp32c6",
  name: "ESP32-C6",
  source:
    "ESP32-C6 Technical Reference Manual, chapters System and Memory, eFuse Controller, Watchdog Timers; ESP-IDF esp_efuse_table.csv and soc headers; values and texts that esptool 5.6 prints",
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
  memory: C6_MEMORY,
  flash: {
    bootloaderOffset: 0x0,
    sizes: FLASH_SIZES,
    frequencies: { "80m": 0x0, "40m": 0x0, "20m": 0x2 },
    legacyRevisionStep: 100,
    beyond16MB: false,
  },
  image: {
    uf2FamilyId: 0x540d_df62,
    mmuPageSizes: [0x1_0000, 0x8000, 0x4000, 0x2000],
    memoryTypes: C6_MEMORY_TYPES,
  },
  efuse: {
    blocks: {
      block0: { address: 0x600b_082c, words: 6 },
      block1: { address: 0x600b_0844, words: 6 },
    },
    fields: {
      majorRevision: { bits: [block1(3, 22, 2)] },
      minorRevision: { bits: [block1(3, 18, 4)] },
      package: { bits: [block1(3, 24, 3)] },
      blockVersionMajor: { bits: [block1(3, 30, 2)] },
      blockVersionMinor: { bits: [block1(3, 27, 3)] },
      flashCapacity: { bits: [block1(4, 0, 3)] },
      flashVendor: { bits: [block1(4, 5, 3)] },
      ...SECURITY_FIELDS,
    },
    mac: BLOCK1_MAC,
    macExtension: BLOCK1_MAC_EXTENSION,
    labels: {
      keyPurpose0: { ...KEY_PURPOSES, 1: "RESERVED" },
      flashCapacity: {
        1: "Embedded Flash 4MB",
        2: "Embedded Flash 8MB",
        other: "Unknown Embedded Flash",
      },
    },
    description: [
      { when: { package: 0 }, text: "ESP32-C6 (QFN40)" },
      { when: { package: 1, flashCapacity: 1 }, text: "ESP32-C6FH4 (QFN32)" },
      { when: { package: 1, flashCapacity: 2 }, text: "ESP32-C6FH8 (QFN32)" },
      {
        text: "Unknown ESP32-C6",
      },
    ],
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
  usb: { ...USB_JTAG, portVariable: { address: 0x4087_f580, jtag: 3 } },
  quirks: [],
});
