import { alignDown, alignUp, padTo, xorChecksum } from "../bytes.ts";
import { SPI_ATTACH } from "../protocol/commands.ts";
import { Inflater } from "./_inflater.ts";
import type { FlashRegion } from "./_flash_driver.ts";
import type { Machine } from "./_machine.ts";
import { mayEncrypt } from "./_security.ts";
import { SECTOR_SIZE } from "./flash_memory.ts";

/** Codes of a ROM's refusals. */
export const ROM_ERROR = {
  invalid: 0x05,
  failed: 0x06,
  checksum: 0x07,
  readLength: 0x0a,
  inflate: 0x0b,
  inflateChecksum: 0x0c,
} as const;

const SECTORS_PER_BLOCK = 16;
/** How many bytes are encrypted at once. */
const AES_BLOCK = 16;

/** A data packet: sequence number, checksum field and data. */
export interface DataPacket {
  /** The packet's number. */
  readonly sequence: number;
  /** The checksum field. */
  readonly checksum: number;
  /** The data. */
  readonly data: Uint8Array;
}

/**
 * Counts data packets. A packet with a wrong checksum counts as seen, so that
 * its repetition is refused and the next one taken.
 */
export class PacketCounter {
  #next = 0;

  /** The next packet must be number 0. */
  restart(): void {
    this.#next = 0;
  }

  /** Yields the error code of a packet, 0 if it is right. */
  check({ sequence, checksum, data }: DataPacket): number {
    if (sequence !== this.#next) return ROM_ERROR.invalid;
    this.#next++;
    return xorChecksum(data) === (checksum & 0xff) ? 0 : ROM_ERROR.checksum;
  }
}

/** The ROM's writing to flash, plain or deflated. Every method yields an error code, 0 if all is well. */
export class RomFlashWriter {
  readonly #machine: Machine;
  readonly #packets = new PacketCounter();
  #inflater: Inflater | undefined;
  #address = 0;
  #left = 0;
  #failed = false;
  #encrypted = false;
  #waiting: Uint8Array = new Uint8Array(0);

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** FLASH_BEGIN and FLASH_DEFL_BEGIN. */
  async begin(
    { address, size, deflated, encrypted }: FlashRegion,
  ): Promise<number> {
    const { spi, flash, chip } = this.#machine;
    // A ROM without SPI_ATTACH connects its flash here.
    if (!chip.rom.opcodes.includes(SPI_ATTACH.opcode)) spi.attach(0);
    this.#inflater?.close();
    this.#inflater = deflated ? new Inflater() : undefined;
    this.#packets.restart();
    this.#address = address;
    this.#left = size;
    this.#encrypted = encrypted;
    this.#waiting = new Uint8Array(0);
    this.#failed = !spi.attached || encrypted && !mayEncrypt(this.#machine) ||
      address % SECTOR_SIZE !== 0 ||
      !flash.holds(address, size);
    if (this.#failed) return ROM_ERROR.failed;
    flash.unlock();
    const sectors = Math.ceil(size / SECTOR_SIZE);
    const erased = chip.quirks.includes("esp8266-erase-size")
      ? miscount(address / SECTOR_SIZE, sectors)
      : sectors;
    await flash.erase(address, erased * SECTOR_SIZE);
    return 0;
  }

  /** FLASH_DATA. */
  async data(packet: DataPacket): Promise<number> {
    const error = this.#packets.check(packet);
    return error === 0 ? await this.#program(packet.data) : error;
  }

  /** FLASH_DEFL_DATA. */
  async deflatedData(packet: DataPacket): Promise<number> {
    const error = this.#packets.check(packet);
    if (error !== 0) return error;
    if (this.#inflater === undefined) return ROM_ERROR.invalid;
    const output = await this.#inflater.push(packet.data);
    if (output === "data") return ROM_ERROR.inflate;
    if (output === "checksum") return ROM_ERROR.inflateChecksum;
    return await this.#program(output);
  }

  /** FLASH_END and FLASH_DEFL_END: an error if something is still to come. */
  end(): number {
    this.close();
    return this.#failed || this.#left > 0 ? ROM_ERROR.failed : 0;
  }

  /** Gives memory back. */
  close(): void {
    this.#inflater?.close();
    this.#inflater = undefined;
  }

  async #program(data: Uint8Array): Promise<number> {
    const { flash } = this.#machine;
    if (this.#failed || !flash.holds(this.#address, data.length)) {
      return ROM_ERROR.failed;
    }
    this.#left = Math.max(0, this.#left - data.length);
    const ready = this.#encrypted ? this.#wholeBlocks(data) : data;
    await flash.program(this.#address, ready, this.#encrypted);
    this.#address += ready.length;
    return 0;
  }

  /** What can be encrypted now; the rest of an AES block waits for what follows. */
  #wholeBlocks(data: Uint8Array): Uint8Array {
    const all = new Uint8Array([...this.#waiting, ...data]);
    const count = this.#left === 0
      ? alignUp(all.length, AES_BLOCK)
      : alignDown(all.length, AES_BLOCK);
    this.#waiting = all.subarray(count);
    return padTo(all.subarray(0, count), AES_BLOCK);
  }
}

/**
 * How many sectors the ESP8266's ROM really erases. It erases those up to the
 * next block first, and then does not take them off the count.
 */
function miscount(first: number, sectors: number): number {
  const head = SECTORS_PER_BLOCK - first % SECTORS_PER_BLOCK;
  return Math.min(head, sectors) + sectors;
}
