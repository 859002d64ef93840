/**
 * Secure boot and flash encryption, as the eFuses of a chip have them.
 *
 * Sources: the chips' esp_efuse_table.csv of ESP-IDF; ESP-IDF, "Flash
 * Encryption" and "Secure Boot".
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import type { OperationOptions } from "../progress.ts";
import { GET_SECURITY_INFO } from "../protocol/commands.ts";
import { type ReadField, withFields } from "./identity.ts";
import type { Loader } from "./loader.ts";
import { hasOddBits, SECURITY_FLAGS, type SecurityInfo } from "./security.ts";

/** What a writer of flash has to heed. */
export interface FlashSecurity {
  /** Whether the bootloader is verified when the chip starts. */
  readonly secureBoot: boolean;
  /** Whether it is verified by a key that the bootloader itself digests, so that no other can take its place. */
  readonly secureBootV1: boolean;
  /** Whether the chip decrypts what it runs from flash. */
  readonly encrypted: boolean;
  /** Whether the loaders may encrypt what they write. */
  readonly canEncrypt: boolean;
  /** Whether the key comes from the Key Manager, which keeps recovery data at the start of flash. */
  readonly usesKeyManager: boolean;
}

/** Why a chip cannot write encrypted data. */
export type EncryptionFlaw = "no-key" | "crypt-config";

/** KEY_PURPOSE values: XTS_AES_256_KEY_1 and _2, XTS_AES_128_KEY. */
const PURPOSE = { xts256: [2, 3], xts128: 4 } as const;
const FULL_CRYPT_CONFIG = 0xf;
/** FORCE_USE_KEY_MANAGER_KEY's bit for flash encryption. */
const KEY_MANAGER_XTS = 1 << 1;
/** ESP32 from which on secure boot V2 exists: v3.0. */
const V2_MAJOR = 3;
const MAX_KEYS = 6;

/** Whether a chip can encrypt its flash. */
export function hasEncryption({ efuse }: ChipFamily): boolean {
  return efuse.fields["flashCryptCount"] !== undefined;
}

/**
 * Reads what the eFuses say; a chip without security has none of it. In secure
 * download mode the ROM tells whether secure boot and flash encryption are on,
 * and for the rest it is trusted to refuse what it cannot do.
 */
export async function readFlashSecurity(
  loader: Loader,
  options: OperationOptions = {},
): Promise<FlashSecurity> {
  if (loader.secureDownload) return await toldSecurity(loader, options);
  return await withFields(
    loader,
    "read the security eFuses",
    options,
    async (read) => {
      const field = optional(loader.chip, read);
      const v1 = await field("secureBootV1") === 1;
      return {
        secureBoot: v1 || await field("secureBoot") === 1 ||
          await hasSecureBootV2(field),
        secureBootV1: v1,
        encrypted: hasOddBits(await field("flashCryptCount")),
        canEncrypt: await field("manualEncryptDisabled") === 0,
        usesKeyManager:
          (await field("forceKeyManager") & KEY_MANAGER_XTS) !== 0,
      };
    },
  );
}

async function toldSecurity(
  loader: Loader,
  { signal }: OperationOptions,
): Promise<FlashSecurity> {
  const { flags, flashCryptCount } = await loader.getSecurityInfo({ signal });
  return {
    secureBoot: (flags & SECURITY_FLAGS.secureBoot) !== 0,
    secureBootV1: false,
    encrypted: hasOddBits(flashCryptCount),
    canEncrypt: true,
    usesKeyManager: false,
  };
}

/** Finds out why encrypted data cannot be written, if so. */
export async function encryptionFlaws(
  loader: Loader,
  options: OperationOptions = {},
): Promise<EncryptionFlaw[]> {
  if (loader.secureDownload) {
    const { signal } = options;
    const { keyPurposes } = await loader.getSecurityInfo({ signal });
    return encrypts(keyPurposes) ? [] : ["no-key"];
  }
  return await withFields(
    loader,
    "read the encryption eFuses",
    options,
    async (read) => {
      const field = optional(loader.chip, read);
      const flaws: EncryptionFlaw[] = [];
      const config = await field("flashCryptConfigHidden") === 1
        ? FULL_CRYPT_CONFIG
        : await field("flashCryptConfig", FULL_CRYPT_CONFIG);
      if (config !== FULL_CRYPT_CONFIG) flaws.push("crypt-config");
      if (!await hasKey(loader, field, options)) flaws.push("no-key");
      return flaws;
    },
  );
}

/**
 * What GET_SECURITY_INFO answers; from the eFuses for a chip whose loaders do
 * not know it, the ESP32, whose keys have no purposes, and its ROM no version.
 */
export async function securityInfo(
  loader: Loader,
  options: OperationOptions = {},
): Promise<SecurityInfo> {
  const { chip } = loader;
  const { signal } = options;
  const knows = chip.rom.opcodes.includes(GET_SECURITY_INFO.opcode);
  // An ESP8266 has nothing to tell, and its ROM says so.
  if (knows || !hasEncryption(chip)) {
    return await loader.getSecurityInfo({ signal });
  }
  const { secureBoot } = await readFlashSecurity(loader, options);
  return await withFields(
    loader,
    "read the security eFuses",
    options,
    async (read) => ({
      flags: (secureBoot ? SECURITY_FLAGS.secureBoot : 0) |
        (await read("jtagDisabled") === 1
          ? SECURITY_FLAGS.hardDisabledJtag
          : 0),
      flashCryptCount: await read("flashCryptCount"),
      keyPurposes: [],
    }),
  );
}

/** Reads a field, or takes a value where the chip has none. */
type OptionalField = (name: string, without?: number) => Promise<number>;

function optional({ efuse }: ChipFamily, read: ReadField): OptionalField {
  return (name, without = 0) =>
    efuse.fields[name] === undefined ? Promise.resolve(without) : read(name);
}

async function hasSecureBootV2(field: OptionalField): Promise<boolean> {
  return await field("secureBootV2") === 1 &&
    await field("majorRevision") >= V2_MAJOR;
}

function encrypts(purposes: readonly number[]): boolean {
  return purposes.includes(PURPOSE.xts128) ||
    PURPOSE.xts256.every((half) => purposes.includes(half));
}

/** A key that nobody can read is taken for one; otherwise it must not be all zeros, or have a purpose. */
async function hasKey(
  loader: Loader,
  field: OptionalField,
  options: OperationOptions,
): Promise<boolean> {
  const { blocks } = loader.chip.efuse;
  if ((await field("forceKeyManager") & KEY_MANAGER_XTS) !== 0) return true;
  const key = blocks["flashKey"];
  if (key === undefined) {
    const purposes: number[] = [];
    for (let block = 0; block < MAX_KEYS; block++) {
      purposes.push(await field(`keyPurpose${block}`));
    }
    return encrypts(purposes);
  }
  if (await field("flashKeyHidden") === 1) return true;
  for (let word = 0; word < key.words; word++) {
    const { signal } = options;
    if (await loader.readReg(key.address + 4 * word, { signal }) !== 0) {
      return true;
    }
  }
  return false;
}
