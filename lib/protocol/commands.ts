/**
 * The commands of the serial protocol, one row each: opcode, body, reply and
 * time limit.
 *
 * All words are little-endian. Source: esptool documentation, "Serial
 * Protocol", and the stub's command list.
 *
 * @module
 */

import { encodeUint32, xorChecksum } from "../bytes.ts";
import { timeoutForSize, type Timeouts } from "./timeouts.ts";

/** An encoded request body. */
export interface CommandBody {
  /** The words of the body. */
  readonly head: Uint8Array;
  /** The data behind the words, which the checksum covers. */
  readonly data?: Uint8Array;
}

/** A successful reply. */
export interface CommandReply {
  /** The value field. */
  readonly value: number;
  /** The data before the status bytes. */
  readonly data: Uint8Array;
}

/** A row of the table. */
export interface Command<Params, Result> {
  /** Its name in the protocol's documentation. */
  readonly name: string;
  /** Its number. */
  readonly opcode: number;
  /** Encodes a request's body. */
  encode(params: Params): CommandBody;
  /** How much data a successful reply may carry, in bytes. */
  readonly replySizes: readonly number[];
  /** Decodes a successful reply. */
  decode(reply: CommandReply): Result;
  /** How long the reply may take, in milliseconds. */
  timeout(timeouts: Timeouts, params: Params): number;
}

/** Parameters of FLASH_BEGIN and FLASH_DEFL_BEGIN. */
export interface FlashBeginParams {
  /** Bytes to erase (FLASH_BEGIN) or to inflate to (FLASH_DEFL_BEGIN). */
  readonly size: number;
  /** How many data packets will follow. */
  readonly blocks: number;
  /** Bytes of data in each packet. */
  readonly blockSize: number;
  /** Where in flash, in bytes. */
  readonly offset: number;
  /** The encryption flag: a fifth word for stubs and for ROMs from the ESP32-S2 on; others must leave it out. */
  readonly encrypted?: boolean | undefined;
}

/** Parameters of the three data commands. */
export interface DataParams {
  /** The packet's data. */
  readonly data: Uint8Array;
  /** The packet's number, from 0. */
  readonly sequence: number;
  /** How many bytes of flash the packet makes the device write; for the time limit. */
  readonly writes?: number | undefined;
}

/** Parameters of FLASH_END and FLASH_DEFL_END. */
export interface FlashEndParams {
  /** Whether the chip resets. A stub that is told not to stays; a ROM runs the application without a reset. */
  readonly reboot: boolean;
}

/** Parameters of MEM_BEGIN. */
export interface MemBeginParams {
  /** Bytes in all. */
  readonly size: number;
  /** How many data packets will follow. */
  readonly blocks: number;
  /** Bytes of data in each packet. */
  readonly blockSize: number;
  /** Where in RAM. */
  readonly address: number;
}

/** Parameters of MEM_END. */
export interface MemEndParams {
  /** Where to jump to; zero stays in the loader. */
  readonly entry: number;
}

/** Parameters of READ_REG. */
export interface ReadRegParams {
  /** A word's address. */
  readonly address: number;
}

/** Parameters of WRITE_REG. */
export interface WriteRegParams {
  /** A word's address. */
  readonly address: number;
  /** The new value. */
  readonly value: number;
  /** Which bits to change. */
  readonly mask: number;
  /** How long to wait afterwards, in microseconds. */
  readonly delayUs: number;
}

/** Parameters of SPI_SET_PARAMS, which the flash driver in ROM or stub is told. */
export interface SpiSetParams {
  /** The flash's size, in bytes. */
  readonly size: number;
}

/** Parameters of SPI_ATTACH. */
export interface SpiAttachParams {
  /** Zero for the default pins, 1 for HSPI, or five pin numbers of six bits: hd, cs, d, q, clk from the top. */
  readonly pins: number;
  /** Whether a ROM (8 bytes) or a stub (4 bytes) is told. */
  readonly rom: boolean;
}

/** Parameters of CHANGE_BAUDRATE. */
export interface ChangeBaudParams {
  /** The new speed, in baud. */
  readonly baud: number;
  /** For a stub the speed in force, for a ROM zero. */
  readonly previous: number;
}

