/**
 * The description that ESP-IDF puts at the start of a second-stage bootloader's
 * first segment.
 *
 * ```
 * magic (1) | reserved (2) | secure version (1) | version
 * ESP-IDF version (32) | date and time (24) | reserved (16)
 * ```
 *
 * Source: ESP-IDF, `esp_bootloader_desc.h`.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import { textField } from "./_text_field.ts";

/** How many bytes a descriptor has. */
export const BOOTLOADER_DESCRIPTOR_SIZE = 80;

const MAGIC = 0x50;
/** Printable ASCII, as the two texts have it. */
const PRINTABLE = /^[ -~]+$/;

/** What a second-stage bootloader says about itself. */
export interface BootloaderDescriptor {
  /** The bootloader's version. */
  readonly version: number;
  /** The version of ESP-IDF that it was built with. */
  readonly idfVersion: string;
  /** When it was built, as the compiler wrote it: `Apr 25 2023 00:13:32`; empty if it does not say. */
  readonly dateTime: string;
  /** Its security version, which anti-rollback compares with the eFuses; 0 in older ones. */
  readonly secureVersion: number;
}

/**
 * Whether a descriptor begins here. A magic number of one byte says little: the
 * texts must be texts, too.
 */
export function isBootloaderDescriptor(bytes: Uint8Array): boolean {
  if (bytes.length < BOOTLOADER_DESCRIPTOR_SIZE || bytes[0] !== MAGIC) {
    return false;
  }
  const { idfVersion, dateTime } = readFields(bytes);
  return PRINTABLE.test(idfVersion) &&
    (dateTime === "" || PRINTABLE.test(dateTime));
}

/**
 * Reads a bootloader's descriptor.
 *
 * @param bytes What begins with it: an image's first segment.
 * @throws {ImageError} If they do not.
 */
export function parseBootloaderDescriptor(
  bytes: Uint8Array,
): BootloaderDescriptor {
  if (isBootloaderDescriptor(bytes)) return readFields(bytes);
  throw new ImageError(
    "Cannot parse bootloader descriptor: it does not begin here",
    { offset: 0 },
  );
}

function readFields(bytes: Uint8Array): BootloaderDescriptor {
  const view = viewOf(bytes);
  return {
    version: view.getUint32(4, true),
    idfVersion: textField(bytes, 8, 32),
    dateTime: textField(bytes, 40, 24),
    secureVersion: view.getUint8(3),
  };
}
