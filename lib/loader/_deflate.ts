import type { Buffer } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import { createDeflate, createInflate, type Inflate } from "node:zlib";
import { concatBytes } from "../bytes.ts";

/** The pieces are small enough that no other board waits long for its turn. */
const PIECE = 0x4000;

/** Compresses as a ROM and a stub can inflate it: zlib, a window of 32 KiB. */
export async function deflate(data: Uint8Array): Promise<Uint8Array> {
  const stream = createDeflate({ level: 9 });
  const chunks: Uint8Array[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    stream.once("end", resolve);
    stream.once("error", reject);
  });
  for (let start = 0; start < data.length; start += PIECE) {
    const piece = data.subarray(start, start + PIECE);
    await new Promise<void>((resolve) => stream.write(piece, () => resolve()));
    await setImmediate();
  }
  stream.end();
  await ended;
  return concatBytes(chunks);
}

/** Counts what each piece of a zlib stream inflates to. */
export class InflateMeter implements Disposable {
  readonly #stream: Inflate;
  #bytes = 0;
  #error: unknown;

  constructor() {
    this.#stream = createInflate();
    this.#stream.on("data", (chunk: Buffer) => this.#bytes += chunk.length);
    this.#stream.on("error", (error: unknown) => this.#error = error);
  }

  /**
   * Takes the next piece of the stream.
   *
   * @returns How many bytes it makes, less what is still held back.
   * @throws {TypeError} If it is no zlib stream.
   */
  async push(piece: Uint8Array): Promise<number> {
    const before = this.#bytes;
    await new Promise<void>((resolve) =>
      this.#stream.write(piece, () => resolve())
    );
    if (this.#error !== undefined) {
      throw new TypeError(
        "Cannot write flash: the deflated data is no zlib stream",
        {
          cause: this.#error,
        },
      );
    }
    return this.#bytes - before;
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}
