/**
 * The silicon of the chips after the ESP32. Banners are from boot logs that
 * users have posted (ESP32-C2 and C6: rdtech-esphome#10, espflash#556; C5:
 * esp-idf#15402; P4: wokwi-features#1067; C61: esp-at's documentation), magic
 * values from esptool before 4.9. Of the ESP32-H21, H4 and E22 no log is known,
 * of the S31 only its name: theirs have the form of the others', undated. These
 * four's magic value is not known either.
 *
 * @module
 */

import type { FlashSupply, ResetCause, Silicon } from "./_silicon.ts";

type Causes = Readonly<Record<ResetCause, string>>;

/** Reset causes where the watchdogs are part of RTC_CNTL. */
const RTC_CAUSES: Causes = {
  "power-on": "rst:0x1 (POWERON)",
  "enable-pin": "rst:0x1 (POWERON)",
  "usb": "rst:0x15 (USB_UART_CHIP_RESET)",
  "watchdog": "rst:0x10 (RTCWDT_RTC_RST)",
  "software": "rst:0x3 (RTC_SW_SYS_RST)",
  "brown-out": "rst:0xf (BROWNOUT_RST)",
};

/** Reset causes where the low-power system has them. */
const LP_CAUSES: Causes = {
  ...RTC_CAUSES,
  "usb": "rst:0x15 (USB_UART_HPSYS)",
  "watchdog": "rst:0x10 (LP_WDT_SYS)",
  "software": "rst:0x3 (LP_SW_HPSYS)",
  "brown-out": "rst:0xf (LP_BOD_SYS)",
};

const SPIWP = "SPIWP:0xee\r\nmode:DIO, clock div:1\r\n";
const SPI_MODE = "SPI mode:DIO, clock div:1\r\n";

/** LP_SYSTEM_REG_ANA_XPD_PAD_GROUP and PMU_DATE of ESP32-P4 v3.1 and v3.2, and a bit of EFUSE_RD_REPEAT_DATA1. */
const P4_FLASH_SUPPLY: FlashSupply = {
  revisions: [301, 302],
  switches: [
    { address: 0x5011_010c, mask: 1 },
    { address: 0x5011_53fc, mask: 3 },
  ],
  romDoes: { address: 0x5012_d034, mask: 0x1_0000 },
};

/** What a chip may have of its own. */
type Own = Pick<
  Silicon,
  | "fields"
  | "magic"
  | "crystalMhz"
  | "ecoVersion"
  | "flashPins"
  | "crystalGuess"
  | "securedJump"
  | "flashSupply"
  | "keepsForcedDownload"
>;

/** What differs from chip to chip. */
interface LaterChip extends Partial<Own> {
  /** The ROM's name and, where it is known, the date of its making. */
  readonly rom: string;
  readonly built?: string;
  readonly causes: Causes;
  /** The straps of a chip that boots from flash. */
  readonly strap: number;
  /** What is said in download mode. */
  readonly download: string;
  /** What is said about the flash before the segments. */
  readonly flashLines: string;
  readonly oui: string;
}

function later(chip: LaterChip): Silicon {
  const { rom, built, causes, strap, download, flashLines, ...own } = chip;
  const date = built === undefined ? "" : `Build:${built}\r\n`;
  return {
    magic: 0,
    crystalMhz: 40,
    uartMultiple: 1,
    uartFraction: true,
    fields: {},
    words: {},
    spiUsr: 0xc0,
    strap,
    ecoVersion: 0,
    ...own,
    nothingToRun: { text: "user code done\r\n", stays: true },
    boot: {
      banner: `ESP-ROM:${rom}\r\n${date}`,
      causes,
      download: `,boot:${download}`,
      run: `,boot:0x${strap.toString(16)} (SPI_FAST_FLASH_BOOT)`,
      waiting: "waiting for download\r\n",
      flashLines,
      brownOut: "\r\nE BOD: Brownout detector was triggered\r\n\r\n",
    },
  };
}

