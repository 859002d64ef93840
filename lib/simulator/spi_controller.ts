/**
 * The flash controller's registers, and behind them the flash chip's commands.
 *
 * Sources: ESP8266, ESP32, ESP32-C3 technical reference manuals, SPI chapters;
 * GigaDevice GD25Q32C datasheet, commands; JESD216 (SFDP).
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { SpiRegisters } from "../chips/family.ts";
import {
  BLOCK_SIZE,
  type FlashMemory,
  PAGE_SIZE,
  SECTOR_SIZE,
  STATUS1,
} from "./flash_memory.ts";
import { type FlashPins, type NamedPins, pinsOfWord } from "./_flash_pins.ts";
import type { MemoryMap } from "./memory_map.ts";
import type { FlashTiming } from "./timing.ts";

const CMD_USR = 1 << 18;
const USR_COMMAND = 2 ** 31;
const USR_ADDR = 1 << 30;
const USR_MISO = 1 << 28;
const USR_MOSI = 1 << 27;
const BUFFER_SIZE = 64;
/** The flash chip's commands. */
const COMMAND = {
  writeStatus1: 0x01,
  program: 0x02,
  read: 0x03,
  writeDisable: 0x04,
  readStatus1: 0x05,
  writeEnable: 0x06,
  writeStatus3: 0x11,
  readStatus3: 0x15,
  eraseSector: 0x20,
  writeStatus2: 0x31,
  readStatus2: 0x35,
  volatileStatusEnable: 0x50,
  eraseHalfBlock: 0x52,
  readSfdp: 0x5a,
  eraseChipToo: 0x60,
  resetEnable: 0x66,
  reset: 0x99,
  readId: 0x9f,
  eraseChip: 0xc7,
  eraseBlock: 0xd8,
} as const;
/** What an unconnected data line reads as. */
const FLOATING = 0xff;
/** USR and USR2 after a reset, and as a driver leaves them when it has read flash. */
const AFTER_RESET = { usr: USR_COMMAND, usr2: 0x7000_0000 };
const AFTER_READ = { usr: 0xd000_0000, usr2: 0x7000_0003 };

/** What the controller works with. */
export interface SpiControllerOptions {
  /** Where its registers are. */
  readonly registers: SpiRegisters;
  /** The address space they are in. */
  readonly memory: MemoryMap;
  /** The flash chip behind it. */
  readonly flash: FlashMemory;
  /** Bits of USR that the chip sets at reset and a driver leaves alone. */
  readonly usrReset: number;
  /** What the flash chip takes for its work. */
  readonly timing: FlashTiming;
  /** What tells how long the flash chip is busy; without one it never is. */
  readonly clock?: Clock | undefined;
  /** The pins that the chip knows by name. */
  readonly namedPins?: NamedPins | undefined;
  /** Where the flash chip is. @default The package's own pins */
  readonly flashPins?: FlashPins | undefined;
  /** Whether the flash chip has its supply. @default Always */
  readonly powered?: (() => boolean) | undefined;
}

/**
 * The controller. A user-defined transfer begins when bit 18 of CMD is set,
 * and is over when the bit is read again.
 */
export class SpiController {
  #attached = false;
  readonly #options: SpiControllerOptions;
  #volatileStatus = false;
  #resetEnabled = false;
  #busyUntil = 0;

  /** Makes the controller and puts its registers into the address space. */
  constructor(options: SpiControllerOptions) {
    this.#options = options;
    const { registers, memory } = options;
    memory.define(registers.cmd, {
      write: (value) => {
        if ((value & CMD_USR) !== 0) this.#transfer();
        return 0;
      },
    });
  }

  /** Whether the pins are connected to the flash chip, and it has its supply. */
  get attached(): boolean {
    return this.#attached && (this.#options.powered?.() ?? true);
  }

  /** Connects pins, as SPI_ATTACH's word names them; the flash chip may be at others. */
  attach(word: number): void {
    const { namedPins, flashPins = namedPins?.spi } = this.#options;
    const pins = pinsOfWord(word, namedPins);
    this.#attached = String(pins) === String(flashPins);
  }

