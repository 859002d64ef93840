/**
 * The flash of a board: connected once, its size known from then on.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import { EspError } from "../errors.ts";
import { attachFlash, THREE_BYTE_END } from "../loader/flash.ts";
import { type SpiConnection, usbPinsOf } from "../loader/flash_pins.ts";
import type { Loader } from "../loader/loader.ts";
import { readFlashId } from "../loader/spi_flash.ts";
import type { OperationOptions } from "../progress.ts";
import { SPI_SET_PARAMS } from "../protocol/commands.ts";

/** What is read where nothing drives the line, as it is where it is held low. */
const NOBODY = 0xff_ffff;

/** Connects the flash when it is first needed. */
export class FlashAccess {
  readonly #loader: Loader;
  #attached = false;
  #absent = false;
  #size: number | undefined;
  #told: number | undefined;
  readonly #connection: SpiConnection | undefined;

  constructor(loader: Loader, connection?: SpiConnection) {
    this.#loader = loader;
    this.#connection = connection;
  }

  /**
   * As {@linkcode attach}, for what needs a flash chip that answers.
   *
   * @throws {EspError} `flash-unknown` if none does.
   */
  async require(options: OperationOptions): Promise<number | undefined> {
    const size = await this.attach(options);
    if (!this.#absent) return size;
    throw new EspError(
      `Cannot use the flash on "${this.#loader.port}": no flash chip answers`,
      {
        code: "flash-unknown",
        hint:
          "Check the flash chip's supply, its pins and what else hangs on them.",
      },
    );
  }

  /** @returns The flash's size in bytes, if its id tells. */
  async attach(options: OperationOptions): Promise<number | undefined> {
    if (this.#attached) return this.#size;
    this.#noteUsbPins(options);
    const connection = this.#connection;
    await attachFlash(this.#loader, { ...options, connection });
    if (this.#loader.secureDownload) {
      // The flash's id cannot be read: the ROM is told as much as it reaches.
      this.#attached = true;
      await this.#tell(THREE_BYTE_END, options);
      return undefined;
    }
    const { manufacturer, device, size } = await readFlashId(
      this.#loader,
      options,
    );
    const id = manufacturer << 16 | device;
    this.#absent = id === 0 || id === NOBODY;
    this.#attached = true;
    this.#size = size;
    await this.#tell(size, options);
    return size;
  }

  /**
   * As {@linkcode require}, for one operation that is told the flash's size.
   *
   * @param size The size in bytes; what the flash's id tells if left out.
   * @returns Where the flash ends: the lesser of both.
   */
  async useSize(
    size: number | undefined,
    options: OperationOptions,
  ): Promise<number | undefined> {
    const found = await this.require(options);
    await this.#tell(size ?? found, options);
    if (size === undefined || found === undefined) return found ?? size;
    if (size > found) {
      const message =
        `The flash size ${size} is more than the flash chip has: ${found} bytes`;
      options.onProgress?.({ kind: "note", port: this.#loader.port, message });
    }
    return Math.min(size, found);
  }

  /** Tells the loader the size, if it does not know it already. */
  async #tell(
    size: number | undefined,
    { signal }: OperationOptions,
  ): Promise<void> {
    if (size === undefined || size === this.#told) return;
    this.#told = size;
    if (!this.#loader.has(SPI_SET_PARAMS)) return;
    await this.#loader.spiSetParams(size, { signal });
  }

  #noteUsbPins({ onProgress }: OperationOptions): void {
    const { chip, port } = this.#loader;
    if (this.#connection === undefined) return;
    const pins = usbPinsOf(chip, this.#connection);
    if (pins.length === 0) return;
    const message =
      `The flash is to be at GPIO ${pins.join()}, which the chip's USB port needs too`;
    onProgress?.({ kind: "note", port, message });
  }

  /**
   * How many bytes a range has, which must lie inside the flash.
   *
   * @param told The flash's size, for the loader, as {@linkcode useSize} takes it.
   */
  async regionSize(
    address: number,
    size: number | "all",
    options: OperationOptions,
    told?: number,
  ): Promise<number> {
    const flashSize = await this.useSize(told, options);
    const end = size === "all" ? flashSize : address + size;
    if (end === undefined) {
      throw new EspError(
        `Cannot tell where the flash on "${this.#loader.port}" ends: its id does not tell its size`,
        {
          code: "flash-unknown",
          hint: "Give the size in bytes.",
        },
      );
    }
    if (
      address < 0 || end <= address ||
      (flashSize !== undefined && end > flashSize)
    ) {
      const has = flashSize === undefined
        ? "of unknown size"
        : `${flashSize} bytes`;
      throw new RangeError(
        `Cannot use flash from ${formatAddress(address)} to ${
          formatAddress(end)
        }: the flash is ${has}`,
      );
    }
    return end - address;
  }
}
