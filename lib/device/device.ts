/**
 * A board in its loader, as an object with one method for each thing to do.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import { EspError, TransportError } from "../errors.ts";
import { parseImage } from "../image/esp_image.ts";
import * as flash from "../loader/flash.ts";
import type { ChipIdentity } from "../loader/identity.ts";
import * as identity from "../loader/identity.ts";
import type { Loader } from "../loader/loader.ts";
import { dumpMem, loadRam } from "../loader/ram.ts";
import type { SecurityInfo } from "../loader/security.ts";
import type { FlashId } from "../loader/spi_flash.ts";
import * as spi from "../loader/spi_flash.ts";
import type { OperationOptions, ProgressListener } from "../progress.ts";
import { GET_SECURITY_INFO } from "../protocol/commands.ts";
import type { Transport, TransportInfo } from "../transport/transport.ts";
import { Operations } from "./_operations.ts";
import { FlashAccess } from "./_flash_access.ts";
import { saveFile } from "./_save.ts";
import {
  type AfterMode,
  resetAfter,
  resetAndRelease,
  runApplication,
} from "./after_mode.ts";
import type {
  DeviceSettings,
  WriteFlashStatusOptions,
  WriteRegOptions,
} from "./device_options.ts";
import { type FlashFiles, loadFlashFiles } from "./flash_files.ts";
import {
  eraseChip,
  type VerifiedFile,
  verifyFiles,
  type VerifyFlashOptions,
  writeFiles,
  type WriteFlashOptions,
  type WrittenFile,
} from "./write_flash.ts";

/**
 * A board in its loader. Operations run one after another, in the order in
 * which they are called.
 *
 * Every operation takes `signal`, `timeout` and `onProgress`, and may throw
 * `TransportError`, `TimeoutError`, `FrameError` and `CommandError`.
 */
