/**
 * What each family must be, written from the published tables and from
 * captures of real ROMs, not from the records.
 */

/** One family, as a row of the tables. */
export interface ExpectedChip {
  /** Its id. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** The word at 0x4000_1000, where it tells the family. */
  readonly magic?: number;
  /** The chip id that GET_SECURITY_INFO answers, where it tells the family. */
  readonly securityId?: number;
  /** The chip id in images. */
  readonly imageId?: number;
  /** Where the ROM looks for the first image. */
  readonly bootOffset: number;
  /** The flash controller's first register. */
  readonly spiBase: number;
  /** How far USR and W0 are from it. */
  readonly spiOffsets: readonly [usr: number, w0: number];
  /** How far MOSI_DLEN and MISO_DLEN are from it. */
  readonly spiLengths?: readonly [mosi: number, miso: number];
  /** The word that the MAC address begins in, in the lowest address. */
  readonly macRegister: number;
  /** Words of a board as captured (for the ESP32 and ESP32-C3) or made up, and the MAC address in them. */
  readonly macSample?: {
    readonly words: readonly (readonly [address: number, word: number])[];
    readonly mac: string;
  };
  /** Where flash is mapped for instructions. */
  readonly irom: readonly [start: number, end: number];
  /** Where flash is mapped for data. */
  readonly drom?: readonly [start: number, end: number];
  /** Status bytes of a ROM's reply. */
  readonly statusBytes: number;
  /** Whether the ROM's FLASH_BEGIN has five words. */
  readonly fiveWords: boolean;
  /** Opcodes that the ROM lacks of 02 to 14. */
  readonly lacks: readonly number[];
  /** Flash sizes and the nibble of each. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Flash frequencies and the nibble of each. */
  readonly frequencies: Readonly<Record<string, number>>;
  /** USB product ids of the USB-Serial/JTAG controller and of USB-OTG. */
  readonly usb: readonly [jtag: number | undefined, otg: number | undefined];
  /** Whether the RTC watchdog can reset the chip out of the loader. */
  readonly watchdogReset: boolean;
  /** The files of the stubs that are published, the one for earlier chips last. */
  readonly stubs: readonly string[];
  /** The family id in UF2 blocks. */
  readonly uf2: number;
  /** Sizes of a page of mapped flash in KiB, the default one first. */
  readonly pages?: readonly number[];
  /** Whether flash behind 16 MB can be reached. */
  readonly beyond16MB: boolean;
}

const FREQUENCIES = { "80m": 0xf, "40m": 0x0, "26m": 0x1, "20m": 0x2 };
const SIZES = {
  "1MB": 0,
  "2MB": 1,
  "4MB": 2,
  "8MB": 3,
  "16MB": 4,
  "32MB": 5,
  "64MB": 6,
  "128MB": 7,
};

const LATER = {
  spiOffsets: [0x18, 0x58],
  spiLengths: [0x24, 0x28],
  statusBytes: 4,
  fiveWords: true,
  lacks: [],
  sizes: SIZES,
  frequencies: FREQUENCIES,
  pages: [64],
  beyond16MB: false,
} as const;

