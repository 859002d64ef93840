/**
 * SLIP framing (RFC 1055) as the ROM bootloader uses it: a frame begins and
 * ends with 0xC0, and inside it 0xC0 is `DB DC` and 0xDB is `DB DD`.
 *
 * Knows no commands. Bytes between frames, such as a boot log, are noise and
 * are handed on as such.
 *
 * @module
 */

import { concatBytes } from "../bytes.ts";
import { FrameError } from "../errors.ts";

const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;

/** Larger than any frame of the protocol (16 KiB of data, every byte escaped, and a header). */
const DEFAULT_MAX_FRAME_SIZE = 0x1_0000;

/**
 * Encodes one frame with its delimiters.
 *
 * @param parts The payload, in pieces that need not be joined first.
 */
export function encodeFrame(
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  let size = 2;
  for (const part of parts) {
    size += part.length;
    for (const byte of part) {
      if (byte === END || byte === ESC) size++;
    }
  }
  const frame = new Uint8Array(size);
  let length = 0;
  frame[length++] = END;
  for (const part of parts) {
    for (const byte of part) {
      if (byte === END || byte === ESC) {
        frame[length++] = ESC;
        frame[length++] = byte === END ? ESC_END : ESC_ESC;
      } else {
        frame[length++] = byte;
      }
    }
  }
  frame[length] = END;
  return frame;
}

/** Receives what a {@linkcode SlipDecoder} finds. */
export interface SlipSink {
  /** A whole frame's payload; a view of the pushed chunk where nothing was escaped or split. */
  frame(payload: Uint8Array): void;
  /** Bytes that stand outside any frame. */
  noise?(bytes: Uint8Array): void;
  /** A frame that is too long or has an invalid escape; decoding goes on behind it. */
  error?(error: FrameError): void;
}

/** Options of {@linkcode SlipDecoder}. */
export interface SlipDecoderOptions {
  /**
   * The most escaped bytes that one frame may have; a longer one is an error.
   *
   * @default {65536}
   */
  readonly maxFrameSize?: number;
}

/**
 * Decodes frames from chunks that may be cut anywhere.
 *
 * An empty frame is taken for two delimiters in a row, the second of which
 * opens the next frame: so the decoder finds its way back after a lost byte.
 */
export class SlipDecoder {
  readonly #sink: SlipSink;
  readonly #maxFrameSize: number;
  #state: "outside" | "inside" | "skipping" = "outside";
  #parts: Uint8Array[] = [];
  #size = 0;

  /** Makes a decoder that tells `sink` what it finds. */
  constructor(sink: SlipSink, options: SlipDecoderOptions = {}) {
    this.#sink = sink;
    this.#maxFrameSize = options.maxFrameSize ?? DEFAULT_MAX_FRAME_SIZE;
  }

  /** Decodes the next bytes; `chunk` must not be changed afterwards. */
  push(chunk: Uint8Array): void {
    let start = 0;
    while (start < chunk.length) {
      const end = chunk.indexOf(END, start);
      const stop = end === -1 ? chunk.length : end;
      if (stop > start) this.#take(chunk.subarray(start, stop));
      if (end === -1) return;
      this.#delimit();
      start = end + 1;
    }
  }

  /** Forgets a frame that has begun. */
  reset(): void {
    this.#state = "outside";
    this.#parts = [];
    this.#size = 0;
  }

  #take(bytes: Uint8Array): void {
    if (this.#state === "outside") {
      this.#sink.noise?.(bytes);
    } else if (this.#state === "inside") {
      this.#parts.push(bytes);
      this.#size += bytes.length;
      if (this.#size > this.#maxFrameSize) {
        const begun = concatBytes(this.#parts);
        this.#parts = [];
        this.#state = "skipping";
        this.#fail(
          `Cannot decode frame: it is longer than ${this.#maxFrameSize} bytes`,
          begun,
        );
      }
    }
  }

  #delimit(): void {
    if (this.#state === "inside" && this.#size > 0) {
      const escaped = concatBytes(this.#parts);
      this.reset();
      const payload = unescape(escaped);
      if (payload === undefined) {
        this.#fail("Cannot decode frame: invalid SLIP escape", escaped);
      } else {
        this.#sink.frame(payload);
      }
    } else if (this.#state === "skipping") {
      this.reset();
    } else {
      this.#state = "inside";
    }
  }

  #fail(message: string, bytes: Uint8Array): void {
    this.#sink.error?.(
      new FrameError(message, {
        bytes,
        hint: "Check the cable and try a lower baud rate.",
      }),
    );
  }
}

/** Undoes the escapes; `undefined` if one is invalid. */
function unescape(escaped: Uint8Array): Uint8Array | undefined {
  let escape = escaped.indexOf(ESC);
  if (escape === -1) return escaped;
  const payload = new Uint8Array(escaped.length);
  let length = 0;
  let start = 0;
  while (escape !== -1) {
    payload.set(escaped.subarray(start, escape), length);
    length += escape - start;
    const code = escaped[escape + 1];
    if (code !== ESC_END && code !== ESC_ESC) return undefined;
    payload[length++] = code === ESC_END ? END : ESC;
    start = escape + 2;
    escape = escaped.indexOf(ESC, start);
  }
  payload.set(escaped.subarray(start), length);
  return payload.subarray(0, length + escaped.length - start);
}

/** Turns payloads into frames. */
export class SlipEncoderStream extends TransformStream<Uint8Array, Uint8Array> {
  /** Makes the stream. */
  constructor() {
    super({
      transform: (payload, controller) =>
        controller.enqueue(encodeFrame(payload)),
    });
  }
}

/** Options of {@linkcode SlipDecoderStream}. */
export interface SlipDecoderStreamOptions extends SlipDecoderOptions {
  /** Called with bytes that stand outside any frame; they are dropped otherwise. */
  readonly onNoise?: (bytes: Uint8Array) => void;
  /** Called with an invalid frame; without it the stream errors. */
  readonly onError?: (error: FrameError) => void;
}

/** Turns bytes into the payloads of the frames in them. */
export class SlipDecoderStream extends TransformStream<Uint8Array, Uint8Array> {
  /** Makes the stream. */
  constructor(options: SlipDecoderStreamOptions = {}) {
    let decoder: SlipDecoder;
    super({
      start(controller) {
        decoder = new SlipDecoder({
          frame: (payload) => controller.enqueue(payload),
          noise: (bytes) => options.onNoise?.(bytes),
          error: options.onError ?? ((error) => controller.error(error)),
        }, options);
      },
      transform: (chunk) => decoder.push(chunk),
    });
  }
}