/** A range of flash. */
export interface FlashRange {
  /** Where in flash, in bytes. */
  readonly address: number;
  /** How many bytes. */
  readonly size: number;
}

/** Parameters of READ_FLASH (stub). */
export interface ReadFlashParams extends FlashRange {
  /** Bytes in each packet that the stub sends, 4096 at most. */
  readonly blockSize: number;
  /** How many packets may wait for their acknowledgement. */
  readonly inFlight: number;
}

const none = (): CommandBody => ({ head: new Uint8Array(0) });
const nothing = (): void => {};
const byDefault = (timeouts: Timeouts): number => timeouts.default;

function encodeFlashBegin(p: FlashBeginParams): CommandBody {
  const words = [p.size, p.blocks, p.blockSize, p.offset];
  if (p.encrypted !== undefined) words.push(p.encrypted ? 1 : 0);
  return { head: encodeUint32(...words) };
}

function encodeData(p: DataParams): CommandBody {
  return { head: encodeUint32(p.data.length, p.sequence, 0, 0), data: p.data };
}

/** FLASH_END's word is 0 for a reset, 1 to go without one. */
function encodeFlashEnd(p: FlashEndParams): CommandBody {
  return { head: encodeUint32(p.reboot ? 0 : 1) };
}

function eraseTimeout(timeouts: Timeouts, p: FlashBeginParams): number {
  return timeoutForSize(timeouts, timeouts.eraseWritePerMb, p.size);
}

function writeTimeout(timeouts: Timeouts, p: DataParams): number {
  return timeoutForSize(
    timeouts,
    timeouts.eraseWritePerMb,
    p.writes ?? p.data.length,
  );
}

function row<Params, Result>(
  command: Command<Params, Result>,
): Command<Params, Result> {
  return Object.freeze(command);
}

const SYNC_BODY = Uint8Array.of(
  0x07,
  0x07,
  0x12,
  0x20,
  ...new Array<number>(32).fill(0x55),
);
const FLASH_BLOCK_SIZE = 0x1_0000;
const FLASH_SECTOR_SIZE = 0x1000;
const FLASH_PAGE_SIZE = 0x100;
const FLASH_STATUS_MASK = 0xffff;
/** What READ_FLASH_SLOW answers, whatever it was asked for. */
const SLOW_READ_SIZE = 64;

/** FLASH_BEGIN: erases a region and opens it for FLASH_DATA. */
export const FLASH_BEGIN: Command<FlashBeginParams, void> = row({
  name: "FLASH_BEGIN",
  opcode: 0x02,
  encode: encodeFlashBegin,
  replySizes: [0],
  decode: nothing,
  timeout: eraseTimeout,
});

/** FLASH_DATA: programs one block. */
export const FLASH_DATA: Command<DataParams, void> = row({
  name: "FLASH_DATA",
  opcode: 0x03,
  encode: encodeData,
  replySizes: [0],
  decode: nothing,
  timeout: writeTimeout,
});

/** FLASH_END: closes the region; may run the application. */
export const FLASH_END: Command<FlashEndParams, void> = row({
  name: "FLASH_END",
  opcode: 0x04,
  encode: encodeFlashEnd,
  replySizes: [0],
  decode: nothing,
  timeout: byDefault,
});

/** MEM_BEGIN: opens a region of RAM for MEM_DATA. */
export const MEM_BEGIN: Command<MemBeginParams, void> = row({
  name: "MEM_BEGIN",
  opcode: 0x05,
  encode: (p: MemBeginParams) => ({
    head: encodeUint32(p.size, p.blocks, p.blockSize, p.address),
  }),
  replySizes: [0],
  decode: nothing,
  timeout: byDefault,
});

/** MEM_END: jumps to what was loaded, or stays. */
export const MEM_END: Command<MemEndParams, void> = row({
  name: "MEM_END",
  opcode: 0x06,
  encode: (p: MemEndParams) => ({
    head: encodeUint32(p.entry === 0 ? 1 : 0, p.entry),
  }),
  replySizes: [0],
  decode: nothing,
  timeout: (timeouts: Timeouts) => timeouts.memEndRom,
});

