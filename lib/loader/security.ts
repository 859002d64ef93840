/**
 * What GET_SECURITY_INFO answers.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { ChipError, FrameError } from "../errors.ts";

/** A chip's security state. */
export interface SecurityInfo {
  /** Flag bits: 0 secure boot, 1 aggressive revocation, 2 secure download mode, and on. */
  readonly flags: number;
  /** SPI_BOOT_CRYPT_CNT: flash is encrypted if its number of set bits is odd. */
  readonly flashCryptCount: number;
  /** What each of the seven key blocks is for, as in KEY_PURPOSE_0 and on. */
  readonly keyPurposes: readonly number[];
  /** The chip id, as in an image's extended header; the ESP32-S2 does not answer it. */
  readonly chipId?: number;
  /** The ROM's API version; the ESP32-S2 does not answer it. */
  readonly apiVersion?: number;
}

/** The bits of {@linkcode SecurityInfo.flags}. */
export const SECURITY_FLAGS = {
  /** Secure boot is on. */
  secureBoot: 1 << 0,
  /** A key that fails once is revoked. */
  aggressiveRevoke: 1 << 1,
  /** The ROM's loader is restricted. */
  secureDownload: 1 << 2,
  /** The first secure boot key is revoked. */
  keyRevoked0: 1 << 3,
  /** The second secure boot key is revoked. */
  keyRevoked1: 1 << 4,
  /** The third secure boot key is revoked. */
  keyRevoked2: 1 << 5,
  /** JTAG is disabled until software enables it. */
  softDisabledJtag: 1 << 6,
  /** JTAG is disabled for good. */
  hardDisabledJtag: 1 << 7,
  /** USB is disabled. */
  usbDisabled: 1 << 8,
  /** The data cache is disabled in download mode. */
  dcacheDisabled: 1 << 9,
  /** The instruction cache is disabled in download mode. */
  icacheDisabled: 1 << 10,
} as const;

/** Whether an odd number of bits is set: how eFuses count what can be switched on and off. */
export function hasOddBits(word: number): boolean {
  return word.toString(2).replaceAll("0", "").length % 2 === 1;
}

/**
 * Why something is not done.
 *
 * @param what As it follows "Cannot": `read a register`.
 */
export function secureDownloadRefusal(what: string): ChipError {
  return new ChipError(
    `Cannot ${what}: the chip is in secure download mode`,
    {
      code: "security-active",
      hint:
        "In this mode the ROM writes and erases flash and tells its security state (get-security-info), and nothing else; an eFuse has set it for good.",
    },
  );
}

const SHORT_SIZE = 12;
const LONG_SIZE = 20;
const KEY_COUNT = 7;

/**
 * Decodes the reply's data: flags (4), crypt count (1), key purposes (7),
 * and from chips after the ESP32-S2 chip id (4) and API version (4).
 *
 * @throws {FrameError} `reply-invalid` if there are neither 12 nor 20 bytes.
 */
export function decodeSecurityInfo(bytes: Uint8Array): SecurityInfo {
  if (bytes.length !== SHORT_SIZE && bytes.length !== LONG_SIZE) {
    throw new FrameError(
      `Cannot decode security info: it has ${bytes.length} bytes, not ${SHORT_SIZE} or ${LONG_SIZE}`,
      { code: "reply-invalid", bytes },
    );
  }
  const view = viewOf(bytes);
  return {
    flags: view.getUint32(0, true),
    flashCryptCount: view.getUint8(4),
    keyPurposes: [...bytes.subarray(5, 5 + KEY_COUNT)],
    ...(bytes.length === LONG_SIZE && {
      chipId: view.getUint32(12, true),
      apiVersion: view.getUint32(16, true),
    }),
  };
}
