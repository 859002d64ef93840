/**
 * The flash chip: a NOR array, which erases to 0xFF by sector and only clears
 * bits when it is programmed.
 *
 * @module
 */

import { buildSfdp } from "./_sfdp.ts";

/** The smallest piece that can be erased, in bytes. */
export const SECTOR_SIZE = 0x1000;
/** The piece that one 0xD8 command erases, in bytes. */
export const BLOCK_SIZE = 0x1_0000;
/** The most bytes that one program command takes. */
export const PAGE_SIZE = 0x100;

const ERASED = 0xff;
const MANUFACTURER_GIGADEVICE = 0xc8;
const TYPE_GD25Q = 0x40;

/** Bits of the first status register. */
export const STATUS1 = {
  /** Write in progress. */
  WIP: 0x01,
  /** Write enable latch. */
  WEL: 0x02,
  /** Block protection, three bits. */
  BP: 0x1c,
  /** Protects from the bottom instead of from the top. */
  BOTTOM: 0x20,
  /** Counts protection in sectors instead of in blocks. */
  SECTOR: 0x40,
} as const;

/** SRP1 in the second status register: the registers are locked until power is cycled. */
const STATUS2_SRP1 = 0x01;

/** Options of {@linkcode FlashMemory}. */
export interface FlashMemoryOptions {
  /** In bytes: a power of two, 256 KiB to 128 MiB. */
  readonly size: number;
  /**
   * Manufacturer, type and capacity, as RDID answers them from the top byte.
   *
   * @default A GD25Q of the given size, such as 0xC84016 for 4 MiB
   */
  readonly jedecId?: number | undefined;
  /** What the array holds from address 0 on; the rest is erased. */
  readonly content?: Uint8Array | undefined;
  /**
   * The table of serial flash discoverable parameters; an empty one for a chip
   * that has none.
   *
   * @default A JESD216 basic table for the size
   */
  readonly sfdp?: Uint8Array | undefined;
}

/** A half-open range of addresses. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** A NOR flash chip. */
export class FlashMemory {
  /** In bytes. */
  readonly size: number;
  /** Manufacturer, type and capacity: three bytes from the top. */
  readonly jedecId: number;
  /** The SFDP table; empty if the chip has none. */
  readonly sfdp: Uint8Array;
  /** The three status registers in force. WEL is bit 1 of the first. */
  readonly status: Uint8Array = new Uint8Array(3);
  readonly #cells: Uint8Array;
  readonly #lasting = new Uint8Array(3);
  readonly #stuck = new Set<number>();

  /**
   * Makes a chip.
   *
   * @throws {RangeError} If the size is no power of two in range, or the content does not fit.
   */
  constructor(options: FlashMemoryOptions) {
    const { size, content = new Uint8Array(0) } = options;
    const capacity = Math.log2(size);
    if (!Number.isInteger(capacity) || capacity < 18 || capacity > 27) {
      throw new RangeError(
        `Cannot make flash of ${size} bytes: the size must be a power of two from 256 KiB to 128 MiB`,
      );
    }
    if (content.length > size) {
      throw new RangeError(
        `Cannot fill flash of ${size} bytes: the content has ${content.length}`,
      );
    }
    this.size = size;
    this.jedecId = options.jedecId ??
      (MANUFACTURER_GIGADEVICE << 16 | TYPE_GD25Q << 8 | capacity);
    this.sfdp = options.sfdp ?? buildSfdp(size);
    this.#cells = new Uint8Array(size).fill(ERASED, content.length);
    this.#cells.set(content);
  }

  /**
   * Reads the array.
   *
   * @returns A view, which later writes change.
   * @throws {RangeError} If the range is not inside the array.
   */
  read(address = 0, size: number = this.size - address): Uint8Array {
    this.#check(address, size);
    return this.#cells.subarray(address, address + size);
  }

  /**
   * Sets the array as a factory programmer does: no erasing, no protection.
   *
   * @throws {RangeError} If the data do not fit.
   */
  load(address: number, data: Uint8Array): void {
    this.#check(address, data.length);
    this.#cells.set(data, address);
  }

