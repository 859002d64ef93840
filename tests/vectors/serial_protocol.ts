/**
 * Frames of the serial protocol as they are on the wire, none of them made by
 * our own encoder.
 *
 * Documented frames are transcribed by hand from esptool's documentation,
 * "Serial Protocol" (commands, their words, the status bytes). Captured ones
 * come from ESP32 and ESP32-C3 mask ROMs and from Espressif's flasher stub, as
 * real esptool talked to them; the two data and digest frames of READ_FLASH
 * follow the same capture's form with shorter data.
 */

/** One frame, or several that follow each other. */
export interface WireVector {
  /** What it is. */
  readonly note: string;
  /** The bytes in hex; spaces part the fields. */
  readonly hex: string;
}

/** The bytes of a vector. */
export function bytesOf(vector: WireVector): Uint8Array<ArrayBuffer> {
  return hexBytes(vector.hex);
}

/** The bytes of hex text; spaces do not matter. */
export function hexBytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

const SYNC_PAYLOAD = `07 07 12 20 ${"55 ".repeat(32)}`;

/** What a host sends. */
export const REQUESTS = {
  sync: {
    note: "SYNC, documented and captured",
    hex: `c0 00 08 2400 00000000 ${SYNC_PAYLOAD} c0`,
  },
  readReg: {
    note: "READ_REG of the magic word at 0x4000_1000, captured",
    hex: "c0 00 0a 0400 00000000 00100040 c0",
  },
  writeReg: {
    note: "WRITE_REG of 0x3f00_0017 with full mask, captured",
    hex: "c0 00 09 1000 00000000 2c20f43f 17000000 ffffffff 00000000 c0",
  },
  writeRegMasked: {
    note: "WRITE_REG with mask 0xffff_00ff, captured",
    hex: "c0 00 09 1000 00000000 0080fe3f 44332211 ff00ffff 00000000 c0",
  },
  writeRegDelayed: {
    note: "WRITE_REG with a delay of 100 us, documented",
    hex: "c0 00 09 1000 00000000 90800060 01000000 ffffffff 64000000 c0",
  },
  flashBegin: {
    note:
      "FLASH_BEGIN of four words: 4096 bytes as 4 blocks of 0x400 at 0x5_0000, captured (ESP32 ROM)",
    hex: "c0 00 02 1000 00000000 00100000 04000000 00040000 00000500 c0",
  },
  flashBeginEncrypted: {
    note: "FLASH_BEGIN of five words, the flag set, documented (ESP32-S2 on)",
    hex:
      "c0 00 02 1400 00000000 00100000 04000000 00040000 00000500 01000000 c0",
  },
  flashBeginPlain: {
    note:
      "FLASH_BEGIN of five words, the flag clear, captured (stub): one block of 0x4000 at 0x3_0000",
    hex:
      "c0 00 02 1400 00000000 00100000 01000000 00400000 00000300 00000000 c0",
  },
  flashData: {
    note:
      "FLASH_DATA number 7 of C0 DB 01 02: both escapes, checksum ef^c0^db^01^02 = f7, documented",
    hex:
      "c0 00 03 1400 f7000000 04000000 07000000 00000000 00000000 dbdc dbdd 01 02 c0",
  },
  flashEndStay: {
    note: "FLASH_END, the loader stays, captured",
    hex: "c0 00 04 0400 00000000 01000000 c0",
  },
  flashEndReboot: {
    note: "FLASH_END, the application runs, documented",
    hex: "c0 00 04 0400 00000000 00000000 c0",
  },
  memBegin: {
    note:
      "MEM_BEGIN of a stub's text: 0x17fc bytes, one block of 0x1800, captured",
    hex: "c0 00 05 1000 00000000 fc170000 01000000 00180000 00800a40 c0",
  },
  memData: {
    note: "MEM_DATA number 0 of 00..0F, whose checksum is the seed, captured",
    hex:
      "c0 00 07 2000 ef000000 10000000 00000000 00000000 00000000 000102030405060708090a0b0c0d0e0f c0",
  },
  memEndRun: {
    note: "MEM_END that runs a stub at 0x400a_9074, captured",
    hex: "c0 00 06 0800 00000000 00000000 74900a40 c0",
  },
  memEndStay: {
    note: "MEM_END that stays in the loader, documented",
    hex: "c0 00 06 0800 00000000 01000000 00000000 c0",
  },
  spiSetParams: {
    note: "SPI_SET_PARAMS of a 4 MB flash, captured",
    hex:
      "c0 00 0b 1800 00000000 00000000 00004000 00000100 00100000 00010000 ffff0000 c0",
  },
  spiAttachRom: {
    note: "SPI_ATTACH of the default pins to a ROM, captured",
    hex: "c0 00 0d 0800 00000000 00000000 00000000 c0",
  },
  spiAttachStub: {
    note: "SPI_ATTACH of HSPI to a stub, documented",
    hex: "c0 00 0d 0400 00000000 01000000 c0",
  },
  spiAttachPins: {
    note:
      "SPI_ATTACH of CLK 6, Q 17, D 8, HD 11, CS 16 to a ROM, documented: six bits each",
    hex: "c0 00 0d 0800 00000000 4684400b 00000000 c0",
  },
  readFlashSlow: {
    note: "READ_FLASH_SLOW of 64 bytes at 0x1_0000, captured",
    hex: "c0 00 0e 0800 00000000 00000100 40000000 c0",
  },
  readFlashSlowEscaped: {
    note:
      "READ_FLASH_SLOW of 64 bytes at 0x1_00c0, an address to escape, captured",
    hex: "c0 00 0e 0800 00000000 dbdc000100 40000000 c0",
  },
  changeBaudRom: {
    note: "CHANGE_BAUDRATE to 460,800 (0x7_0800), captured",
    hex: "c0 00 0f 0800 00000000 00080700 00000000 c0",
  },
  changeBaudStub: {
    note: "CHANGE_BAUDRATE from 115,200 to 921,600 with a stub, captured",
    hex: "c0 00 0f 0800 00000000 00100e00 00c20100 c0",
  },
  flashDeflBegin: {
    note: "FLASH_DEFL_BEGIN of 0x1000 bytes at 0x2_0000, captured (ESP32 ROM)",
    hex: "c0 00 10 1000 00000000 00100000 01000000 00040000 00000200 c0",
  },
  flashDeflBeginPlain: {
    note: "FLASH_DEFL_BEGIN of five words, captured (ESP32-C3 ROM)",
    hex:
      "c0 00 10 1400 00000000 00100000 01000000 00040000 00000200 00000000 c0",
  },
  flashDeflData: {
    note: "FLASH_DEFL_DATA: 4096 times 0x45 as one zlib stream, captured",
    hex:
      "c0 00 11 2c00 eb000000 1c000000 00000000 00000000 00000000 78daedc1010d000000c2a074ef5fc91e0e28000000e0dd003dbc503d c0",
  },
  flashDeflEndStay: {
    note: "FLASH_DEFL_END, the loader stays, documented",
    hex: "c0 00 12 0400 00000000 01000000 c0",
  },
  flashDeflEndReboot: {
    note: "FLASH_DEFL_END, the application runs, documented",
    hex: "c0 00 12 0400 00000000 00000000 c0",
  },
  spiFlashMd5: {
    note: "SPI_FLASH_MD5 of 0x1000 bytes at 0x3_0000, captured",
    hex: "c0 00 13 1000 00000000 00000300 00100000 00000000 00000000 c0",
  },
  getSecurityInfo: {
    note: "GET_SECURITY_INFO, captured",
    hex: "c0 00 14 0000 00000000 c0",
  },
  eraseFlash: {
    note: "ERASE_FLASH, captured",
    hex: "c0 00 d0 0000 00000000 c0",
  },
  eraseRegion: {
    note: "ERASE_REGION of 0x1000 bytes at 0x3_0000, captured",
    hex: "c0 00 d1 0800 00000000 00000300 00100000 c0",
  },
  readFlash: {
    note:
      "READ_FLASH of 0x1100 bytes at 0x3_0000 in packets of 0x1000, 64 in flight, captured",
    hex: "c0 00 d2 1000 00000000 00000300 00110000 00100000 40000000 c0",
  },
  runUserCode: {
    note: "RUN_USER_CODE, documented",
    hex: "c0 00 d3 0000 00000000 c0",
  },
} as const satisfies Record<string, WireVector>;

