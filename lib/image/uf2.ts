/**
 * UF2: addressed bytes as blocks of 512, each of which says where it belongs.
 *
 * ```
 * magics (8) | flags | address | payload size | block | blocks | family or file size
 * payload, then zeros (476) | magic (4)
 * ```
 *
 * All words are little-endian. With an MD5 tag, address, size and MD5 digest of
 * a region of flash stand behind the payload, or at the end of its room.
 * Extension tags, which describe a firmware in words, are not read.
 * Source: microsoft/uf2, README.md. The MD5 tag right behind the payload and
 * block numbers that begin anew with each input file: watching esptool 5.6.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { equalBytes, formatAddress, viewOf } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import { ADDRESS_END, checkAddressable, joinRuns } from "./_runs.ts";
import type { Segment } from "./segment.ts";

const BLOCK_SIZE = 512;
const MAGIC_1 = 0x0a32_4655;
const MAGIC_2 = 0x9e5d_5157;
const MAGIC_END = 0x0ab1_6f30;

/** Where a block's fields are. */
const FIELDS = {
  magic1: 0,
  magic2: 4,
  flags: 8,
  address: 12,
  payloadSize: 16,
  block: 20,
  blocks: 24,
  family: 28,
  payload: 32,
  magicEnd: 508,
} as const;

/** How many bytes of payload a block has room for. */
const PAYLOAD_ROOM = FIELDS.magicEnd - FIELDS.payload;
const MD5_SIZE = 16;
/** Address, size and digest. */
const MD5_TAG_SIZE = 8 + MD5_SIZE;

/** Flags of a block. */
const NOT_MAIN_FLASH = 0x1;
const FILE_CONTAINER = 0x1000;
const HAS_FAMILY = 0x2000;
const HAS_MD5 = 0x4000;
const HAS_EXTENSIONS = 0x8000;
const KNOWN_FLAGS = NOT_MAIN_FLASH | FILE_CONTAINER | HAS_FAMILY | HAS_MD5 |
  HAS_EXTENSIONS;

/** What a UF2 file has for one family of chips. */
export interface Uf2Family {
  /** The family's number; absent if the blocks name none. */
  readonly familyId?: number;
  /** One segment for each stretch of flash, by address. */
  readonly segments: readonly Segment[];
}

/** A UF2 file, taken apart. */
export interface Uf2File {
  /** The families, in the order in which they appear. */
  readonly families: readonly Uf2Family[];
  /** How many blocks are not for flash, and have been left out. */
  readonly skippedBlocks: number;
}

/** Options of {@linkcode encodeUf2}. */
export interface Uf2Options {
  /** The number of the chip's family: `chip.image.uf2FamilyId`. */
  readonly familyId: number;
  /**
   * How many bytes go into a block, a multiple of 4.
   *
   * @default {476, or 452 with MD5 digests}
   */
  readonly chunkSize?: number | undefined;
  /**
   * Whether each block carries the MD5 digest of its bytes.
   *
   * @default {true}
   */
  readonly md5?: boolean | undefined;
}

/** Whether bytes begin as a UF2 file does. */
export function isUf2(bytes: Uint8Array): boolean {
  if (bytes.length < FIELDS.flags) return false;
  const view = viewOf(bytes);
  return view.getUint32(FIELDS.magic1, true) === MAGIC_1 &&
    view.getUint32(FIELDS.magic2, true) === MAGIC_2;
}

/** A region that an MD5 tag is about. */
interface Tag {
  readonly address: number;
  readonly size: number;
  readonly digest: Uint8Array;
  /** The block's offset. */
  readonly offset: number;
}

interface Piece extends Segment {
  /** The block's offset. */
  readonly offset: number;
}

/** A family's blocks, as far as they have been read. */
interface Blocks {
  readonly pieces: Piece[];
  readonly tags: Tag[];
  /** What the next block's number must be; none of the count is left at `count`. */
  next: number;
  count: number;
}

interface Block {
  readonly offset: number;
  readonly flags: number;
  readonly block: number;
  readonly blocks: number;
  /** `undefined` if the block names none. */
  readonly familyId: number | undefined;
  readonly piece: Piece;
  readonly tag: Tag | undefined;
}

/**
 * Takes a UF2 file apart, and checks block numbers and MD5 digests.
 *
 * @throws {ImageError} If a block is malformed, missing or out of its order,
 * its digest is wrong, or two blocks of a family claim the same address.
 */