  /**
   * Programs: bits can only go from 1 to 0. Protected bytes stay as they are.
   *
   * @throws {RangeError} If the range is not inside the array.
   */
  program(address: number, data: Uint8Array): void {
    this.#check(address, data.length);
    const cells = this.#cells;
    const safe = this.#protected();
    for (let i = 0; i < data.length; i++) {
      const at = address + i;
      if (at >= safe.start && at < safe.end) continue;
      cells[at] = (cells[at] ?? 0) & (data[i] ?? 0);
    }
    if (this.#stuck.size > 0) this.#stick(address, address + data.length);
  }

  /**
   * Erases whole sectors. A range that touches a protected byte stays as it is.
   *
   * @throws {RangeError} If the range is not inside the array or not made of sectors.
   */
  erase(address: number, size: number): void {
    this.#check(address, size);
    if (address % SECTOR_SIZE !== 0 || size % SECTOR_SIZE !== 0) {
      throw new RangeError(
        `Cannot erase ${size} bytes at ${address}: flash erases whole sectors`,
      );
    }
    const safe = this.#protected();
    if (address < safe.end && safe.start < address + size) return;
    this.#cells.fill(ERASED, address, address + size);
  }

  /** Whether a range holds nothing but 0xFF. */
  isErased(address: number, size: number): boolean {
    return this.read(address, size).every((byte) => byte === ERASED);
  }

  /**
   * Wears a sector out: bit 0 of each of its bytes can no longer be programmed.
   * No command reports it; only reading back shows it.
   */
  wearOut(address: number): void {
    this.#check(address, 1);
    this.#stuck.add(Math.floor(address / SECTOR_SIZE));
  }

  /**
   * Writes a status register, if the registers are not locked.
   *
   * @param index 0, 1 or 2.
   * @param lasting Whether the value outlives a loss of power.
   */
  writeStatus(index: number, value: number, lasting: boolean): void {
    if ((this.#statusAt(1) & STATUS2_SRP1) !== 0) return;
    // WIP and WEL are no storage.
    const stored = index === 0 ? value & ~0x03 : value;
    this.status[index] = stored | (index === 0 ? this.#statusAt(0) & 0x03 : 0);
    if (lasting) this.#lasting[index] = stored;
  }

  /** Clears the protection bits for good, as the ROM's and the stub's drivers do before they write. */
  unlock(): void {
    const { BP, BOTTOM, SECTOR } = STATUS1;
    this.writeStatus(0, this.#statusAt(0) & ~(BP | BOTTOM | SECTOR), true);
  }

  /** Power has been cycled, or the chip has been reset by 66h 99h. */
  reset(): void {
    this.status.set(this.#lasting);
  }

  #statusAt(index: number): number {
    return this.status[index] ?? 0;
  }

  /** GD25Q: BP0-2 protect 1/64, 1/32 … 1/2, all; or, with SECTOR, 4, 8, 16 or 32 KiB. */
  #protected(): Range {
    const bits = this.#statusAt(0);
    const level = (bits & STATUS1.BP) >> 2;
    if (level === 0) return { start: 0, end: 0 };
    const inSectors = (bits & STATUS1.SECTOR) !== 0;
    const share = inSectors
      ? SECTOR_SIZE << Math.min(level - 1, 3)
      : this.size / 64 * 2 ** (level - 1);
    const size = level === 7 ? this.size : Math.min(share, this.size);
    return (bits & STATUS1.BOTTOM) !== 0
      ? { start: 0, end: size }
      : { start: this.size - size, end: this.size };
  }

  #stick(start: number, end: number): void {
    for (const sector of this.#stuck) {
      const first = Math.max(start, sector * SECTOR_SIZE);
      const last = Math.min(end, (sector + 1) * SECTOR_SIZE);
      for (let at = first; at < last; at++) {
        this.#cells[at] = (this.#cells[at] ?? 0) | 1;
      }
    }
  }

  #check(address: number, size: number): void {
    if (address < 0 || size < 0 || address + size > this.size) {
      throw new RangeError(
        `Cannot reach ${size} bytes at ${address}: the flash has ${this.size}`,
      );
    }
  }
}
