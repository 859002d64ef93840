/**
 * What is refused because it could make a protected chip useless.
 *
 * @module
 */

import { EspError } from "../errors.ts";
import {
  type EncryptionFlaw,
  encryptionFlaws,
  type FlashSecurity,
  hasEncryption,
  readFlashSecurity,
} from "../loader/flash_security.ts";
import type { Loader } from "../loader/loader.ts";
import type { OperationOptions } from "../progress.ts";
import { describeFile, type PlacedFile } from "./flash_files.ts";

/** Options of {@linkcode checkWrite} and {@linkcode checkErase}. */
export interface WriteGuardOptions extends OperationOptions {
  /** Whether to go on anyway. */
  readonly force?: boolean | undefined;
  /** Whether to write encrypted although the eFuses say that it cannot succeed. */
  readonly ignoreEncryptionFuses?: boolean | undefined;
}

/** What secure boot V1 protects ends here: the bootloader and its digest. */
const BOOTLOADER_END = 0x8000;
/** What the Key Manager keeps its recovery data in. */
const KEY_RECOVERY_END = 0x2000;
/** How much is encrypted at once: two AES blocks with one key on the ESP32, later one. */
const ENCRYPTION_UNIT = { esp32: 32, later: 16 } as const;
/** What each flaw is in words. */
const FLAW_TEXTS: Readonly<Record<EncryptionFlaw, string>> = {
  "no-key": "no flash encryption key is burnt",
  "crypt-config": "FLASH_CRYPT_CONFIG is not 0xf",
};

/** To what an encrypted file's address and size are rounded. */
export function encryptionUnit({ chip }: Loader): number {
  return chip.efuse.fields["flashCryptConfig"] === undefined
    ? ENCRYPTION_UNIT.later
    : ENCRYPTION_UNIT.esp32;
}

/**
 * Refuses files that the chip would not run, or that would overwrite what it cannot do without.
 *
 * @throws {EspError} `security-active` or `chip-lacks`.
 */
export async function checkWrite(
  loader: Loader,
  files: readonly PlacedFile[],
  security: FlashSecurity,
  options: WriteGuardOptions,
): Promise<void> {
  if (!options.force) checkPlaces(files, security);
  const encrypted = files.filter(({ encrypt }) => encrypt);
  if (encrypted.length > 0) {
    await checkEncryption(loader, encrypted, security, options);
  } else if (!options.force && security.encrypted && !security.canEncrypt) {
    throw refusal(
      "Cannot write flash: the chip decrypts what it runs, and encrypts nothing that is written",
      "Encrypt the files first; then force it.",
    );
  }
}

/**
 * Refuses to erase what a protected chip needs.
 *
 * @throws {EspError} `security-active`.
 */
export async function checkErase(
  loader: Loader,
  options: WriteGuardOptions,
): Promise<void> {
  if (options.force) return;
  const { secureBoot, encrypted } = await readFlashSecurity(loader, options);
  if (!secureBoot && !encrypted) return;
  const feature = secureBoot ? "secure boot" : "flash encryption";
  throw refusal(
    `Cannot erase flash: ${feature} is on, and the chip may never start again`,
    "Force it if the flash can be written again afterwards.",
  );
}

function checkPlaces(
  files: readonly PlacedFile[],
  { secureBootV1, encrypted, usesKeyManager }: FlashSecurity,
): void {
  const [first] = files;
  if (first === undefined) return;
  if (secureBootV1 && first.address < BOOTLOADER_END) {
    throw refusal(
      `Cannot write ${
        describeFile(first)
      }: secure boot V1 is on, and the bootloader is below 0x8000`,
      "Force it if it is a bootloader that the chip's key has digested.",
    );
  }
  if (encrypted && usesKeyManager && first.address < KEY_RECOVERY_END) {
    throw refusal(
      `Cannot write ${
        describeFile(first)
      }: the Key Manager keeps recovery data below 0x2000`,
      "Force it if the key is not needed any more.",
    );
  }
}

async function checkEncryption(
  loader: Loader,
  files: readonly PlacedFile[],
  { canEncrypt }: FlashSecurity,
  options: WriteGuardOptions,
): Promise<void> {
  const { chip, isStub, port } = loader;
  if (!hasEncryption(chip) || !isStub && !chip.rom.encryptedFlag) {
    throw new EspError(
      `Cannot write encrypted: the ${chip.name}${
        hasEncryption(chip) ? " ROM" : ""
      } cannot encrypt`,
      { code: "chip-lacks" },
    );
  }
  if (!canEncrypt) {
    throw refusal(
      "Cannot write encrypted: an eFuse has turned that off, as for production",
      "Encrypt the files first, and write them as they are.",
    );
  }
  const flaws = await encryptionFlaws(loader, options);
  const reasons: string[] = flaws.map((flaw) => FLAW_TEXTS[flaw]);
  const unit = encryptionUnit(loader);
  for (const file of files.filter(({ address }) => address % unit !== 0)) {
    reasons.push(`${describeFile(file)} is not on a multiple of ${unit}`);
  }
  if (reasons.length === 0) return;
  const message = `Cannot write encrypted: ${reasons.join("; ")}`;
  if (!options.ignoreEncryptionFuses) {
    throw refusal(message, "Burn the flash encryption key first.");
  }
  options.onProgress?.({ kind: "note", port, message });
}

function refusal(message: string, hint: string): EspError {
  return new EspError(message, { code: "security-active", hint });
}