export function parseUf2(bytes: Uint8Array): Uf2File {
  if (bytes.length === 0 || bytes.length % BLOCK_SIZE !== 0) {
    throw uf2Error(
      `${bytes.length} bytes are not whole blocks of ${BLOCK_SIZE}`,
      bytes.length,
    );
  }
  const families = new Map<number | undefined, Blocks>();
  let skippedBlocks = 0;
  for (let offset = 0; offset < bytes.length; offset += BLOCK_SIZE) {
    const block = parseBlock(
      bytes.subarray(offset, offset + BLOCK_SIZE),
      offset,
    );
    const known = families.get(block.familyId);
    const blocks = known ?? { pieces: [], tags: [], next: 0, count: 0 };
    if (known === undefined) families.set(block.familyId, blocks);
    checkOrder(block, blocks);
    if ((block.flags & NOT_MAIN_FLASH) !== 0) {
      skippedBlocks++;
      continue;
    }
    blocks.pieces.push(block.piece);
    if (block.tag !== undefined) blocks.tags.push(block.tag);
  }
  return {
    families: Array.from(families, ([familyId, blocks]) => ({
      ...(familyId !== undefined && { familyId }),
      segments: joinBlocks(blocks, bytes.length),
    })).filter(({ segments }) => segments.length > 0),
    skippedBlocks,
  };
}

function parseBlock(bytes: Uint8Array, offset: number): Block {
  const view = viewOf(bytes);
  const word = (field: number) => view.getUint32(field, true);
  if (!isUf2(bytes) || word(FIELDS.magicEnd) !== MAGIC_END) {
    throw uf2Error("a block lacks its magic numbers", offset);
  }
  const flags = word(FIELDS.flags);
  if ((flags & ~KNOWN_FLAGS) !== 0) {
    throw uf2Error(
      `a block has flags that are not known: 0x${flags.toString(16)}`,
      offset,
    );
  }
  if ((flags & FILE_CONTAINER) !== 0) {
    throw uf2Error("it carries files for a file system, not flash", offset);
  }
  const size = word(FIELDS.payloadSize);
  const room = PAYLOAD_ROOM - ((flags & HAS_MD5) === 0 ? 0 : MD5_TAG_SIZE);
  const address = word(FIELDS.address);
  const what = `${size} bytes at ${formatAddress(address)}`;
  if (size > room) {
    throw uf2Error(`${what} do not fit their block's ${room}`, offset);
  }
  if (address + size > ADDRESS_END) {
    throw uf2Error(`${what} go past the last address of 32 bits`, offset);
  }
  const data = bytes.subarray(FIELDS.payload, FIELDS.payload + size);
  return {
    offset,
    flags,
    block: word(FIELDS.block),
    blocks: word(FIELDS.blocks),
    familyId: (flags & HAS_FAMILY) === 0 ? undefined : word(FIELDS.family),
    piece: { address, data, offset },
    tag: (flags & HAS_MD5) === 0
      ? undefined
      : parseTag(bytes, { address, size, offset }),
  };
}

/** The tag right behind the payload if that is about the payload, else the one at the room's end. */
function parseTag(
  bytes: Uint8Array,
  payload: Omit<Tag, "digest">,
): Tag {
  const near = tagAt(bytes, FIELDS.payload + payload.size, payload.offset);
  return near.address === payload.address && near.size === payload.size
    ? near
    : tagAt(bytes, FIELDS.magicEnd - MD5_TAG_SIZE, payload.offset);
}

function tagAt(bytes: Uint8Array, at: number, offset: number): Tag {
  const view = viewOf(bytes);
  return {
    address: view.getUint32(at, true),
    size: view.getUint32(at + 4, true),
    digest: bytes.subarray(at + 8, at + MD5_TAG_SIZE),
    offset,
  };
}

/** Counts a family's blocks: from 0 to what they promise, and then perhaps anew. */
function checkOrder(block: Block, blocks: Blocks): void {
  if (blocks.next === blocks.count) {
    blocks.next = 0;
    blocks.count = block.blocks;
  }
  if (block.block !== blocks.next || block.blocks !== blocks.count) {
    throw uf2Error(
      `block ${block.block} of ${block.blocks} stands where ${blocks.next} of ${blocks.count} should`,
      block.offset,
    );
  }
  blocks.next++;
}

function joinBlocks(
  { pieces, tags, next, count }: Blocks,
  size: number,
): Segment[] {
  if (next !== count) {
    throw uf2Error(`it ends after block ${next - 1} of ${count}`, size);
  }
  const segments = joinRuns(
    pieces,
    (address, { offset }) =>
      uf2Error(`two blocks are for ${formatAddress(address)}`, offset),
  );
  checkTags(tags, segments);
  return segments;
}

