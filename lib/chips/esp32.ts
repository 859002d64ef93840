/**
 * ESP32.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block0,
  COMPRESSING_ROM_OPCODES,
  FLASH_FREQUENCIES,
  FLASH_SIZES,
  MEASURED_CRYSTALS,
} from "./_shared.ts";

/** ESP32: Xtensa LX6, told by magic value. */
export const esp32: ChipFamily = defineChip({
  id: "esp32",
  name: "ESP32",
  source:
    "ESP32 Technical Reference Manual v5.3, chapters 1, 7, 13, 20; ESP-IDF esp_efuse_table.csv; ROM traces; texts that esptool 5.6 prints",
  imageChipId: 0,
  detect: { kind: "magic", values: [0x00f0_1d83] },
  rom: {
    statusBytes: 4,
    opcodes: COMPRESSING_ROM_OPCODES,
    flashBlockSize: 0x400,
    ramBlockSize: 0x1800,
    encryptedFlag: false,
    bootLogBaud: 115_200,
  },
  stub: { file: "esp32" },
  registers: {
    uartClkDiv: 0x3ff4_0014,
    uartDate: 0x3ff4_0078,
    sdioConf: 0x3ff4_8074,
    spi: {
      cmd: 0x3ff4_2000,
      addr: 0x3ff4_2004,
      usr: 0x3ff4_201c,
      usr1: 0x3ff4_2020,
      usr2: 0x3ff4_2024,
      mosiDlen: 0x3ff4_2028,
      misoDlen: 0x3ff4_202c,
      w0: 0x3ff4_2080,
      addressShift: 8,
    },
    strap: { address: 0x3ff4_4038, mask: 0x10 },
  },
  memory: [
    { kind: "drom", start: 0x3f40_0000, end: 0x3f80_0000 },
    { kind: "rtc", start: 0x3ff8_0000, end: 0x3ff8_2000 },
    { kind: "rom", start: 0x3ff9_0000, end: 0x3ffa_0000 },
    { kind: "dram", start: 0x3ffa_e000, end: 0x4000_0000 },
    { kind: "rom", start: 0x4000_0000, end: 0x4007_0000 },
    { kind: "iram", start: 0x4007_0000, end: 0x400c_0000 },
    { kind: "rtc", start: 0x400c_0000, end: 0x400c_2000 },
    { kind: "irom", start: 0x400d_0000, end: 0x4040_0000 },
    { kind: "rtc", start: 0x5000_0000, end: 0x5000_2000 },
  ],
  flash: {
    bootloaderOffset: 0x1000,
    sizes: FLASH_SIZES,
    frequencies: FLASH_FREQUENCIES,
    legacyRevisionStep: 100,
    beyond16MB: false,
  },
  image: {
    uf2FamilyId: 0x1c5f_21b0,
    mmuPageSizes: [0x1_0000],
    leastPageTail: 0x24,
    secureBootV1: true,
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x3f40_0000, end: 0x3f80_0000 },
      { name: "EXTRAM_DATA", start: 0x3f80_0000, end: 0x3fc0_0000 },
      { name: "RTC_DRAM", start: 0x3ff8_0000, end: 0x3ff8_2000 },
      { name: "BYTE_ACCESSIBLE", start: 0x3ff9_0000, end: 0x4000_0000 },
      { name: "DRAM", start: 0x3ffa_e000, end: 0x4000_0000 },
      { name: "DIRAM_DRAM", start: 0x3ffe_0000, end: 0x3fff_fffc },
      { name: "IROM", start: 0x4000_0000, end: 0x4007_0000 },
      { name: "CACHE_PRO", start: 0x4007_0000, end: 0x4007_8000 },
      { name: "CACHE_APP", start: 0x4007_8000, end: 0x4008_0000 },
      { name: "IRAM", start: 0x4008_0000, end: 0x400a_0000 },
      { name: "DIRAM_IRAM", start: 0x400a_0000, end: 0x400b_fffc },
      { name: "RTC_IRAM", start: 0x400c_0000, end: 0x400c_2000 },
      { name: "IROM", start: 0x400d_0000, end: 0x4040_0000 },
      { name: "RTC_DATA", start: 0x5000_0000, end: 0x5000_2000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0x3ff5_a000, words: 7 },
      // BLOCK1: the flash encryption key, zeros once it is protected from reading.
      flashKey: { address: 0x3ff5_a038, words: 8 },
      // APB_CTRL_DATE: its top bit is the highest bit of the revision.
      apbCtrlDate: { address: 0x3ff6_607c, words: 1 },
    },
    fields: {
      majorRevision: {
        bits: [block0(3, 15, 1), block0(5, 20, 1), {
          block: "apbCtrlDate",
          word: 0,
          shift: 31,
          width: 1,
        }],
        map: { 0: 0, 1: 1, 2: 0, 3: 2, 4: 0, 5: 0, 6: 0, 7: 3 },
      },
      minorRevision: { bits: [block0(5, 24, 2)] },
      package: { bits: [block0(3, 9, 3), block0(3, 2, 1)] },
      appCpuDisabled: { bits: [block0(3, 0, 1)] },
      bluetoothDisabled: { bits: [block0(3, 1, 1)] },
      cpuFrequencyRated: { bits: [block0(3, 13, 1)] },
      cpuFrequencyLow: { bits: [block0(3, 12, 1)] },
      adcVref: { bits: [block0(4, 8, 5)] },
      block3PartlyReserved: { bits: [block0(3, 14, 1)] },
      codingScheme: { bits: [block0(6, 0, 2)] },
      flashCryptCount: { bits: [block0(0, 20, 7)] },
      flashKeyHidden: { bits: [block0(0, 16, 1)] },
      flashCryptConfigHidden: { bits: [block0(0, 19, 1)] },
      flashCryptConfig: { bits: [block0(5, 28, 4)] },
      secureBootV1: { bits: [block0(6, 4, 1)] },
      secureBootV2: { bits: [block0(6, 5, 1)] },
      jtagDisabled: { bits: [block0(6, 6, 1)] },
      manualEncryptDisabled: { bits: [block0(6, 7, 1)] },
      flashVoltageOn: { bits: [block0(4, 14, 1)] },
      flashVoltageHigh: { bits: [block0(4, 15, 1)] },
      flashVoltageForced: { bits: [block0(4, 16, 1)] },
    },
    mac: [
      block0(2, 8, 8),
      block0(2, 0, 8),
      block0(1, 24, 8),
      block0(1, 16, 8),
      block0(1, 8, 8),
      block0(1, 0, 8),
    ],
    description: [
      { when: { package: 0, appCpuDisabled: 1 }, text: "ESP32-S0WDQ6" },
      {
        when: { package: 0, majorRevision: { min: 3 } },
        text: "ESP32-D0WDQ6-V3",
      },
      { when: { package: 0 }, text: "ESP32-D0WDQ6" },
      { when: { package: 1, appCpuDisabled: 1 }, text: "ESP32-S0WD" },
      {
        when: { package: 1, majorRevision: { min: 3 } },
        text: "ESP32-D0WD-V3",
      },
      { when: { package: 1 }, text: "ESP32-D0WD" },
      { when: { package: 2 }, text: "ESP32-D2WD" },
      { when: { package: 4 }, text: "ESP32-U4WDH" },
      {
        when: { package: 5, majorRevision: { min: 3 } },
        text: "ESP32-PICO-V3",
      },
      { when: { package: 5 }, text: "ESP32-PICO-D4" },
      { when: { package: 6 }, text: "ESP32-PICO-V3-02" },
      { when: { package: 7 }, text: "ESP32-D0WDR2-V3" },
      { text: "Unknown ESP32" },
    ],
    features: [
      [{ text: "Wi-Fi" }],
      [{ when: { bluetoothDisabled: 0 }, text: "BT" }],
      [{ when: { appCpuDisabled: 1 }, text: "Single Core + LP Core" }, {
        text: "Dual Core + LP Core",
      }],
      [
        { when: { cpuFrequencyRated: 1, cpuFrequencyLow: 1 }, text: "160MHz" },
        { when: { cpuFrequencyRated: 1 }, text: "240MHz" },
      ],
      [
        { when: { package: 2 }, text: "Embedded Flash" },
        { when: { package: 4 }, text: "Embedded Flash" },
        { when: { package: 5 }, text: "Embedded Flash" },
        { when: { package: 6 }, text: "Embedded Flash" },
      ],
      [{ when: { package: 6 }, text: "Embedded PSRAM" }],
      [{ when: { adcVref: { min: 1 } }, text: "Vref calibration in eFuse" }],
      [{ when: { block3PartlyReserved: 1 }, text: "BLK3 partially reserved" }],
      [
        { when: { codingScheme: 0 }, text: "Coding Scheme None" },
        { when: { codingScheme: 1 }, text: "Coding Scheme 3/4" },
        {
          when: { codingScheme: 2 },
          text: "Coding Scheme Repeat (UNSUPPORTED)",
        },
        { text: "Coding Scheme None (may contain encoding data)" },
      ],
    ],
  },
  crystal: { kind: "measured", divider: 1, candidates: MEASURED_CRYSTALS },
  flashPins: { ranges: [[0, 30], [32, 34]], hasHspi: true },
  flashSupply: { strapMask: 1 << 5, override: 0x3ff4_8074 },
  quirks: ["esp32-rom-baud"],
});
