/**
 * A chip's loader, ROM or stub: one method for each command.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import { delay } from "../clock.ts";
import { ChipError, TimeoutError } from "../errors.ts";
import type { ProgressListener } from "../progress.ts";
import {
  CHANGE_BAUDRATE,
  type Command,
  type DataParams,
  ERASE_FLASH,
  ERASE_REGION,
  FLASH_BEGIN,
  FLASH_DATA,
  FLASH_DEFL_BEGIN,
  FLASH_DEFL_DATA,
  FLASH_DEFL_END,
  FLASH_END,
  type FlashBeginParams,
  type FlashEndParams,
  type FlashRange,
  GET_SECURITY_INFO,
  MEM_BEGIN,
  MEM_DATA,
  MEM_END,
  type MemBeginParams,
  type MemEndParams,
  READ_FLASH_SLOW,
  READ_REG,
  RUN_USER_CODE,
  SPI_ATTACH,
  SPI_FLASH_MD5,
  SPI_SET_PARAMS,
  SYNC,
  WRITE_REG,
} from "../protocol/commands.ts";
import type { CommandOptions, Link } from "./link.ts";
import { eraseSizeFor, needsCrystalForBaud, romBaudFor } from "./quirks.ts";
import {
  decodeSecurityInfo,
  secureDownloadRefusal,
  type SecurityInfo,
} from "./security.ts";
import type { StubImage } from "./stub.ts";
import { type UsbMode, usbModeOf } from "./usb_mode.ts";

/** Options of {@linkcode Loader.writeReg}. */
export interface WriteRegOptions extends CommandOptions {
  /**
   * Which bits to change.
   *
   * @default {0xffff_ffff}
   */
  readonly mask?: number | undefined;
  /**
   * How long the device waits with the write, in microseconds.
   *
   * @default {0}
   */
  readonly delayUs?: number | undefined;
}

/** Options of {@linkcode Loader.changeBaudRate}. */
export interface ChangeBaudOptions extends CommandOptions {
  /** Called with a `baud` event. */
  readonly onProgress?: ProgressListener | undefined;
}

/** Options of {@linkcode Loader}'s constructor. */
export interface LoaderOptions {
  /** Whether a stub answers, not the ROM. */
  readonly isStub: boolean;
  /** The stub that was uploaded, where it is known. */
  readonly stub?: StubImage | undefined;
  /**
   * Whether the ROM is in secure download mode.
   *
   * @default {false}
   */
  readonly secureDownload?: boolean | undefined;
  /** The chip's own USB port that it is connected by; what the port's ids tell by default. */
  readonly usbMode?: UsbMode | undefined;
}

/** How long a device needs after it has changed its speed, in milliseconds. */
const BAUD_SETTLE = 50;
/** Bytes of data in a FLASH_DATA packet to a stub, whatever the chip. */
const STUB_FLASH_BLOCK = 0x4000;

/**
 * A chip that answers commands. Addresses are byte addresses; a command that
 * the ROM does not have, or not in secure download mode, is refused without
 * asking it.
 */
export class Loader implements AsyncDisposable {
  /** The line to the chip. */
  readonly link: Link;
  /** The chip's family. */
  readonly chip: ChipFamily;
  /** Whether a stub answers, not the ROM. */
  readonly isStub: boolean;
  /** The stub that was uploaded; `undefined` for a ROM, and for a stub that ran already. */
  readonly stub: StubImage | undefined;
  /** Whether the ROM is in secure download mode, which leaves it few commands. */
  readonly secureDownload: boolean;
  /** The chip's own USB port that it is connected by, if by one. */
  readonly usbMode: UsbMode | undefined;

  /** Makes a loader of a line whose chip is known. */
  constructor(link: Link, chip: ChipFamily, options: LoaderOptions) {
    this.link = link;
    this.chip = chip;
    this.isStub = options.isStub;
    this.stub = options.stub;
    this.secureDownload = options.secureDownload ?? false;
    this.usbMode = options.usbMode ?? usbModeOf(link.info, chip);
  }

  /** The port's path or URL. */
  get port(): string {
    return this.link.port;
  }

  /** How many bytes a FLASH_DATA packet has. */
  get flashBlockSize(): number {
    return this.isStub ? STUB_FLASH_BLOCK : this.chip.rom.flashBlockSize;
  }

  /** How many bytes a MEM_DATA packet has: fewer over USB-OTG, whose buffer in the ROM is small. */
  get ramBlockSize(): number {
    const { rom, usb } = this.chip;
    const isOtg = this.usbMode === "otg";
    return isOtg && usb?.otgBlockSize || rom.ramBlockSize;
  }

