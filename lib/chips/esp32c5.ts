/**
 * ESP32-C5.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block0,
  BLOCK1_MAC,
  BLOCK1_MAC_EXTENSION,
  ECDSA_CURVE_PURPOSES,
  FLASH_SIZES,
  KEY_PURPOSES,
  LATER_ROM,
  LP_WATCHDOG,
  LP_WATCHDOG_SUPER,
  MEASURED_CRYSTALS,
  spiController,
  USB_JTAG,
  WORD2_FIELDS,
} from "./_shared.ts";

/** ESP32-C5: RISC-V, told by its chip id. */
export const esp32c5: ChipFamily = defineChip({
  id: "esp32c5",
  name: "ESP32-C5",
  source:
    "ESP32-C5 Technical Reference Manual, chapters System and Memory, eFuse Controller, Watchdog Timers; ESP-IDF esp_efuse_table.csv and soc headers; values and texts that esptool 5.6 prints",
  imageChipId: 23,
  detect: { kind: "chip-id", id: 23 },
  rom: LATER_ROM,
  stub: { file: "esp32c5" },
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_008c,
    spi: spiController(0x6000_3000),
    watchdog: { ...LP_WATCHDOG, resets: true },
    superWatchdog: LP_WATCHDOG_SUPER,
    strap: { address: 0x6009_1000, mask: 0x10 },
  },
  memory: [
    { kind: "rom", start: 0x4000_0000, end: 0x4004_0000 },
    { kind: "iram", start: 0x4080_0000, end: 0x4086_0000 },
    { kind: "dram", start: 0x4080_0000, end: 0x4086_0000 },
    { kind: "irom", start: 0x4200_0000, end: 0x4400_0000 },
    { kind: "drom", start: 0x4200_0000, end: 0x4400_0000 },
    { kind: "rtc", start: 0x5000_0000, end: 0x5000_4000 },
  ],
  flash: {
    bootloaderOffset: 0x2000,
    sizes: FLASH_SIZES,
    frequencies: { "80m": 0xf, "40m": 0x0, "20m": 0x2 },
    legacyRevisionStep: 100,
    beyond16MB: true,
  },
  image: {
    uf2FamilyId: 0xf71c_0343,
    mmuPageSizes: [0x1_0000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x4200_0000, end: 0x4400_0000 },
      { name: "DRAM", start: 0x4080_0000, end: 0x4086_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x4080_0000, end: 0x4086_0000 },
      { name: "DROM_MASK", start: 0x4003_a000, end: 0x4004_0000 },
      { name: "IROM_MASK", start: 0x4000_0000, end: 0x4003_a000 },
      { name: "IROM", start: 0x4200_0000, end: 0x4400_0000 },
      { name: "IRAM", start: 0x4080_0000, end: 0x4086_0000 },
      { name: "RTC_IRAM", start: 0x5000_0000, end: 0x5000_4000 },
      { name: "RTC_DRAM", start: 0x5000_0000, end: 0x5000_4000 },
      { name: "MEM_INTERNAL2", start: 0x600f_e000, end: 0x6010_0000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0x600b_482c, words: 6 },
      block1: { address: 0x600b_4844, words: 6 },
    },
    fields: {
      ...WORD2_FIELDS,
      manualEncryptDisabled: { bits: [block0(1, 20, 1)] },
      flashCryptCount: { bits: [block0(2, 16, 3)] },
      forceKeyManager: { bits: [block0(2, 10, 4)] },
      keyPurpose0: { bits: [block0(2, 22, 5)] },
      keyPurpose1: { bits: [block0(2, 27, 5)] },
      keyPurpose2: { bits: [block0(3, 0, 5)] },
      keyPurpose3: { bits: [block0(3, 5, 5)] },
      keyPurpose4: { bits: [block0(3, 10, 5)] },
      keyPurpose5: { bits: [block0(3, 15, 5)] },
      secureBoot: { bits: [block0(3, 25, 1)] },
    },
    mac: BLOCK1_MAC,
    macExtension: BLOCK1_MAC_EXTENSION,
    labels: {
      keyPurpose0: {
        ...KEY_PURPOSES,
        ...ECDSA_CURVE_PURPOSES,
        1: "ECDSA_KEY",
        12: "KM_INIT_KEY",
        15: "XTS_AES_128_PSRAM_KEY",
      },
      temperature: { 0: "N", 1: "H", other: "?" },
      flashCapacity: {
        0: "No Embedded Flash",
        1: "Embedded Flash 4MB",
        other: "Unknown Embedded Flash",
      },
      flashCode: { 0: "", 1: "F4", other: "F?" },
      flashVendor: { 1: "XMC", other: "" },
      psramCapacity: {
        0: "No Embedded PSRAM",
        1: "Embedded PSRAM 4MB",
        2: "Embedded PSRAM 8MB",
        other: "Unknown Embedded PSRAM",
      },
      psramCode: { 0: "", 1: "R4", 2: "R8", other: "R?" },
      psramVendor: { 1: "AP_3v3", other: "" },
    },
    description: [{
      when: {
        temperature: { max: 1 },
        flashCapacity: { max: 1 },
        psramCapacity: { max: 2 },
      },
      text: "ESP32-C5{temperature}{flashCode}{psramCode}",
    }, { text: "Unknown ESP32-C5{temperature}{flashCode}{psramCode}" }],
    features: [
      [{ text: "Wi-Fi 6 (dual-band)" }],
      [{ text: "BT 5 (LE)" }],
      [{ text: "IEEE802.15.4" }],
      [{ text: "Single Core + LP Core" }],
      [{ text: "240MHz" }],
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
  crystal: { kind: "measured", divider: 1, candidates: MEASURED_CRYSTALS },
  usb: USB_JTAG,
  quirks: ["esp32c5-rom-baud"],
});
