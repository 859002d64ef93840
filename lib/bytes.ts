/**
 * Bytes: little-endian words, padding, hex, the bootloader's XOR checksum and CRC-32.
 *
 * Pure functions. Nothing here copies where a view will do.
 *
 * @module
 */

/** The seed of the serial protocol's and the image format's XOR checksum. */
export const CHECKSUM_SEED = 0xef;

/** Returns a `DataView` of exactly the bytes of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Reads a little-endian 32-bit word.
 *
 * @throws {RangeError} If fewer than four bytes stand at `offset`.
 */
export function readUint32(bytes: Uint8Array, offset = 0): number {
  return viewOf(bytes).getUint32(offset, true);
}

/** Encodes 32-bit words as little-endian bytes; negative numbers as two's complement. */
export function encodeUint32(...words: number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(words.length * 4);
  const view = viewOf(bytes);
  words.forEach((word, index) => view.setUint32(index * 4, word, true));
  return bytes;
}

/** Joins chunks into one array; a single chunk is returned as it is. */
export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const joined = new Uint8Array(
    chunks.reduce((size, chunk) => size + chunk.length, 0),
  );
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

/** Whether two arrays hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  // Loaded when it is first used: every program has this module, and few compare.
  const { Buffer } = globalThis.process.getBuiltinModule("node:buffer");
  return Buffer.compare(a, b) === 0;
}

/** Rounds `value` up to a multiple of `multiple`. */
export function alignUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** Rounds `value` down to a multiple of `multiple`. */
export function alignDown(value: number, multiple: number): number {
  return Math.floor(value / multiple) * multiple;
}

/**
 * Pads `bytes` at the end to a multiple of `multiple` bytes.
 *
 * @param fill The byte to pad with; flash is padded with 0xFF, what it holds when erased.
 * @returns `bytes` itself if its length fits already, else a padded copy.
 */
export function padTo(
  bytes: Uint8Array,
  multiple: number,
  fill = 0xff,
): Uint8Array {
  const size = alignUp(bytes.length, multiple);
  if (size === bytes.length) return bytes;
  const padded = new Uint8Array(size).fill(fill, bytes.length);
  padded.set(bytes);
  return padded;
}

/**
 * The XOR checksum of the serial protocol's data packets and of image segments.
 *
 * @param seed What to start with: another checksum, to go on from it.
 * @returns A byte, 0 to 255.
 */
export function xorChecksum(
  bytes: Uint8Array,
  seed: number = CHECKSUM_SEED,
): number {
  // By words, because there may be megabytes.
  const view = viewOf(bytes);
  const end = alignDown(bytes.length, 4);
  let words = 0;
  for (let i = 0; i < end; i += 4) words ^= view.getUint32(i);
  let checksum = seed ^ words ^ words >>> 8 ^ words >>> 16 ^ words >>> 24;
  for (const byte of bytes.subarray(end)) checksum ^= byte;
  return checksum & 0xff;
}

/** The CRC-32 of each byte. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) {
    crc = (crc & 1) === 0 ? crc >>> 1 : crc >>> 1 ^ 0xedb8_8320;
  }
  return crc;
});

/**
 * The CRC-32 of zlib and of IEEE 802.3, without what `node:zlib` takes to load.
 *
 * @param seed What to start with: another sum, to go on from it.
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  for (const byte of bytes) {
    crc = crc >>> 8 ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}

/** Formats a 32-bit address as eight lower-case hex digits: `0x6000_8000`. */
export function formatAddress(address: number): string {
  const digits = (address >>> 0).toString(16).padStart(8, "0");
  return `0x${digits.slice(0, 4)}_${digits.slice(4)}`;
}

/** Formats bytes as a MAC address: lower-case hex pairs with colons. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(
    ":",
  );
}

/**
 * Parses a MAC address of six bytes, with colons, dashes or neither.
 *
 * @throws {SyntaxError} If the text is no MAC address.
 */
export function parseMac(text: string): Uint8Array<ArrayBuffer> {
  if (!/^([0-9a-f]{2}([:-]?)([0-9a-f]{2}\2){4}[0-9a-f]{2})$/i.test(text)) {
    throw new SyntaxError(
      `Cannot parse MAC address: "${text}" is not six hex pairs`,
    );
  }
  return Uint8Array.from(
    text.replaceAll(/[:-]/g, "").match(/../g) ?? [],
    (pair) => parseInt(pair, 16),
  );
}
