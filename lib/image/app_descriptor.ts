/**
 * The description that ESP-IDF puts at the start of an application's first segment.
 *
 * ```
 * magic | secure version | reserved (8) | version (32) | project (32) | time (16) | date (16)
 * ESP-IDF version (32) | SHA-256 of the ELF file (32)
 * least and greatest eFuse block revision (2, 2) | log2 of the MMU page size (1) | reserved (75)
 * ```
 *
 * Source: ESP-IDF, `esp_app_desc.h`.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import { textField } from "./_text_field.ts";

/** How many bytes a descriptor has. */
export const APP_DESCRIPTOR_SIZE = 256;
/** Where it stands in an image whose first segment it begins, in bytes from the image's start. */
export const APP_DESCRIPTOR_OFFSET = 0x20;

const MAGIC = 0xabcd_5432;

/** What an application says about itself. */
export interface AppDescriptor {
  /** The project's name. */
  readonly project: string;
  /** The application's version. */
  readonly version: string;
  /** The time of day of the build, as the compiler wrote it: `19:46:07`. */
  readonly time: string;
  /** The day of the build: `Sep 13 2022`. */
  readonly date: string;
  /** The version of ESP-IDF that it was built with. */
  readonly idfVersion: string;
  /** The SHA-256 digest of its ELF file, as a view. */
  readonly elfSha256: Uint8Array;
  /** Its security version, which anti-rollback compares with the eFuses. */
  readonly secureVersion: number;
  /** The least revision of the eFuse block that it runs with: major × 100 + minor. */
  readonly minEfuseBlockRevision: number;
  /** The greatest: major × 100 + minor; 65535 is any. */
  readonly maxEfuseBlockRevision: number;
  /** The size of the pages that it is laid out for, in bytes; absent in older ones. */
  readonly mmuPageSize?: number;
}

/** Whether a descriptor begins here. */
export function isAppDescriptor(bytes: Uint8Array): boolean {
  return bytes.length >= APP_DESCRIPTOR_SIZE &&
    viewOf(bytes).getUint32(0, true) === MAGIC;
}

/**
 * Reads an application's descriptor.
 *
 * @param bytes What begins with it: an image's first segment, or a slice of
 * flash from {@linkcode APP_DESCRIPTOR_OFFSET} behind where the image begins.
 * @throws {ImageError} If they do not.
 *
 * @example Which version is this?
 * ```ts
 * import { APP_DESCRIPTOR_OFFSET, parseAppDescriptor } from "@espline/espline/image";
 *
 * function versionOf(image: Uint8Array): string {
 *   return parseAppDescriptor(image.subarray(APP_DESCRIPTOR_OFFSET)).version;
 * }
 * console.log(versionOf.length);
 * ```
 */
export function parseAppDescriptor(bytes: Uint8Array): AppDescriptor {
  if (!isAppDescriptor(bytes)) {
    throw new ImageError(
      "Cannot parse application descriptor: it does not begin here",
      { offset: 0 },
    );
  }
  const view = viewOf(bytes);
  const log2PageSize = view.getUint8(180);
  return {
    project: textField(bytes, 48, 32),
    version: textField(bytes, 16, 32),
    time: textField(bytes, 80, 16),
    date: textField(bytes, 96, 16),
    idfVersion: textField(bytes, 112, 32),
    elfSha256: bytes.subarray(144, 176),
    secureVersion: view.getUint32(4, true),
    minEfuseBlockRevision: view.getUint16(176, true),
    maxEfuseBlockRevision: view.getUint16(178, true),
    ...(log2PageSize > 0 && { mmuPageSize: 2 ** log2PageSize }),
  };
}
