/**
 * ESP32-C61.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block0,
  BLOCK1_MAC,
  FLASH_SIZES,
  LATER_ROM,
  LP_WATCHDOG,
  LP_WATCHDOG_SUPER,
  spiController,
  USB_JTAG,
  WORD2_FIELDS,
} from "./_shared.ts";

/** ESP32-C61: RISC-V, told by its chip id. */
export const esp32c61: ChipFamily = defineChip({
  id: "esp32c61",
  name: "ESP32-C61",
  source:
    "ESP32-C61 Technical Reference Manual, chapters System and Memory, eFuse Controller, Watchdog Timers; ESP-IDF esp_efuse_table.csv and soc headers; values and texts that esptool 5.6 prints",
  imageChipId: 20,
  detect: { kind: "chip-id", id: 20 },
  rom: LATER_ROM,
  stub: { file: "esp32c61" },
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_008c,
    spi: spiController(0x6000_3000),
    watchdog: { ...LP_WATCHDOG, resets: true },
    superWatchdog: LP_WATCHDOG_SUPER,
    strap: { address: 0x6009_1000, mask: 8 },
  },
  memory: [
    { kind: "rom", start: 0x4000_0000, end: 0x4005_0000 },
    { kind: "iram", start: 0x4080_0000, end: 0x4086_0000 },
    { kind: "dram", start: 0x4080_0000, end: 0x4086_0000 },
    { kind: "irom", start: 0x4200_0000, end: 0x4280_0000 },
    { kind: "drom", start: 0x4280_0000, end: 0x4300_0000 },
    { kind: "rtc", start: 0x5000_0000, end: 0x5000_4000 },
  ],
  flash: {
    bootloaderOffset: 0x0,
    sizes: FLASH_SIZES,
    frequencies: { "80m": 0xf, "40m": 0x0, "20m": 0x2 },
    legacyRevisionStep: 100,
    beyond16MB: true,
  },
  image: {
    uf2FamilyId: 0x77d8_50c4,
    mmuPageSizes: [0x1_0000, 0x8000, 0x4000, 0x2000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x4200_0000, end: 0x4400_0000 },
      { name: "DRAM", start: 0x4080_0000, end: 0x4086_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x4080_0000, end: 0x4086_0000 },
      { name: "DROM_MASK", start: 0x4004_ac00, end: 0x4005_0000 },
      { name: "IROM_MASK", start: 0x4000_0000, end: 0x4004_ac00 },
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
      manualEncryptDisabled: { bits: [block0(1, 14, 1)] },
      flashCryptCount: { bits: [block0(1, 23, 3)] },
      keyPurpose0: { bits: [block0(2, 0, 4)] },
      keyPurpose1: { bits: [block0(2, 4, 4)] },
      keyPurpose2: { bits: [block0(2, 8, 4)] },
      keyPurpose3: { bits: [block0(2, 12, 4)] },
      keyPurpose4: { bits: [block0(2, 16, 4)] },
      keyPurpose5: { bits: [block0(2, 20, 4)] },
      secureBoot: { bits: [block0(2, 26, 1)] },
    },
    mac: BLOCK1_MAC,

    labels: {
      keyPurpose0: {
        0: "USER/EMPTY",
        1: "ECDSA_KEY",
        4: "XTS_AES_128_KEY",
        9: "SECURE_BOOT_DIGEST0",
        10: "SECURE_BOOT_DIGEST1",
        11: "SECURE_BOOT_DIGEST2",
      },
      temperature: { 0: "N", 1: "H", other: "?" },
      package: { 0: "", 1: "", 2: "", 3: "LA", other: "?" },
      flashCapacity: {
        0: "No Embedded Flash",
        1: "Embedded Flash 4MB",
        2: "Embedded Flash 8MB",
        other: "Unknown Embedded Flash",
      },
      flashCode: { 0: "", 1: "F4", 2: "F8", other: "F?" },
      psramCapacity: {
        0: "No Embedded PSRAM",
        1: "Embedded PSRAM 2MB",
        2: "Embedded PSRAM 8MB",
        other: "Unknown Embedded PSRAM",
      },
      psramCode: { 0: "", 1: "R2", 2: "R8", other: "R?" },
    },
    description: [{
      when: {
        temperature: { max: 1 },
        flashCapacity: { max: 2 },
        psramCapacity: { max: 2 },
        package: { max: 3 },
      },
      text: "ESP32-C61{temperature}{flashCode}{psramCode}{package}",
    }, {
      text: "Unknown ESP32-C61{temperature}{flashCode}{psramCode}{package}",
    }],
    features: [
      [{ text: "Wi-Fi 6" }],
      [{ text: "BT 5 (LE)" }],
      [{ text: "Single Core" }],
      [{ text: "160MHz" }],
      [{ text: "{flashCapacity}" }],
      [{ text: "{psramCapacity}" }],
    ],
  },
  crystal: { kind: "fixed", mhz: 40 },
  usb: USB_JTAG,
  quirks: [],
});
