import { alignDown, alignUp, padTo } from "../bytes.ts";
import {
  FLASH_BEGIN,
  FLASH_DEFL_BEGIN,
  type FlashBeginParams,
  type FlashEndParams,
} from "../protocol/commands.ts";
import { InflateMeter } from "./_deflate.ts";
import type { CommandOptions } from "./link.ts";
import type { Loader } from "./loader.ts";

/** A packet that is about to be sent. */
export interface FlashBlock {
  readonly data: Uint8Array;
  /** How many bytes of flash it fills; for progress. */
  readonly fills: number;
  /** How many bytes of flash the device may have to write and erase for it; for the time limit. */
  readonly writes: number;
}

/** Data on its way into flash: how it is cut into packets, and where one can begin again. */
export interface FlashSource extends Disposable {
  /** How many packets there are. */
  readonly blocks: number;
  /** Opens the flash from a packet on. */
  begin(loader: Loader, from: number, options: CommandOptions): Promise<void>;
  block(index: number): Promise<FlashBlock>;
  send(
    loader: Loader,
    data: Uint8Array,
    place: { sequence: number; writes: number },
    options: CommandOptions,
  ): Promise<void>;
  end(
    loader: Loader,
    params: FlashEndParams,
    options: CommandOptions,
  ): Promise<void>;
  /** The packet from which all must be sent again when `failed` has failed. */
  resume(failed: number): number;
  /** How many bytes of flash the packets before `index` fill. */
  filledBefore(index: number): number;
}

/** Where the data goes and in what packets. */
export interface FlashSourceParams {
  readonly address: number;
  readonly data: Uint8Array;
  readonly blockSize: number;
  /** Whether the device encrypts the data. */
  readonly encrypted: boolean;
}

const SECTOR_SIZE = 0x1000;
/** A device may erase a whole 64 KiB block for each window of 32 KiB that it inflates. */
const ERASE_BLOCK = 0x1_0000;
const INFLATE_WINDOW = 0x8000;

/** The bytes as they are, the last packet filled up with 0xFF. */
export function plainSource(
  { address, data, blockSize, encrypted }: FlashSourceParams,
): FlashSource {
  const blocks = Math.ceil(data.length / blockSize);
  return {
    blocks,
    begin(loader, from, options) {
      const done = from * blockSize;
      const begin: FlashBeginParams = {
        size: data.length - done,
        blocks: blocks - from,
        blockSize,
        offset: address + done,
        encrypted,
      };
      return loader.flashBegin(begin, {
        limit: FLASH_BEGIN.timeout(loader.link.timeouts, begin),
        ...options,
      });
    },
    block(index) {
      const piece = data.subarray(index * blockSize, (index + 1) * blockSize);
      return Promise.resolve({
        data: padTo(piece, blockSize),
        fills: piece.length,
        writes: alignUp(blockSize, ERASE_BLOCK),
      });
    },
    send: (loader, piece, place, options) =>
      loader.flashData({ data: piece, ...place }, options),
    end: (loader, params, options) => loader.flashEnd(params, options),
    resume: (failed) =>
      address % SECTOR_SIZE === 0 ? sectorStart(failed - 1, blockSize) : 0,
    filledBefore: (index) => Math.min(data.length, index * blockSize),
    [Symbol.dispose]() {},
  };
}

/**
 * The first packet of the sector that a packet is in, as opening the flash
 * again erases the whole of it.
 *
 * @param index One less than the packet that failed: a stub tells of a failure with the packet after it.
 */
function sectorStart(index: number, blockSize: number): number {
  const perSector = Math.max(1, SECTOR_SIZE / blockSize);
  return alignDown(Math.max(0, index), perSector);
}

/** The bytes as a zlib stream, which can only begin at its start. */
export function deflatedSource(
  { address, data, blockSize, encrypted }: FlashSourceParams,
  deflated: Uint8Array,
): FlashSource {
  const blocks = Math.ceil(deflated.length / blockSize);
  let meter = new InflateMeter();
  return {
    blocks,
    begin(loader, _from, options) {
      meter[Symbol.dispose]();
      meter = new InflateMeter();
      // A ROM counts in whole packets.
      const size = loader.isStub
        ? data.length
        : alignUp(data.length, blockSize);
      const begin: FlashBeginParams = {
        size,
        blocks,
        blockSize,
        offset: address,
        encrypted,
      };
      return loader.flashDeflBegin(begin, {
        limit: FLASH_DEFL_BEGIN.timeout(loader.link.timeouts, begin),
        ...options,
      });
    },
    async block(index) {
      const piece = deflated.subarray(
        index * blockSize,
        (index + 1) * blockSize,
      );
      const fills = await meter.push(piece);
      const erases = Math.ceil(fills / INFLATE_WINDOW) + 1;
      return { data: piece, fills, writes: fills + erases * ERASE_BLOCK };
    },
    send: (loader, piece, place, options) =>
      loader.flashDeflData({ data: piece, ...place }, options),
    end: (loader, params, options) => loader.flashDeflEnd(params, options),
    resume: () => 0,
    filledBefore: () => 0,
    [Symbol.dispose]() {
      meter[Symbol.dispose]();
    },
  };
}
