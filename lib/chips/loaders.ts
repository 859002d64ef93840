/**
 * What a family's loaders are, as data: the ROM's, and the stub that takes its place.
 *
 * @module
 */

/** What the mask ROM's loader can do. */
export interface RomLoader {
  /** How many status bytes end a reply. */
  readonly statusBytes: 2 | 4;
  /** Opcodes that the ROM knows. */
  readonly opcodes: readonly number[];
  /** Bytes of data in a FLASH_DATA packet. */
  readonly flashBlockSize: number;
  /** Bytes of data in a MEM_DATA packet. */
  readonly ramBlockSize: number;
  /** Whether FLASH_BEGIN has a fifth word, the encryption flag. */
  readonly encryptedFlag: boolean;
  /** The speed of the boot log, in baud. */
  readonly bootLogBaud: number;
  /** What is left of the opcodes in secure download mode; absent where the ROM has no such mode. */
  readonly secureDownloadOpcodes?: readonly number[];
}

/** The flasher stub that is published for a family. */
export interface FamilyStub {
  /** The name of its file in the stub package, without `.json`. */
  readonly file: string;
  /** What becomes of it where secure boot is on; it runs as ever by default. */
  readonly secureBoot?: SecureBootStub;
  /** Chips of an earlier revision, where that stub does not run on them. */
  readonly earlier?: EarlierStub;
}

/** How a stub starts, if at all, on a chip whose ROM runs nothing unverified from RAM. */
export type SecureBootStub = NoSecureBootStub | PointerStart;

/** It does not. */
export interface NoSecureBootStub {
  /** Tells this variant from the other. */
  readonly kind: "never";
}

/** The ROM's READ_FLASH_SLOW goes through a pointer in RAM, which is set to the stub. */
export interface PointerStart {
  /** Tells this variant from the other. */
  readonly kind: "pointer";
  /** The pointer's address. */
  readonly address: number;
}

/** What runs on chips of an earlier revision. */
export interface EarlierStub {
  /** The first revision that takes the family's stub, major × 100 + minor. */
  readonly before: number;
  /** The earlier chips' file; absent if none runs on them. */
  readonly file?: string;
}
