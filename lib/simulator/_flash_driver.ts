import { createHash } from "node:crypto";
import { alignUp } from "../bytes.ts";
import {
  BLOCK_SIZE,
  type FlashMemory,
  PAGE_SIZE,
  SECTOR_SIZE,
} from "./flash_memory.ts";
import type { FlashCipher } from "./_flash_cipher.ts";
import type { FlashTiming } from "./timing.ts";

/** What the ROM's driver takes the chip for until SPI_SET_PARAMS tells it better. */
const DEFAULT_SIZE = 0x40_0000;
/** Where addresses of three bytes end. */
const THREE_BYTE_END = 0x100_0000;

/** What FLASH_BEGIN and FLASH_DEFL_BEGIN open. */
export interface FlashRegion {
  /** Where, in bytes. */
  readonly address: number;
  /** How many bytes will be written. */
  readonly size: number;
  /** Whether a zlib stream follows. */
  readonly deflated: boolean;
  /** Whether the chip encrypts what it writes. */
  readonly encrypted: boolean;
}

/** What a driver works with. */
export interface FlashDriverOptions {
  /** The flash chip. */
  readonly memory: FlashMemory;
  /** How long the chip's work takes. */
  readonly timing: FlashTiming;
  /** Lets time pass, in milliseconds. */
  readonly work: (ms: number) => Promise<void>;
  /** Told before flash is read through the controller. */
  readonly onRead: () => void;
  /** Whether the flash chip is at the pins that have been attached. */
  readonly connected: () => boolean;
  /** The chip's flash encryption. */
  readonly cipher: () => FlashCipher;
}

/** Flash as the ROM's and the stub's drivers use it. */
export class FlashDriver {
  /** How large the driver takes the chip to be, in bytes. */
  size = DEFAULT_SIZE;
  /** Whether its addresses have four bytes, for flash behind the first 16 MB. */
  fourByteAddresses = false;
  readonly #options: FlashDriverOptions;

  constructor(options: FlashDriverOptions) {
    this.#options = options;
  }

  /** Whether a range lies inside the chip, by what the driver knows. */
  holds(address: number, size: number): boolean {
    const reach = this.fourByteAddresses ? Infinity : THREE_BYTE_END;
    return address + size <=
      Math.min(this.size, this.#options.memory.size, reach);
  }

  /** Clears the protection bits. */
  unlock(): void {
    this.#options.memory.unlock();
  }

  /** Erases whole sectors, by blocks where they are aligned. */
  async erase(address: number, size: number): Promise<void> {
    const { memory } = this.#options;
    const end = Math.min(address + alignUp(size, SECTOR_SIZE), memory.size);
    for (let at = address; at < end;) at += await this.eraseNext(at, end - at);
  }

  /**
   * Erases the next block or sector of a range.
   *
   * @param skipBlank Whether a piece that is erased already takes no time.
   * @returns How many bytes have been erased.
   */
  async eraseNext(
    address: number,
    left: number,
    skipBlank = false,
  ): Promise<number> {
    const { memory, timing, work, connected } = this.#options;
    const block = address % BLOCK_SIZE === 0 && left >= BLOCK_SIZE;
    const size = block ? BLOCK_SIZE : SECTOR_SIZE;
    if (!connected()) return size;
    if (skipBlank && memory.isErased(address, size)) return size;
    memory.erase(address, size);
    await work(block ? timing.block : timing.sector);
    return size;
  }

  /** Erases the whole chip. */
  async eraseAll(): Promise<void> {
    const { memory, timing, work, connected } = this.#options;
    if (!connected()) return;
    memory.erase(0, memory.size);
    await work(timing.block * memory.size / BLOCK_SIZE);
  }

  /**
   * Programs bytes, page by page.
   *
   * @param encrypted Whether the chip encrypts them: then both ends are on 16 bytes.
   */
  async program(
    address: number,
    data: Uint8Array,
    encrypted = false,
  ): Promise<void> {
    const { memory, timing, work, connected, cipher } = this.#options;
    if (!connected()) return;
    memory.program(address, encrypted ? cipher()(address, data) : data);
    const pages = Math.ceil((address % PAGE_SIZE + data.length) / PAGE_SIZE);
    await work(pages * timing.page);
  }

  /** Reads bytes; what lies behind the chip reads as erased. */
  read(address: number, size: number): Uint8Array {
    const { memory, onRead, connected } = this.#options;
    onRead();
    const bytes = new Uint8Array(size).fill(0xff);
    const count = Math.min(size, memory.size - address);
    if (count > 0 && connected()) bytes.set(memory.read(address, count));
    return bytes;
  }

  /** The MD5 digest of a range, 16 bytes. */
  md5(address: number, size: number): Uint8Array {
    return createHash("md5").update(this.read(address, size)).digest();
  }
}
