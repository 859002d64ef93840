import { alignDown, alignUp } from "../bytes.ts";
import type { FlashRegion } from "./_flash_driver.ts";
import { Inflater } from "./_inflater.ts";
import type { Machine } from "./_machine.ts";
import { mayEncrypt } from "./_security.ts";
import { STUB_ERROR } from "./_stub_link.ts";
import { SECTOR_SIZE } from "./flash_memory.ts";

/** The stub inflates into a window of this size and writes it when it is full. */
const WINDOW = 0x8000;

/** The stub's writing to flash. Every method yields a status, 0 if all is well. */
export class StubFlashWriter {
  /** Whether a region is open. */
  open = false;
  /** Bytes of the region that are still to come. */
  left = 0;
  readonly #machine: Machine;
  #address = 0;
  #encrypted = false;
  #eraseAt = 0;
  #eraseLeft = 0;
  #inflater: Inflater | undefined;
  #window: Uint8Array = new Uint8Array(0);

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** FLASH_BEGIN and FLASH_DEFL_BEGIN: erases no more than a first piece. */
  async begin(
    { address, size, deflated, encrypted }: FlashRegion,
  ): Promise<number> {
    const { flash } = this.#machine;
    this.#inflater?.close();
    this.#inflater = deflated ? new Inflater() : undefined;
    this.#window = new Uint8Array(0);
    this.open = true;
    this.left = size;
    this.#address = address;
    this.#encrypted = encrypted;
    this.#eraseAt = alignDown(address, SECTOR_SIZE);
    this.#eraseLeft = alignUp(address + size, SECTOR_SIZE) - this.#eraseAt;
    if (!flash.holds(address, size)) return STUB_ERROR.flashFailed;
    if (encrypted && !mayEncrypt(this.#machine)) return STUB_ERROR.flashFailed;
    flash.unlock();
    await this.#eraseNext();
    return 0;
  }

  /** Writes a block. */
  async write(data: Uint8Array): Promise<number> {
    const block = data.subarray(0, this.left);
    const end = this.#address + block.length;
    const { flash } = this.#machine;
    if (!flash.holds(this.#address, block.length)) {
      return STUB_ERROR.flashFailed;
    }
    while (this.#eraseAt < end && this.#eraseLeft > 0) await this.#eraseNext();
    await flash.program(this.#address, block, this.#encrypted);
    this.left -= block.length;
    this.#address = end;
    return 0;
  }

  /** Inflates a block; writes what fills the window or ends the region. */
  async inflate(data: Uint8Array): Promise<number> {
    const output = await this.#inflater?.push(data) ?? "data";
    if (typeof output === "string") return STUB_ERROR.inflate;
    let rest = new Uint8Array(this.#window.length + output.length);
    rest.set(this.#window);
    rest.set(output, this.#window.length);
    while (
      rest.length >= WINDOW || (rest.length > 0 && rest.length >= this.left)
    ) {
      const status = await this.write(rest.subarray(0, WINDOW));
      if (status !== 0) return status;
      rest = rest.subarray(WINDOW);
      if (this.left === 0) break;
    }
    this.#window = rest;
    return 0;
  }

  /** FLASH_END and FLASH_DEFL_END. */
  end(): number {
    if (!this.open) return STUB_ERROR.notInFlashMode;
    if (this.left !== 0) return STUB_ERROR.dataLength;
    this.#inflater?.close();
    this.#inflater = undefined;
    this.open = false;
    return 0;
  }

  async #eraseNext(): Promise<void> {
    if (this.#eraseLeft === 0) return;
    const size = await this.#machine.flash.eraseNext(
      this.#eraseAt,
      this.#eraseLeft,
      true,
    );
    this.#eraseAt += size;
    this.#eraseLeft -= size;
  }
}
