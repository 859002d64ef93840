import { viewOf } from "../bytes.ts";
import { encodeFrame } from "../framing/slip.ts";

const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const HEADER_SIZE = 8;
/** The largest request that is kept; a longer one is forgotten. */
const REQUEST_CAPACITY = 0x1_0000;
/** READ_FLASH_SLOW's reply is the largest: 64 bytes and the status. */
const REPLY_CAPACITY = HEADER_SIZE + 64 + 4;

/**
 * The ROM's receiver. A delimiter that follows fewer bytes than a header has
 * begins a new frame, so that a torn frame costs nothing but itself.
 */
export class RomReceiver {
  readonly #buffer = new Uint8Array(REQUEST_CAPACITY);
  #length = 0;
  #inside = false;
  #escaped = false;

  /**
   * Takes the next byte.
   *
   * @returns The length of the frame that it ends, or 0.
   */
  take(byte: number): number {
    if (byte === END) return this.#delimit();
    if (!this.#inside) return 0;
    if (byte === ESC && !this.#escaped) {
      this.#escaped = true;
      return 0;
    }
    const plain = this.#escaped ? (byte === ESC_END ? END : ESC) : byte;
    this.#escaped = false;
    if (this.#length < REQUEST_CAPACITY) this.#buffer[this.#length++] = plain;
    return 0;
  }

  /**
   * The last frame. The buffer is never cleared: behind a short frame stand the
   * bytes of the frame before.
   */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  #delimit(): number {
    const length = this.#length;
    const whole = this.#inside && length >= HEADER_SIZE;
    this.#inside = !whole;
    this.#length = 0;
    this.#escaped = false;
    return whole ? length : 0;
  }
}

/**
 * The ROM's one reply buffer, which nothing clears: what a reply does not set
 * is what an older one left there.
 */
export class ReplyBuffer {
  readonly #bytes = new Uint8Array(REPLY_CAPACITY);
  readonly #statusBytes: number;
  #length = 0;

  constructor(statusBytes: number) {
    this.#statusBytes = statusBytes;
    this.#bytes[0] = 1;
  }

  /** The command that the buffer answers. */
  get opcode(): number {
    return this.#bytes[1] ?? 0;
  }

  set opcode(opcode: number) {
    this.#bytes[1] = opcode;
  }

  /** Sets the value field. */
  setValue(value: number): void {
    viewOf(this.#bytes).setUint32(4, value, true);
  }

  /** Sets the start of the data. */
  setData(data: Uint8Array): void {
    this.#bytes.set(data, HEADER_SIZE);
  }

  /** Sets size and status behind `dataSize` bytes of data. */
  finish(dataSize: number, failed: boolean, code: number): void {
    const view = viewOf(this.#bytes);
    view.setUint16(2, dataSize + this.#statusBytes, true);
    view.setUint8(HEADER_SIZE + dataSize, failed ? 1 : 0);
    view.setUint8(HEADER_SIZE + dataSize + 1, code);
    this.#length = HEADER_SIZE + dataSize + this.#statusBytes;
  }

  /** The reply's payload, as a copy. */
  payload(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** The reply's frame. */
  frame(): Uint8Array {
    return encodeFrame(this.payload());
  }
}
