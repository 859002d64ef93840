/**
 * ESP32-E22.
 *
 * @module
 */

import { type ChipFamily, defineChip } from "./family.ts";
import {
  block0,
  BLOCK1_MAC,
  FLASH_FREQUENCIES,
  FLASH_SIZES,
  KEY_PURPOSES,
  LATER_ROM,
  MEASURED_CRYSTALS,
  OTG_BLOCK_SIZE,
  spiController,
  XTS_256_PURPOSES,
} from "./_shared.ts";

/** ESP32-E22: a dual-core radio processor, told by its chip id. */
export const esp32e22: ChipFamily = defineChip({
  id: "esp32e22",
  name: "ESP32-E22",
  source:
    "no manual and no headers are published: espefuse 5.6's field table; values and texts that esptool 5.6 has and prints",
  imageChipId: 31,
  detect: { kind: "chip-id", id: 31 },
  rom: LATER_ROM,
  registers: {
    uartClkDiv: 0xc310_2014,
    uartDate: 0xc310_208c,
    spi: spiController(0xc300_3000),
    strap: { address: 0xc310_d000, mask: 8 },
  },
  memory: [
    { kind: "rom", start: 0x3000_0000, end: 0x3012_0000 },
    { kind: "iram", start: 0x30fe_0000, end: 0x3120_0000 },
    { kind: "dram", start: 0x3100_0000, end: 0x3120_0000 },
    { kind: "irom", start: 0x3c00_0000, end: 0x4000_0000 },
    { kind: "drom", start: 0x3c00_0000, end: 0x4000_0000 },
    { kind: "rtc", start: 0xc000_0000, end: 0xc000_8000 },
  ],
  flash: {
    bootloaderOffset: 0x0,
    sizes: FLASH_SIZES,
    frequencies: FLASH_FREQUENCIES,
    legacyRevisionStep: 100,
    beyond16MB: false,
  },
  image: {
    uf2FamilyId: 0x1c5f_21b0,
    mmuPageSizes: [0x1_0000],
    memoryTypes: [
      { name: "PADDING", start: 0x0, end: 0x1_0000 },
      { name: "DROM", start: 0x3c00_0000, end: 0x4000_0000 },
      { name: "DRAM", start: 0x3100_0000, end: 0x3120_0000 },
      { name: "BYTE_ACCESSIBLE", start: 0x3100_0000, end: 0x3120_0000 },
      { name: "DROM_MASK", start: 0x3000_0000, end: 0x3012_0000 },
      { name: "IROM_MASK", start: 0x3000_0000, end: 0x3012_0000 },
      { name: "IROM", start: 0x3c00_0000, end: 0x4000_0000 },
      { name: "IRAM", start: 0x30fe_0000, end: 0x3120_0000 },
      { name: "RTC_IRAM", start: 0xc000_0000, end: 0xc000_8000 },
      { name: "RTC_DRAM", start: 0xc000_0000, end: 0xc000_8000 },
    ],
  },
  efuse: {
    blocks: {
      block0: { address: 0xc400_802c, words: 6 },
      block1: { address: 0xc400_8044, words: 6 },
    },
    fields: { // No eFuse for it is known: every chip says v0.0.
      majorRevision: { bits: [] },
      minorRevision: { bits: [] },
      keyPurpose0: { bits: [block0(2, 24, 4)] },
      keyPurpose1: { bits: [block0(2, 28, 4)] },
      keyPurpose2: { bits: [block0(3, 0, 4)] },
      keyPurpose3: { bits: [block0(3, 4, 4)] },
      keyPurpose4: { bits: [block0(3, 8, 4)] },
      keyPurpose5: { bits: [block0(3, 12, 4)] },
      secureBoot: { bits: [block0(3, 20, 1)] },
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
    description: [{ text: "ESP32-E22" }],
    features: [
      [{ text: "Wi-Fi 6E (tri-band, 2x2 MU-MIMO)" }],
      [{ text: "BT 5.4 (LE) + Classic" }],
      [{ text: "Dual Core" }],
      [{ text: "500MHz" }],
    ],
  },
  crystal: { kind: "measured", divider: 1, candidates: MEASURED_CRYSTALS },
  usb: { otgProductId: 0x001f, otgBlockSize: OTG_BLOCK_SIZE },
  quirks: [],
});
