/**
 * What a chip's eFuses make of secure boot and flash encryption.
 *
 * @module
 */

import { encodeUint32 } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { esp32Cipher, type FlashCipher, xtsCipher } from "./_flash_cipher.ts";
import type { Machine } from "./_machine.ts";
import type { MemoryMap } from "./memory_map.ts";

const KEY_BLOCKS = 6;
/** What the ROM has in the seventh byte of the key purposes. */
const SEVENTH_PURPOSE = 0x0c;
const AES128_KEY_SIZE = 32;
/** KEY_PURPOSE values: XTS_AES_128_KEY, and the two halves of XTS_AES_256_KEY. */
const PURPOSE = { xts128: 4, xts256: [2, 3] } as const;
/** Flags of GET_SECURITY_INFO by the eFuse field that sets them. */
const FLAGS: Readonly<Record<string, number>> = {
  secureBoot: 1 << 0,
  aggressiveRevoke: 1 << 1,
};
/** The flag of secure download mode. */
const SECURE_DOWNLOAD = 1 << 2;

/** What a board's options say about its security. */
export interface SecurityOptions {
  /** Whether the bootloader is verified. */
  readonly secureBoot?: boolean | undefined;
  /** Whether what runs from flash is decrypted. */
  readonly flashEncryption?: boolean | undefined;
  /** Whether the ROM's loader is restricted. */
  readonly secureDownload?: boolean | undefined;
  /** The flash encryption key. */
  readonly flashKey?: Uint8Array | undefined;
}

/** The ESP32 has secure boot V2 from v3.0 on. */
const SECURE_BOOT_FIELDS = ["secureBoot", "secureBootV2"] as const;

/**
 * The fields that a board's security has burnt.
 *
 * @throws {RangeError} If the chip lacks what is asked for.
 */
export function securityFields(
  chip: ChipFamily,
  options: SecurityOptions,
): Readonly<Record<string, number>> {
  const { secureBoot, flashEncryption, secureDownload, flashKey } = options;
  const has = (name: string) => chip.efuse.fields[name] !== undefined;
  const boot = SECURE_BOOT_FIELDS.find(has);
  const lacks = secureBoot && boot === undefined && "secure boot" ||
    flashEncryption && !has("flashCryptCount") && "flash encryption" ||
    secureDownload && chip.rom.secureDownloadOpcodes === undefined &&
      "secure download mode";
  if (lacks) {
    throw new RangeError(
      `Cannot make a board with ${lacks}: the ${chip.name} has none`,
    );
  }
  return {
    ...keyFields(chip, flashKey),
    ...(secureBoot && boot !== undefined && { [boot]: 1 }),
    ...(flashEncryption && { flashCryptCount: 1 }),
  };
}

/** The fields that are burnt with a flash encryption key. */
function keyFields(
  chip: ChipFamily,
  key: Uint8Array | undefined,
): Readonly<Record<string, number>> {
  if (key === undefined) return {};
  if (key.length !== AES128_KEY_SIZE && key.length !== 2 * AES128_KEY_SIZE) {
    throw new RangeError(
      `Cannot burn a flash key of ${key.length} bytes: it has 32, or 64 for XTS-AES-256`,
    );
  }
  if (chip.efuse.fields["flashKeyHidden"] !== undefined) {
    return { flashKeyHidden: 1 };
  }
  const [first, second] = PURPOSE.xts256;
  return key.length === AES128_KEY_SIZE
    ? { keyPurpose0: PURPOSE.xts128 }
    : { keyPurpose0: first, keyPurpose1: second };
}

/** The chip's flash encryption, with a key of zeros where none is burnt. */
export function cipherOf(
  chip: ChipFamily,
  memory: MemoryMap,
  key: Uint8Array = new Uint8Array(AES128_KEY_SIZE),
): FlashCipher {
  return chip.efuse.fields["flashCryptConfig"] === undefined
    ? xtsCipher(key)
    : esp32Cipher(key, readField(chip, memory, "flashCryptConfig"));
}

/**
 * GET_SECURITY_INFO's answer: flags, crypt count, seven key purposes and, from
 * chips that are told by it, chip id and ECO version.
 */
export function encodeSecurityInfo(machine: Machine): Uint8Array {
  const { chip, silicon, memory } = machine;
  const field = (name: string) => readField(chip, memory, name);
  const flags = Object.entries(FLAGS).reduce(
    (flags, [name, bit]) => field(name) === 0 ? flags : flags | bit,
    machine.secureDownload ? SECURE_DOWNLOAD : 0,
  );
  const { detect } = chip;
  const ids = detect.kind === "chip-id"
    ? encodeUint32(detect.id, silicon.ecoVersion)
    : new Uint8Array(0);
  const info = new Uint8Array(12 + ids.length);
  info.set(encodeUint32(flags));
  info[4] = field("flashCryptCount");
  for (let key = 0; key < KEY_BLOCKS; key++) {
    info[5 + key] = field(`keyPurpose${key}`);
  }
  info[5 + KEY_BLOCKS] = SEVENTH_PURPOSE;
  info.set(ids, 12);
  return info;
}

/** Whether the bootloader is verified. */
export function hasSecureBoot({ chip, memory }: Machine): boolean {
  return SECURE_BOOT_FIELDS.some((name) => readField(chip, memory, name) !== 0);
}

/** Whether the loaders may encrypt what is written to flash. */
export function mayEncrypt({ chip, memory }: Machine): boolean {
  return readField(chip, memory, "manualEncryptDisabled") === 0;
}

/** An eFuse field's bits, zero where the chip has no such field. */
export function readField(
  chip: ChipFamily,
  memory: MemoryMap,
  name: string,
): number {
  const bits = chip.efuse.fields[name]?.bits ?? [];
  return bits.reduceRight((value, { block, word, shift, width }) => {
    const address = (chip.efuse.blocks[block]?.address ?? 0) + 4 * word;
    const part = (memory.readWord(address) >>> shift) % 2 ** width;
    return value * 2 ** width + part;
  }, 0);
}
