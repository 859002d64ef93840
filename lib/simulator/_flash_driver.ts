import { createHash } from "node:crypto";
import { alignUp } from "../bytes.ts";
import {
  BLOCK_SIZE,
  type FlashMemory,
  PAGE_SIZE,
  SECTOR_SIZE,
} from "./flash_memory.ts";
import type { FlashTiming } from "./timing.ts";

/** What the ROM's driver takes the chip for until SPI_SET_PARAMS tells it better. */
const DEFAULT_SIZE = 0x40_0000;

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
}

/** Flash as the ROM's and the stub's drivers use it. */
export class FlashDriver {
  /** How large the driver takes the chip to be, in bytes. */
  size = DEFAULT_SIZE;
  readonly #options: FlashDriverOptions;

  constructor(options: FlashDriverOptions) {
    this.#options = options;
  }

  /** Whether a range lies inside the chip, by what the driver knows. */
  holds(address: number, size: number): boolean {
    return address + size <= Math.min(this.size, this.#options.memory.size);
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
    const { memory, timing, work } = this.#options;
    const block = address % BLOCK_SIZE === 0 && left >= BLOCK_SIZE;
    const size = block ? BLOCK_SIZE : SECTOR_SIZE;
    if (skipBlank && memory.isErased(address, size)) return size;
    memory.erase(address, size);
    await work(block ? timing.block : timing.sector);
    return size;
  }

  /** Erases the whole chip. */
  async eraseAll(): Promise<void> {
    const { memory, timing, work } = this.#options;
    memory.erase(0, memory.size);
    await work(timing.block * memory.size / BLOCK_SIZE);
  }

  /** Programs bytes, page by page. */
  async program(address: number, data: Uint8Array): Promise<void> {
    const { memory, timing, work } = this.#options;
    memory.program(address, data);
    const pages = Math.ceil((address % PAGE_SIZE + data.length) / PAGE_SIZE);
    await work(pages * timing.page);
  }

  /** Reads bytes; what lies behind the chip reads as erased. */
  read(address: number, size: number): Uint8Array {
    const { memory, onRead } = this.#options;
    onRead();
    const bytes = new Uint8Array(size).fill(0xff);
    const count = Math.min(size, memory.size - address);
    if (count > 0) bytes.set(memory.read(address, count));
    return bytes;
  }

  /** The MD5 digest of a range, 16 bytes. */
  md5(address: number, size: number): Uint8Array {
    const { memory, onRead } = this.#options;
    onRead();
    return createHash("md5").update(memory.read(address, size)).digest();
  }
}
