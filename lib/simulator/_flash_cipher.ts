/**
 * Flash encryption as the chips' hardware does it.
 *
 * Sources: ESP32 Technical Reference Manual, chapter "External Memory
 * Encryption and Decryption", and ESP-IDF, "Flash Encryption": AES-256 with the
 * key changed for every 32 bytes; ESP32-S3 Technical Reference Manual, chapter
 * of the same name, and IEEE 1619: XTS-AES in units of 128 bytes.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv } from "node:crypto";

/** Encrypts bytes that go to a flash address; both are multiples of 16. */
export type FlashCipher = (address: number, data: Uint8Array) => Uint8Array;

const AES_BLOCK = 16;
const XTS_UNIT = 128;
/** How much the ESP32 encrypts with one key. */
const ESP32_ROW = 32;
/** The address bits that the ESP32 mixes into its key. */
const TWEAK_BITS = { low: 5, count: 19 } as const;
/** How many key bits each bit of FLASH_CRYPT_CONFIG tweaks, from the key's first bit on. */
const TWEAK_RANGES: readonly number[] = [67, 65, 63, 61];

/**
 * The ESP32's: AES decryption stands for encryption, and blocks are reversed.
 *
 * @param key 32 bytes.
 * @param config FLASH_CRYPT_CONFIG, four bits.
 */
export function esp32Cipher(key: Uint8Array, config: number): FlashCipher {
  return (address, data) => {
    const output = new Uint8Array(data.length);
    for (let at = 0; at < data.length; at += AES_BLOCK) {
      const row = address + at - (address + at) % ESP32_ROW;
      const block = data.slice(at, at + AES_BLOCK).reverse();
      output.set(
        aes("decrypt", tweakKey(key, row, config), block).reverse(),
        at,
      );
    }
    return output;
  };
}

/**
 * Every later chip's: XTS-AES over whole units, whose bytes count from the end.
 *
 * @param key 32 bytes for AES-128, 64 for AES-256: for the data, then for the tweak.
 */
export function xtsCipher(key: Uint8Array): FlashCipher {
  const half = key.length / 2;
  const [dataKey, tweakKey] = [key.subarray(0, half), key.subarray(half)];
  return (address, data) => {
    const start = address - address % XTS_UNIT;
    const end = address + data.length;
    const output = new Uint8Array(data.length);
    for (let unit = start; unit < end; unit += XTS_UNIT) {
      const plain = new Uint8Array(XTS_UNIT);
      const from = Math.max(unit, address);
      const to = Math.min(unit + XTS_UNIT, end);
      plain.set(data.subarray(from - address, to - address), from - unit);
      const sealed = xtsUnit(dataKey, tweakKey, unit, plain.reverse());
      output.set(
        sealed.reverse().subarray(from - unit, to - unit),
        from - address,
      );
    }
    return output;
  };
}

function xtsUnit(
  dataKey: Uint8Array,
  tweakKey: Uint8Array,
  address: number,
  plain: Uint8Array,
): Uint8Array {
  const number = new Uint8Array(AES_BLOCK);
  new DataView(number.buffer).setUint32(0, address, true);
  let tweak = aes("encrypt", tweakKey, number);
  const sealed = new Uint8Array(plain.length);
  for (let at = 0; at < plain.length; at += AES_BLOCK) {
    const block = plain.subarray(at, at + AES_BLOCK);
    sealed.set(xor(aes("encrypt", dataKey, xor(block, tweak)), tweak), at);
    tweak = double(tweak);
  }
  return sealed;
}

/** Multiplies by two in GF(2^128), the first byte being the least. */
function double(value: Uint8Array): Uint8Array {
  let carry = 0;
  const result = value.map((byte) => {
    const doubled = byte << 1 | carry;
    carry = byte >> 7;
    return doubled & 0xff;
  });
  if (carry !== 0) result[0] = (result[0] ?? 0) ^ 0x87;
  return result;
}

/** Mixes the address bits, the highest first and over and over, into the key's ranges. */
function tweakKey(
  key: Uint8Array,
  row: number,
  config: number,
): Uint8Array {
  const tweaked = key.slice();
  let bit = 0;
  TWEAK_RANGES.forEach((size, range) => {
    const end = bit + size;
    for (let left = size; bit < end; bit++, left--) {
      const place = left > size % TWEAK_BITS.count
        ? TWEAK_BITS.count - 1 - (size - left) % TWEAK_BITS.count
        : left - 1;
      const mixed = config >> range & row / 2 ** (TWEAK_BITS.low + place) & 1;
      const byte = bit >> 3;
      tweaked[byte] = (tweaked[byte] ?? 0) ^ mixed << 7 - bit % 8;
    }
  });
  return tweaked;
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ (b[index] ?? 0));
}

function aes(
  direction: "encrypt" | "decrypt",
  key: Uint8Array,
  block: Uint8Array,
): Uint8Array {
  const make = direction === "encrypt" ? createCipheriv : createDecipheriv;
  const cipher = make(`aes-${key.length * 8}-ecb`, key, null);
  cipher.setAutoPadding(false);
  return new Uint8Array(Buffer.concat([cipher.update(block), cipher.final()]));
}
