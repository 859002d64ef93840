/**
 * ESP32-H4.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block0,
  block1,
  BLOCK1_MAC,
  BLOCK1_MAC_EXTENSION,
  ECDSA_CURVE_PURPOSES,
  FLASH_SIZES,
  KEY_PURPOSES,
  LATER_ROM,
  LP_SUPER_WATCHDOG,
  spiController,
  USB_JTAG,
  WATCHDOG_KEY,
} from "./_shared.ts";

const FLASH = [block1(3, 31, 1), block1(4, 0, 2)];
const PSRAM = [block1(4, 5, 3)];

/** ESP32-H4: dual-core RISC-V without Wi-Fi, told by its chip id. */
export const esp32h4: ChipFamily = defineChip({
  id: "esp32h4",
  name: "ESP32-H4",
  source:
    "ESP-IDF esp_efuse_table.csv and soc headers, as no manual is published; values and texts that esptool 5.6 prints",
  imageChipId: 28,
  detect: { kind: "chip-id", id: 28 },
  rom: LATER_ROM,
  stub: { file: "esp32h4" },
  registers: {
    uartClkDiv: 0x6001_2014,
    uartDate: 0x6001_208c,
    spi: spiController(0x6009_9000),
    watchdog: {
      config0: 0x6009_0048,
      config1: 0x6009_004c,
      writeProtect: 0x6009_0064,
      key: WATCHDOG_KEY,
      resets: false,
    },
    superWatchdog: {
      config: 0x600b_5420,
      writeProtect: 0x600b_5424,
      ...LP_SUPER_WATCHDOG,
    },
  },
  memory: [
    { kind: "rom", start: 0x4000_0000, end: 0x4002_0000 },
    { kind: "iram", start: 0x4081_0000, end: 0x4086_0000 },
    { kind: "dram", start: 0x4081_0000, end: 0x4086_0000 },
    { kind: "irom", start: 0x4200_0000, end: 0x4400_0000 },
    { kind: "drom", start: 0x4200_0000, end: 0x4400_0000 },
  ],
  flash: {
    bootloaderOffset: 0x2000,
    sizes: FLASH_SIZES,
    frequencies: { "48m": 0xf, "24m": 0x0 },
    legacyRevisionStep: 100,
    beyond16MB: true,
  },
  image: {
    uf2FamilyId: 0x9e0b_aa8a,
    mmuPageSizes: [0x1_0000, 0x8000, 0x4000, 0x2000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x4200_0000, end: 0x4400_0000 },
      { name: "DRAM", start: 0x4081_0000, end: 0x4086_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x4081_0000, end: 0x4086_0000 },
      { name: "DROM_MASK", start: 0x4000_0000, end: 0x4002_0000 },
      { name: "IROM_MASK", start: 0x4000_0000, end: 0x4002_0000 },
      { name: "IROM", start: 0x4200_0000, end: 0x4400_0000 },
      { name: "IRAM", start: 0x4081_0000, end: 0x4086_0000 },
      { name: "MEM_INTERNAL", start: 0x4081_0000, end: 0x4086_0000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0x600b_182c, words: 6 },
      block1: { address: 0x600b_1844, words: 6 },
    },
    fields: {
      majorRevision: { bits: [block1(3, 22, 2)] },
      minorRevision: { bits: [block1(3, 18, 4)] },
      package: { bits: [block1(4, 12, 3)] },
      blockVersionMajor: { bits: [block1(3, 29, 2)] },
      blockVersionMinor: { bits: [block1(3, 26, 3)] },
      temperature: { bits: [block1(4, 10, 2)] },
      flashCapacity: { bits: FLASH },
      flashCode: { bits: FLASH },
      flashVendor: { bits: [block1(4, 2, 3)] },
      psramCapacity: { bits: PSRAM },
      psramCode: { bits: PSRAM },
      psramVendor: { bits: [block1(4, 8, 2)] },
      manualEncryptDisabled: { bits: [block0(1, 14, 1)] },
      flashCryptCount: { bits: [block0(1, 23, 3)] },
      keyPurpose0: { bits: [block0(2, 0, 5)] },
      keyPurpose1: { bits: [block0(2, 5, 5)] },
      keyPurpose2: { bits: [block0(2, 10, 5)] },
      keyPurpose3: { bits: [block0(2, 15, 5)] },
      keyPurpose4: { bits: [block0(2, 20, 5)] },
      keyPurpose5: { bits: [block0(2, 25, 5)] },
      secureBoot: { bits: [block0(3, 5, 1)] },
      forceKeyManager: { bits: [block0(3, 19, 4)] },
    },
    mac: BLOCK1_MAC,
    macExtension: BLOCK1_MAC_EXTENSION,
    labels: {
      keyPurpose0: {
        ...KEY_PURPOSES,
        ...ECDSA_CURVE_PURPOSES,
        1: "ECDSA_KEY",
        2: "XTS_AES_256_KEY_FLASH_1",
        3: "XTS_AES_256_KEY_FLASH_2",
        12: "KM_INIT_KEY",
        13: "XTS_AES_256_KEY_PSRAM_1",
        14: "XTS_AES_256_KEY_PSRAM_2",
        15: "XTS_AES_128_KEY_PSRAM",
      },
      temperature: { 1: "H", other: "?" },
      flashCapacity: {
        0: "No Embedded Flash",
        1: "Embedded Flash 4MB",
        other: "Unknown Embedded Flash",
      },
      flashCode: { 0: "", 1: "F4", other: "F?" },
      flashVendor: { 1: "FM", 2: "XMC", 3: "PY", other: "" },
      psramCapacity: {
        0: "No Embedded PSRAM",
        1: "Embedded PSRAM 8MB",
        2: "Embedded PSRAM 2MB",
        other: "Unknown Embedded PSRAM",
      },
      psramCode: { 0: "", 1: "R8", 2: "R2", other: "R?" },
      psramVendor: { 1: "AP", other: "" },
    },
    description: [{
      // PY's flash is a low-power one.
      when: {
        temperature: 1,
        flashCapacity: 1,
        flashVendor: 3,
        psramCapacity: { max: 2 },
      },
      text: "ESP32-H4{temperature}FL4{psramCode}",
    }, {
      when: {
        temperature: 1,
        flashCapacity: { max: 1 },
        psramCapacity: { max: 2 },
      },
      text: "ESP32-H4{temperature}{flashCode}{psramCode}",
    }, {
      when: { flashCapacity: 1, flashVendor: 3 },
      text: "Unknown ESP32-H4{temperature}FL4{psramCode}",
    }, { text: "Unknown ESP32-H4{temperature}{flashCode}{psramCode}" }],
    features: [
      [{ text: "BT 5 (LE)" }],
      [{ text: "IEEE802.15.4" }],
      [{ text: "Dual Core" }],
      [{ text: "96MHz" }],
      [
        { when: { flashCapacity: 1 }, text: "{flashCapacity} ({flashVendor})" },
        { text: "{flashCapacity}" },
      ],
      [{
        when: { psramCapacity: { min: 1, max: 2 } },
        text: "{psramCapacity} ({psramVendor})",
      }, { text: "{psramCapacity}" }],
    ],
  },
  crystal: { kind: "fixed", mhz: 32 },
  usb: USB_JTAG,
  quirks: [],
});
