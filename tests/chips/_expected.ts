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
  /** Words of a board as captured (or, for the ESP32-S3, made up), and the MAC address in them. */
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
  },
];
