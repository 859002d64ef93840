/**
 * ESP32-H2.
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
  H2_WATCHDOG,
  H2_WATCHDOG_SUPER,
  KEY_PURPOSES,
  LATER_ROM,
  SECURITY_FIELDS,
  spiController,
  USB_JTAG,
  XTS_256_PURPOSES,
} from "./_shared.ts";

const FLASH = [block1(3, 24, 3)];

/** ESP32-H2: RISC-V without Wi-Fi, told by its chip id. */
export const esp32h2: ChipFamily = defineChip({
  id: "esp32h2",
  name: "ESP32-H2",
  source:
    "ESP32-H2 Technical Reference Manual, chapters System and Memory, eFuse Controller, Watchdog Timers; ESP-IDF esp_efuse_table.csv and soc headers; values and texts that esptool 5.6 prints",
  imageChipId: 16,
  detect: { kind: "chip-id", id: 16 },
  rom: LATER_ROM,
  stub: { file: "esp32h2" },
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_008c,
    spi: spiController(0x6000_3000),
    watchdog: H2_WATCHDOG,
    superWatchdog: H2_WATCHDOG_SUPER,
    strap: { address: 0x6009_1038, mask: 8 },
  },
  memory: C6_MEMORY,
  flash: {
    bootloaderOffset: 0x0,
    sizes: FLASH_SIZES,
    frequencies: { "48m": 0xf, "24m": 0x0, "16m": 0x1, "12m": 0x2 },
    legacyRevisionStep: 100,
    beyond16MB: false,
  },
  image: {
    uf2FamilyId: 0x3327_26f6,
    mmuPageSizes: [0x1_0000, 0x8000, 0x4000, 0x2000],
    memoryTypes: C6_MEMORY_TYPES,
  },
  efuse: {
    blocks: {
      block0: { address: 0x600b_082c, words: 6 },
      block1: { address: 0x600b_0844, words: 6 },
      block2: { address: 0x600b_085c, words: 8 },
    },
    fields: {
      majorRevision: { bits: [block1(3, 21, 2)] },
      minorRevision: { bits: [block1(3, 18, 3)] },
      // Eight times the major version and the minor one: S stands for v1.2 and later.
      series: { bits: [block1(3, 18, 5)] },
      package: { bits: [block1(4, 0, 3)] },
      blockVersionMajor: {
        bits: [{ block: "block2", word: 4, shift: 5, width: 2 }],
      },
      blockVersionMinor: {
        bits: [{ block: "block2", word: 4, shift: 2, width: 3 }],
      },
      temperature: { bits: [block1(3, 27, 2)] },
      flashCapacity: { bits: FLASH },
      flashCode: { bits: FLASH },
      flashVendor: { bits: [block1(3, 29, 3)] },
      ...SECURITY_FIELDS,
    },
    mac: BLOCK1_MAC,
    macExtension: BLOCK1_MAC_EXTENSION,
    labels: {
      keyPurpose0: { ...KEY_PURPOSES, ...XTS_256_PURPOSES, 1: "ECDSA_KEY" },
      temperature: { 1: "H", 2: "N", other: "?" },
      series: {
        0: "",
        1: "",
        2: "",
        3: "",
        4: "",
        5: "",
        6: "",
        7: "",
        8: "",
        9: "",
        other: "S",
      },
      package: { 0: "", other: "?" },
      flashCapacity: {
        0: "No Embedded Flash",
        1: "Embedded Flash 4MB",
        2: "Embedded Flash 2MB",
        3: "Embedded Flash 1MB",
        other: "Unknown Embedded Flash",
      },
      flashCode: { 1: "4", 2: "2", 3: "1", other: "?" },
      flashVendor: { 1: "XMC", 2: "GD", 3: "FM", 4: "TT", other: "" },
    },
    description: [
      { when: { flashCapacity: 0, package: 0 }, text: "ESP32-H2" },
      { when: { flashCapacity: 0 }, text: "Unknown ESP32-H2{package}" },
      {
        when: {
          flashCapacity: { max: 3 },
          temperature: { min: 1, max: 2 },
          package: 0,
        },
        text: "ESP32-H2F{temperature}{flashCode}{series}",
      },
      { text: "Unknown ESP32-H2F{temperature}{flashCode}{package}{series}" },
    ],
    features: [
      [{ text: "BT 5 (LE)" }],
      [{ text: "IEEE802.15.4" }],
      [{ text: "Single Core" }],
      [{ text: "96MHz" }],
      [{
        when: { flashCapacity: { min: 1, max: 3 } },
        text: "{flashCapacity} ({flashVendor})",
      }, { text: "{flashCapacity}" }],
    ],
  },
  crystal: { kind: "fixed", mhz: 32 },
  usb: { ...USB_JTAG, portVariable: { address: 0x4084_fefc, jtag: 3 } },
  quirks: [],
});
