import type { BitField, ChipFamily } from "../chips/family.ts";
import type { NamedPins } from "./_flash_pins.ts";
import { LATER_SILICON } from "./_later_silicon.ts";

/** Why a chip starts. */
export type ResetCause =
  | "power-on"
  | "enable-pin"
  | "usb"
  | "watchdog"
  | "software"
  | "brown-out";

/** What the first line of a boot log is made of. */
export interface BootStyle {
  /** Lines before the one that names cause and mode. */
  readonly banner: string;
  /** The text for a cause, with its number. */
  readonly causes: Readonly<Record<ResetCause, string>>;
  /** The text for download mode, with its number. */
  readonly download: string;
  /** The text for booting from flash, with its number. */
  readonly run: string;
  /** What the loader says when it waits. */
  readonly waiting: string;
  /** Lines between the mode and the segments of an image. */
  readonly flashLines: string;
  /** What a brown-out prints before the reset. */
  readonly brownOut: string;
}

/** How the ROM comes to a frequency of the crystal, which its CHANGE_BAUDRATE trusts. */
export type CrystalGuess = CalibratedGuess | FixedGuess | RegisterGuess;

/** The ROM takes every crystal for the same one. */
export interface FixedGuess {
  /** Tells this variant from the others. */
  readonly kind: "fixed";
  /** In megahertz. */
  readonly mhz: number;
}

/** The ROM reads it from a register, in megahertz. */
export interface RegisterGuess {
  /** Tells this variant from the others. */
  readonly kind: "register";
  /** The register. */
  readonly address: number;
  /** How far its lowest bit is from bit 0. */
  readonly shift: number;
  /** How many bits it has. */
  readonly width: number;
}

/** The ROM measures it against an oscillator. */
export interface CalibratedGuess {
  /** Tells this variant from the others. */
  readonly kind: "calibrated";
  /** The register with the RTC calibration's count, from bit 7 on. */
  readonly calibration: number;
  /** The eFuse word with the 8 MHz oscillator's frequency, in its low byte. */
  readonly oscillator: number;
}

/** Bits of a register. */
export interface SupplyBits {
  /** The register. */
  readonly address: number;
  /** All of the bits. */
  readonly mask: number;
}

/** A flash supply that is off after a reset. */
export interface FlashSupply {
  /** The revisions, major × 100 + minor. */
  readonly revisions: readonly number[];
  /** All of these must be set for the flash to have its supply. */
  readonly switches: readonly SupplyBits[];
  /** The eFuse by which the ROM of the last revision does it itself. */
  readonly romDoes: SupplyBits;
}

/** A ROM that with secure boot on refuses MEM_END's jump. */
export interface SecuredJump {
  /** The pointer in RAM through which READ_FLASH_SLOW reads flash. */
  readonly readPointer?: number;
}

/** What a chip is beyond its record: facts that only a device needs. */
export interface Silicon {
  /** The word at 0x4000_1000. */
  readonly magic: number;
  /** The crystal that most boards have, in megahertz. */
  readonly crystalMhz: number;
  /** Clock of the UART as a multiple of the crystal. */
  readonly uartMultiple: number;
  /** Whether UART_CLKDIV has four bits of fraction, from bit 20 on. */
  readonly uartFraction: boolean;
  /** The prefix of a MAC address that is made up. */
  readonly oui: string;
  /** Fields that a usual chip has burnt. */
  readonly fields: Readonly<Record<string, number>>;
  /** Words beside the fields. */
  readonly words: Readonly<Record<number, number>>;
  /** Where the MAC address's CRC-8 is. */
  readonly macCrc?: BitField;
  /** Bits of SPI USR that are set at reset. */
  readonly spiUsr: number;
  /** The pins that the flash chip can be at, by name, where they can be chosen. */
  readonly flashPins?: NamedPins;
  /** GPIO_STRAP when the chip boots from flash; in download mode the bit that the record names is clear. */
  readonly strap?: number;
  /** The ECO version in the answer to GET_SECURITY_INFO. */
  readonly ecoVersion: number;
  /** How the ROM guesses the crystal. */
  readonly crystalGuess?: CrystalGuess;
  /** What switches the flash's supply on, where the chip comes up without it. */
  readonly flashSupply?: FlashSupply;
  /** Whether a watchdog's reset leaves FORCE_DOWNLOAD_BOOT as it is. */
  readonly keepsForcedDownload?: true;
  /** What secure boot makes of programs in RAM, where the ROM does not jump to them then. */
  readonly securedJump?: SecuredJump;
  /** What FLASH_END prints when there is nothing to run, and whether the loader goes on. */
  readonly nothingToRun: { readonly text: string; readonly stays: boolean };
  /** The boot log. */
  readonly boot: BootStyle;
}

