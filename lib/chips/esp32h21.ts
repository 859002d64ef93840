/**
 * ESP32-H21.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block1,
  BLOCK1_MAC,
  BLOCK1_MAC_EXTENSION,
  EMBEDDED_FLASH,
  FLASH_SIZES,
  H2_WATCHDOG,
  H2_WATCHDOG_SUPER,
  KEY_PURPOSES,
  LATER_ROM,
  SECURITY_FIELDS,
  spiController,
  USB_JTAG,
} from "./_shared.ts";

const FLASH = [block1(3, 24, 3)];

/** ESP32-H21: RISC-V without Wi-Fi, told by its chip id. */
export const esp32h21: ChipFamily = defineChip({
  id: "esp32h21",
  name: "ESP32-H21",
  source:
    "ESP-IDF esp_efuse_table.csv and soc headers, as no manual is published; values and texts that esptool 5.6 prints",
  imageChipId: 25,
  detect: { kind: "chip-id", id: 25 },
  rom: LATER_ROM,
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_008c,
    spi: spiController(0x6000_3000),
    watchdog: H2_WATCHDOG,
    superWatchdog: H2_WATCHDOG_SUPER,
  },
  memory: [
    { kind: "rom", start: 0x4000_0000, end: 0x4002_0000 },
    { kind: "iram", start: 0x4080_0000, end: 0x4085_0000 },
    { kind: "dram", start: 0x4080_0000, end: 0x4085_0000 },
    { kind: "irom", start: 0x4200_0000, end: 0x4300_0000 },
    { kind: "drom", start: 0x4200_0000, end: 0x4300_0000 },
    { kind: "rtc", start: 0x5000_0000, end: 0x5000_1000 },
  ],
  flash: {
    bootloaderOffset: 0x0,
    sizes: FLASH_SIZES,
    frequencies: { "48m": 0xf, "24m": 0x0 },
    legacyRevisionStep: 100,
    beyond16MB: false,
  },
  image: {
    uf2FamilyId: 0xb6dd_00af,
    mmuPageSizes: [0x1_0000, 0x8000, 0x4000, 0x2000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x4200_0000, end: 0x4300_0000 },
      { name: "DRAM", start: 0x4080_0000, end: 0x4085_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x4080_0000, end: 0x4085_0000 },
      { name: "DROM_MASK", start: 0x4000_0000, end: 0x4002_0000 },
      { name: "IROM_MASK", start: 0x4000_0000, end: 0x4002_0000 },
      { name: "IROM", start: 0x4200_0000, end: 0x4300_0000 },
      { name: "IRAM", start: 0x4080_0000, end: 0x4085_0000 },
      { name: "RTC_IRAM", start: 0x5000_0000, end: 0x5000_1000 },
      { name: "RTC_DRAM", start: 0x5000_0000, end: 0x5000_1000 },
      { name: "MEM_INTERNAL", start: 0x4080_0000, end: 0x4085_0000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0x600b_402c, words: 6 },
      block1: { address: 0x600b_4044, words: 6 },
    },
    fields: {
      majorRevision: { bits: [block1(5, 8, 2)] },
      minorRevision: { bits: [block1(5, 4, 4)] },
      package: { bits: [block1(5, 11, 3)] },
      blockVersionMajor: { bits: [block1(3, 21, 2)] },
      blockVersionMinor: { bits: [block1(3, 18, 3)] },
      temperature: { bits: [block1(3, 30, 2)] },
      flashCapacity: { bits: FLASH },
      flashCode: { bits: FLASH },
      flashVendor: { bits: [block1(3, 27, 3)] },
      ...SECURITY_FIELDS,
    },
    mac: BLOCK1_MAC,
    macExtension: BLOCK1_MAC_EXTENSION,
    labels: {
      keyPurpose0: { ...KEY_PURPOSES, 1: "ECDSA_KEY", 2: "RESERVED" },
      temperature: { 0: "N", 1: "H", other: "?" },
      flashCapacity: {
        1: "Embedded Flash 4MB",
        2: "Embedded Flash 2MB",
        other: "Unknown Embedded Flash",
      },
      flashCode: { 0: "", 1: "F4", 2: "F2", other: "F?" },
      flashVendor: { 1: "FM", 2: "XMC", other: "" },
    },
    description: [{
      when: { temperature: { max: 1 }, flashCapacity: { max: 2 } },
      text: "ESP32-H21{temperature}{flashCode}",
    }, { text: "Unknown ESP32-H21{temperature}{flashCode}" }],
    features: [
      [{ text: "BT 5 (LE)" }],
      [{ text: "IEEE802.15.4" }],
      [{ text: "Single Core" }],
      [{ text: "96MHz" }],
      EMBEDDED_FLASH,
    ],
  },
  crystal: { kind: "fixed", mhz: 32 },
  usb: USB_JTAG,
  quirks: [],
});
