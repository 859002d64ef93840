import { concatBytes } from "../bytes.ts";

/** How many bytes a queue takes before its writer has to wait, unless told otherwise. */
export const DEFAULT_CAPACITY = 256 * 1024;

/**
 * A bounded queue of bytes that ends in a `ReadableStream`.
 *
 * The stream itself holds nothing back: bytes stay here, where {@linkcode clear}
 * can still drop them, until somebody reads.
 */
export class ByteQueue {
  /** What is pushed, in order; a read yields all that waits. */
  readonly readable: ReadableStream<Uint8Array>;
  #capacity: number;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #wanted = false;
  #ending: { readonly error?: unknown } | undefined;
  #finished = false;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly #waiters = new Set<() => void>();

  constructor(capacity: number = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      pull: () => {
        this.#wanted = true;
        this.#feed();
      },
      cancel: () => {
        this.#finished = true;
        this.abort();
      },
    }, { highWaterMark: 0 });
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  /** Puts bytes into the queue, full or not; once it has ended they are dropped. */
  push(chunk: Uint8Array): void {
    if (this.#ending !== undefined || chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    this.#feed();
  }

  /** Changes the bound, for as long as something matters more than memory. */
  setCapacity(capacity: number): void {
    this.#capacity = capacity;
    this.#wake();
  }

  /**
   * Waits until the queue holds no more than `limit` bytes or has ended.
   *
   * @param limit Its capacity unless told otherwise.
   */
  async whenBelow(limit?: number): Promise<void> {
    while (
      this.#size > (limit ?? this.#capacity) && this.#ending === undefined
    ) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.add(resolve);
      await promise;
      this.#waiters.delete(resolve);
    }
  }

  /** Drops what waits. */
  clear(): void {
    this.#chunks = [];
    this.#size = 0;
    this.#wake();
  }

  /** Ends the stream once what waits has been read: with `error`, or by closing. */
  end(error?: unknown): void {
    this.#ending ??= error === undefined ? {} : { error };
    this.#feed();
    this.#wake();
  }

  /** Drops what waits and ends the stream now: with `error`, or by closing. */
  abort(error?: unknown): void {
    this.clear();
    this.end(error);
  }

  #feed(): void {
    if (this.#wanted && this.#size > 0) {
      this.#wanted = false;
      const bytes = concatBytes(this.#chunks);
      this.clear();
      this.#controller.enqueue(bytes);
    }
    if (this.#size > 0 || this.#ending === undefined || this.#finished) return;
    this.#finished = true;
    if ("error" in this.#ending) this.#controller.error(this.#ending.error);
    else this.#controller.close();
  }

  #wake(): void {
    for (const wake of this.#waiters) wake();
  }
}