/** MEM_DATA: loads one block into RAM. */
export const MEM_DATA: Command<DataParams, void> = row({
  name: "MEM_DATA",
  opcode: 0x07,
  encode: encodeData,
  replySizes: [0],
  decode: nothing,
  timeout: byDefault,
});

/** SYNC: wakes the loader, which measures the line's speed by it. The value tells a ROM (not zero) from a stub (zero). */
export const SYNC: Command<void, number> = row({
  name: "SYNC",
  opcode: 0x08,
  encode: () => ({ head: SYNC_BODY }),
  replySizes: [0],
  decode: (reply: CommandReply) => reply.value,
  timeout: (timeouts: Timeouts) => timeouts.sync,
});

/** WRITE_REG: changes a word. */
export const WRITE_REG: Command<WriteRegParams, void> = row({
  name: "WRITE_REG",
  opcode: 0x09,
  encode: (p: WriteRegParams) => ({
    head: encodeUint32(p.address, p.value, p.mask, p.delayUs),
  }),
  replySizes: [0],
  decode: nothing,
  timeout: byDefault,
});

/** READ_REG: reads a word. */
export const READ_REG: Command<ReadRegParams, number> = row({
  name: "READ_REG",
  opcode: 0x0a,
  encode: (p: ReadRegParams) => ({ head: encodeUint32(p.address) }),
  replySizes: [0],
  decode: (reply: CommandReply) => reply.value,
  timeout: byDefault,
});

/** SPI_SET_PARAMS: tells the flash driver the chip's geometry. */
export const SPI_SET_PARAMS: Command<SpiSetParams, void> = row({
  name: "SPI_SET_PARAMS",
  opcode: 0x0b,
  encode: (p: SpiSetParams) => ({
    head: encodeUint32(
      0,
      p.size,
      FLASH_BLOCK_SIZE,
      FLASH_SECTOR_SIZE,
      FLASH_PAGE_SIZE,
      FLASH_STATUS_MASK,
    ),
  }),
  replySizes: [0],
  decode: nothing,
  timeout: byDefault,
});

/** SPI_ATTACH: connects the flash driver to its pins. */
export const SPI_ATTACH: Command<SpiAttachParams, void> = row({
  name: "SPI_ATTACH",
  opcode: 0x0d,
  encode: (p: SpiAttachParams) => ({
    head: p.rom ? encodeUint32(p.pins, 0) : encodeUint32(p.pins),
  }),
  replySizes: [0],
  decode: nothing,
  timeout: byDefault,
});

/** READ_FLASH_SLOW (ROM): reads 64 bytes at a time. */
export const READ_FLASH_SLOW: Command<FlashRange, Uint8Array> = row({
  name: "READ_FLASH_SLOW",
  opcode: 0x0e,
  encode: (p: FlashRange) => ({ head: encodeUint32(p.address, p.size) }),
  replySizes: [SLOW_READ_SIZE],
  decode: (reply: CommandReply) => reply.data,
  timeout: byDefault,
});

/** CHANGE_BAUDRATE: answered at the old speed, in force right after. */
export const CHANGE_BAUDRATE: Command<ChangeBaudParams, void> = row({
  name: "CHANGE_BAUDRATE",
  opcode: 0x0f,
  encode: (p: ChangeBaudParams) => ({ head: encodeUint32(p.baud, p.previous) }),
  replySizes: [0],
  decode: nothing,
  timeout: byDefault,
});

/** FLASH_DEFL_BEGIN: as FLASH_BEGIN, for a zlib stream. */
export const FLASH_DEFL_BEGIN: Command<FlashBeginParams, void> = row({
  ...FLASH_BEGIN,
  name: "FLASH_DEFL_BEGIN",
  opcode: 0x10,
});

/** FLASH_DEFL_DATA: the next piece of the zlib stream. */
export const FLASH_DEFL_DATA: Command<DataParams, void> = row({
  ...FLASH_DATA,
  name: "FLASH_DEFL_DATA",
  opcode: 0x11,
});

