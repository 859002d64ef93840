/**
 * What a chip record cannot say, one function for each name in `Quirk`.
 *
 * @module
 */

import { alignUp, formatMac } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { ChipError } from "../errors.ts";
import { crystalMhz } from "./crystal.ts";
import type { CommandOptions } from "./link.ts";
import type { Loader } from "./loader.ts";

/** A chip's revision. */
export interface ChipRevision {
  /** The wafer's major version. */
  readonly major: number;
  /** The wafer's minor version. */
  readonly minor: number;
}

const SECTOR_SIZE = 0x1000;
const SECTORS_PER_BLOCK = 16;

/**
 * `esp8266-erase-size`: what to tell FLASH_BEGIN so that all of `size` bytes
 * are erased and as little as possible behind them.
 *
 * The ROM first erases sectors up to the next 64 KiB block, at most as many
 * as it was told, and then forgets to take them off the number: told `n`, it
 * erases `n + min(n, sectors up to the block)`.
 *
 * @param offset Where to erase from, in bytes.
 * @param size How much to erase, in bytes.
 */
export function eraseSizeFor(
  chip: ChipFamily,
  offset: number,
  size: number,
): number {
  if (!chip.quirks.includes("esp8266-erase-size")) return size;
  const sectors = Math.ceil(size / SECTOR_SIZE);
  const head = sectorsToBlock(offset);
  const told = sectors < 2 * head ? Math.ceil(sectors / 2) : sectors - head;
  return told * SECTOR_SIZE;
}

/**
 * `esp8266-erase-size`: how much the ROM erases when it is told what
 * {@linkcode eraseSizeFor} says: up to a sector more than `size`.
 */
export function erasedSizeOf(
  chip: ChipFamily,
  offset: number,
  size: number,
): number {
  if (!chip.quirks.includes("esp8266-erase-size")) {
    return alignUp(size, SECTOR_SIZE);
  }
  const told = eraseSizeFor(chip, offset, size) / SECTOR_SIZE;
  return (told + Math.min(told, sectorsToBlock(offset))) * SECTOR_SIZE;
}

function sectorsToBlock(offset: number): number {
  return SECTORS_PER_BLOCK -
    Math.floor(offset / SECTOR_SIZE) % SECTORS_PER_BLOCK;
}

/** TIMG_RTCCALICFG1 of timer group 0 (ESP32 TRM, chapter "Timer Group"): bits 31:7 count crystal cycles. */
const RTC_CALIBRATION = 0x3ff5_f06c;
const CALIBRATION_SHIFT = 7;
/** EFUSE_BLK0_RDATA4, whose low byte is CK8M_FREQ, the internal oscillator in units of 100 kHz. */
const CK8M_WORD = 4;
const CK8M_UNIT = 100_000;
/** The calibrated clock is the oscillator's 256th part. */
const CK8M_DIVIDER = 256;
/** The crystals that the ROM knows, and what lies between them, in hertz. */
const ROM_CRYSTALS = { low: 26e6, high: 40e6, limit: 33e6 } as const;

/** What the ESP32-C2's ROM takes its crystal for, in megahertz. */
const C2_ROM_CRYSTAL = 40;
/** PCR_SYSCLK_CONF (ESP32-C5 TRM, chapter "Reset and Clock"): PCR_CLK_XTAL_FREQ, in megahertz. */
const C5_CLOCK = { address: 0x6009_6110, shift: 24, mask: 0x7f } as const;

/** The speed to ask a ROM for so that it sets `baud`: one that goes with the crystal that the ROM believes in. */
export async function romBaudFor(
  loader: Loader,
  baud: number,
  options: CommandOptions = {},
): Promise<number> {
  const { quirks } = loader.chip;
  const scaled = async (believed: number) => {
    const real = await crystalMhz(
      loader,
      (address) => loader.readReg(address, options),
    );
    return Math.floor(baud * believed / real);
  };
  if (quirks.includes("esp32-rom-baud")) {
    return await measuredBaud(loader, baud, options);
  }
  if (quirks.includes("esp32c2-rom-baud")) return await scaled(C2_ROM_CRYSTAL);
  if (quirks.includes("esp32c5-rom-baud")) {
    const { address, shift, mask } = C5_CLOCK;
    const believed = await loader.readReg(address, options) >>> shift & mask;
    return believed === 0 ? baud : await scaled(believed);
  }
  return baud;
}

