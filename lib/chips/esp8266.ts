/**
 * ESP8266 and ESP8285.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  FLASH_FREQUENCIES,
  FLASH_SIZES,
  MEASURED_CRYSTALS,
} from "./_shared.ts";

/** ESP8266: Xtensa LX106, told by magic value, a ROM with the fewest commands. */
export const esp8266: ChipFamily = defineChip({
  id: "esp8266",
  name: "ESP8266",
  source:
    "ESP8266 Technical Reference v1.7; ESP8266EX datasheet v7.0; esptool documentation; watching esptool 5.6",
  detect: { kind: "magic", values: [0xfff0_c101] },
  rom: {
    statusBytes: 2,
    opcodes: [0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a],
    flashBlockSize: 0x400,
    ramBlockSize: 0x1800,
    encryptedFlag: false,
    bootLogBaud: 74_880,
  },
  stub: { file: "esp8266" },
  registers: {
    uartClkDiv: 0x6000_0014,
    uartDate: 0x6000_0078,
    spi: {
      cmd: 0x6000_0200,
      addr: 0x6000_0204,
      usr: 0x6000_021c,
      usr1: 0x6000_0220,
      usr2: 0x6000_0224,
      w0: 0x6000_0240,
      addressShift: 8,
    },
  },
  memory: [
    { kind: "dram", start: 0x3ffe_8000, end: 0x4000_0000 },
    { kind: "rom", start: 0x4000_0000, end: 0x4001_0000 },
    { kind: "iram", start: 0x4010_0000, end: 0x4011_0000 },
    { kind: "irom", start: 0x4020_0000, end: 0x4030_0000 },
  ],
  flash: {
    bootloaderOffset: 0x0,
    sizes: {
      "512KB": 0x0,
      "256KB": 0x1,
      "1MB": 0x2,
      "2MB": 0x3,
      "4MB": 0x4,
      "2MB-c1": 0x5,
      "4MB-c1": 0x6,
      "8MB": 0x8,
      "16MB": 0x9,
    },
    frequencies: FLASH_FREQUENCIES,
    beyond16MB: false,
  },
  image: {
    uf2FamilyId: 0x7eab_61ed,
    version3Sizes: FLASH_SIZES,
    memoryTypes: [
      { name: "DPORT", start: 0x3ff0_0000, end: 0x3ff0_0010 },
      { name: "DRAM", start: 0x3ffe_8000, end: 0x4000_0000 },
      { name: "IRAM", start: 0x4010_0000, end: 0x4010_8000 },
      { name: "IROM", start: 0x4020_1010, end: 0x402e_1010 },
    ],
  },
  efuse: {
    blocks: { otp: { address: 0x3ff0_0050, words: 4 } },
    fields: {
      // Either of these two bits marks a chip with flash inside, the ESP8285.
      esp8285: { bits: [{ block: "otp", word: 0, shift: 4, width: 1 }] },
      esp8285Alternate: {
        bits: [{ block: "otp", word: 2, shift: 16, width: 1 }],
      },
      highTemperature: {
        bits: [{ block: "otp", word: 0, shift: 5, width: 1 }],
      },
      // How large the flash inside is; what it means depends on the bit that marks it.
      flashCapacity: {
        bits: [{ block: "otp", word: 3, shift: 25, width: 3 }],
      },
    },
    // What the SDK's system_get_chip_id() returns.
    chipId: {
      bits: [
        { block: "otp", word: 0, shift: 24, width: 8 },
        { block: "otp", word: 1, shift: 0, width: 24 },
      ],
    },
    labels: { highTemperature: { 0: "N", 1: "H" } },
    description: [
      {
        when: { esp8285: 1, flashCapacity: 0 },
        text: "ESP8285{highTemperature}08",
      },
      {
        when: { esp8285: 1, flashCapacity: 2 },
        text: "ESP8285{highTemperature}16",
      },
      { when: { esp8285: 1 }, text: "ESP8285" },
      {
        when: { esp8285Alternate: 1, flashCapacity: 1 },
        text: "ESP8285{highTemperature}16",
      },
      { when: { esp8285Alternate: 1 }, text: "ESP8285" },
      { text: "ESP8266EX" },
    ],
    features: [
      [{ text: "Wi-Fi" }],
      [{ text: "160MHz" }],
      [
        { when: { esp8285: 1 }, text: "Embedded Flash" },
        { when: { esp8285Alternate: 1 }, text: "Embedded Flash" },
      ],
    ],
  },
  crystal: { kind: "measured", divider: 2, candidates: MEASURED_CRYSTALS },
  quirks: ["esp8266-otp-mac", "esp8266-erase-size"],
});
