import { setImmediate } from "node:timers";
import { createInflate, type Inflate } from "node:zlib";
import { concatBytes } from "../bytes.ts";

/** Why a stream could not be inflated. */
export type InflateFailure = "data" | "checksum";

/** Inflates a zlib stream that comes in pieces. */
export class Inflater {
  readonly #inflate: Inflate = createInflate();
  #output: Uint8Array[] = [];
  #failure: InflateFailure | undefined;

  constructor() {
    this.#inflate.on("data", (bytes: Uint8Array) => this.#output.push(bytes));
    this.#inflate.on("error", (error: Error) => {
      this.#failure = error.message.includes("incorrect data check")
        ? "checksum"
        : "data";
    });
  }

  /** Inflates the next piece. Yields what it brings, or what is wrong with it. */
  async push(bytes: Uint8Array): Promise<Uint8Array | InflateFailure> {
    if (this.#failure === undefined) {
      await new Promise<void>((resolve) =>
        // The error event comes one turn after the callback.
        this.#inflate.write(bytes, () => setImmediate(resolve))
      );
    }
    if (this.#failure !== undefined) return this.#failure;
    const output = concatBytes(this.#output);
    this.#output = [];
    return output;
  }

  /** Gives the decoder's memory back. */
  close(): void {
    this.#inflate.destroy();
  }
}
