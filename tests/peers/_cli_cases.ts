/**
 * What real esptool and espline are both told, a line a case. `BOOT` stands for
 * the chip's bootloader offset; a word that ends in `.bin` or `.hex` is a file
 * of the case's folder, `out.bin` the one that is written.
 */

import type { VirtualBoardOptions } from "../../lib/simulator/mod.ts";

/** Lines that are tried on the same kind of board. */
export interface CaseGroup {
  /** What the board is like, for the test's name. */
  readonly name: string;
  /** The chips that it is tried with. */
  readonly chips: readonly string[];
  /** What the board has beside its chip. */
  readonly board?: Partial<VirtualBoardOptions>;
  /** Whether only the bytes are compared, because esptool names another address than it writes to. */
  readonly bytesOnly?: boolean;
  /** The cases. */
  readonly lines: readonly string[];
}

/** A flash encryption key, as espsecure takes it. */
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

/** Where the chip can encrypt what it writes. */
const ENCRYPTED_LINES: readonly string[] = [
  "write-flash 0x10000 odd.bin",
  "write-flash --encrypt 0x10000 text.bin",
  "write-flash --encrypt -u 0x10000 text.bin",
  "write-flash --encrypt 0x10000 odd.bin 0x20000 zeros.bin",
  "write-flash --encrypt -fs 2MB BOOT boot.bin",
  "write-flash 0x10000 app.bin --encrypt-files 0x20000 odd.bin 0x30000 text.bin",
  "write-flash --encrypt -s 0x10000 zeros.bin",
  "write-flash --encrypt 0x0 new.bin --diff-with old.bin",
  "write-flash --encrypt 0x10008 odd.bin",
  "write-flash --encrypt 0x0 old.bin --encrypt-files 0x20000 odd.bin",
  "--no-stub write-flash --encrypt 0x10000 zeros.bin",
  "--no-stub write-flash -z --encrypt 0x10000 text.bin",
  "--no-stub write-flash 0x10000 zeros.bin",
  "erase-flash",
  "erase-region --force 0x10000 0x1000",
  "verify-flash 0x0 old.bin",
];

/**
 * Every case. Left out is what espline does better on purpose: `ALL` from
 * another address than 0, sizes that are no whole words, GET_SECURITY_INFO on
 * an ESP32, a flash chip that does not answer.
 */
