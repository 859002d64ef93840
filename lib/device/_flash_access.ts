/**
 * The flash of a board: connected once, its size known from then on.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import { EspError } from "../errors.ts";
import { attachFlash } from "../loader/flash.ts";
import type { Loader } from "../loader/loader.ts";
import { readFlashId } from "../loader/spi_flash.ts";
import type { OperationOptions } from "../progress.ts";

/** What is read where nothing drives the line, as it is where it is held low. */
const NOBODY = 0xff_ffff;

/** Connects the flash when it is first needed. */
export class FlashAccess {
  readonly #loader: Loader;
  #attached = false;
  #absent = false;
  #size: number | undefined;

  constructor(loader: Loader) {
    this.#loader = loader;
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
    await attachFlash(this.#loader, options);
    const { manufacturer, device, size } = await readFlashId(
      this.#loader,
      options,
    );
    const id = manufacturer << 16 | device;
    this.#absent = id === 0 || id === NOBODY;
    if (size !== undefined) {
      await attachFlash(this.#loader, { ...options, size });
    }
    this.#attached = true;
    return this.#size = size;
  }

  /** @returns How many bytes a range has, which must lie inside the flash. */
  async regionSize(
    address: number,
    size: number | "all",
    options: OperationOptions,
  ): Promise<number> {
    const flashSize = await this.require(options);
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
