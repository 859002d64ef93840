/**
 * The numbers of the image format, for the modules that read and write it.
 * Sizes are in bytes, offsets in bytes from the image's start.
 *
 * @module
 */

import { crc32 } from "../bytes.ts";

/** The header that every image begins with. */
export const HEADER_SIZE = 8;
/** What follows it on chips after the ESP8266. */
export const EXTENDED_HEADER_SIZE = 16;
/** Address and size before a segment's data. */
export const SEGMENT_HEADER_SIZE = 8;
/** The checksum is the last byte of a multiple of this. */
export const CHECKSUM_ALIGNMENT = 16;
/** A SHA-256 digest. */
export const DIGEST_SIZE = 32;
/** The most segments that a ROM loads. */
export const MAX_SEGMENTS = 16;

/** Where the extended header's fields are: four bytes about the flash's pins first. */
export const PINS_OFFSET = 8;
/** Two bytes. */
export const CHIP_ID_OFFSET = 12;
/** One byte, before ESP-IDF 4.4. */
export const LEGACY_MIN_REVISION_OFFSET = 14;
/** Two bytes: major × 100 + minor. */
export const MIN_REVISION_OFFSET = 15;
/** Two bytes: major × 100 + minor. */
export const MAX_REVISION_OFFSET = 17;
/** One byte: whether a digest follows the checksum. */
export const DIGEST_FLAG_OFFSET = 23;

/** The write-protect pin of an image that leaves the pin to eFuse. */
export const WP_PIN_DISABLED = 0xee;
/** "Any revision": the greatest that the field holds. */
export const MAX_REVISION_ANY = 0xffff;

/** The first byte of an image of version 2, which only the ESP8266 has. */
export const V2_MAGIC = 0xea;
/** What stands in its header for the number of segments. */
export const V2_COUNT = 4;

/** CRC-32 as the SDK's boot loader has it: inverted if its top bit is set, else one more. */
export function esp8266Crc(bytes: Uint8Array): number {
  const crc = crc32(bytes);
  return (crc & 0x8000_0000) !== 0 ? ~crc >>> 0 : crc + 1;
}