/** A row for each family of the registry, in its order. */
export const EXPECTED: readonly ExpectedChip[] = [
  {
    id: "esp8266",
    name: "ESP8266",
    magic: 0xfff0c101,
    bootOffset: 0x0,
    spiBase: 0x60000200,
    spiOffsets: [0x1c, 0x40],
    macRegister: 0x3ff00050,
    irom: [0x40200000, 0x40300000],
    statusBytes: 2,
    fiveWords: false,
    lacks: [0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14],
    sizes: {
      "512KB": 0,
      "256KB": 1,
      "1MB": 2,
      "2MB": 3,
      "4MB": 4,
      "2MB-c1": 5,
      "4MB-c1": 6,
      "8MB": 8,
      "16MB": 9,
    },
    frequencies: FREQUENCIES,
    usb: [undefined, undefined],
    watchdogReset: false,
    stubs: ["esp8266"],
    uf2: 0x7eab61ed,
    beyond16MB: false,
  },
  {
    id: "esp32",
    name: "ESP32",
    magic: 0x00f01d83,
    imageId: 0,
    bootOffset: 0x1000,
    spiBase: 0x3ff42000,
    spiOffsets: [0x1c, 0x80],
    spiLengths: [0x28, 0x2c],
    macRegister: 0x3ff5a004,
    macSample: {
      words: [[0x3ff5a004, 0xc4000110], [0x3ff5a008, 0x00b9240a]],
      mac: "24:0a:c4:00:01:10",
    },
    irom: [0x400d0000, 0x40400000],
    drom: [0x3f400000, 0x3f800000],
    statusBytes: 4,
    fiveWords: false,
    lacks: [0x14],
    sizes: SIZES,
    frequencies: FREQUENCIES,
    usb: [undefined, undefined],
    watchdogReset: false,
    stubs: ["esp32"],
    uf2: 0x1c5f21b0,
    pages: [64],
    beyond16MB: false,
  },
  {
    ...LATER,
    id: "esp32s2",
    name: "ESP32-S2",
    magic: 0x000007c6,
    imageId: 2,
    bootOffset: 0x1000,
    spiBase: 0x3f402000,
    macRegister: 0x3f41a044,
    macSample: {
      words: [[0x3f41a044, 0xcafe0102], [0x3f41a048, 0x00007cdf]],
      mac: "7c:df:ca:fe:01:02",
    },
    irom: [0x40080000, 0x40b80000],
    drom: [0x3f000000, 0x3f3f0000],
    usb: [undefined, 2],
    watchdogReset: true,
    stubs: ["esp32s2"],
    uf2: 0xbfdd4eee,
  },
  {
    id: "esp32s3",
    name: "ESP32-S3",
    securityId: 9,
    imageId: 9,
    bootOffset: 0x0,
    spiBase: 0x60002000,
    spiOffsets: [0x18, 0x58],
    spiLengths: [0x24, 0x28],
    macRegister: 0x60007044,
    macSample: {
      words: [[0x60007044, 0xcafe0102], [0x60007048, 0x00007cdf]],
      mac: "7c:df:ca:fe:01:02",
    },
    irom: [0x42000000, 0x44000000],
    drom: [0x3c000000, 0x3e000000],
    statusBytes: 4,
    fiveWords: true,
    lacks: [],
    sizes: SIZES,
    frequencies: FREQUENCIES,
    usb: [0x1001, 9],
    watchdogReset: true,
    stubs: ["esp32s3"],
    uf2: 0xc47e5767,
    pages: [64],
    beyond16MB: true,
  },
  {
    id: "esp32c3",
    name: "ESP32-C3",
    securityId: 5,
    imageId: 5,
    bootOffset: 0x0,
    spiBase: 0x60002000,
    spiOffsets: [0x18, 0x58],
    spiLengths: [0x24, 0x28],
    macRegister: 0x60008844,
    macSample: {
      words: [[0x60008844, 0x4e000120], [0x60008848, 0x0000a076]],
      mac: "a0:76:4e:00:01:20",
    },
    irom: [0x42000000, 0x42800000],
    drom: [0x3c000000, 0x3c800000],
    statusBytes: 4,
    fiveWords: true,
    lacks: [],
    sizes: SIZES,
    frequencies: FREQUENCIES,
    usb: [0x1001, undefined],
    watchdogReset: true,
    stubs: ["esp32c3"],
    uf2: 0xd42ba06c,
    pages: [64],
    beyond16MB: false,
  },
  {
    ...LATER,
    id: "esp32c2",
    name: "ESP32-C2",
    securityId: 12,
    imageId: 12,
    bootOffset: 0x0,
    spiBase: 0x60002000,
    macRegister: 0x60008840,
    macSample: {
      words: [[0x60008840, 0xcafe0102], [0x60008844, 0x0000a076]],
      mac: "a0:76:ca:fe:01:02",
    },
    irom: [0x42000000, 0x42400000],
    drom: [0x3c000000, 0x3c400000],
    frequencies: { "60m": 0xf, "30m": 0x0, "20m": 0x1, "15m": 0x2 },
    usb: [undefined, undefined],
    watchdogReset: true,
    stubs: ["esp32c2"],
    uf2: 0x2b88d29c,
    pages: [64, 32, 16],
  },
  {
    ...LATER,
    id: "esp32c6",
    name: "ESP32-C6",
    securityId: 13,
    imageId: 13,
    bootOffset: 0x0,
    spiBase: 0x60003000,
    macRegister: 0x600b0844,
    macSample: {
      words: [[0x600b0844, 0xcafe0102], [0x600b0848, 0x0000404c]],
      mac: "40:4c:ca:fe:01:02",
    },
    irom: [0x42000000, 0x42800000],
    drom: [0x42800000, 0x43000000],
    frequencies: { "80m": 0x0, "40m": 0x0, "20m": 0x2 },
    usb: [0x1001, undefined],
    watchdogReset: false,
    stubs: ["esp32c6"],
    uf2: 0x540ddf62,
    pages: [64, 32, 16, 8],
  },
  {
    ...LATER,
    id: "esp32h2",
    name: "ESP32-H2",
    securityId: 16,
    imageId: 16,
    bootOffset: 0x0,
    spiBase: 0x60003000,
    macRegister: 0x600b0844,
    macSample: {
      words: [[0x600b0844, 0xcafe0102], [0x600b0848, 0x00006055]],
      mac: "60:55:ca:fe:01:02",
    },
    irom: [0x42000000, 0x42800000],
    drom: [0x42800000, 0x43000000],
    frequencies: { "48m": 0xf, "24m": 0x0, "16m": 0x1, "12m": 0x2 },
    usb: [0x1001, undefined],
    watchdogReset: false,
    stubs: ["esp32h2"],
    uf2: 0x332726f6,
    pages: [64, 32, 16, 8],
  },
  {
    ...LATER,
    id: "esp32p4",
    name: "ESP32-P4",
    securityId: 18,
    imageId: 18,
    bootOffset: 0x2000,
    spiBase: 0x5008d000,
    macRegister: 0x5012d044,
    macSample: {
      words: [[0x5012d044, 0xcafe0102], [0x5012d048, 0x00006055]],
      mac: "60:55:ca:fe:01:02",
    },
    irom: [0x40000000, 0x4c000000],
    drom: [0x40000000, 0x4c000000],
    usb: [0x1001, 18],
    watchdogReset: true,
    stubs: ["esp32p4", "esp32p4-rev1"],
    uf2: 0x3d308e94,
    beyond16MB: true,
  },
  {
    ...LATER,
    id: "esp32c5",
    name: "ESP32-C5",
    securityId: 23,
    imageId: 23,
    bootOffset: 0x2000,
    spiBase: 0x60003000,
    macRegister: 0x600b4844,
    macSample: {
      words: [[0x600b4844, 0xcafe0102], [0x600b4848, 0x0000d0cf]],
      mac: "d0:cf:ca:fe:01:02",
    },
    irom: [0x42000000, 0x44000000],
    drom: [0x42000000, 0x44000000],
    frequencies: { "80m": 0xf, "40m": 0x0, "20m": 0x2 },
    usb: [0x1001, undefined],
    watchdogReset: true,
    stubs: ["esp32c5"],
    uf2: 0xf71c0343,
    beyond16MB: true,
  },
  {
    ...LATER,
    id: "esp32c61",
    name: "ESP32-C61",
    securityId: 20,
    imageId: 20,
    bootOffset: 0x0,
    spiBase: 0x60003000,
    macRegister: 0x600b4844,
    macSample: {
      words: [[0x600b4844, 0xcafe0102], [0x600b4848, 0x0000d0cf]],
      mac: "d0:cf:ca:fe:01:02",
    },
    irom: [0x42000000, 0x42800000],
    drom: [0x42800000, 0x43000000],
    frequencies: { "80m": 0xf, "40m": 0x0, "20m": 0x2 },
    usb: [0x1001, undefined],
    watchdogReset: true,
    stubs: ["esp32c61"],
    uf2: 0x77d850c4,
    pages: [64, 32, 16, 8],
    beyond16MB: true,
  },
  {
    ...LATER,
    id: "esp32h21",
    name: "ESP32-H21",
    securityId: 25,
    imageId: 25,
    bootOffset: 0x0,
    spiBase: 0x60003000,
    macRegister: 0x600b4044,
    macSample: {
      words: [[0x600b4044, 0xcafe0102], [0x600b4048, 0x00006055]],
      mac: "60:55:ca:fe:01:02",
    },
    irom: [0x42000000, 0x43000000],
    drom: [0x42000000, 0x43000000],
    frequencies: { "48m": 0xf, "24m": 0x0 },
    usb: [0x1001, undefined],
    watchdogReset: false,
    stubs: [],
    uf2: 0xb6dd00af,
    pages: [64, 32, 16, 8],
  },
  {
    ...LATER,
    id: "esp32h4",
    name: "ESP32-H4",
    securityId: 28,
    imageId: 28,
    bootOffset: 0x2000,
    spiBase: 0x60099000,
    macRegister: 0x600b1844,
    macSample: {
      words: [[0x600b1844, 0xcafe0102], [0x600b1848, 0x00006055]],
      mac: "60:55:ca:fe:01:02",
    },
    irom: [0x42000000, 0x44000000],
    drom: [0x42000000, 0x44000000],
    frequencies: { "48m": 0xf, "24m": 0x0 },
    usb: [0x1001, undefined],
    watchdogReset: false,
    stubs: ["esp32h4"],
    uf2: 0x9e0baa8a,
    pages: [64, 32, 16, 8],
    beyond16MB: true,
  },
  {
    ...LATER,
    id: "esp32s31",
    name: "ESP32-S31",
    securityId: 32,
    imageId: 32,
    bootOffset: 0x2000,
    spiBase: 0x20501000,
    macRegister: 0x20715050,
    macSample: {
      words: [[0x20715050, 0xcafe0102], [0x20715054, 0x00006055]],
      mac: "60:55:ca:fe:01:02",
    },
    irom: [0x40000000, 0x54000000],
    drom: [0x40000000, 0x54000000],
    frequencies: { "80m": 0xf, "40m": 0x0, "20m": 0x2 },
    usb: [0x1001, 32],
    watchdogReset: true,
    stubs: ["esp32s31"],
    uf2: 0x3101f7c1,
    pages: [64, 32, 128, 256],
    beyond16MB: true,
  },
  {
    ...LATER,
    id: "esp32e22",
    name: "ESP32-E22",
    securityId: 31,
    imageId: 31,
    bootOffset: 0x0,
    spiBase: 0xc3003000,
    macRegister: 0xc4008044,
    macSample: {
      words: [[0xc4008044, 0xcafe0102], [0xc4008048, 0x00006055]],
      mac: "60:55:ca:fe:01:02",
    },
    irom: [0x3c000000, 0x40000000],
    drom: [0x3c000000, 0x40000000],
    usb: [undefined, 31],
    watchdogReset: false,
    stubs: [],
    uf2: 0x1c5f21b0,
  },
];
