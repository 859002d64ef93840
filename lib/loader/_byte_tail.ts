import { concatBytes } from "../bytes.ts";

/** Keeps the last bytes of a stream, as views, up to a whole chunk more than it must. */
export class ByteTail {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    let [first] = this.#chunks;
    while (first !== undefined && this.#size - first.length >= this.#limit) {
      this.#chunks.shift();
      this.#size -= first.length;
      [first] = this.#chunks;
    }
  }

  bytes(): Uint8Array {
    return concatBytes(this.#chunks).subarray(-this.#limit);
  }

  clear(): void {
    this.#chunks = [];
    this.#size = 0;
  }
}