export class Device implements AsyncDisposable {
  readonly #loader: Loader;
  readonly #onProgress: ProgressListener | undefined;
  readonly #operations: Operations;
  readonly #flash: FlashAccess;
  #after: AfterMode;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(loader: Loader, settings: DeviceSettings) {
    this.#loader = loader;
    this.#onProgress = settings.onProgress;
    this.#after = settings.after;
    this.#flash = new FlashAccess(loader);
    this.#operations = new Operations(loader.port, settings);
  }

  /** The path or URL of its port. */
  get port(): string {
    return this.#loader.port;
  }

  /** Its chip family. */
  get chip(): ChipFamily {
    return this.#loader.chip;
  }

  /** Whether the flasher stub answers, and not the ROM. */
  get isStub(): boolean {
    return this.#loader.isStub;
  }

  /** The line's speed, in baud. */
  get baudRate(): number {
    return this.#loader.link.baudRate;
  }

  /** How its port behaves, and which USB adapter it is, where known. */
  get portInfo(): TransportInfo {
    return this.#loader.link.info;
  }

  /** Whether {@linkcode getSecurityInfo} can tell: not on the ESP8266 and the ESP32. */
  get hasSecurityInfo(): boolean {
    return this.chip.rom.opcodes.includes(GET_SECURITY_INFO.opcode);
  }

  /** Reads what the chip is: description, revision, features, crystal, MAC address. */
  readIdentity(options: OperationOptions = {}): Promise<ChipIdentity> {
    return this.#operations.run(
      "read the chip's identity",
      options,
      (o) => identity.readIdentity(this.#loader, o),
    );
  }

  /** Reads the base MAC address: lower-case hex pairs with colons. */
  readMac(options: OperationOptions = {}): Promise<string> {
    return this.#operations.run(
      "read the MAC address",
      options,
      (o) => identity.readMac(this.#loader, o),
    );
  }

  /**
   * Reads the ESP8266's chip id. The other chips have none: there it is the last
   * three bytes of the MAC address, which is what Arduino cores call so.
   */
  chipId(options: OperationOptions = {}): Promise<number> {
    return this.#operations.run(
      "read the chip id",
      options,
      (o) => identity.readChipId(this.#loader, o),
    );
  }

  /**
   * Reads a 32-bit word from a register or from memory.
   *
   * @param address A multiple of 4.
   */
  readReg(address: number, options: OperationOptions = {}): Promise<number> {
    return this.#operations.run(
      "read a register",
      options,
      (o) => this.#loader.readReg(address, o),
    );
  }

  /**
   * Writes a 32-bit word to a register or to memory.
   *
   * @param address A multiple of 4.
   */
  writeReg(
    address: number,
    value: number,
    options: WriteRegOptions = {},
  ): Promise<void> {
    return this.#operations.run(
      "write a register",
      options,
      (o) => this.#loader.writeReg(address, value, { ...options, ...o }),
    );
  }

  /**
   * Reads memory word by word.
   *
   * @param address Where to begin, a multiple of 4.
   * @param size How many bytes, a multiple of 4.
   * @param file Where to save the bytes as well; written when all of them are there.
   */
  dumpMem(
    address: number,
    size: number,
    file?: string | URL,
    options: OperationOptions = {},
  ): Promise<Uint8Array> {
    return this.#operations.run("dump memory", options, async (o) => {
      return await saveFile(
        file,
        await dumpMem(this.#loader, address, size, o),
      );
    });
  }

  /** Reads the flash chip's JEDEC id. */
  flashId(options: OperationOptions = {}): Promise<FlashId> {
    return this.#operations.run("read the flash id", options, async (o) => {
      await this.#flash.attach(o);
      return await spi.readFlashId(this.#loader, o);
    });
  }

  /**
   * Reads the flash chip's status registers.
   *
   * @param bytes How many, 1 to 3; the first is the low byte of the result.
   */
  readFlashStatus(bytes = 2, options: OperationOptions = {}): Promise<number> {
    return this.#operations.run("read the flash status", options, async (o) => {
      await this.#flash.attach(o);
      return await spi.readFlashStatus(this.#loader, bytes, o);
    });
  }

  /** Writes the flash chip's status registers; the first is the low byte of `value`. */
  writeFlashStatus(
    value: number,
    options: WriteFlashStatusOptions = {},
  ): Promise<void> {
    return this.#operations.run(
      "write the flash status",
      options,
      async (o) => {
        await this.#flash.attach(o);
        await spi.writeFlashStatus(this.#loader, value, options.bytes ?? 2, {
          ...options,
          ...o,
        });
      },
    );
  }

  /**
   * Reads the flash chip's serial flash discoverable parameters (JESD216).
   *
   * @param length How many bytes, 1 to 4.
   */
  readSfdp(
    address: number,
    length: number,
    options: OperationOptions = {},
  ): Promise<number> {
    return this.#operations.run("read SFDP", options, async (o) => {
      await this.#flash.attach(o);
      return await spi.readSfdp(this.#loader, address, length, o);
    });
  }

  /**
   * Writes files to flash and verifies them by MD5. All files are read and
   * checked before the first sector is erased.
   *
   * @throws {RangeError} If two files touch the same sector, or an address is none.
   * @throws {EspError} `file-invalid`, `image-mismatch`, `flash-unknown`.
   * @throws {ImageError} `flash-too-small` if a file goes past the end of the flash.
   * @throws {VerifyError} If the flash does not hold what was written.
   */
  writeFlash(
    files: FlashFiles,
    options: WriteFlashOptions = {},
  ): Promise<WrittenFile[]> {
    return this.#operations.run("write flash", options, async (o) => {
      const placed = await loadFlashFiles(files);
      const flashSize = await this.#flash.require(o);
      return await writeFiles(this.#loader, placed, flashSize, {
        ...options,
        ...o,
      });
    });
  }

  /**
   * Compares files with the flash by MD5, with the same flash parameters put in as on writing.
   *
   * @throws {VerifyError} If the flash holds something else.
   */
  verifyFlash(
    files: FlashFiles,
    options: VerifyFlashOptions = {},
  ): Promise<VerifiedFile[]> {
    return this.#operations.run("verify flash", options, async (o) => {
      const placed = await loadFlashFiles(files);
      const flashSize = await this.#flash.require(o);
      return await verifyFiles(this.#loader, placed, flashSize, {
        ...options,
        ...o,
      });
    });
  }

  /**
   * Reads flash, and checks it by MD5 where the stub runs.
   *
   * @param size How many bytes, or `all` up to the end of the flash.
   * @param file Where to save the bytes as well; written when all of them are there.
   */
  readFlash(
    address: number,
    size: number | "all",
    file?: string | URL,
    options: OperationOptions = {},
  ): Promise<Uint8Array> {
    return this.#operations.run("read flash", options, async (o) => {
      const bytes = await this.#flash.regionSize(address, size, o);
      return await saveFile(
        file,
        await flash.readFlash(this.#loader, address, bytes, o),
      );
    });
  }

  /** The MD5 digest of a range of flash, as 32 lower-case hex digits. */
  flashMd5(
    address: number,
    size: number,
    options: OperationOptions = {},
  ): Promise<string> {
    return this.#operations.run("digest flash", options, async (o) => {
      await this.#flash.require(o);
      return await flash.flashMd5(this.#loader, address, size, o);
    });
  }

  /** Erases the whole flash chip. */
  eraseFlash(options: OperationOptions = {}): Promise<void> {
    return this.#operations.run("erase flash", options, async (o) => {
      await eraseChip(this.#loader, await this.#flash.require(o), o);
    });
  }

  /**
   * Erases whole sectors.
   *
   * @param address A multiple of 4096.
   * @param size A multiple of 4096, or `all` up to the end of the flash.
   */
  eraseRegion(
    address: number,
    size: number | "all",
    options: OperationOptions = {},
  ): Promise<void> {
    return this.#operations.run("erase a region", options, async (o) => {
      const bytes = await this.#flash.regionSize(address, size, o);
      await flash.eraseRegion(this.#loader, address, bytes, o);
    });
  }

  /**
   * Loads an image into RAM and runs it. The loader is gone then, and closing
   * the device does not reset the chip, which would end the program.
   *
   * @param image An ESP image's path, URL or bytes, all of whose segments are in RAM.
   */
  loadRam(
    image: string | URL | Uint8Array,
    options: OperationOptions = {},
  ): Promise<void> {
    return this.#operations.run("load RAM", options, async (o) => {
      const bytes = image instanceof Uint8Array
        ? image
        : await Deno.readFile(image);
      const { entry, segments } = parseImage(bytes, this.chip);
      await loadRam(this.#loader, segments, entry, o);
      this.#after = "no-reset";
    });
  }

  /** Leaves the loader and runs the application in flash. */
  run(options: OperationOptions = {}): Promise<void> {
    return this.#operations.run("run the application", options, async (o) => {
      await runApplication(this.#loader, o);
      this.#after = "no-reset";
    });
  }

  /** Reads the security flags. Not on the ESP8266 and the ESP32. */
  getSecurityInfo(options: OperationOptions = {}): Promise<SecurityInfo> {
    return this.#operations.run(
      "read the security info",
      options,
      (o) => this.#loader.getSecurityInfo(o),
    );
  }

  /** Asks the loader for a sign of life. */
  sync(options: OperationOptions = {}): Promise<void> {
    return this.#operations.run(
      "sync",
      options,
      async (o) => void await this.#loader.sync(o),
    );
  }

  /** Resets the chip; what runs then is no loader, unless the mode is `no-reset`. */
  reset(
    mode: AfterMode = "hard-reset",
    options: OperationOptions = {},
  ): Promise<void> {
    return this.#operations.run(
      "reset the chip",
      options,
      (o) => resetAfter(this.#loader, mode, o),
    );
  }

  /**
   * Resets the chip into its application and hands the port over, still open and
   * at the given speed, from the first byte of the log on. The device is closed
   * then; closing the port is the caller's.
   *
   * @param baudRate The log's speed, in baud.
   * @throws {TypeError} If the device is closed.
   */
  async release(
    baudRate: number,
    options: OperationOptions = {},
  ): Promise<Transport> {
    if (this.#closed !== undefined) {
      throw new TypeError(`Cannot release ${this.port}: the device is closed`);
    }
    let released = false;
    // Closing waits, so that it neither resets the chip again nor closes the port.
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    await this.#operations.end();
    try {
      const { signal } = options;
      const onProgress = this.#onProgress;
      const port = await resetAndRelease(this.#loader, baudRate, {
        signal,
        onProgress,
      });
      released = true;
      return port;
    } finally {
      if (!released) await this.#loader.close();
      resolve();
    }
  }

  /** Resets the chip as agreed on opening, and closes the port. Closing twice is harmless. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#operations.end();
    const onProgress = this.#onProgress;
    try {
      await resetAfter(this.#loader, this.#after, { onProgress });
    } catch (error) {
      // A port that is gone has nothing left to reset, and a chip that has
      // failed before has been told of; all else is the caller's to know.
      const told = error instanceof TransportError ||
        this.#operations.failed && error instanceof EspError;
      if (!told) throw error;
    } finally {
      await this.#loader.close();
    }
  }
}
