/**
 * A serial monitor: what a board says, line by line, for as long as it says something.
 *
 * @module
 */

import { type Clock, delay, systemClock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import type { Transport } from "../transport/transport.ts";
import type { AddressDecoder } from "./address_decoder.ts";
import { CrashDecoder } from "./crash_decoder.ts";
import { explainBootLine } from "./explain_boot_line.ts";
import { type DecodedLine, LineDecoder } from "./line_decoder.ts";

/** A line, or a part of one that waits for its end. */
export interface LineEvent extends DecodedLine {
  /** Tells this event from the others. */
  readonly kind: "line";
  /** What there is to say about a line that has ended: what it means, where addresses in it are. */
  readonly notes: readonly string[];
}

/** The port has gone: the board was unplugged, or is about to come back as another USB device. */
export interface GoneEvent {
  /** Tells this event from the others. */
  readonly kind: "gone";
  /** What happened. */
  readonly message: string;
}

/** The port has come back. */
export interface BackEvent {
  /** Tells this event from the others. */
  readonly kind: "back";
}

/** What happens on a port. */
export type MonitorEvent = LineEvent | GoneEvent | BackEvent;

/** Options of {@linkcode Monitor}. */
export interface MonitorOptions {
  /** Opens the port again when it has gone. Without it, a port that goes is an error. */
  readonly reopen?: ((signal: AbortSignal) => Promise<Transport>) | undefined;
  /**
   * How long a line may wait for its end until what there is of it is told, in milliseconds.
   *
   * @default {100}
   */
  readonly patience?: number | undefined;
  /**
   * Whether boot logs and crashes are explained.
   *
   * @default {true}
   */
  readonly explain?: boolean | undefined;
  /** The chip family's id, which makes some explanations more exact. */
  readonly chip?: string | undefined;
  /** The program on the board, by which addresses are decoded. */
  readonly program?: AddressDecoder | undefined;
  /** Ends the monitor, and closes its port. */
  readonly signal?: AbortSignal | undefined;
  /** What time is told by. @default {systemClock} */
  readonly clock?: Clock | undefined;
}

/** How long a line waits for its end. */
const PATIENCE = 100;
/** How often a port that has gone is looked for, in milliseconds. */
const REOPEN_PAUSE = 250;

/**
 * Reads a port until it is closed, and again each time it comes back. Opening
 * it resets nothing, and DTR and RTS stay as they are: see
 * {@linkcode releaseLines}.
 *
 * @example Wait for a line
 * ```ts
 * import { openTransport } from "@espline/espline";
 * import { Monitor } from "@espline/espline/monitor";
 *
 * const port = await openTransport("sim://esp8266", { baudRate: 74880 });
 * await using monitor = new Monitor(port);
 * for await (const event of monitor.events()) {
 *   if (event.kind === "line" && event.text.includes("rst cause")) break;
 * }
 * ```
 */
export class Monitor implements AsyncDisposable {
  readonly #options: MonitorOptions;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  readonly #decoder = new LineDecoder();
  readonly #crashes: CrashDecoder | undefined;
  readonly #onAbort = () => void this.close().catch(() => {});
  #transport: Transport;

  /** Makes a monitor of an open port, which is the monitor's own from then on. */
  constructor(transport: Transport, options: MonitorOptions = {}) {
    this.#transport = transport;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#crashes = options.program && new CrashDecoder(options.program);
    const { signal } = options;
    if (signal?.aborted) this.#onAbort();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** The port as it is open now: another one each time it has come back. */
  get transport(): Transport {
    return this.#transport;
  }

  /**
   * What happens on the port, until the monitor is closed or its signal
   * aborts. May be called once.
   *
   * @throws {TransportError} If the port goes and cannot be opened again by `reopen`.
   */
  async *events(): AsyncGenerator<MonitorEvent> {
    while (!this.#ending.signal.aborted) {
      const lost = yield* this.#read();
      const last = this.#decoder.end();
      if (last !== undefined) yield this.#describe(last);
      if (lost === undefined || this.#ending.signal.aborted) break;
      if (this.#options.reopen === undefined) throw lost;
      yield { kind: "gone", message: lost.message };
      if (!await this.#reopen(this.#options.reopen)) break;
      yield { kind: "back" };
    }
    const notes = this.#crashes?.end() ?? [];
    if (notes.length > 0) yield afterword(this.#clock.now(), notes);
  }

  /**
   * Sends bytes to the board.
   *
   * @throws {TransportError} If the port has gone.
   */
  async write(bytes: Uint8Array): Promise<void> {
    const writer = this.#transport.writable.getWriter();
    try {
      await writer.write(bytes);
    } finally {
      writer.releaseLock();
    }
  }

  /** Ends {@linkcode events}, and closes the port. Closing twice is harmless. */
  async close(): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#ending.abort();
    await this.#transport.close();
  }

  /** Closes the monitor. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Reads until the port ends; yields why, if it was not closed. */
  async *#read(): AsyncGenerator<LineEvent, TransportError | undefined> {
    const reader = this.#transport.readable.getReader();
    try {
      for (;;) {
        const reading = reader.read();
        // Nobody waits for it any more when the consumer stops at a prompt.
        reading.catch(() => {});
        if (!await this.#comesSoon(reading)) {
          const part = this.#decoder.flush();
          if (part !== undefined) yield this.#describe(part);
        }
        const { done, value } = await reading;
        if (done) return undefined;
        for (const line of this.#decoder.push(value, this.#clock.now())) {
          yield this.#describe(line);
        }
      }
    } catch (error) {
      if (error instanceof TransportError) return error;
      throw error;
    } finally {
      reader.releaseLock();
    }
  }

  /** Whether bytes, or the end, come before the patience is over. */
  async #comesSoon(reading: Promise<unknown>): Promise<boolean> {
    const pause = Promise.withResolvers<boolean>();
    const cancel = this.#clock.schedule(
      () => pause.resolve(false),
      this.#options.patience ?? PATIENCE,
    );
    try {
      return await Promise.race([reading.then(() => true), pause.promise]);
    } finally {
      cancel();
    }
  }

  #describe(line: DecodedLine): LineEvent {
    if (!line.ended) return { kind: "line", ...line, notes: [] };
    const { explain = true, chip } = this.#options;
    const words = explain ? explainBootLine(line.text, chip) : undefined;
    const notes = [
      ...words === undefined ? [] : [words],
      ...this.#crashes?.push(line.text) ?? [],
    ];
    return { kind: "line", ...line, notes };
  }

  /** Tries again and again; yields whether the port is open. */
  async #reopen(
    open: (signal: AbortSignal) => Promise<Transport>,
  ): Promise<boolean> {
    const { signal } = this.#ending;
    await this.#transport.close();
    while (!signal.aborted) {
      try {
        await delay(this.#clock, REOPEN_PAUSE, { signal });
        const transport = await open(signal);
        this.#transport = transport;
        if (!signal.aborted) return true;
        await transport.close();
      } catch (error) {
        if (signal.aborted) return false;
        if (!(error instanceof TransportError)) throw error;
      }
    }
    return false;
  }
}

/** Notes that come when there is no line any more. */
function afterword(time: number, notes: readonly string[]): LineEvent {
  return { kind: "line", time, raw: "", text: "", ended: true, notes };
}

/**
 * Releases DTR and RTS, in the order in which a chip behind the usual reset
 * circuit is not reset by it. Systems assert both when a port is opened, and a
 * board whose EN or boot pin is wired to one of them directly would not run.
 */
export async function releaseLines(transport: Transport): Promise<void> {
  if (transport.info.signals === "none") return;
  await transport.setSignals({ rts: false });
  await transport.setSignals({ dtr: false });
}