export const CASE_GROUPS: readonly CaseGroup[] = [{
  name: "identity",
  chips: ["esp8266", "esp32", "esp32s3", "esp32c3"],
  lines: [
    "read-mac",
    "--no-stub read-mac",
    "chip-id",
    "flash-id",
    "--no-stub flash-id",
    "--chip esp32s2 read-mac",
    "--after no-reset read-mac",
    "--after no-reset-stub flash-id",
    "version",
  ],
}, {
  name: "identity of later chips",
  chips: [
    "esp32s2",
    "esp32c2",
    "esp32c5",
    "esp32c6",
    "esp32c61",
    "esp32h2",
    "esp32p4",
  ],
  lines: ["flash-id", "write-flash BOOT text.bin", "get-security-info"],
}, {
  name: "writing",
  chips: ["esp8266", "esp32", "esp32c3"],
  lines: [
    "write-flash 0x10000 app.bin",
    "write-flash 0x10000 app.bin 0x20000 odd.bin",
    "write-flash 0x20000 odd.bin 0x10000 app.bin",
    "write_flash -u 0x10000 text.bin",
    "write-flash -z 0x10000 text.bin",
    "write-flash 0x0 zeros.bin 0x10000 app.bin 0x20000 zeros.bin",
    "write-flash -e 0x10000 app.bin",
    "write-flash --erase-all -u 0x30000 odd.bin",
    "--no-stub write-flash 0x10000 app.bin",
    "--no-stub write-flash -e 0x10000 odd.bin",
    "--baud 921600 write-flash -z 0x10004 zeros.bin",
    "write-flash 0x10ffc odd.bin",
    "write-flash --no-progress 0x10000 text.bin",
    "write-flash 0x10000 blank.bin",
    "write-flash 0x10000 none.bin",
    "write-flash 0xff000 app.bin",
    "write-flash --force 0xff000 app.bin",
    "write-flash 0x1000 app.bin 0x2000 app.bin",
    "write-flash 0x1000",
    "write-flash",
    "write-flash -z -u 0x1000 app.bin",
  ],
}, {
  name: "places that esptool tells wrong",
  chips: ["esp8266", "esp32", "esp32c3"],
  bytesOnly: true,
  lines: [
    "--no-stub write-flash 0x10100 odd.bin",
    "write-flash 0x10000 new.bin --diff-with old.bin",
  ],
}, {
  name: "flash parameters",
  chips: ["esp8266", "esp32", "esp32c3"],
  lines: [
    "write-flash BOOT boot.bin",
    "write-flash -fs detect BOOT boot.bin",
    "write-flash -fm dout -ff 20m -fs 2MB BOOT boot.bin",
    "write-flash --flash_mode keep -fs keep BOOT boot.bin",
    "write-flash -fm qio BOOT boot.bin",
    "write-flash -ff 80m BOOT boot.bin",
    "write-flash -fs 8MB BOOT boot.bin",
    "write-flash -fs 512KB 0x10000 app.bin",
    "write-flash -fs 512KB 0x80000 app.bin",
    "write-flash -fs 128MB 0x10000 app.bin",
    "write-flash -ff 48m BOOT boot.bin",
    "write-flash -ff 48m 0x10000 app.bin",
    "write-flash -fs 2MB BOOT text.bin",
    "--no-stub write-flash -fs 4MB BOOT boot.bin",
    "write-flash -fm qio -fs 2MB 0x10000 boot.bin",
    "write-flash -fs 3MB 0x10000 app.bin",
    "verify-flash -fs 2MB 0x0 old.bin",
  ],
}, {
  name: "what is in flash already",
  chips: ["esp8266", "esp32", "esp32c3"],
  lines: [
    "write-flash -s 0x0 old.bin",
    "write-flash -s 0x0 old.bin 0x10000 app.bin",
    "write-flash --skip-flashed 0x0 new.bin",
    "write-flash 0x0 old.bin --diff-with old.bin",
    "write-flash 0x0 new.bin --diff-with old.bin",
    "write-flash 0x0 new.bin --diff-with old.bin --trust-flash-content",
    "write-flash 0x0 old.bin --diff-with old.bin --trust-flash-content",
    "write-flash 0x10000 app.bin --diff-with app.bin --trust-flash-content",
    "write-flash 0x10000 app.bin --diff-with app.bin --no-diff-verify",
    "write-flash 0x10000 app.bin --diff-with app.bin",
    "write-flash 0x0 new.bin --diff-with skip",
    "write-flash 0x0 new.bin 0x10000 app.bin --diff-with old.bin skip",
    "write-flash 0x0 new.bin 0x10000 odd.bin --diff-with old.bin",
    "--no-stub write-flash 0x0 new.bin --diff-with old.bin",
    "write-flash -e 0x0 new.bin --diff-with old.bin",
    "write-flash -s 0x0 old.bin --diff-with old.bin",
    "write-flash --trust-flash-content 0x0 old.bin",
    "write-flash 0x0 new.bin --diff-with none.bin",
  ],
}, {
  name: "Intel HEX",
  chips: ["esp8266", "esp32"],
  lines: [
    "write-flash 0x0 parts.hex",
    "write-flash 0x1000 parts.hex 0x30000 odd.bin",
    "write-flash 0x10000 app.bin 0x1000 parts.hex",
    "verify-flash 0x0 parts.hex",
  ],
}, {
  name: "reading, comparing and erasing",
  chips: ["esp8266", "esp32", "esp32c3"],
  lines: [
    "verify-flash 0x0 old.bin",
    "verify-flash 0x100 old.bin",
    "verify-flash --diff 0x4000 odd.bin",
    "verify-flash -d 0x0 new.bin",
    "verify-flash 0x10000 odd.bin 0x0 old.bin",
    "--no-stub verify-flash 0x0 old.bin",
    "read-flash 0x100 5000 out.bin",
    "read-flash 0x0 ALL out.bin",
    "read-flash 0x0 1k out.bin",
    "read-flash 0xff000 4k out.bin",
    "read-flash 0xfff00 0x200 out.bin",
    "read-flash 0x0 2M out.bin",
    "read-flash -fs 512KB 0x100 1000 out.bin",
    "read-flash 0x0 1q out.bin",
    "read-flash --no-progress 0x0 300 out.bin",
    "--no-stub read-flash 0x0 256 out.bin",
    "--no-stub read-flash 0x10 70 out.bin",
    "erase-flash",
    "--no-stub erase-flash",
    "erase-region 0x1000 0x2000",
    "erase-region 0x1000 8k",
    "erase-region 0x0 ALL",
    "erase-region 0x1001 0x1000",
    "erase-region 0x1000 5000",
    "erase-region 0xff000 0x2000",
    "erase-region --force 0x3000 0x1000",
  ],
}, {
  name: "reading and erasing by the ROM",
  chips: ["esp32", "esp32c3"],
  lines: [
    "--no-stub erase-region 0x1000 0x1000",
    "--no-stub erase-region 0x0 ALL",
    "--no-stub verify-flash --diff 0x4f00 odd.bin",
  ],
}, {
  name: "status registers and parameter table",
  chips: ["esp8266", "esp32", "esp32s3", "esp32c3"],
  lines: [
    "read-flash-status",
    "read-flash-status --bytes 1",
    "read-flash-status --bytes 3",
    "read-flash-status --bytes 4",
    "--no-stub read-flash-status",
    "write-flash-status 0x0204",
    "write-flash-status 0x0204 --non-volatile",
    "write-flash-status --bytes 1 0x1fc",
    "write-flash-status --bytes 2 --non-volatile 0x1c",
    "write-flash-status 0x02",
    "read-flash-sfdp 0 4",
    "read-flash-sfdp 8 1",
    "read-flash-sfdp 0x10 3",
    "read-flash-sfdp 0 5",
  ],
}, {
  name: "memory and programs",
  chips: ["esp8266", "esp32", "esp32c3"],
  lines: [
    "read-mem 0x60000078",
    "write-mem 0x3ffe8100 0x12345678 0xffff",
    "write-mem 0x3ffe8100 0x12345678",
    "dump-mem 0x3ffe8100 64 out.bin",
    "dump-mem 0x3ffe8100 1k out.bin",
    "--no-stub dump-mem 0x40000000 128 out.bin",
    "load-ram boot.bin",
    "--no-stub load-ram boot.bin",
    "load-ram app.bin",
    "load-ram none.bin",
    "run",
  ],
}, {
  name: "security information",
  chips: ["esp8266", "esp32s3", "esp32c3"],
  lines: ["get-security-info", "--no-stub get-security-info"],
}, {
  name: "other pins for the flash",
  chips: ["esp8266", "esp32", "esp32s3", "esp32c3"],
  lines: [
    "flash-id -sc SPI",
    "flash-id -sc HSPI",
    "flash-id --spi-connection 6,17,8,11",
    "flash-id -sc 6,17,8,11,99",
    "flash-id -sc 6,17,8,11,a",
  ],
}, {
  name: "flash at other pins",
  chips: ["esp32", "esp32s3", "esp32c3"],
  board: { flashPins: "6,17,8,11,16" },
  lines: [
    "flash-id -sc 6,17,8,11,16",
    "--no-stub flash-id --spi-connection 6,17,8,11,16",
    "write-flash -sc 0x6,17,8,11,16 0x10000 app.bin",
    "read-flash -sc 6,17,8,11,16 0x0 256 out.bin",
    "verify-flash -sc 6,17,8,11,16 0x0 old.bin",
    "erase-flash -sc 6,17,8,11,16",
    "erase-region -sc 6,17,8,11,16 0x1000 0x1000",
    "read-flash-status -sc 6,17,8,11,16",
    "write-flash-status -sc 6,17,8,11,16 0x04",
    "read-flash-sfdp -sc 6,17,8,11,16 0 4",
  ],
}, {
  name: "flash at HSPI's pins",
  chips: ["esp32"],
  board: { flashPins: "HSPI" },
  lines: ["flash-id -sc HSPI", "write-flash -sc hspi 0x10000 app.bin"],
}, {
  name: "flash supply by eFuse",
  chips: ["esp32", "esp32s3"],
  board: { fields: { flashVoltageForced: 1, flashVoltageOn: 1 } },
  lines: ["flash-id", "--no-stub flash-id"],
}, {
  name: "octal flash at 3.3 V",
  chips: ["esp32s3"],
  board: {
    fields: {
      flashVoltageForced: 1,
      flashVoltageOn: 1,
      flashVoltageHigh: 1,
      flashOctal: 1,
    },
  },
  lines: ["flash-id"],
}, {
  name: "an unknown flash size",
  chips: ["esp8266", "esp32"],
  board: { flashId: 0xc8_403f },
  lines: [
    "flash-id",
    "write-flash -fs detect BOOT boot.bin",
    "write-flash 0x10000 app.bin",
    "write-flash -fs 1MB BOOT boot.bin",
    "read-flash 0x0 ALL out.bin",
    "read-flash 0x0 1k out.bin",
    "erase-region 0x0 ALL",
  ],
}, {
  name: "secure boot V1",
  chips: ["esp32"],
  board: { fields: { secureBootV1: 1 } },
  lines: [
    "write-flash BOOT boot.bin",
    "write-flash --force -fs 2MB BOOT boot.bin",
    "write-flash 0x8000 app.bin",
    "write-flash -e 0x10000 odd.bin",
    "write-flash --force -e 0x10000 odd.bin",
    "erase-flash",
    "erase-flash --force",
    "erase-region 0x10000 0x1000",
    "erase-region --force 0x10000 0x1000",
    "--no-stub erase-region 0x10000 0x1000",
    "verify-flash -fs 2MB 0x0 old.bin",
  ],
}, {
  name: "secure boot V2",
  chips: ["esp32"],
  board: { fields: { secureBootV2: 1 } },
  lines: [
    "write-flash -fs 2MB BOOT boot.bin",
    "erase-region 0x10000 0x1000",
  ],
}, {
  name: "secure boot",
  chips: ["esp32s3"],
  board: { fields: { secureBoot: 1 } },
  lines: ["--no-stub get-security-info", "--no-stub erase-region 0 4k"],
}, {
  name: "flash encryption in development mode, of an ESP32",
  chips: ["esp32"],
  board: {
    flashKey: KEY,
    fields: { flashCryptCount: 1, flashCryptConfig: 0xf },
  },
  lines: ENCRYPTED_LINES,
}, {
  name: "flash encryption in development mode",
  chips: ["esp32s3", "esp32c3"],
  board: { flashKey: KEY, fields: { flashCryptCount: 1 } },
  lines: ["get-security-info", ...ENCRYPTED_LINES],
}, {
  name: "flash encryption for production",
  chips: ["esp32", "esp32s3", "esp32c3"],
  board: {
    flashKey: KEY,
    fields: { flashCryptCount: 7, manualEncryptDisabled: 1 },
  },
  lines: [
    "write-flash 0x10000 odd.bin",
    "write-flash --force 0x10000 odd.bin",
    "write-flash --encrypt 0x10000 odd.bin",
    "write-flash --encrypt --force 0x10000 odd.bin",
  ],
}, {
  name: "no flash encryption key",
  chips: ["esp8266", "esp32", "esp32c3"],
  lines: [
    "write-flash --encrypt 0x10000 odd.bin",
    "write-flash --encrypt --ignore-flash-enc-efuse 0x10000 odd.bin",
    "write-flash --encrypt --force 0x10000 odd.bin",
  ],
}];
