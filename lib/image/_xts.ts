/**
 * XTS-AES-256 (IEEE 1619) of whole 32-byte units, as NVS uses it: the tweak of
 * a unit is its address. Deno's `node:crypto` has AES but not its XTS mode.
 *
 * @module
 */

import { createCipheriv, createDecipheriv } from "node:crypto";
import { viewOf } from "../bytes.ts";
import type { NvsKeys } from "./nvs_keys.ts";

const CIPHER = "aes-256-ecb";
const BLOCK_SIZE = 16;
const UNIT_SIZE = 32;
/** What the field's polynomial adds when a bit is carried out: x^7 + x^2 + x + 1. */
const CARRY = 0x87n;
const BITS = 128;

/** A run of units. */
export interface XtsUnits {
  /** Their bytes: a multiple of 32. */
  readonly data: Uint8Array;
  /** The address of the first one. */
  readonly address: number;
}

/** Encrypts units. */
export function xtsEncrypt(units: XtsUnits, keys: NvsKeys): Uint8Array {
  return crypt(units, keys, encryptBlocks);
}

/** Decrypts units. */
export function xtsDecrypt(units: XtsUnits, keys: NvsKeys): Uint8Array {
  return crypt(units, keys, decryptBlocks);
}

type BlockCipher = (key: Uint8Array, blocks: Uint8Array) => Uint8Array;

function crypt(
  { data, address }: XtsUnits,
  { encryptionKey, tweakKey }: NvsKeys,
  blocks: BlockCipher,
): Uint8Array {
  const masks = makeMasks(data.length / UNIT_SIZE, address, tweakKey);
  return xor(blocks(encryptionKey, xor(data, masks)), masks);
}

/** What the blocks of each unit are masked with: its encrypted address, then that times x. */
function makeMasks(
  count: number,
  address: number,
  tweakKey: Uint8Array,
): Uint8Array {
  const tweaks = new Uint8Array(count * BLOCK_SIZE);
  for (let unit = 0; unit < count; unit++) {
    viewOf(tweaks).setUint32(
      unit * BLOCK_SIZE,
      address + unit * UNIT_SIZE,
      true,
    );
  }
  const first = encryptBlocks(tweakKey, tweaks);
  const masks = new Uint8Array(count * UNIT_SIZE);
  for (let unit = 0; unit < count; unit++) {
    const mask = first.subarray(unit * BLOCK_SIZE, (unit + 1) * BLOCK_SIZE);
    masks.set(mask, unit * UNIT_SIZE);
    masks.set(timesX(mask), unit * UNIT_SIZE + BLOCK_SIZE);
  }
  return masks;
}

/** Multiplies by x in GF(2^128), little-endian. */
function timesX(block: Uint8Array): Uint8Array {
  const from = viewOf(block);
  const value = from.getBigUint64(8, true) << 64n | from.getBigUint64(0, true);
  const carried = value >> BigInt(BITS - 1) === 0n ? 0n : CARRY;
  const product = BigInt.asUintN(BITS, value << 1n) ^ carried;
  const result = new Uint8Array(BLOCK_SIZE);
  viewOf(result).setBigUint64(0, BigInt.asUintN(64, product), true);
  viewOf(result).setBigUint64(8, product >> 64n, true);
  return result;
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ (b[index] ?? 0));
}

function encryptBlocks(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, null).setAutoPadding(false);
  return joined(cipher.update(blocks), cipher.final());
}

function decryptBlocks(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const decipher = createDecipheriv(CIPHER, key, null).setAutoPadding(false);
  return joined(decipher.update(blocks), decipher.final());
}

function joined(body: Uint8Array, tail: Uint8Array): Uint8Array {
  const all = new Uint8Array(body.length + tail.length);
  all.set(body);
  all.set(tail, body.length);
  return all;
}
