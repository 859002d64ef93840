import { createHash, type Hash } from "node:crypto";
import { readUint32 } from "../bytes.ts";
import type { FlashDriver } from "./_flash_driver.ts";
import { STUB_ERROR } from "./_stub_link.ts";

const MAX_PACKET = 4096;
/** An acknowledgement is the number of bytes that have arrived. */
const ACKNOWLEDGEMENT_SIZE = 4;

interface Reading {
  readonly size: number;
  readonly packet: number;
  readonly hash: Hash;
  address: number;
  left: number;
}

/** READ_FLASH: packets of flash content, each sent when the last one has been acknowledged, and a digest. */
export class StubReader {
  readonly #flash: FlashDriver;
  readonly #send: (payload: Uint8Array) => Promise<void>;
  #reading: Reading | undefined;

  constructor(
    flash: FlashDriver,
    send: (payload: Uint8Array) => Promise<void>,
  ) {
    this.#flash = flash;
    this.#send = send;
  }

  /** Whether flash is being read. */
  get active(): boolean {
    return this.#reading !== undefined;
  }

  /** Begins, and sends the first packet. Yields a status, 0 if all is well. */
  async begin(address: number, size: number, packet: number): Promise<number> {
    if (packet > MAX_PACKET) return STUB_ERROR.dataLength;
    const hash = createHash("md5");
    this.#reading = { address, size, packet, hash, left: size };
    return await this.#continue(0);
  }

  /** Takes an acknowledgement; a frame of another size ends the reading. Yields a status. */
  async acknowledge(frame: Uint8Array): Promise<number> {
    if (frame.length === ACKNOWLEDGEMENT_SIZE) {
      return await this.#continue(readUint32(frame));
    }
    await this.#finish();
    return 0;
  }

  /** Sends the next packet: there is one in flight at most, whatever the host asked for. */
  async #continue(acknowledged: number): Promise<number> {
    const reading = this.#reading;
    if (reading === undefined) return 0;
    const size = Math.min(reading.left, reading.packet);
    if (size === 0) {
      if (acknowledged >= reading.size) await this.#finish();
      return 0;
    }
    if (!this.#flash.holds(reading.address, size)) {
      this.#reading = undefined;
      return STUB_ERROR.flashFailed;
    }
    const data = this.#flash.read(reading.address, size);
    reading.hash.update(data);
    reading.address += size;
    reading.left -= size;
    await this.#send(data);
    return 0;
  }

  async #finish(): Promise<void> {
    const digest = this.#reading?.hash.digest();
    this.#reading = undefined;
    if (digest !== undefined) await this.#send(new Uint8Array(digest));
  }
}
