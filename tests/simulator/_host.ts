/** A host made of nothing but bytes: what real hosts send is written out in the tests. */

import type {
  OpenBoardOptions,
  VirtualBoard,
} from "../../lib/simulator/virtual_board.ts";
import type { Transport } from "../../lib/transport/transport.ts";

/** How many turns of the event loop may bring nothing. */
const PATIENCE = 500;

/** Plugs a host in that keeps whatever comes. */
export async function plugIn(
  board: VirtualBoard,
  options: OpenBoardOptions = {},
): Promise<RawHost> {
  return new RawHost(await board.open(options));
}

/** The host's end of a port. */
export class RawHost implements AsyncDisposable {
  readonly port: Transport;
  /** How reading ended, once it has. */
  readonly ended: Promise<unknown>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #received: Uint8Array[] = [];

  constructor(port: Transport) {
    this.port = port;
    this.#writer = port.writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.ended = this.#read();
  }

  /** How many bytes wait to be taken. */
  get waiting(): number {
    return this.#received.reduce((size, chunk) => size + chunk.length, 0);
  }

  /** Sends bytes. */
  async write(bytes: Uint8Array | string): Promise<void> {
    await this.#writer.write(
      typeof bytes === "string" ? Uint8Array.fromHex(bytes) : bytes,
    );
  }

  /** Sends bytes and takes the answer: at least `size` bytes, and whatever else comes at once. */
  async exchange(bytes: Uint8Array | string, size = 1): Promise<Uint8Array> {
    await this.write(bytes);
    return await this.take(size);
  }

  /** Takes `size` bytes and whatever else comes at once, or what there is when nothing more comes. */
  async take(size: number): Promise<Uint8Array> {
    for (let quiet = 0, seen = 0; this.waiting < size && quiet < PATIENCE;) {
      await turns(1);
      quiet = this.waiting === seen ? quiet + 1 : 0;
      seen = this.waiting;
    }
    await turns(4);
    return this.takeNow();
  }

  /** Takes what has come. */
  takeNow(): Uint8Array {
    const bytes = new Uint8Array(this.waiting);
    let at = 0;
    for (const chunk of this.#received) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#received = [];
    return bytes;
  }

  /** Waits a few turns of the event loop, and takes what has come. */
  async settle(): Promise<Uint8Array> {
    await turns(12);
    return this.takeNow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.port.close();
    await this.ended;
  }

  async #read(): Promise<unknown> {
    try {
      for await (const chunk of this.port.readable) {
        this.#received.push(chunk);
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

/** Lets the event loop turn: everything runs that waits for no timer. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        port2.close();
        resolve();
      };
      port2.postMessage(null);
    });
  }
}

/** Bytes as text, one character a byte. */
export function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
