/**
 * What a device's status bytes mean.
 *
 * Sources: esptool documentation, "Serial Protocol" (ROM codes); the
 * `esp_response_code` list of Espressif's flasher stub (stub codes); the ROM
 * traces in `tests/vectors/`.
 *
 * @module
 */

/** ROM codes: the second status byte after a first byte of 1. */
const ROM_STATUS: Readonly<Record<number, string>> = {
  0x00: "undefined error",
  0x01: "invalid input parameter",
  0x02: "out of memory",
  0x03: "cannot send the reply",
  0x04: "cannot receive the data",
  0x05: "message not understood or not allowed now",
  0x06: "failed to act on the message",
  0x07: "checksum mismatch",
  0x08: "flash write failed",
  0x09: "flash read failed",
  0x0a: "flash read length not possible",
  0x0b: "compressed data cannot be inflated",
  0x0c: "compressed data has the wrong checksum",
  0x0d: "compressed data has an invalid parameter",
  0x0e: "RAM program has an invalid size",
  0x0f: "RAM program has an invalid address",
  0x64: "invalid parameter",
  0x65: "invalid format",
  0x66: "description too long",
  0x67: "bad encoding",
  0x69: "not enough storage",
};

/** Stub codes: the first status byte. */
const STUB_STATUS: Readonly<Record<number, string>> = {
  0xc0: "wrong data length",
  0xc1: "checksum mismatch",
  0xc2: "wrong block size",
  0xc3: "invalid command",
  0xc4: "flash operation failed",
  0xc5: "flash cannot be unlocked",
  0xc6: "no flash write has begun",
  0xc7: "compressed data cannot be inflated",
  0xc8: "not enough data",
  0xc9: "too much data",
  0xff: "command not supported",
};

/**
 * Describes a refusal in words.
 *
 * @param status The first two status bytes, the first as the high byte.
 * @returns For example `status 0x0108 (flash write failed)`.
 */
export function describeStatus(status: number): string {
  const digits = status.toString(16).padStart(4, "0");
  const high = status >> 8;
  const meaning = high >= 0xc0 ? STUB_STATUS[high] : ROM_STATUS[status & 0xff];
  return `status 0x${digits} (${meaning ?? "unknown code"})`;
}

/** Whether a status says that the device does not know the command, or not in its present state. */
export function isUnsupportedStatus(status: number): boolean {
  return status === 0x0105 || status === 0xff00 || status === 0xc300;
}
