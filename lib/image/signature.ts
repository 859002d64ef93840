/**
 * The signatures of secure boot, behind an image.
 *
 * ```
 * version 1   0 (4) | ECDSA signature (64)                    right behind the image
 * version 2   E7 | version (1) | digest's kind (2) | digest (32 or 48) | key and signature
 *             CRC-32 of these 1196 bytes (4) | 0 (16)         up to three, from a sector's start on
 * ```
 *
 * Sources: ESP-IDF documentation, "Secure Boot" and "Secure Boot v2";
 * where each stands and the digests' kinds: watching espsecure 5.6.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { alignUp, crc32, equalBytes, viewOf } from "../bytes.ts";

/** What signature blocks are aligned to. */
const SECTOR_SIZE = 0x1000;
/** The most blocks behind an image. */
const MAX_BLOCKS = 3;
const BLOCK_SIZE = 1216;
const BLOCK_MAGIC = 0xe7;
const CRC_OFFSET = 1196;
const DIGEST_OFFSET = 4;
const RSA_VERSION = 2;
const ECDSA_VERSION = 3;
/** ECDSA's curves by their number behind the digest. */
const CURVES: Readonly<Record<number, SignatureScheme>> = {
  1: "ecdsa-p192",
  2: "ecdsa-p256",
  3: "ecdsa-p384",
};

/** A version 1 signature with its version word. */
const V1_SIZE = 68;

/** How something is signed. */
export type SignatureScheme =
  | "rsa-3072"
  | "ecdsa-p192"
  | "ecdsa-p256"
  | "ecdsa-p384";

/** A signature behind an image. */
export interface ImageSignature {
  /** The version of secure boot that it is for. */
  readonly version: 1 | 2;
  /** How it is signed; absent if that is not known. */
  readonly scheme?: SignatureScheme;
  /** Where it is, in bytes from the image's start. */
  readonly offset: number;
  /**
   * Whether it is about these bytes: its digest is theirs. Absent in version 1,
   * which carries none. The signature itself is not verified.
   */
  readonly isDigestValid?: boolean;
}

/**
 * Finds the signatures behind an image.
 *
 * @param file What begins with the image.
 * @param end How many bytes the image has, with its SHA-256 digest.
 */
export function findSignatures(
  file: Uint8Array,
  end: number,
): ImageSignature[] {
  // Signed with padding, and without.
  for (const start of new Set([alignUp(end, SECTOR_SIZE), end])) {
    const blocks = findBlocks(file, start);
    if (blocks.length > 0) return blocks;
  }
  return isV1(file.subarray(end, end + V1_SIZE))
    ? [{ version: 1, scheme: "ecdsa-p256", offset: end }]
    : [];
}

function findBlocks(file: Uint8Array, start: number): ImageSignature[] {
  const blocks: ImageSignature[] = [];
  const signed = new SignedBytes(file.subarray(0, start));
  for (let index = 0; index < MAX_BLOCKS; index++) {
    const offset = start + index * BLOCK_SIZE;
    const bytes = file.subarray(offset, offset + BLOCK_SIZE);
    if (!isBlock(bytes)) break;
    const hash = bytes[2] === 1 ? "sha384" : "sha256";
    const digest = signed.digest(hash);
    const digestEnd = DIGEST_OFFSET + digest.length;
    const scheme = bytes[1] === RSA_VERSION
      ? "rsa-3072"
      : CURVES[bytes[digestEnd] ?? 0];
    blocks.push({
      version: 2,
      ...(scheme && { scheme }),
      offset,
      isDigestValid: equalBytes(
        bytes.subarray(DIGEST_OFFSET, digestEnd),
        digest,
      ),
    });
  }
  return blocks;
}

/** Bytes that are hashed only when somebody asks, and once. */
class SignedBytes {
  readonly #bytes: Uint8Array;
  readonly #digests = new Map<string, Uint8Array>();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  digest(hash: "sha256" | "sha384"): Uint8Array {
    const known = this.#digests.get(hash);
    const digest = known ?? createHash(hash).update(this.#bytes).digest();
    this.#digests.set(hash, digest);
    return digest;
  }
}

function isBlock(bytes: Uint8Array): boolean {
  return bytes.length === BLOCK_SIZE && bytes[0] === BLOCK_MAGIC &&
    (bytes[1] === RSA_VERSION || bytes[1] === ECDSA_VERSION) &&
    viewOf(bytes).getUint32(CRC_OFFSET, true) ===
      crc32(bytes.subarray(0, CRC_OFFSET));
}

/** A version word of 0, and then what is neither erased flash nor padding. */
function isV1(bytes: Uint8Array): boolean {
  const [version, signature] = [bytes.subarray(0, 4), bytes.subarray(4)];
  return bytes.length === V1_SIZE && version.every((byte) => byte === 0) &&
    signature.some((byte) => byte !== signature[0]);
}