/** Silicon by the family's id. */
export const LATER_SILICON: Readonly<Record<string, Silicon>> = {
  esp32s2: later({
    rom: "esp32s2-rc4-20191025",
    built: "Oct 25 2019",
    strap: 0x8,
    download: "0x0 (DOWNLOAD(USB/UART0/1))",
    causes: RTC_CAUSES,
    flashLines: SPIWP,
    oui: "7cdfa1",
    flashPins: { spi: [30, 31, 32, 27, 29] },
    magic: 0x7c6,
  }),
  esp32s3: later({
    rom: "esp32s3-20210327",
    built: "Mar 27 2021",
    strap: 0x8,
    download: "0x0 (DOWNLOAD(USB/UART0))",
    causes: RTC_CAUSES,
    flashLines: SPIWP,
    oui: "84f703",
    flashPins: { spi: [30, 31, 32, 27, 29] },
    fields: { minorRevision: 2 },
    magic: 0x9,
    keepsForcedDownload: true,
    securedJump: { readPointer: 0x3fce_f688 },
  }),
  esp32c3: later({
    rom: "esp32c3-api1-20210207",
    built: "Feb  7 2021",
    strap: 0xc,
    download: "0x4 (DOWNLOAD(USB/UART0/1))",
    causes: RTC_CAUSES,
    flashLines: SPIWP,
    oui: "a0764e",
    flashPins: { spi: [15, 17, 16, 12, 14] },
    fields: { minorRevision: 3 },
    magic: 0x1b31_506f,
    securedJump: {},
    ecoVersion: 3,
  }),
  esp32c2: later({
    rom: "esp8684-api2-20220127",
    built: "Jan 27 2022",
    strap: 0xc,
    download: "0x4 (DOWNLOAD(UART0))",
    causes: RTC_CAUSES,
    flashLines: SPIWP,
    oui: "083a8d",
    fields: { majorRevision: 1 },
    magic: 0x7c41_a06f,
    crystalMhz: 26,
    crystalGuess: { kind: "fixed", mhz: 40 },
    ecoVersion: 1,
  }),
  esp32c6: later({
    rom: "esp32c6-20220919",
    built: "Sep 19 2022",
    strap: 0xc,
    download: "0x4 (DOWNLOAD(USB/UART0/SDIO_FEI_FEO))",
    causes: LP_CAUSES,
    flashLines: SPIWP,
    oui: "6055f9",
    fields: { minorRevision: 1, flashCapacity: 1 },
    magic: 0x2ce0_806f,
  }),
  esp32h2: later({
    rom: "esp32h2-20221101",
    built: "Nov  1 2022",
    strap: 0xc,
    download: "0x4 (DOWNLOAD(USB/UART0))",
    causes: LP_CAUSES,
    flashLines: SPIWP,
    oui: "744dbd",
    fields: {
      minorRevision: 1,
      temperature: 1,
      flashCapacity: 1,
      flashVendor: 2,
    },
    magic: 0xd7b7_3e80,
    crystalMhz: 32,
  }),
  esp32p4: later({
    rom: "esp32p4-eco5-20250430",
    built: "Apr 30 2025",
    strap: 0x8,
    download: "0x0 (DOWNLOAD(USB/UART0/SPI))",
    causes: LP_CAUSES,
    flashLines: SPI_MODE,
    oui: "30eda0",
    fields: { majorRevision: 3 },
    magic: 0x0703_9ad9,
    flashSupply: P4_FLASH_SUPPLY,
  }),
  esp32c5: later({
    rom: "esp32c5-eco1-20240726",
    built: "Jul 26 2024",
    strap: 0x18,
    download: "0x8 (DOWNLOAD(UART0))",
    causes: LP_CAUSES,
    flashLines: SPI_MODE,
    oui: "d0cf13",
    fields: { majorRevision: 1 },
    magic: 0x63e1_406f,
    crystalMhz: 48,
    // PCR_SYSCLK_CONF, PCR_SYSCLK_XTAL_FREQ.
    crystalGuess: {
      kind: "register",
      address: 0x6009_6110,
      shift: 24,
      width: 7,
    },
  }),
  esp32c61: later({
    rom: "esp32c61-eco3-20250228",
    built: "Feb 28 2025",
    strap: 0xc,
    download: "0x4 (DOWNLOAD(UART0))",
    causes: LP_CAUSES,
    flashLines: SPI_MODE,
    oui: "9c139e",
    fields: { majorRevision: 1 },
    magic: 0x7211_606f,
  }),
  esp32h21: later({
    rom: "esp32h21",
    strap: 0x8,
    download: "0x0 (DOWNLOAD(UART0))",
    causes: LP_CAUSES,
    flashLines: SPI_MODE,
    oui: "dcb4d9",
    crystalMhz: 32,
  }),
  esp32h4: later({
    rom: "esp32h4",
    strap: 0x8,
    download: "0x0 (DOWNLOAD(UART0))",
    causes: LP_CAUSES,
    flashLines: SPI_MODE,
    oui: "98a316",
    fields: { temperature: 1 },
    crystalMhz: 32,
  }),
  esp32s31: later({
    rom: "esp32s31-20251218",
    strap: 0x8,
    download: "0x0 (DOWNLOAD(USB/UART0/SPI))",
    causes: LP_CAUSES,
    flashLines: SPI_MODE,
    oui: "e8f60a",
  }),
  esp32e22: later({
    rom: "esp32e22",
    strap: 0x8,
    download: "0x0 (DOWNLOAD(UART0))",
    causes: LP_CAUSES,
    flashLines: SPI_MODE,
    oui: "e4b323",
  }),
};
