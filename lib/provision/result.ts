/**
 * What became of a board.
 *
 * @module
 */

import { EspError, type EspErrorCode } from "../errors.ts";

/**
 * What may be done to a board, in this order. A board that is only looked at
 * has `open`, `identify` and `reset`; a job leaves out what it does not ask for.
 */
export const BOARD_STEPS = [
  "open",
  "identify",
  "check",
  "claim",
  "erase",
  "write",
  "verify",
  "read-back",
  "reset",
  "boot",
  "improv",
  "label",
  "record",
] as const;

/** What is done to a board. */
export type BoardStep = typeof BOARD_STEPS[number];

/**
 * Why a board failed: an error's code; `cancelled` if the line was; `unexpected`
 * for an error without a code.
 */
export type FailureCode = EspErrorCode | "cancelled" | "unexpected";

/** Why a board failed. */
export interface BoardFailure {
  /** The step that failed; absent if none had begun. */
  readonly step?: BoardStep;
  /** A word to branch on. */
  readonly code: FailureCode;
  /** A sentence for a person. */
  readonly message: string;
  /** What to try next, where something is known. */
  readonly hint?: string;
}

/** How long a step took. */
export interface StepDuration {
  /** The step. */
  readonly step: BoardStep;
  /** Milliseconds. */
  readonly ms: number;
}

/** What a board says about itself. */
export interface BoardIdentity {
  /** The chip family's name, such as `ESP32`. */
  readonly chip: string;
  /** Package and revision, such as `ESP32-D0WD-V3 (revision v3.0)`. */
  readonly description: string;
  /** The chip's revision, where it has one. */
  readonly revision?: { readonly major: number; readonly minor: number };
  /** What the chip can do, such as `Wi-Fi`. */
  readonly features: readonly string[];
  /** The crystal's frequency, in megahertz. */
  readonly crystalMhz: number;
  /** The base MAC address: lower-case hex pairs with colons. */
  readonly mac: string;
  /** The chip id: the ESP8266's own, elsewhere the last three bytes of the MAC address. */
  readonly chipId: number;
}

/** What a board's flash chip says about itself. */
export interface BoardFlash {
  /** The JEDEC manufacturer id, one byte. */
  readonly manufacturer: number;
  /** The JEDEC device id, two bytes. */
  readonly device: number;
  /** Bytes; absent if the ids do not tell. */
  readonly size?: number;
}

/** The USB adapter that a board is behind, or the chip's own USB port. */
export interface BoardUsb {
  /** The vendor's id, 16 bits. */
  readonly vendorId: number;
  /** The product's id, 16 bits. */
  readonly productId: number;
  /** The serial number, where it has one. */
  readonly serialNumber?: string;
}

/** The security state that a chip tells of itself; the ESP8266 and the ESP32 do not. */
export interface BoardSecurity {
  /** Flag bits: 0 secure boot, 1 aggressive revocation, 2 secure download mode, and on. */
  readonly flags: number;
  /** SPI_BOOT_CRYPT_CNT: flash is encrypted if its number of set bits is odd. */
  readonly flashCryptCount: number;
}

/** What an application says about itself. */
export interface BoardApplication {
  /** Its project's name. */
  readonly project: string;
  /** Its version. */
  readonly version: string;
  /** The version of ESP-IDF that it was built with. */
  readonly idfVersion: string;
  /** The SHA-256 digest of its ELF file, as lower-case hex. */
  readonly elfSha256: string;
}

/** A file that was written to a board. */
export interface BoardFile {
  /** Where in flash. */
  readonly address: number;
  /** Its name. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /**
   * The SHA-256 digest of the file as given, as lower-case hex; absent if it was
   * made for this board alone, since a short secret could be guessed from it.
   */
  readonly sha256?: string;
  /** Whether the flash held it already, so that nothing was written. */
  readonly skipped: boolean;
}

/** The row that a board has. */
export interface BoardClaim {
  /** The rows' pool. */
  readonly pool: string;
  /** The row's key: a serial number, say. */
  readonly key: string;
  /** Whether the board had it before. */
  readonly again: boolean;
  /** The row's cells, without the secret ones. */
  readonly values: Readonly<Record<string, string>>;
}

/** What became of a board; plain data without secrets, ready for `JSON.stringify`. */
export interface BoardResult {
  /** Tells this attempt from all others: a UUID. */
  readonly id: string;
  /** The path or URL of its port. */
  readonly port: string;
  /** The name of the place where it was plugged in; the port, if places have no names. */
  readonly slot: string;
  /** The station's name. */
  readonly station: string;
  /** Who was at the station, if it was told. */
  readonly operator?: string;
  /** Which attempt of this run it was, from 1 on. */
  readonly attempt: number;
  /** The speed that the line was to have, in baud. */
  readonly baud?: number;
  /** The SHA-256 digest of the job; absent if the board was only looked at. */
  readonly jobSha256?: string;
  /** The row that it has; absent without a plan of identities, or if none was claimed. */
  readonly claim?: BoardClaim;
  /** What the job says that the inventory has to have, filled in. */
  readonly columns?: Readonly<Record<string, string>>;
  /** What the label's QR code says. */
  readonly labelCode?: string;
  /** What the application said when it started, by the names in the expression. */
  readonly boot?: Readonly<Record<string, string>>;
  /** The job's name; absent if the board was only looked at. */
  readonly job?: string;
  /** `cancelled`: the line was stopped before the board had passed or failed. */
  readonly result: "pass" | "fail" | "cancelled";
  /** Why it did not pass. */
  readonly failure?: BoardFailure;
  /** What it says about itself; absent if it was never reached. */
  readonly identity?: BoardIdentity;
  /** What its flash chip says about itself; absent if it was never reached. */
  readonly flash?: BoardFlash;
  /** The USB adapter, where the system tells. */
  readonly usb?: BoardUsb;
  /** The chip's security state, where it tells. */
  readonly security?: BoardSecurity;
  /** What has been written and verified: nothing, unless every file was. */
  readonly files: readonly BoardFile[];
  /** The application among them, where one has a description. */
  readonly application?: BoardApplication;
  /** The SHA-256 digest of the partition table among them, as lower-case hex. */
  readonly partitionTableSha256?: string;
  /** How long each step took that began, the failed one included. */
  readonly steps: readonly StepDuration[];
  /** When it began: ISO 8601, UTC. */
  readonly startedAt: string;
  /** When it ended: ISO 8601, UTC. */
  readonly finishedAt: string;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/** Tells a failure from what was thrown. */
export function failureOf(error: unknown, step?: BoardStep): BoardFailure {
  const message = error instanceof Error ? error.message : String(error);
  return {
    ...(step && { step }),
    code: error instanceof EspError ? error.code : "unexpected",
    message,
    ...(error instanceof EspError && error.hint && { hint: error.hint }),
  };
}
