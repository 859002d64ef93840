/**
 * The words that say what a chip is: eFuses, the ESP8266's OTP, and other
 * read-only words that a chip record names.
 *
 * @module
 */

import type { BitField, ChipFamily } from "../chips/family.ts";

/** What {@linkcode buildIdentityWords} burns. */
export interface IdentityOptions {
  /** The six bytes of the MAC address. */
  readonly mac: Uint8Array;
  /** Values of fields that the chip's record names; the others are zero. */
  readonly fields: Readonly<Record<string, number>>;
  /** Where the MAC address's CRC-8 is, on a chip that has one. */
  readonly macCrc?: BitField | undefined;
}

/** Words by address. */
export type Words = Map<number, number>;

/** MAC_EXT as chips have it, after the standard for an EUI-64 that is made of an EUI-48. */
const MAC_EXTENSION: readonly number[] = [0xff, 0xfe];

/** MAC address prefixes that the ESP8266 stores as a number. */
const ESP8266_OUIS: readonly number[] = [0x18fe34, 0xacd074];

/**
 * Builds every word of the blocks that a chip's record names.
 *
 * @throws {RangeError} If the record has no such field, or the value does not fit it.
 */
export function buildIdentityWords(
  chip: ChipFamily,
  options: IdentityOptions,
): Words {
  const words: Words = new Map();
  for (const { address, words: count } of Object.values(chip.efuse.blocks)) {
    for (let i = 0; i < count; i++) words.set(address + 4 * i, 0);
  }
  for (const [name, value] of Object.entries(options.fields)) {
    const field = chip.efuse.fields[name];
    if (field === undefined) {
      throw new RangeError(
        `Cannot burn field "${name}": ${chip.name} has no such field`,
      );
    }
    burn(chip, words, name, field.bits, rawValue(name, value, field.map));
  }
  burnMac(chip, words, options);
  return words;
}

function burnMac(
  chip: ChipFamily,
  words: Words,
  { mac, macCrc }: IdentityOptions,
): void {
  if (chip.efuse.mac === undefined) return burnOtpMac(chip, words, mac);
  chip.efuse.mac.forEach((bits, i) =>
    burn(chip, words, "mac", [bits], mac[i] ?? 0)
  );
  chip.efuse.macExtension?.forEach((bits, i) =>
    burn(chip, words, "macExtension", [bits], MAC_EXTENSION[i] ?? 0)
  );
  if (macCrc !== undefined) {
    burn(chip, words, "macCrc", [macCrc], crc8(mac));
  }
}

/**
 * ESP8266: the last byte stands at the top of word 0, the two before it in the
 * low half of word 1, and above them what the first three are.
 */
function burnOtpMac(chip: ChipFamily, words: Words, mac: Uint8Array): void {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac;
  const oui = a << 16 | b << 8 | c;
  const known = ESP8266_OUIS.indexOf(oui);
  const at = (word: number, shift: number, width: number): BitField[] => [{
    block: "otp",
    word,
    shift,
    width,
  }];
  burn(chip, words, "mac", at(0, 24, 8), f);
  burn(chip, words, "mac", at(1, 0, 16), d << 8 | e);
  // A prefix that has no number stands in word 3, and takes precedence there.
  if (known === -1) burn(chip, words, "mac", at(3, 0, 24), oui);
  else burn(chip, words, "mac", at(1, 16, 8), known);
}

function burn(
  chip: ChipFamily,
  words: Words,
  name: string,
  fields: readonly BitField[],
  value: number,
): void {
  let rest = value;
  for (const { block, word, shift, width } of fields) {
    const start = chip.efuse.blocks[block]?.address ?? 0;
    const address = start + 4 * word;
    const bits = rest % 2 ** width * 2 ** shift;
    words.set(address, ((words.get(address) ?? 0) | bits) >>> 0);
    rest = Math.floor(rest / 2 ** width);
  }
  if (rest !== 0 || value < 0) {
    throw new RangeError(
      `Cannot burn field "${name}": ${value} does not fit its bits`,
    );
  }
}

/** Undoes a record's mapping from raw bits to what they stand for. */
function rawValue(
  name: string,
  value: number,
  map: Readonly<Record<number, number>> | undefined,
): number {
  if (map === undefined) return value;
  const entry = Object.entries(map).find(([, meaning]) => meaning === value);
  if (entry === undefined) {
    throw new RangeError(`Cannot burn field "${name}": no bits mean ${value}`);
  }
  return Number(entry[0]);
}

/** CRC-8/MAXIM: polynomial 0x31, reflected. */
function crc8(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 0 ? crc >> 1 : (crc >> 1) ^ 0x8c;
    }
  }
  return crc;
}