  /** Whether the loader knows a command. */
  has(command: { readonly opcode: number }): boolean {
    const { opcode } = command;
    if (this.isStub) return opcode !== READ_FLASH_SLOW.opcode;
    const { opcodes, secureDownloadOpcodes = [] } = this.chip.rom;
    if (!this.secureDownload) return opcodes.includes(opcode);
    // A speed that only registers can tell cannot be asked for.
    const blind = opcode === CHANGE_BAUDRATE.opcode &&
      needsCrystalForBaud(this.chip);
    return !blind && secureDownloadOpcodes.includes(opcode);
  }

  /** SYNC: yields zero from a stub. */
  sync(options?: CommandOptions): Promise<number> {
    return this.#run(SYNC, undefined, options);
  }

  /** READ_REG: the word at `address`. */
  async readReg(address: number, options?: CommandOptions): Promise<number> {
    checkWordAddress(address);
    return await this.#run(READ_REG, { address }, options);
  }

  /** WRITE_REG: changes the word at `address`. */
  async writeReg(
    address: number,
    value: number,
    options: WriteRegOptions = {},
  ): Promise<void> {
    const { mask = 0xffff_ffff, delayUs = 0 } = options;
    checkWordAddress(address);
    for (const word of [value, mask, delayUs]) checkWord(word);
    await this.#run(WRITE_REG, { address, value, mask, delayUs }, options);
  }

  /** GET_SECURITY_INFO. */
  async getSecurityInfo(options?: CommandOptions): Promise<SecurityInfo> {
    return decodeSecurityInfo(
      await this.#run(GET_SECURITY_INFO, undefined, options),
    );
  }

