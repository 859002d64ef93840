/**
 * The keys of an encrypted NVS partition, and the key partition that holds them:
 *
 * ```
 * 0    encryption key (32) | tweak key (32) | CRC-32 of both (4) | FF up to 4096 bytes
 * ```
 *
 * Source: ESP-IDF, "NVS Encryption".
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { concatBytes, encodeUint32, padTo, readUint32 } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import { nvsCrc, PAGE_SIZE } from "./_nvs_page.ts";

/** The keys of an encrypted NVS partition, 32 bytes each. */
export interface NvsKeys {
  /** The key that entries are encrypted with. */
  readonly encryptionKey: Uint8Array;
  /** The key that entries' addresses are encrypted with. */
  readonly tweakKey: Uint8Array;
}

const KEY_SIZE = 32;
const KEYS_SIZE = 2 * KEY_SIZE;
/** What an HMAC key makes the two keys of: these words, eight times. */
const ENCRYPTION_SEED = 0xaebe_5a5a;
const TWEAK_SEED = 0xcede_a5a5;
const SEED_WORDS = 8;

/** Makes keys by chance, from the operating system's secure source. */
export function generateNvsKeys(): NvsKeys {
  return splitKeys(crypto.getRandomValues(new Uint8Array(KEYS_SIZE)));
}

/**
 * Makes the keys that a chip makes of the HMAC key in its eFuses (ESP-IDF's
 * HMAC-based scheme, where no key partition is needed).
 *
 * @param hmacKey 32 bytes.
 * @throws {RangeError} If it is not of 32 bytes.
 */
export function deriveNvsKeys(hmacKey: Uint8Array): NvsKeys {
  if (hmacKey.length !== KEY_SIZE) {
    throw new RangeError(
      `Cannot derive NVS keys: the HMAC key has ${hmacKey.length} bytes, not ${KEY_SIZE}`,
    );
  }
  const digest = (seed: number) =>
    Uint8Array.from(
      createHmac("sha256", hmacKey)
        .update(encodeUint32(...Array<number>(SEED_WORDS).fill(seed)))
        .digest(),
    );
  return {
    encryptionKey: digest(ENCRYPTION_SEED),
    tweakKey: digest(TWEAK_SEED),
  };
}

/** Makes a key partition of 4096 bytes. */
export function encodeNvsKeys(
  { encryptionKey, tweakKey }: NvsKeys,
): Uint8Array {
  const keys = concatBytes([encryptionKey, tweakKey]);
  return padTo(concatBytes([keys, encodeUint32(nvsCrc(keys))]), PAGE_SIZE);
}

/**
 * Reads a key partition, or the file of one.
 *
 * @throws {ImageError} If it is too short or its checksum is wrong.
 */
export function parseNvsKeys(bytes: Uint8Array): NvsKeys {
  if (bytes.length < KEYS_SIZE + 4) {
    throw new ImageError(
      `Cannot parse NVS keys: ${bytes.length} bytes are too few for two keys and a checksum`,
      { offset: bytes.length },
    );
  }
  const keys = bytes.slice(0, KEYS_SIZE);
  if (nvsCrc(keys) !== readUint32(bytes, KEYS_SIZE)) {
    throw new ImageError("Cannot parse NVS keys: their checksum is wrong", {
      offset: KEYS_SIZE,
      hint:
        "A key partition has two keys of 32 bytes and their checksum; a chip that has made its own keys may keep them encrypted.",
    });
  }
  return splitKeys(keys);
}

function splitKeys(keys: Uint8Array): NvsKeys {
  return {
    encryptionKey: keys.subarray(0, KEY_SIZE),
    tweakKey: keys.subarray(KEY_SIZE),
  };
}