/** Each region is hashed once, and regions may not overlap: else a small file could ask for endless work. */
function checkTags(tags: readonly Tag[], segments: readonly Segment[]): void {
  const ordered = tags.toSorted((a, b) => a.address - b.address);
  let previous: Tag | undefined;
  let index = 0;
  for (const tag of ordered) {
    const { address, size, digest, offset } = tag;
    if (
      previous?.address === address && previous.size === size &&
      equalBytes(previous.digest, digest)
    ) continue;
    if (previous !== undefined && address < previous.address + previous.size) {
      throw uf2Error("the regions of its MD5 digests overlap", offset);
    }
    previous = tag;
    while (endOf(segments[index]) <= address) index++;
    const segment = segments[index];
    const start = address - (segment?.address ?? Infinity);
    const region = start < 0
      ? undefined
      : segment?.data.subarray(start, start + size);
    if (region?.length !== size) {
      throw uf2Error(
        `an MD5 digest is about ${size} bytes at ${
          formatAddress(address)
        }, which it does not have`,
        offset,
      );
    }
    if (!equalBytes(md5Of(region), digest)) {
      throw uf2Error(
        `the MD5 digest of ${size} bytes at ${formatAddress(address)} is wrong`,
        offset,
      );
    }
  }
}

function endOf(segment: Segment | undefined): number {
  return segment === undefined
    ? Infinity
    : segment.address + segment.data.length;
}

/**
 * Writes files as one UF2 file, block numbers beginning anew with each.
 *
 * @throws {RangeError} If a chunk's size is not a multiple of 4 that fits a
 * block, or a file goes past 32 bits.
 */
export function encodeUf2(
  files: readonly Segment[],
  options: Uf2Options,
): Uint8Array<ArrayBuffer> {
  const { familyId, md5 = true } = options;
  const room = PAYLOAD_ROOM - (md5 ? MD5_TAG_SIZE : 0);
  const { chunkSize = room } = options;
  if (!(chunkSize > 0 && chunkSize <= room && chunkSize % 4 === 0)) {
    throw new RangeError(
      `Cannot encode UF2: chunks of ${chunkSize} bytes are no multiple of 4 up to ${room}`,
    );
  }
  for (const file of files) checkAddressable("encode UF2", file);
  const counts = files.map(({ data }) => Math.ceil(data.length / chunkSize));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const result = new Uint8Array(total * BLOCK_SIZE);
  let offset = 0;
  files.forEach(({ address, data }, index) => {
    const blocks = counts[index] ?? 0;
    for (let block = 0; block < blocks; block++) {
      const start = block * chunkSize;
      writeBlock(result.subarray(offset, offset + BLOCK_SIZE), {
        flags: HAS_FAMILY | (md5 ? HAS_MD5 : 0),
        familyId,
        block,
        blocks,
        address: address + start,
        data: data.subarray(start, start + chunkSize),
      });
      offset += BLOCK_SIZE;
    }
  });
  return result;
}

function writeBlock(
  bytes: Uint8Array,
  block: Pick<Block, "flags" | "block" | "blocks"> & Segment & {
    readonly familyId: number;
  },
): void {
  const { flags, address, data } = block;
  const view = viewOf(bytes);
  view.setUint32(FIELDS.magic1, MAGIC_1, true);
  view.setUint32(FIELDS.magic2, MAGIC_2, true);
  view.setUint32(FIELDS.flags, flags, true);
  view.setUint32(FIELDS.address, address, true);
  view.setUint32(FIELDS.payloadSize, data.length, true);
  view.setUint32(FIELDS.block, block.block, true);
  view.setUint32(FIELDS.blocks, block.blocks, true);
  view.setUint32(FIELDS.family, block.familyId, true);
  view.setUint32(FIELDS.magicEnd, MAGIC_END, true);
  bytes.set(data, FIELDS.payload);
  if ((flags & HAS_MD5) === 0) return;
  const tag = FIELDS.payload + data.length;
  view.setUint32(tag, address, true);
  view.setUint32(tag + 4, data.length, true);
  bytes.set(md5Of(data), tag + 8);
}

function md5Of(bytes: Uint8Array): Uint8Array {
  return createHash("md5").update(bytes).digest();
}

function uf2Error(what: string, offset: number): ImageError {
  return new ImageError(`Cannot parse UF2: ${what}`, { offset });
}