  /** Sets the registers as a reset of the chip does, and disconnects the pins. */
  reset(): void {
    this.#attached = false;
    this.#leave(AFTER_RESET);
  }

  /** Leaves in the registers what the ROM's driver does when it reads flash. */
  markRead(): void {
    this.#leave(AFTER_READ);
  }

  #leave({ usr, usr2 }: { usr: number; usr2: number }): void {
    const { memory, registers, usrReset } = this.#options;
    memory.writeWord(registers.usr, (usr | usrReset) >>> 0);
    memory.writeWord(registers.usr2, usr2);
  }

  #transfer(): void {
    const { memory, registers } = this.#options;
    const usr = memory.readWord(registers.usr);
    if ((usr & USR_COMMAND) === 0) return;
    const command = memory.readWord(registers.usr2) & 0xff;
    const address = (usr & USR_ADDR) === 0 ? 0 : this.#address();
    const sent = (usr & USR_MOSI) === 0 ? 0 : this.#bits("mosi");
    const wanted = (usr & USR_MISO) === 0 ? 0 : this.#bits("miso");
    const data = memory.read(registers.w0, Math.min(sent >> 3, BUFFER_SIZE));
    const answer = new Uint8Array(Math.min(wanted + 7 >> 3, BUFFER_SIZE));
    answer.fill(FLOATING);
    if (this.attached) this.#execute(command, address, data, answer);
    if (answer.length > 0) this.#store(answer, wanted);
  }

  /** The address phase, as many bits as USR1 says. */
  #address(): number {
    const { memory, registers } = this.#options;
    const bits = (memory.readWord(registers.usr1) >>> 26) + 1;
    const word = memory.readWord(registers.addr);
    return registers.addressShift === 0
      ? word & 2 ** bits - 1
      : word >>> (32 - bits);
  }

  /** The length of a data phase; 0 in the register is one bit. */
  #bits(phase: "mosi" | "miso"): number {
    const { memory, registers } = this.#options;
    const { mosiDlen, misoDlen, usr1 } = registers;
    const own = phase === "mosi" ? mosiDlen : misoDlen;
    if (own !== undefined) return (memory.readWord(own) & 0x3ff) + 1;
    // ESP8266: MOSI in bits 17 to 25 of USR1, MISO in bits 8 to 16.
    return (memory.readWord(usr1) >>> (phase === "mosi" ? 17 : 8) & 0x1ff) + 1;
  }

  /** Puts the answer into the buffer; bits that no transfer filled read as zero. */
  #store(answer: Uint8Array, bits: number): void {
    const words = new Uint8Array(answer.length + 3 & ~3);
    words.set(answer);
    if (bits % 8 !== 0) {
      const last = answer.length - 1;
      words[last] = (words[last] ?? 0) & 2 ** (bits % 8) - 1;
    }
    this.#options.memory.write(this.#options.registers.w0, words);
  }

  #execute(
    command: number,
    address: number,
    data: Uint8Array,
    answer: Uint8Array,
  ): void {
    const { flash } = this.#options;
    const busy = this.#isBusy();
    switch (command) {
      case COMMAND.readStatus1:
        answer.fill((flash.status[0] ?? 0) | (busy ? STATUS1.WIP : 0));
        return;
      case COMMAND.readStatus2:
        answer.fill(flash.status[1] ?? 0);
        return;
      case COMMAND.readStatus3:
        answer.fill(flash.status[2] ?? 0);
        return;
      default:
        // A chip at work hears nothing else.
        if (busy) return;
        if (answer.length > 0) this.#read(command, address, answer);
        else this.#command(command, address, data);
    }
  }

  /** Commands that are answered. */
  #read(command: number, address: number, answer: Uint8Array): void {
    const { flash } = this.#options;
    const blank = flash.sfdp.length > 0 ? FLOATING : 0;
    const byteAt = (i: number): number | undefined => {
      switch (command) {
        case COMMAND.readId:
          return flash.jedecId >>> 8 * (2 - i % 3) & 0xff;
        case COMMAND.readSfdp:
          return flash.sfdp[address + i] ?? blank;
        case COMMAND.read:
          return flash.read((address + i) % flash.size, 1)[0];
        default:
          return undefined;
      }
    };
    for (let i = 0; i < answer.length; i++) answer[i] = byteAt(i) ?? FLOATING;
  }

  /** Commands that are obeyed. */
  #command(command: number, address: number, data: Uint8Array): void {
    const { flash } = this.#options;
    const enabled = ((flash.status[0] ?? 0) & STATUS1.WEL) !== 0;
    switch (command) {
      case COMMAND.writeEnable:
        return this.#setWriteEnable(true);
      case COMMAND.writeDisable:
        return this.#setWriteEnable(false);
      case COMMAND.volatileStatusEnable:
        this.#volatileStatus = true;
        return;
      case COMMAND.resetEnable:
        this.#resetEnabled = true;
        return;
      case COMMAND.reset:
        if (this.#resetEnabled) flash.reset();
        this.#resetEnabled = false;
        return;
      case COMMAND.writeStatus1:
      case COMMAND.writeStatus2:
      case COMMAND.writeStatus3:
        if (!enabled && !this.#volatileStatus) return;
        return this.#writeStatus(command, data, enabled);
      default:
        if (enabled) this.#change(command, address, data);
    }
  }

  /** Commands that change the array; each clears the write enable latch. */
  #change(command: number, address: number, data: Uint8Array): void {
    const { flash, timing } = this.#options;
    const at = address % flash.size;
    const erase = (size: number, ms: number) => {
      flash.erase(at - at % size, size);
      this.#work(ms);
    };
    switch (command) {
      case COMMAND.program:
        this.#program(at, data);
        break;
      case COMMAND.eraseSector:
        erase(SECTOR_SIZE, timing.sector);
        break;
      case COMMAND.eraseHalfBlock:
        erase(BLOCK_SIZE / 2, timing.block / 2);
        break;
      case COMMAND.eraseBlock:
        erase(BLOCK_SIZE, timing.block);
        break;
      case COMMAND.eraseChip:
      case COMMAND.eraseChipToo:
        erase(flash.size, timing.block * flash.size / BLOCK_SIZE);
        break;
      default:
        return;
    }
    this.#setWriteEnable(false);
  }

  /** Programs inside one page, round which the address wraps. */
  #program(at: number, data: Uint8Array): void {
    const { flash, timing } = this.#options;
    const offset = at % PAGE_SIZE;
    const first = data.subarray(0, PAGE_SIZE - offset);
    flash.program(at, first);
    flash.program(at - offset, data.subarray(first.length));
    this.#work(timing.page);
  }

  #work(ms: number): void {
    this.#busyUntil = (this.#options.clock?.now() ?? 0) + ms;
  }

  #isBusy(): boolean {
    const { clock } = this.#options;
    return clock !== undefined && clock.now() < this.#busyUntil;
  }

  #setWriteEnable(on: boolean): void {
    const { status } = this.#options.flash;
    status[0] = on
      ? (status[0] ?? 0) | STATUS1.WEL
      : (status[0] ?? 0) & ~STATUS1.WEL;
  }

  #writeStatus(command: number, data: Uint8Array, lasting: boolean): void {
    const first = command === COMMAND.writeStatus1
      ? 0
      : command === COMMAND.writeStatus2
      ? 1
      : 2;
    // WRSR takes one or two bytes; the others one.
    const count = first === 0 ? Math.min(data.length, 2) : 1;
    for (let i = 0; i < count; i++) {
      const value = data[i];
      if (value !== undefined) {
        this.#options.flash.writeStatus(first + i, value, lasting);
      }
    }
    this.#volatileStatus = false;
    this.#setWriteEnable(false);
    this.#work(this.#options.timing.status);
  }
}
