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

import type { BootStyle, ResetCause, Silicon } from "./_silicon.ts";

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

/** A boot log: the ROM's name and date, how causes are told, and the straps with what they mean. */
interface LaterBoot {
  readonly rom: string;
  readonly built?: string;
  readonly causes: Causes;
  readonly run: number;
  readonly download: string;
  /** What is printed about the flash before the segments. */
  readonly flashLines: string;
}

const SPIWP = "SPIWP:0xee\r\nmode:DIO, clock div:1\r\n";
const SPI_MODE = "SPI mode:DIO, clock div:1\r\n";

function bootStyle(boot: LaterBoot): BootStyle {
  const built = boot.built === undefined ? "" : `Build:${boot.built}\r\n`;
  return {
    banner: `ESP-ROM:${boot.rom}\r\n${built}`,
    causes: boot.causes,
    download: `,boot:${boot.download}`,
    run: `,boot:0x${boot.run.toString(16)} (SPI_FAST_FLASH_BOOT)`,
    waiting: "waiting for download\r\n",
    flashLines: boot.flashLines,
    brownOut: "\r\nE BOD: Brownout detector was triggered\r\n\r\n",
  };
}

/** What all these chips share; the crystal is 40 MHz unless the chip says otherwise. */
const LATER = {
  magic: 0,
  crystalMhz: 40,
  uartMultiple: 1,
  uartFraction: true,
  words: {},
  spiUsr: 0xc0,
  ecoVersion: 0,
  nothingToRun: { text: "user code done\r\n", stays: true },
} as const;

/** Silicon by the family's id. */
export const LATER_SILICON: Readonly<Record<string, Silicon>> = {
  esp32s2: {
    ...LATER,
    magic: 0x7c6,
    oui: "7cdfa1",
    fields: {},
    strap: 0x8,
    boot: bootStyle({
      rom: "esp32s2-rc4-20191025",
      built: "Oct 25 2019",
      causes: RTC_CAUSES,
      run: 0x8,
      download: "0x0 (DOWNLOAD(USB/UART0/1))",
      flashLines: SPIWP,
    }),
  },
  esp32s3: {
    ...LATER,
    magic: 0x9,
    oui: "84f703",
    fields: { minorRevision: 2 },
    strap: 0x8,
    boot: bootStyle({
      rom: "esp32s3-20210327",
      built: "Mar 27 2021",
      causes: RTC_CAUSES,
      run: 0x8,
      download: "0x0 (DOWNLOAD(USB/UART0))",
      flashLines: SPIWP,
    }),
  },
  esp32c3: {
    ...LATER,
    magic: 0x1b31_506f,
    ecoVersion: 3,
    oui: "a0764e",
    fields: { minorRevision: 3 },
    strap: 0xc,
    boot: bootStyle({
      rom: "esp32c3-api1-20210207",
      built: "Feb  7 2021",
      causes: RTC_CAUSES,
      run: 0xc,
      download: "0x4 (DOWNLOAD(USB/UART0/1))",
      flashLines: SPIWP,
    }),
  },
  esp32c2: {
    ...LATER,
    magic: 0x7c41_a06f,
    crystalMhz: 26,
    ecoVersion: 1,
    oui: "083a8d",
    fields: { majorRevision: 1 },
    strap: 0xc,
    boot: bootStyle({
      rom: "esp8684-api2-20220127",
      built: "Jan 27 2022",
      causes: RTC_CAUSES,
      run: 0xc,
      download: "0x4 (DOWNLOAD(UART0))",
      flashLines: SPIWP,
    }),
  },
  esp32c6: {
    ...LATER,
    magic: 0x2ce0_806f,
    oui: "6055f9",
    fields: { minorRevision: 1, flashCapacity: 1 },
    strap: 0xc,
    boot: bootStyle({
      rom: "esp32c6-20220919",
      built: "Sep 19 2022",
      causes: LP_CAUSES,
      run: 0xc,
      download: "0x4 (DOWNLOAD(USB/UART0/SDIO_FEI_FEO))",
      flashLines: SPIWP,
    }),
  },
  esp32h2: {
    ...LATER,
    magic: 0xd7b7_3e80,
    crystalMhz: 32,
    oui: "744dbd",
    fields: {
      minorRevision: 1,
      temperature: 1,
      flashCapacity: 1,
      flashVendor: 2,
    },
    strap: 0xc,
    boot: bootStyle({
      rom: "esp32h2-20221101",
      built: "Nov  1 2022",
      causes: LP_CAUSES,
      run: 0xc,
      download: "0x4 (DOWNLOAD(USB/UART0))",
      flashLines: SPIWP,
    }),
  },
  esp32p4: {
    ...LATER,
    magic: 0x0703_9ad9,
    oui: "30eda0",
    fields: { majorRevision: 3 },
    strap: 0x8,
    boot: bootStyle({
      rom: "esp32p4-eco5-20250430",
      built: "Apr 30 2025",
      causes: LP_CAUSES,
      run: 0x8,
      download: "0x0 (DOWNLOAD(USB/UART0))",
      flashLines: SPI_MODE,
    }),
  },
  esp32c5: {
    ...LATER,
    magic: 0x63e1_406f,
    crystalMhz: 48,
    oui: "d0cf13",
    fields: { majorRevision: 1 },
    strap: 0x18,
    boot: bootStyle({
      rom: "esp32c5-eco1-20240726",
      built: "Jul 26 2024",
      causes: LP_CAUSES,
      run: 0x18,
      download: "0x10 (DOWNLOAD(USB/UART0))",
      flashLines: SPI_MODE,
    }),
  },
  esp32c61: {
    ...LATER,
    magic: 0x7211_606f,
    oui: "9c139e",
    fields: { majorRevision: 1 },
    strap: 0xc,
    boot: bootStyle({
      rom: "esp32c61-eco3-20250228",
      built: "Feb 28 2025",
      causes: LP_CAUSES,
      run: 0xc,
      download: "0x4 (DOWNLOAD(UART0))",
      flashLines: SPI_MODE,
    }),
  },
  esp32h21: {
    ...LATER,
    crystalMhz: 32,
    oui: "dcb4d9",
    fields: {},
    boot: bootStyle({
      rom: "esp32h21",
      causes: LP_CAUSES,
      run: 0x8,
      download: "0x0 (DOWNLOAD(UART0))",
      flashLines: SPI_MODE,
    }),
  },
  esp32h4: {
    ...LATER,
    crystalMhz: 32,
    oui: "98a316",
    fields: { temperature: 1 },
    boot: bootStyle({
      rom: "esp32h4",
      causes: LP_CAUSES,
      run: 0x8,
      download: "0x0 (DOWNLOAD(UART0))",
      flashLines: SPI_MODE,
    }),
  },
  esp32s31: {
    ...LATER,
    oui: "e8f60a",
    fields: {},
    boot: bootStyle({
      rom: "esp32s31-20251218",
      causes: LP_CAUSES,
      run: 0x8,
      download: "0x0 (DOWNLOAD(USB/UART0/SPI))",
      flashLines: SPI_MODE,
    }),
  },
  esp32e22: {
    ...LATER,
    oui: "e4b323",
    fields: {},
    strap: 0x8,
    boot: bootStyle({
      rom: "esp32e22",
      causes: LP_CAUSES,
      run: 0x8,
      download: "0x0 (DOWNLOAD(UART0))",
      flashLines: SPI_MODE,
    }),
  },
};