/** What a device answers. */
export const REPLIES = {
  syncRom: {
    note:
      "SYNC by an ESP32 ROM, sent eight times: value is the payload's start, captured",
    hex: "c0 01 08 0400 07071220 00000000 c0",
  },
  syncStub: {
    note: "SYNC by a stub: value zero, captured",
    hex: "c0 01 08 0200 00000000 0000 c0",
  },
  syncEsp8266: {
    note: "SYNC by an ESP8266 ROM: two status bytes, documented",
    hex: "c0 01 08 0200 07071220 0000 c0",
  },
  readRegRom: {
    note: "READ_REG by an ESP32 ROM: the magic word 0x00f0_1d83, captured",
    hex: "c0 01 0a 0400 831df000 00000000 c0",
  },
  readRegStub: {
    note: "READ_REG by a stub: the same word, captured",
    hex: "c0 01 0a 0200 831df000 0000 c0",
  },
  readRegEscaped: {
    note: "READ_REG by a stub: 0x00c0_0056, a word to escape, captured",
    hex: "c0 01 0a 0200 5600dbdc00 0000 c0",
  },
  readRegEsp8266: {
    note: "READ_REG by an ESP8266 ROM: the magic word 0xfff0_c101, documented",
    hex: "c0 01 0a 0200 01c1f0ff 0000 c0",
  },
  staleReserved: {
    note:
      "READ_REG by an ESP32 ROM with rubbish in the reserved status bytes, captured",
    hex: "c0 01 0a 0400 00800000 0000f184 c0",
  },
  staleCode: {
    note:
      "FLASH_DATA done by an ESP32 ROM with an old error code in the second status byte, captured",
    hex: "c0 01 03 0400 831df000 00050000 c0",
  },
  unknownOpcodeRom: {
    note:
      "Unknown opcode by an ESP32 ROM: repeats the last reply's opcode and value, captured",
    hex: "c0 01 0a 0400 831df000 01050000 c0",
  },
  unknownOpcodeStub: {
    note: "GET_SECURITY_INFO by a stub on an ESP32, captured",
    hex: "c0 01 14 0200 00000000 ff00 c0",
  },
  wrongChecksumRom: {
    note: "FLASH_DATA with a wrong checksum to an ESP32 ROM, captured",
    hex: "c0 01 03 0400 831df000 01070000 c0",
  },
  pastEndRom: {
    note: "FLASH_BEGIN past the end of flash to an ESP32 ROM, captured",
    hex: "c0 01 02 0400 831df000 01060203 c0",
  },
  wrongChecksumEsp8266: {
    note: "FLASH_DATA with a wrong checksum to an ESP8266 ROM, documented",
    hex: "c0 01 03 0200 00000000 0107 c0",
  },
  wrongChecksumStub: {
    note: "FLASH_DATA with a wrong checksum to a stub, documented",
    hex: "c0 01 03 0200 00000000 c100 c0",
  },
  md5Rom: {
    note: "SPI_FLASH_MD5 by an ESP32 ROM: 32 hex digits, captured",
    hex:
      "c0 01 13 2400 00001000 3862383130646432333534643239656562333537663638393132623062613664 00000000 c0",
  },
  md5Stub: {
    note: "SPI_FLASH_MD5 by a stub: 16 bytes, captured",
    hex: "c0 01 13 1200 00000000 48d502f5e705d08040cd032f25a3b0a1 0000 c0",
  },
  readFlashSlow: {
    note: "READ_FLASH_SLOW by an ESP32-C3 ROM: 64 bytes, captured",
    hex:
      "c0 01 0e 4400 6f50311b 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f 00000000 c0",
  },
  readFlashSlowTooLong: {
    note:
      "READ_FLASH_SLOW of 128 bytes by an ESP32-C3 ROM: refused, and 64 bytes all the same, captured",
    hex:
      "c0 01 0e 4400 6f50311b 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f 010a0000 c0",
  },
  securityInfoRom: {
    note:
      "GET_SECURITY_INFO by an ESP32-C3 ROM: flags, counter, seven purposes, chip id 5, version 3, captured",
    hex:
      "c0 01 14 1800 6f50311b 00000000 00 0000000000000c 05000000 03000000 00050000 c0",
  },
  securityInfoStub: {
    note: "GET_SECURITY_INFO by a stub on an ESP32-C3, captured",
    hex:
      "c0 01 14 1600 00000000 00000000 00 0000000000000c 05000000 03000000 0000 c0",
  },
  securityInfoEsp32s2: {
    note:
      "GET_SECURITY_INFO by an ESP32-S2 ROM: 12 bytes without chip id and version, documented",
    hex: "c0 01 14 1000 00000000 00000000 00 00000000000000 00000000 c0",
  },
  changeBaudRom: {
    note:
      "CHANGE_BAUDRATE by an ESP32 ROM, and two delimiters of noise from the switch, captured",
    hex: "c0 01 0f 0400 50000000 00000000 c0 c0 c0",
  },
  readFlashStart: {
    note: "READ_FLASH by a stub: its reply, then raw frames follow, captured",
    hex: "c0 01 d2 0200 00000000 0000 c0",
  },
  readFlashDigest: {
    note: "The last frame of READ_FLASH: an MD5 digest, captured",
    hex: "c0 d3c54efe59226e4a1b3ad6ef15f71fb2 c0",
  },
  ohai: {
    note: "OHAI, a stub's greeting when it runs, captured",
    hex: "c0 4f484149 c0",
  },
} as const satisfies Record<string, WireVector>;

/** What a host sends for each data frame of READ_FLASH: how many bytes have come. Captured. */
export const READ_FLASH_ACKNOWLEDGEMENT = {
  note: "0x1000 bytes have come",
  hex: "c0 00100000 c0",
} as const satisfies WireVector;

/** A boot log of an ESP32-C3 in download mode, then the first reply to SYNC, captured. */
export const BOOT_LOG_THEN_SYNC = {
  note:
    "ESP-ROM:esp32c3-api1-20210207 … wait uart0 download, then SYNC's reply",
  hex: "4553502d524f4d3a657370333263332d617069312d32303231303230370d0a" +
    "4275696c643a46656220203720323032310d0a" +
    "7273743a3078312028504f5745524f4e292c626f6f743a307832202855415254305f424f4f54290d0a" +
    "7761697420756172743020646f776e6c6f61640d0a" +
    "c0 01 08 0400 07071220 00000000 c0",
} as const satisfies WireVector;