  /** FLASH_BEGIN: erases `size` bytes and opens them for {@linkcode flashData}; nothing is encrypted unless `params` say so. */
  // deno-lint-ignore require-await -- A missing ability rejects, it does not throw.
  async flashBegin(
    params: FlashBeginParams,
    options: CommandOptions = {},
  ): Promise<void> {
    const size = this.isStub
      ? params.size
      : eraseSizeFor(this.chip, params.offset, params.size);
    // What a quirk makes smaller on paper takes as long as before.
    const limit = FLASH_BEGIN.timeout(this.link.timeouts, params);
    return this.#run(FLASH_BEGIN, this.#begin({ ...params, size }), {
      limit,
      ...options,
    });
  }

  /** FLASH_DATA: programs one block. */
  flashData(params: DataParams, options?: CommandOptions): Promise<void> {
    return this.#run(FLASH_DATA, params, options);
  }

  /** FLASH_END. A ROM leaves the loader, whatever it is told. */
  flashEnd(params: FlashEndParams, options?: CommandOptions): Promise<void> {
    return this.#run(FLASH_END, params, options);
  }

  /** FLASH_DEFL_BEGIN: erases `size` bytes and opens them for a zlib stream. */
  // deno-lint-ignore require-await -- A missing ability rejects, it does not throw.
  async flashDeflBegin(
    params: FlashBeginParams,
    options?: CommandOptions,
  ): Promise<void> {
    return this.#run(FLASH_DEFL_BEGIN, this.#begin(params), options);
  }

  /** FLASH_DEFL_DATA: the next piece of the zlib stream. */
  flashDeflData(params: DataParams, options?: CommandOptions): Promise<void> {
    return this.#run(FLASH_DEFL_DATA, params, options);
  }

  /** FLASH_DEFL_END. A ROM leaves the loader, whatever it is told. */
  flashDeflEnd(
    params: FlashEndParams,
    options?: CommandOptions,
  ): Promise<void> {
    return this.#run(FLASH_DEFL_END, params, options);
  }

  /** MEM_BEGIN: opens RAM for {@linkcode memData}. */
  memBegin(params: MemBeginParams, options?: CommandOptions): Promise<void> {
    return this.#run(MEM_BEGIN, params, options);
  }

  /** MEM_DATA: loads one block. */
  memData(params: DataParams, options?: CommandOptions): Promise<void> {
    return this.#run(MEM_DATA, params, options);
  }

  /** MEM_END: runs what was loaded. A ROM may be gone before it answers, which is no error. */
  async memEnd(params: MemEndParams, options?: CommandOptions): Promise<void> {
    try {
      await this.#run(MEM_END, params, options);
    } catch (error) {
      const silent = error instanceof TimeoutError && !this.isStub &&
        !options?.signal?.aborted;
      if (!silent) throw error;
    }
  }

  /** SPI_ATTACH: connects the flash to its default pins (zero) or others. */
  spiAttach(pins: number, options?: CommandOptions): Promise<void> {
    return this.#run(SPI_ATTACH, { pins, rom: !this.isStub }, options);
  }

  /** SPI_SET_PARAMS: tells the flash driver how many bytes the flash has. */
  spiSetParams(size: number, options?: CommandOptions): Promise<void> {
    return this.#run(SPI_SET_PARAMS, { size }, options);
  }

  /** SPI_FLASH_MD5: the digest of a range of flash, in lower-case hex digits. */
  spiFlashMd5(range: FlashRange, options?: CommandOptions): Promise<string> {
    return this.#run(SPI_FLASH_MD5, range, options);
  }

  /** READ_FLASH_SLOW (ROM): 64 bytes, of which the first `size` are what was asked for. */
  readFlashSlow(
    range: FlashRange,
    options?: CommandOptions,
  ): Promise<Uint8Array> {
    return this.#run(READ_FLASH_SLOW, range, options);
  }

  /** ERASE_FLASH (stub): erases the whole chip. */
  eraseFlash(options?: CommandOptions): Promise<void> {
    return this.#run(ERASE_FLASH, undefined, options);
  }

  /** ERASE_REGION (stub): erases whole sectors. */
  eraseRegion(range: FlashRange, options?: CommandOptions): Promise<void> {
    return this.#run(ERASE_REGION, range, options);
  }

  /** RUN_USER_CODE (stub): leaves for the application. There is no reply. */
  async runUserCode(): Promise<void> {
    this.#require(RUN_USER_CODE);
    await this.link.exchange((line) => {
      line.request(RUN_USER_CODE, undefined);
      return Promise.resolve();
    });
  }

  /**
   * Changes the speed of both ends.
   *
   * @param baud In baud.
   * @throws {ChipError} `chip-lacks` on a ROM that cannot do it, the ESP8266's;
   * `security-active` in secure download mode on one that must know its crystal.
   * @throws {TransportError} `baud-unsupported` if this end cannot; the chip has changed by then.
   */
  async changeBaudRate(
    baud: number,
    options: ChangeBaudOptions = {},
  ): Promise<void> {
    this.#require(CHANGE_BAUDRATE);
    const params = this.isStub
      ? { baud, previous: this.link.baudRate }
      : { baud: await romBaudFor(this, baud, options), previous: 0 };
    await this.#run(CHANGE_BAUDRATE, params, options);
    await this.link.setBaudRate(baud);
    await delay(this.link.clock, BAUD_SETTLE, options);
    await this.link.flushInput();
    options.onProgress?.({ kind: "baud", port: this.port, baud });
  }

  /** Closes the port; the chip is left as it is. */
  close(): Promise<void> {
    return this.link.close();
  }

  /** Closes the port. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // deno-lint-ignore require-await -- A missing command rejects, it does not throw.
  async #run<P, R>(
    command: Command<P, R>,
    params: P,
    options?: CommandOptions,
  ): Promise<R> {
    this.#require(command);
    return this.link.command(command, params, options);
  }

  /** @throws {ChipError} `chip-lacks` if the loader does not know the command. */
  #require(command: { readonly name: string; readonly opcode: number }): void {
    if (this.has(command)) return;
    if (this.secureDownload) throw secureDownloadRefusal(`run ${command.name}`);
    const loader = this.isStub ? "stub" : "ROM";
    const stubHas = command.opcode !== READ_FLASH_SLOW.opcode;
    throw new ChipError(
      `Cannot run ${command.name}: the ${this.chip.name} ${loader} has no such command`,
      {
        code: "chip-lacks",
        hint: stubHas ? "Use the flasher stub." : "Use the ROM, without stub.",
      },
    );
  }

  /**
   * The fifth word, the encryption flag, is there for stubs and newer ROMs only.
   *
   * @throws {ChipError} `chip-lacks` if it is needed and not there.
   */
  #begin({ encrypted = false, ...params }: FlashBeginParams): FlashBeginParams {
    if (this.isStub || this.chip.rom.encryptedFlag) {
      return { ...params, encrypted };
    }
    if (!encrypted) return params;
    throw new ChipError(
      `Cannot write encrypted: the ${this.chip.name} ROM cannot encrypt`,
      { code: "chip-lacks", hint: "Use the flasher stub." },
    );
  }
}

/** @throws {RangeError} If it is no 32-bit address of a word. */
function checkWordAddress(address: number): void {
  const sound = Number.isInteger(address) && address >= 0 &&
    address < 2 ** 32 && address % 4 === 0;
  if (sound) return;
  throw new RangeError(
    `Cannot use the word at ${address}: an address is a multiple of 4 below 2^32`,
  );
}

/** @throws {RangeError} If it is no 32-bit number, signed or unsigned. */
function checkWord(word: number): void {
  if (Number.isInteger(word) && word >= -(2 ** 31) && word < 2 ** 32) return;
  throw new RangeError(`Cannot write ${word}: it is no 32-bit number`);
}
