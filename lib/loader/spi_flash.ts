/**
 * The flash chip itself, spoken to through the registers of the SPI
 * controller: its id, its status, its parameter table.
 *
 * Sources: ESP8266 Technical Reference, chapter SPI; ESP32 and ESP32-C3
 * Technical Reference Manuals, chapter "SPI Controller"; JEDEC JESD216.
 *
 * @module
 */

import type { SpiRegisters } from "../chips/family.ts";
import { delay } from "../clock.ts";
import { ChipError, TimeoutError } from "../errors.ts";
import type { OperationOptions } from "../progress.ts";
import { operate } from "./_operation.ts";
import type { Loader } from "./loader.ts";

/** What the flash answers to RDID. */
export interface FlashId {
  /** JEDEC's number for the maker. */
  readonly manufacturer: number;
  /** Type (high byte) and capacity (low byte). */
  readonly device: number;
  /** Bytes; absent where the capacity byte is not known, or no flash answers. */
  readonly size?: number;
}

/** A command to the flash. */
interface SpiTransaction {
  /** The command byte. */
  readonly command: number;
  /** A 24-bit address to send after it. */
  readonly address?: number;
  /** Clock cycles between the address and what is read. */
  readonly dummyBits?: number;
  /** A word to send, the low byte first. */
  readonly value?: number;
  /** How many bits of it. */
  readonly writeBits?: number;
  /** How many bits to read, 32 at most. */
  readonly readBits?: number;
}

/** Commands of the flash. */
const FLASH = {
  rdid: 0x9f,
  rdsfdp: 0x5a,
  /** Write enable, for a change that stays. */
  wren: 0x06,
  /** Write enable for the volatile status register, for a change until power-off. */
  wevsr: 0x50,
  wrdi: 0x04,
  /** Read status register 1, 2, 3. */
  readStatus: [0x05, 0x35, 0x15],
  /** Write status register 1, 2, 3. */
  writeStatus: [0x01, 0x31, 0x11],
} as const;
/** WIP: a write is in progress. */
const STATUS_BUSY = 0x01;

/** Phases of a transfer, in the USR register. */
const USR = {
  command: 2 ** 31,
  address: 2 ** 30,
  dummy: 2 ** 29,
  miso: 2 ** 28,
  mosi: 2 ** 27,
} as const;
/** USR1's and USR2's fields; all lengths are less one. */
const USR1_ADDRESS_SHIFT = 26;
const USR1_MOSI_SHIFT = 17;
const USR1_MISO_SHIFT = 8;
const USR2_COMMAND_8_BITS = 7 << 28;
const CMD_USR = 1 << 18;
const ADDRESS_BITS = 24;
const SFDP_DUMMY_BITS = 8;
/** How often the controller is asked whether a transfer is over. */
const MAX_POLLS = 10;
/** The longest time that a status register needs, and how often it is asked, in milliseconds. */
const STATUS_TIME = { most: 1000, step: 1 } as const;

/**
 * The capacity bytes that makers use, as powers of two: JEDEC's own, one of
 * Adesto and Micron from 64 MiB on, one of Winbond and others for 1.8 V parts.
 */
function capacityOf(code: number): number | undefined {
  if (code >= 0x12 && code <= 0x1c) return 2 ** code;
  if (code >= 0x20 && code <= 0x22) return 2 ** (code - 0x20 + 26);
  if (code >= 0x32 && code <= 0x3a) return 2 ** (code - 0x20);
  return undefined;
}

/**
 * Reads the flash chip's id. The flash must be attached.
 *
 * A bus without flash answers all ones or all zeros.
 */
export async function readFlashId(
  loader: Loader,
  options: OperationOptions = {},
): Promise<FlashId> {
  const transfer = { command: FLASH.rdid, readBits: 24 };
  const { clock } = loader.link;
  const id = await operate(
    clock,
    "read the flash id",
    options,
    (signal) => runSpi(loader, transfer, signal),
  );
  const size = capacityOf(id >>> 16 & 0xff);
  return {
    manufacturer: id & 0xff,
    device: (id & 0xff00) | (id >>> 16 & 0xff),
    ...(size !== undefined && { size }),
  };
}

/**
 * Reads the flash's status registers.
 *
 * @param bytes How many of the three; register 1 is the low byte.
 * @throws {RangeError} If there are not so many.
 */
export async function readFlashStatus(
  loader: Loader,
  bytes: number = 2,
  options: OperationOptions = {},
): Promise<number> {
  const what = "read the flash status";
  checkStatusBytes(what, bytes);
  return await operate(
    loader.link.clock,
    what,
    options,
    (signal) => readStatus(loader, bytes, signal),
  );
}

/** Options of {@linkcode writeFlashStatus}. */
export interface WriteFlashStatusOptions extends OperationOptions {
  /**
   * Whether the change outlives power-off.
   *
   * @default {false}
   */
  readonly nonVolatile?: boolean | undefined;
}

/**
 * Writes the flash's status registers.
 *
 * @param value Register 1 is the low byte.
 * @param bytes How many of the three.
 * @throws {RangeError} If there are not so many.
 * @throws {TimeoutError} If the flash stays busy.
 */
export async function writeFlashStatus(
  loader: Loader,
  value: number,
  bytes: number = 2,
  options: WriteFlashStatusOptions = {},
): Promise<void> {
  const what = "write the flash status";
  checkStatusBytes(what, bytes);
  const enable = options.nonVolatile ? FLASH.wren : FLASH.wevsr;
  await operate(loader.link.clock, what, options, async (signal) => {
    for (const write of statusWrites(value, bytes)) {
      await runSpi(loader, { command: enable }, signal);
      await runSpi(loader, write, signal);
      await waitReady(loader, signal);
    }
    if (options.nonVolatile) {
      await runSpi(loader, { command: FLASH.wrdi }, signal);
    }
  });
}

