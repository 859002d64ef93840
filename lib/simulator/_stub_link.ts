const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;
/** Header, data of the largest packet, and what stands before the data. */
const CAPACITY = 8 + 0x4000 + 0xff;

/** Statuses of a stub's refusals. */
export const STUB_ERROR = {
  dataLength: 0xc000,
  checksum: 0xc100,
  invalidCommand: 0xc300,
  flashFailed: 0xc400,
  notInFlashMode: 0xc600,
  inflate: 0xc700,
  notEnoughData: 0xc800,
  tooMuchData: 0xc900,
  notImplemented: 0xff00,
} as const;

/**
 * The stub's receiver. It has no buffer from the end of a frame until the main
 * loop gives it one, and so misses the delimiter of a frame that follows at
 * once; that frame's end then opens a frame, and from there on ends are taken
 * for beginnings until a lone delimiter comes.
 */
export class StubReceiver {
  #state: "outside" | "inside" | "escaping" = "outside";
  #armed = true;
  #buffer = new Uint8Array(CAPACITY);
  #length = 0;

  /** The line has been quiet: the main loop has given the receiver a buffer. */
  rest(): void {
    this.#armed = true;
  }

  /** Takes the next byte. Yields the frame that it ends, which is the caller's. */
  take(byte: number): Uint8Array | undefined {
    const armed = this.#armed;
    this.#armed = true;
    if (this.#state === "outside") {
      if (byte === END && armed) this.#state = "inside";
      return undefined;
    }
    if (this.#state === "escaping") {
      this.#state = "inside";
      if (byte === ESC_END) this.#put(END);
      else if (byte === ESC_ESC) this.#put(ESC);
      else this.#drop();
    } else if (byte === END) {
      return this.#delimit();
    } else if (byte === ESC) {
      this.#state = "escaping";
    } else {
      this.#put(byte);
    }
    return undefined;
  }

  #delimit(): Uint8Array | undefined {
    const frame = this.#buffer.slice(0, this.#length);
    this.#drop();
    if (frame.length === 0) return undefined;
    this.#armed = false;
    return frame;
  }

  #put(byte: number): void {
    if (this.#length < CAPACITY) this.#buffer[this.#length++] = byte;
    else this.#drop();
  }

  #drop(): void {
    this.#state = "outside";
    this.#length = 0;
  }
}
