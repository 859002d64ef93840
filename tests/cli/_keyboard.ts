/** A keyboard in a terminal, for verbs that listen. */

import type { KeySource } from "../../lib/cli/io.ts";

export class Keyboard implements KeySource {
  readonly isTerminal: boolean;
  readonly readable: ReadableStream<Uint8Array>;
  /** Every change of the terminal's mode. */
  readonly raw: boolean[] = [];
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(options: { isTerminal?: boolean } = {}) {
    this.isTerminal = options.isTerminal ?? true;
    this.readable = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
    });
  }

  setRaw(raw: boolean): void {
    this.raw.push(raw);
  }

  /** Presses keys, `^T` for Ctrl-T. */
  press(keys: string): void {
    const text = keys.replaceAll(
      /\^(.)/g,
      (_, key) => String.fromCharCode(key.charCodeAt(0) & 0x1f),
    );
    this.#controller.enqueue(new TextEncoder().encode(text));
  }
}
