/**
 * Encrypted NVS partitions: every entry is encrypted by itself, headers and
 * entry states are not.
 *
 * @module
 */

import {
  ENTRIES_PER_PAGE,
  ENTRY_STATE,
  FIRST_ENTRY_OFFSET,
  type NvsPageBytes,
  pagesOf,
} from "./_nvs_page.ts";
import { xtsDecrypt, xtsEncrypt } from "./_xts.ts";
import type { NvsKeys } from "./nvs_keys.ts";

/**
 * Encrypts a plain partition.
 *
 * @returns A copy whose entries are encrypted, all but the empty ones.
 */
export function encryptNvs(
  partition: Uint8Array,
  keys: NvsKeys,
): Uint8Array<ArrayBuffer> {
  return convert(partition, keys, xtsEncrypt);
}

/**
 * Decrypts an encrypted partition. Whether the keys are the right ones shows
 * when the result is parsed.
 *
 * @returns A copy whose entries are plain.
 */
export function decryptNvs(
  partition: Uint8Array,
  keys: NvsKeys,
): Uint8Array<ArrayBuffer> {
  return convert(partition, keys, xtsDecrypt);
}

/** Entries that are neither written nor erased stay as they are, as does a page without a valid header. */
function convert(
  partition: Uint8Array,
  keys: NvsKeys,
  crypt: typeof xtsEncrypt,
): Uint8Array<ArrayBuffer> {
  const result = partition.slice();
  for (const page of pagesOf(result)) {
    if (page.isUsed) convertPage(page, keys, crypt);
  }
  return result;
}

function convertPage(
  page: NvsPageBytes,
  keys: NvsKeys,
  crypt: typeof xtsEncrypt,
): void {
  const data = page.entries(0, ENTRIES_PER_PAGE);
  const address = page.offset + FIRST_ENTRY_OFFSET;
  const converted = crypt({ data: data.slice(), address }, keys);
  for (let index = 0; index < ENTRIES_PER_PAGE; index++) {
    if (page.entryState(index) === ENTRY_STATE.empty) continue;
    const start = index * 32;
    page.entries(index).set(converted.subarray(start, start + 32));
  }
}
