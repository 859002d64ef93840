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
  FLASH_SIZES,
  REVISION_FIELDS,
  RTC_WATCHDOG_KEYS,
  SECURITY_FIELDS,
  SECURITY_INFO_ROM_OPCODES,
} from "./_shared.ts";

/** ESP32-C3: RISC-V, told by its chip id. */
export const esp32c3: ChipFamily = defineChip({
  id: "esp32c3",
  name: "ESP32-C3",
  source:
    "ESP32-C3 Technical Reference Manual v1.2, chapters 3, 4, 9, 27; ESP-IDF esp_efuse_table.csv; ROM traces",
  imageChipId: 5,
  detect: { kind: "chip-id", id: 5 },
  rom: {
    statusBytes: 4,
    opcodes: SECURITY_INFO_ROM_OPCODES,
    flashBlockSize: 0x400,
    ramBlockSize: 0x1800,
    encryptedFlag: true,
    bootLogBaud: 115_200,
  },
  stub: { file: "esp32c3", flashBlockSize: 0x4000 },
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_007c,
    spi: {
      cmd: 0x6000_2000,
      addr: 0x6000_2004,
      usr: 0x6000_2018,
      usr1: 0x6000_201c,
      usr2: 0x6000_2020,
      mosiDlen: 0x6000_2024,
      misoDlen: 0x6000_2028,
      w0: 0x6000_2058,
      addressShift: 0,
    },
    watchdog: {
      config0: 0x6000_8090,
      config1: 0x6000_8094,
      writeProtect: 0x6000_80a8,
      superConfig: 0x6000_80ac,
      superWriteProtect: 0x6000_80b0,
      ...RTC_WATCHDOG_KEYS,
    },
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
    frequencies: { "80m": 0xf, "40m": 0x0, "26m": 0x1, "20m": 0x2 },
    legacyRevisionStep: 1,
  },
  efuse: {
    blocks: {
      block0: { address: 0x6000_882c, words: 6 },
      block1: { address: 0x6000_8844, words: 6 },
    },
    fields: {
      ...REVISION_FIELDS,
      package: { bits: [block1(3, 21, 3)] },
      flashCapacity: { bits: [block1(3, 27, 3)] },
      flashVendor: { bits: [block1(4, 0, 3)] },
      ...SECURITY_FIELDS,
    },
    mac: BLOCK1_MAC,
    labels: {
      flashCapacity: { 1: "4MB", 2: "2MB", 3: "1MB", 4: "8MB" },
      flashVendor: { 1: "XMC", 2: "GD", 3: "FM", 4: "TT", 5: "ZBIT" },
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
  usb: { jtagProductId: 0x1001 },
  quirks: [],
});
