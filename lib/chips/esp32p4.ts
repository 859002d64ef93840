/**
 * ESP32-P4.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block0,
  block1,
  BLOCK1_MAC,
  FLASH_FREQUENCIES,
  FLASH_SIZES,
  KEY_PURPOSES,
  LATER_ROM,
  LP_SUPER_WATCHDOG,
  OTG_BLOCK_SIZE,
  SECURITY_FIELDS,
  spiController,
  USB_JTAG,
  WATCHDOG_KEY,
  XTS_256_PURPOSES,
} from "./_shared.ts";

/** ESP32-P4: dual-core RISC-V without radio, told by its chip id; chips before v3.0 take a stub of their own. */
export const esp32p4: ChipFamily = defineChip({
  id: "esp32p4",
  name: "ESP32-P4",
  source:
    "ESP32-P4 Technical Reference Manual, chapters System and Memory, eFuse Controller, Watchdog Timers; ESP-IDF esp_efuse_table.csv and soc headers; values and texts that esptool 5.6 prints",
  imageChipId: 18,
  detect: { kind: "chip-id", id: 18 },
  rom: LATER_ROM,
  stub: {
    file: "esp32p4",
    earlier: { before: 300, file: "esp32p4-rev1" },
  },
  registers: {
    uartClkDiv: 0x500c_a014,
    uartDate: 0x500c_a08c,
    spi: spiController(0x5008_d000),
    watchdog: {
      config0: 0x5011_6000,
      config1: 0x5011_6004,
      writeProtect: 0x5011_6018,
      key: WATCHDOG_KEY,
      resets: true,
    },
    superWatchdog: {
      config: 0x5011_601c,
      writeProtect: 0x5011_6020,
      ...LP_SUPER_WATCHDOG,
    },
    forceDownloadBoot: { address: 0x5011_0008, mask: 4 },
    strap: { address: 0x500e_0038, mask: 8 },
  },
  memory: [
    { kind: "irom", start: 0x4000_0000, end: 0x4c00_0000 },
    { kind: "drom", start: 0x4000_0000, end: 0x4c00_0000 },
    { kind: "rom", start: 0x4fc0_0000, end: 0x4fc2_0000 },
    { kind: "iram", start: 0x4ff0_0000, end: 0x4ffa_0000 },
    { kind: "dram", start: 0x4ff0_0000, end: 0x4ffa_0000 },
    { kind: "rtc", start: 0x5010_8000, end: 0x5011_0000 },
  ],
  flash: {
    bootloaderOffset: 0x2000,
    sizes: FLASH_SIZES,
    frequencies: FLASH_FREQUENCIES,
    legacyRevisionStep: 100,
    beyond16MB: true,
  },
  image: {
    uf2FamilyId: 0x3d30_8e94,
    mmuPageSizes: [0x1_0000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x4000_0000, end: 0x4c00_0000 },
      { name: "DRAM", start: 0x4ff0_0000, end: 0x4ffa_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x4ff0_0000, end: 0x4ffa_0000 },
      { name: "DROM_MASK", start: 0x4fc0_0000, end: 0x4fc2_0000 },
      { name: "IROM_MASK", start: 0x4fc0_0000, end: 0x4fc2_0000 },
      { name: "IROM", start: 0x4000_0000, end: 0x4c00_0000 },
      { name: "IRAM", start: 0x4ff0_0000, end: 0x4ffa_0000 },
      { name: "RTC_IRAM", start: 0x5010_8000, end: 0x5011_0000 },
      { name: "RTC_DRAM", start: 0x5010_8000, end: 0x5011_0000 },
      { name: "MEM_INTERNAL2", start: 0x600f_e000, end: 0x6010_0000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0x5012_d02c, words: 6 },
      block1: { address: 0x5012_d044, words: 6 },
    },
    fields: {
      majorRevision: { bits: [block1(2, 4, 2), block1(2, 23, 1)] },
      minorRevision: { bits: [block1(2, 0, 4)] },
      package: { bits: [block1(2, 20, 3)] },
      blockVersionMajor: { bits: [block1(2, 11, 2)] },
      blockVersionMinor: { bits: [block1(2, 8, 3)] },
      psramCapacity: { bits: [block1(2, 13, 3)] },
      psramVendor: { bits: [block1(2, 18, 2)] },
      temperature: { bits: [block1(2, 16, 2)] },
      ...SECURITY_FIELDS,
      forceKeyManager: { bits: [block0(2, 9, 4)] },
    },
    mac: BLOCK1_MAC,

    labels: {
      keyPurpose0: {
        ...KEY_PURPOSES,
        ...XTS_256_PURPOSES,
        1: "ECDSA_KEY",
        12: "KM_INIT_KEY",
      },
    },
    description: [{ when: { package: 0 }, text: "ESP32-P4" }, {
      text: "Unknown ESP32-P4",
    }],
    features: [[{ text: "Dual Core + LP Core" }], [{ text: "400MHz" }]],
  },
  crystal: { kind: "fixed", mhz: 40 },
  usb: {
    ...USB_JTAG,
    otgProductId: 0x0012,
    otgBlockSize: OTG_BLOCK_SIZE,
    portVariable: { address: 0x4ff3_fec8, otg: 5, jtag: 6 },
  },
  quirks: ["esp32p4-flash-power"],
});