/** FLASH_DEFL_END: as FLASH_END, for a zlib stream. */
export const FLASH_DEFL_END: Command<FlashEndParams, void> = row({
  ...FLASH_END,
  name: "FLASH_DEFL_END",
  opcode: 0x12,
});

/** SPI_FLASH_MD5: the digest of a range; 32 hex digits from a ROM, 16 bytes from a stub. Yields hex digits. */
export const SPI_FLASH_MD5: Command<FlashRange, string> = row({
  name: "SPI_FLASH_MD5",
  opcode: 0x13,
  encode: (p: FlashRange) => ({ head: encodeUint32(p.address, p.size, 0, 0) }),
  replySizes: [32, 16],
  decode: ({ data }: CommandReply) =>
    data.length === 32
      ? new TextDecoder().decode(data).toLowerCase()
      : data.toHex(),
  timeout: (timeouts: Timeouts, p: FlashRange) =>
    timeoutForSize(timeouts, timeouts.md5PerMb, p.size),
});

/** GET_SECURITY_INFO: 20 bytes, or 12 from the ESP32-S2, which has no chip id there. */
export const GET_SECURITY_INFO: Command<void, Uint8Array> = row({
  name: "GET_SECURITY_INFO",
  opcode: 0x14,
  encode: none,
  replySizes: [20, 12],
  decode: (reply: CommandReply) => reply.data,
  timeout: byDefault,
});

/** ERASE_FLASH (stub): erases the whole chip. */
export const ERASE_FLASH: Command<void, void> = row({
  name: "ERASE_FLASH",
  opcode: 0xd0,
  encode: none,
  replySizes: [0],
  decode: nothing,
  timeout: (timeouts: Timeouts) => timeouts.chipErase,
});

/** ERASE_REGION (stub): erases whole sectors. */
export const ERASE_REGION: Command<FlashRange, void> = row({
  name: "ERASE_REGION",
  opcode: 0xd1,
  encode: (p: FlashRange) => ({ head: encodeUint32(p.address, p.size) }),
  replySizes: [0],
  decode: nothing,
  timeout: (timeouts: Timeouts, p: FlashRange) =>
    timeoutForSize(timeouts, timeouts.eraseRegionPerMb, p.size),
});

/** READ_FLASH (stub): answered by raw frames of data, each to be acknowledged, and one with an MD5 digest. */
export const READ_FLASH: Command<ReadFlashParams, void> = row({
  name: "READ_FLASH",
  opcode: 0xd2,
  encode: (p: ReadFlashParams) => ({
    head: encodeUint32(p.address, p.size, p.blockSize, p.inFlight),
  }),
  replySizes: [0],
  decode: nothing,
  timeout: byDefault,
});

/** RUN_USER_CODE (stub): leaves the stub for the application. */
export const RUN_USER_CODE: Command<void, void> = row({
  name: "RUN_USER_CODE",
  opcode: 0xd3,
  encode: none,
  replySizes: [0],
  decode: nothing,
  timeout: byDefault,
});

/** A row's identity, without its types. */
export interface CommandRow {
  /** Its name in the protocol's documentation. */
  readonly name: string;
  /** Its number. */
  readonly opcode: number;
}

/** Every command, by opcode. */
export const COMMANDS: ReadonlyMap<number, CommandRow> = new Map(
  [
    FLASH_BEGIN,
    FLASH_DATA,
    FLASH_END,
    MEM_BEGIN,
    MEM_END,
    MEM_DATA,
    SYNC,
    WRITE_REG,
    READ_REG,
    SPI_SET_PARAMS,
    SPI_ATTACH,
    READ_FLASH_SLOW,
    CHANGE_BAUDRATE,
    FLASH_DEFL_BEGIN,
    FLASH_DEFL_DATA,
    FLASH_DEFL_END,
    SPI_FLASH_MD5,
    GET_SECURITY_INFO,
    ERASE_FLASH,
    ERASE_REGION,
    READ_FLASH,
    RUN_USER_CODE,
  ].map((command: CommandRow) => [command.opcode, command]),
);

/** The checksum field of a request: XOR over its data from 0xEF, or zero where there is no data. */
export function checksumOf(body: CommandBody): number {
  return body.data === undefined ? 0 : xorChecksum(body.data);
}