/** The speeds that a chip's boot log may have: `esp32c2-rom-baud` errs in that too, by the crystal that most boards have. */
export function bootLogSpeeds({ quirks, rom, crystal }: ChipFamily): number[] {
  const { bootLogBaud } = rom;
  if (!quirks.includes("esp32c2-rom-baud") || crystal.kind === "fixed") {
    return [bootLogBaud];
  }
  return crystal.candidates.map((real) => bootLogBaud * real / C2_ROM_CRYSTAL);
}

/** Whether registers must be read before a ROM can be asked for a speed. */
export function needsCrystalForBaud({ quirks }: ChipFamily): boolean {
  return quirks.includes("esp32c2-rom-baud") ||
    quirks.includes("esp32c5-rom-baud");
}

/**
 * `esp32-rom-baud`: the ROM measures its crystal against an oscillator that
 * drifts and works out its divider from that, so it errs by as much as the
 * measurement does.
 */
async function measuredBaud(
  loader: Loader,
  baud: number,
  options: CommandOptions,
): Promise<number> {
  const fuses = loader.chip.efuse.blocks["block0"];
  if (fuses === undefined) return baud;
  const counted = await loader.readReg(RTC_CALIBRATION, options) >>>
    CALIBRATION_SHIFT;
  const oscillator =
    (await loader.readReg(fuses.address + 4 * CK8M_WORD, options) & 0xff) *
    CK8M_UNIT / CK8M_DIVIDER;
  const measured = counted * oscillator;
  // Nothing measured: then the ROM errs in a way that cannot be foreseen.
  if (measured === 0) return baud;
  const real = measured > ROM_CRYSTALS.limit
    ? ROM_CRYSTALS.high
    : ROM_CRYSTALS.low;
  return Math.floor(baud * measured / real);
}

/** The OUIs that an ESP8266 without one in OTP has, by the third byte of word 1. */
const IMPLIED_OUIS: Readonly<Record<number, readonly number[]>> = {
  0: [0x18, 0xfe, 0x34],
  1: [0xac, 0xd0, 0x74],
};

/**
 * `esp8266-otp-mac`: the MAC address from the four OTP words from 0x3ff0_0050.
 *
 * @throws {ChipError} `chip-unknown` if the words hold none.
 */
export function macFromOtp(words: readonly number[]): string {
  const [word0 = 0, word1 = 0, , word3 = 0] = words;
  const oui = (word3 & 0xff_ffff) === 0
    ? IMPLIED_OUIS[word1 >>> 16 & 0xff]
    : [word3 >>> 16 & 0xff, word3 >>> 8 & 0xff, word3 & 0xff];
  if (oui === undefined) {
    throw new ChipError(
      "Cannot read MAC address: the OTP words name no known vendor",
      { code: "chip-unknown" },
    );
  }
  return formatMac(
    Uint8Array.of(...oui, word1 >>> 8 & 0xff, word1 & 0xff, word0 >>> 24),
  );
}

/**
 * `esp32s3-eco0-revision`: the first silicon has block version 1.1 and says
 * that it is v1.0 or so; it is v0.0.
 *
 * @param field Reads a field of the chip's record.
 */
export async function revisionOf(
  chip: ChipFamily,
  field: (name: string) => Promise<number>,
): Promise<ChipRevision> {
  const minor = await field("minorRevision");
  if (
    chip.quirks.includes("esp32s3-eco0-revision") && (minor & 7) === 0 &&
    await field("blockVersionMajor") === 1 &&
    await field("blockVersionMinor") === 1
  ) {
    return { major: 0, minor: 0 };
  }
  return { major: await field("majorRevision"), minor };
}