const esp8266: Silicon = {
  magic: 0xfff0_c101,
  crystalMhz: 26,
  uartMultiple: 2,
  uartFraction: false,
  oui: "5ccf7f",
  fields: {},
  words: {},
  spiUsr: 0,
  ecoVersion: 0,
  nothingToRun: { text: "", stays: false },
  boot: {
    banner: "\r\n ets Jan  8 2013,",
    causes: {
      "power-on": "rst cause:1",
      "enable-pin": "rst cause:2",
      "usb": "rst cause:2",
      "watchdog": "rst cause:4",
      "software": "rst cause:2",
      "brown-out": "rst cause:1",
    },
    download: ", boot mode:(1,6)",
    run: ", boot mode:(3,6)",
    waiting: "",
    flashLines: "",
    brownOut: "",
  },
};

const esp32: Silicon = {
  magic: 0x00f0_1d83,
  crystalMhz: 40,
  uartMultiple: 1,
  uartFraction: true,
  oui: "240ac4",
  fields: { majorRevision: 3 },
  words: {
    0x3ff5_a010: 0x50, // EFUSE_RD_CK8M_FREQ: what the calibration was made with
    0x3ff5_f06c: 0x2_8000, // TIMG_RTCCALICFG1 with a 40 MHz crystal
    0x3ff6_607c: 0x1604_2000, // APB_CTRL_DATE
  },
  macCrc: { block: "block0", word: 2, shift: 16, width: 8 },
  spiUsr: 0,
  flashPins: { spi: [6, 7, 8, 9, 11], hspi: [14, 12, 13, 4, 15] },
  strap: 0x13,
  ecoVersion: 0,
  crystalGuess: {
    kind: "calibrated",
    calibration: 0x3ff5_f06c,
    oscillator: 0x3ff5_a010,
  },
  nothingToRun: {
    text: "flash read err, 631\r\n" +
      "Falling back to built-in command interpreter.\r\nOK\r\n>",
    stays: false,
  },
  boot: {
    banner: "ets Jul 29 2019 12:21:46\r\n\r\n",
    causes: {
      "power-on": "rst:0x1 (POWERON_RESET)",
      "enable-pin": "rst:0x1 (POWERON_RESET)",
      "usb": "rst:0x1 (POWERON_RESET)",
      "watchdog": "rst:0x10 (RTCWDT_RTC_RESET)",
      "software": "rst:0xc (SW_CPU_RESET)",
      "brown-out": "rst:0xf (RTCWDT_BROWN_OUT_RESET)",
    },
    download: ",boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))",
    run: ",boot:0x13 (SPI_FAST_FLASH_BOOT)",
    waiting: "waiting for download\r\n",
    flashLines: "configsip: 0, SPIWP:0xee\r\n" +
      "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\r\n" +
      "mode:DIO, clock div:2\r\n",
    brownOut: "\r\nBrownout detector was triggered\r\n\r\n",
  },
};

const SILICON: Readonly<Record<string, Silicon>> = {
  esp8266,
  esp32,
  ...LATER_SILICON,
};

/**
 * The silicon behind a record.
 *
 * @throws {RangeError} If no board with such a chip can be simulated.
 */
export function siliconOf(chip: ChipFamily): Silicon {
  const silicon = SILICON[chip.id];
  if (silicon === undefined) {
    throw new RangeError(`Cannot simulate ${chip.name}: its ROM is not known`);
  }
  return silicon;
}

/**
 * The speed of a board's boot log, in baud: a ROM that takes every crystal for
 * the same one errs in this too.
 */
export function bootBaudOf(chip: ChipFamily, crystalHz: number): number {
  const { crystalGuess: guess } = siliconOf(chip);
  const { bootLogBaud } = chip.rom;
  return guess?.kind === "fixed"
    ? bootLogBaud * crystalHz / (guess.mhz * 1_000_000)
    : bootLogBaud;
}
