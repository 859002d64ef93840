/**
 * A board in its loader, as an object with one method for each thing to do.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import * as flash from "../loader/flash.ts";
import {
  type FlashSecurity,
  readFlashSecurity,
  securityInfo,
} from "../loader/flash_security.ts";
import { type FlashSupply, readFlashSupply } from "../loader/flash_supply.ts";
import type { ChipIdentity } from "../loader/identity.ts";
import * as identity from "../loader/identity.ts";
import type { Loader } from "../loader/loader.ts";
import { dumpMem } from "../loader/ram.ts";
import type { SecurityInfo } from "../loader/security.ts";
import type { FlashId } from "../loader/spi_flash.ts";
import * as spi from "../loader/spi_flash.ts";
import type { UsbMode } from "../loader/usb_mode.ts";
import type { OperationOptions } from "../progress.ts";
import type { Transport, TransportInfo } from "../transport/transport.ts";
import { Connection, type Reopen } from "./_connection.ts";
import { checkErase } from "./_flash_guards.ts";
import { loadImage } from "./_load_image.ts";
import { saveFile } from "./_save.ts";
import { type AfterMode, resetAfter, runApplication } from "./after_mode.ts";
import type {
  DeviceSettings,
  EraseFlashOptions,
  ReadFlashOptions,
  WriteFlashStatusOptions,
  WriteRegOptions,
} from "./device_options.ts";
import { type FlashFiles, loadFlashFiles } from "./flash_files.ts";
import {
  type VerifiedFile,
  verifyFiles,
  type VerifyFlashOptions,
} from "./verify_flash.ts";
import {
  eraseChip,
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
  readonly #board: Connection;
  #after: AfterMode;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(loader: Loader, settings: DeviceSettings, reopen?: Reopen) {
    this.#board = new Connection(loader, settings, reopen);
    this.#after = settings.after;
  }

  /** The path or URL of its port. */
  get port(): string {
    return this.#board.loader.port;
  }

  /** Its chip family. */
  get chip(): ChipFamily {
    return this.#board.loader.chip;
  }

  /** Whether the flasher stub answers, and not the ROM. */
  get isStub(): boolean {
    return this.#board.loader.isStub;
  }

  /** Whether the ROM is in secure download mode: but for writing, erasing regions, resetting and the security info all is refused as `security-active`. */
  get secureDownload(): boolean {
    return this.#board.loader.secureDownload;
  }

  /** The chip's own USB port that it is connected by, if by one. */
  get usbMode(): UsbMode | undefined {
    return this.#board.loader.usbMode;
  }

  /** The line's speed, in baud. */
  get baudRate(): number {
    return this.#board.loader.link.baudRate;
  }

  /** How its port behaves, and which USB adapter it is, where known. */
  get portInfo(): TransportInfo {
    return this.#board.loader.link.info;
  }

  /** Reads what the chip is: description, revision, features, crystal, MAC address. */
  readIdentity(options: OperationOptions = {}): Promise<ChipIdentity> {
    return this.#board.run("read the identity", options, identity.readIdentity);
  }

  /** Reads the base MAC address: lower-case hex pairs with colons. */
  readMac(options: OperationOptions = {}): Promise<string> {
    return this.#board.run("read the MAC address", options, identity.readMac);
  }

  /**
   * Reads the ESP8266's chip id. The other chips have none: there it is the last
   * three bytes of the MAC address, which is what Arduino cores call so.
   */
  chipId(options: OperationOptions = {}): Promise<number> {
    return this.#board.run("read the chip id", options, identity.readChipId);
  }

  /**
   * Reads a 32-bit word from a register or from memory.
   *
   * @param address A multiple of 4.
   */
  readReg(address: number, options: OperationOptions = {}): Promise<number> {
    return this.#board.run(
      "read a register",
      options,
      (loader, o) => loader.readReg(address, o),
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
    return this.#board.run(
      "write a register",
      options,
      (loader, o) => loader.writeReg(address, value, { ...options, ...o }),
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
    return this.#board.run("dump memory", options, async (loader, o) => {
      const bytes = await dumpMem(loader, address, size, o);
      return await saveFile(file, bytes);
    });
  }

  /** Reads the flash chip's JEDEC id. */
  flashId(options: OperationOptions = {}): Promise<FlashId> {
    return this.#board.runWithFlash(
      "read the flash id",
      options,
      spi.readFlashId,
    );
  }

  /** Reads what the chip says of its flash's data lines and supply. */
  readFlashSupply(options: OperationOptions = {}): Promise<FlashSupply> {
    return this.#board.run("read the flash's supply", options, readFlashSupply);
  }

  /**
   * Reads the flash chip's status registers.
   *
   * @param bytes How many, 1 to 3; the first is the low byte of the result.
   */
  readFlashStatus(bytes = 2, options: OperationOptions = {}): Promise<number> {
    return this.#board.runWithFlash(
      "read the flash status",
      options,
      (loader, o) => spi.readFlashStatus(loader, bytes, o),
    );
  }

  /** Writes the flash chip's status registers; the first is the low byte of `value`. */
  writeFlashStatus(
    value: number,
    options: WriteFlashStatusOptions = {},
  ): Promise<void> {
    const { bytes, nonVolatile } = options;
    return this.#board.runWithFlash(
      "write the flash status",
      options,
      (loader, o) =>
        spi.writeFlashStatus(loader, value, bytes, { ...o, nonVolatile }),
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
    return this.#board.runWithFlash(
      "read SFDP",
      options,
      (loader, o) => spi.readSfdp(loader, address, length, o),
    );
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
    return this.#board.runSecured(
      "write flash",
      options,
      async (_loader, o) => {
        const placed = await loadFlashFiles(files);
        return await writeFiles(this.#board, placed, { ...options, ...o });
      },
    );
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
    return this.#board.run("verify flash", options, async (_loader, o) => {
      const placed = await loadFlashFiles(files);
      return await verifyFiles(this.#board, placed, { ...options, ...o });
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
    options: ReadFlashOptions = {},
  ): Promise<Uint8Array> {
    return this.#board.run("read flash", options, async (loader, o, access) => {
      const told = options.flashSize;
      const wanted = await access.regionSize(address, size, o, told);
      const bytes = await flash.readFlash(loader, address, wanted, o);
      return await saveFile(file, bytes);
    });
  }

  /** The MD5 digest of a range of flash, as 32 lower-case hex digits. */
  flashMd5(
    address: number,
    size: number,
    options: OperationOptions = {},
  ): Promise<string> {
    return this.#board.run("digest flash", options, async (loader, o, via) => {
      await via.require(o);
      return await flash.flashMd5(loader, address, size, o);
    });
  }

  /**
   * Erases the whole flash chip.
   *
   * @throws {EspError} `security-active` if secure boot or flash encryption is on.
   */
  eraseFlash(options: EraseFlashOptions = {}): Promise<void> {
    return this.#board.run("erase flash", options, async (loader, o, via) => {
      const size = await via.require(o);
      await checkErase(loader, { ...options, ...o });
      await eraseChip(loader, size, o);
    });
  }

  /**
   * Erases whole sectors.
   *
   * @param address A multiple of 4096.
   * @param size A multiple of 4096, or `all` up to the end of the flash.
   * @throws {EspError} `security-active` if secure boot or flash encryption is on.
   */
  eraseRegion(
    address: number,
    size: number | "all",
    options: EraseFlashOptions = {},
  ): Promise<void> {
    return this.#board.runSecured(
      "erase a region",
      options,
      async (loader, o, access) => {
        const bytes = await access.regionSize(address, size, o);
        await checkErase(loader, { ...options, ...o });
        await flash.eraseRegion(loader, address, bytes, o);
      },
    );
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
    return this.#board.run("load RAM", options, async (loader, o) => {
      await loadImage(loader, image, o);
      this.#after = "no-reset";
    });
  }

  /** Leaves the loader and runs the application in flash. */
  run(options: OperationOptions = {}): Promise<void> {
    return this.#board.run("run the program", options, async (loader, o) => {
      await runApplication(loader, o);
      this.#after = "no-reset";
    });
  }

  /**
   * Reads the security flags. The ESP32's come from its eFuses, as its loader
   * does not know the command.
   *
   * @throws {ChipError} `chip-lacks` from an ESP8266.
   */
  getSecurityInfo(options: OperationOptions = {}): Promise<SecurityInfo> {
    return this.#board.runSecured("read security", options, securityInfo);
  }

  /** Reads what the eFuses say of secure boot and flash encryption. */
  readFlashSecurity(options: OperationOptions = {}): Promise<FlashSecurity> {
    return this.#board.runSecured("read eFuses", options, readFlashSecurity);
  }

  /** Asks the loader for a sign of life. */
  sync(options: OperationOptions = {}): Promise<void> {
    return this.#board.runSecured("sync", options, async (loader, o) => {
      await loader.sync(o);
    });
  }

  /** Resets the chip; what runs then is no loader, unless the mode is `no-reset`. */
  reset(
    mode: AfterMode = "hard-reset",
    options: OperationOptions = {},
  ): Promise<void> {
    return this.#board.runSecured(
      "reset the chip",
      options,
      (loader, o) => resetAfter(loader, mode, o),
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
    const released = this.#board.release(baudRate, options);
    // Closing waits, so that it neither resets the chip again nor closes the port.
    this.#closed = released.then(() => {}, () => {});
    return await released;
  }

  /** Resets the chip as agreed on opening, and closes the port. Closing twice is harmless. */
  close(): Promise<void> {
    return this.#closed ??= this.#board.close(this.#after);
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