function statusWrites(value: number, bytes: number): SpiTransaction[] {
  const [first] = FLASH.writeStatus;
  const writes: SpiTransaction[] = FLASH.writeStatus.slice(0, bytes).map((
    command,
    index,
  ) => ({ command, value: value >>> (8 * index) & 0xff, writeBits: 8 }));
  // Older parts take two registers at once, and know no command for the second.
  if (bytes === 2) {
    writes.unshift({ command: first, value: value & 0xffff, writeBits: 16 });
  }
  return writes;
}

/**
 * Reads from the flash's parameter table (SFDP).
 *
 * @param address In bytes from the table's start.
 * @param length How many bytes, 1 to 4.
 * @returns The bytes as a number, the first as the low byte.
 * @throws {RangeError} If one of them cannot be.
 */
export async function readSfdp(
  loader: Loader,
  address: number,
  length: number,
  options: OperationOptions = {},
): Promise<number> {
  if (!Number.isInteger(length) || length < 1 || length > 4) {
    throw new RangeError(`Cannot read ${length} bytes of SFDP: 1 to 4 can be`);
  }
  if (!Number.isInteger(address) || address < 0 || address > 0xff_ffff) {
    throw new RangeError(`Cannot read SFDP at ${address}: it has 24 bits`);
  }
  const transfer = {
    command: FLASH.rdsfdp,
    address,
    dummyBits: SFDP_DUMMY_BITS,
    readBits: 8 * length,
  };
  return await operate(
    loader.link.clock,
    "read the flash's parameter table",
    options,
    (signal) => runSpi(loader, transfer, signal),
  );
}

async function readStatus(
  loader: Loader,
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let status = 0;
  for (const [index, command] of FLASH.readStatus.slice(0, bytes).entries()) {
    const byte = await runSpi(loader, { command, readBits: 8 }, signal);
    status |= byte << (8 * index);
  }
  return status;
}

function checkStatusBytes(what: string, bytes: number): void {
  if (bytes !== 1 && bytes !== 2 && bytes !== 3) {
    throw new RangeError(
      `Cannot ${what}: a flash has 1 to 3 registers, not ${bytes}`,
    );
  }
}

async function waitReady(
  loader: Loader,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { clock } = loader.link;
  const end = clock.now() + STATUS_TIME.most;
  while (await readStatus(loader, 1, signal) & STATUS_BUSY) {
    if (clock.now() >= end) {
      const ms = STATUS_TIME.most;
      throw new TimeoutError(
        `Cannot write the flash status: the flash is busy after ${ms} ms`,
        { step: "the write", ms },
      );
    }
    await delay(clock, STATUS_TIME.step, { signal });
  }
}

/** Runs one transfer and leaves the controller as the flash driver expects it. */
async function runSpi(
  loader: Loader,
  transaction: SpiTransaction,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { spi } = loader.chip.registers;
  const usr = await loader.readReg(spi.usr, { signal });
  const usr2 = await loader.readReg(spi.usr2, { signal });
  for (const [address, value] of setUp(spi, transaction)) {
    await loader.writeReg(address, value, { signal });
  }
  await waitDone(loader, signal);
  const word = await loader.readReg(spi.w0, { signal });
  await loader.writeReg(spi.usr, usr, { signal });
  await loader.writeReg(spi.usr2, usr2, { signal });
  return word % 2 ** (transaction.readBits ?? 0);
}

/** The registers to write for a transfer, in order; the last write starts it. */
function setUp(
  spi: SpiRegisters,
  transaction: SpiTransaction,
): Array<readonly [address: number, value: number]> {
  const { address, dummyBits = 0, writeBits = 0, readBits = 0 } = transaction;
  const writes: Array<readonly [number, number]> = [];
  let usr = USR.command;
  let usr1 = 0;
  if (address !== undefined) {
    usr += USR.address;
    usr1 += (ADDRESS_BITS - 1) * 2 ** USR1_ADDRESS_SHIFT;
  }
  if (dummyBits > 0) {
    usr += USR.dummy;
    usr1 += dummyBits - 1;
  }
  if (writeBits > 0) {
    usr += USR.mosi;
    if (spi.mosiDlen === undefined) usr1 += (writeBits - 1) << USR1_MOSI_SHIFT;
    else writes.push([spi.mosiDlen, writeBits - 1]);
  }
  if (readBits > 0) {
    usr += USR.miso;
    if (spi.misoDlen === undefined) usr1 += (readBits - 1) << USR1_MISO_SHIFT;
    else writes.push([spi.misoDlen, readBits - 1]);
  }
  if (usr1 > 0) writes.push([spi.usr1, usr1]);
  writes.push([spi.usr, usr]);
  writes.push([spi.usr2, USR2_COMMAND_8_BITS + transaction.command]);
  if (address !== undefined) {
    writes.push([spi.addr, address * 2 ** spi.addressShift]);
  }
  writes.push([spi.w0, transaction.value ?? 0], [spi.cmd, CMD_USR]);
  return writes;
}

async function waitDone(
  loader: Loader,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { cmd } = loader.chip.registers.spi;
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    if ((await loader.readReg(cmd, { signal }) & CMD_USR) === 0) return;
  }
  throw new ChipError(
    "Cannot talk to the flash: the SPI controller does not finish",
    {
      code: "flash-unknown",
      hint: "Attach the flash first, and check its pins.",
    },
  );
}
