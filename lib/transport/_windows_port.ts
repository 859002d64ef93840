/**
 * An open serial port of Windows: overlapped reads and writes, lines and speed.
 *
 * @module
 */

import { type Clock, delay } from "../clock.ts";
import { TransportError } from "../errors.ts";
import type { CompletionPortLease, Outcome } from "./_iocp.ts";
import { fixedBuffer, type Kernel32 } from "./_kernel32.ts";
import { checkBaudRate, portGone, PortStreams } from "./_port_streams.ts";
import {
  COMSTAT_SIZE,
  decodeBaudRate,
  decodeOutputQueue,
  emptyDcb,
  encodeDcb,
} from "./_windows_dcb.ts";
import {
  ERROR_OPERATION_ABORTED,
  ioError,
  isUnsupported,
} from "./_windows_errors.ts";
import type { SerialOptions } from "./serial.ts";
import type { SerialSignals, Transport, TransportInfo } from "./transport.ts";

const SETRTS = 3;
const CLRRTS = 4;
const SETDTR = 5;
const CLRDTR = 6;
const SETBREAK = 8;
const CLRBREAK = 9;

const PURGE_TXABORT = 0x1;
const PURGE_RXABORT = 0x2;
const PURGE_TXCLEAR = 0x4;
const PURGE_RXCLEAR = 0x8;
const PURGE_ALL = PURGE_TXABORT | PURGE_RXABORT | PURGE_TXCLEAR |
  PURGE_RXCLEAR;

/** Bytes that one read or write moves at most, and that a driver is asked to queue. */
export const QUEUE_SIZE = 16 * 1024;
/** Milliseconds between two looks at the output queue. */
const DRAIN_INTERVAL = 1;
/** How far the speed in force may be off; a UART samples wrongly beyond. */
const MAX_BAUD_ERROR = 0.03;
/** Reads in a row that end as cancelled, though nobody did, before the device counts as gone. */
const MAX_STRAY_CANCELS = 3;

/** Implements {@linkcode Transport} on a handle that is set up for overlapped I/O. */
export class WindowsPort implements Transport {
  readonly port: string;
  readonly #handle: bigint;
  readonly #kernel: Kernel32;
  readonly #lease: CompletionPortLease;
  readonly #clock: Clock;
  readonly #options: SerialOptions;
  readonly #streams: PortStreams;
  readonly #outgoing = fixedBuffer(QUEUE_SIZE);
  // Asserted both, as Linux, macOS and pyserial open a port: the two
  // transistors of a reset circuit then hold each other off.
  #dtr = true;
  #rts = true;
  #hasSignals = true;
  #baudRate = 0;
  #outputFlushes = 0;
  #reading: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(
    port: string,
    handle: bigint,
    lease: CompletionPortLease,
    clock: Clock,
    options: SerialOptions,
  ) {
    this.port = port;
    this.#handle = handle;
    this.#lease = lease;
    this.#kernel = lease.completions.kernel;
    this.#clock = clock;
    this.#options = options;
    this.#streams = new PortStreams({
      port,
      write: (chunk) => {
        const writing = this.#write(chunk);
        this.#writing = writing.catch(() => {}); // reported by the stream
        return writing;
      },
    });
  }

  get info(): TransportInfo {
    return {
      kind: "serial",
      signals: this.#hasSignals ? "separate" : "none",
      usbVendorId: this.#options.usbVendorId,
      usbProductId: this.#options.usbProductId,
      usbSerialNumber: this.#options.usbSerialNumber,
    };
  }

  get baudRate(): number {
    return this.#baudRate;
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#streams.input.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#streams.writable;
  }

  // deno-lint-ignore require-await -- the interface is asynchronous
  async setSignals(signals: SerialSignals): Promise<void> {
    this.#streams.check();
    this.#dtr = signals.dtr ?? this.#dtr;
    this.#rts = signals.rts ?? this.#rts;
    if (signals.dtr !== undefined) this.#setDtr();
    if (signals.rts !== undefined) {
      this.#setLine(this.#rts ? SETRTS : CLRRTS);
      // usbser.sys sends RTS to the device only when DTR is set after it.
      this.#setDtr();
    }
    if (signals.break !== undefined) {
      this.#escape(signals.break ? SETBREAK : CLRBREAK);
    }
  }

  // deno-lint-ignore require-await -- the interface is asynchronous
  async setBaudRate(baudRate: number): Promise<void> {
    this.#streams.check();
    checkBaudRate(baudRate);
    this.applyBaudRate(baudRate);
  }

  async drain(): Promise<void> {
    await this.#streams.written();
    while (this.#outputQueue() > 0) {
      await delay(this.#clock, DRAIN_INTERVAL);
      this.#streams.check();
    }
  }

  // deno-lint-ignore require-await -- the interface is asynchronous
  async flush(which: "input" | "output" | "both" = "both"): Promise<void> {
    this.#streams.check();
    let actions = 0;
    // Not RXABORT, which would cancel the read that waits for what comes next.
    if (which !== "output") actions |= PURGE_RXCLEAR;
    if (which !== "input") actions |= PURGE_TXABORT | PURGE_TXCLEAR;
    if (which !== "input") this.#outputFlushes++;
    if (this.#kernel.PurgeComm(this.#handle, actions) === 0) {
      throw this.#failure("flush");
    }
    if (which !== "output") this.#streams.input.clear();
  }

  close(): Promise<void> {
    return this.#closed ??= this.#shut();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Sets the speed, or leaves the old one and throws. */
  applyBaudRate(baudRate: number): void {
    const before = this.#commState();
    if (!this.#setCommState(before, baudRate)) {
      const error = this.#kernel.GetLastError();
      this.#outputQueue(); // throws if the device is gone, rather than unwilling
      throw this.#baudError(
        baudRate,
        `its driver refuses (Windows error ${error})`,
      );
    }
    const actual = decodeBaudRate(this.#commState());
    if (Math.abs(actual - baudRate) > baudRate * MAX_BAUD_ERROR) {
      if (!this.#setCommState(before, decodeBaudRate(before))) {
        throw this.#failure("restore the speed of");
      }
      throw this.#baudError(baudRate, `its driver makes it ${actual}`);
    }
    this.#baudRate = actual;
  }

  /** Starts to read, and reads until the port ends. */
  startReading(): void {
    this.#reading = this.#read().catch((error) => this.#streams.lose(error));
  }

  async #read(): Promise<void> {
    const { input } = this.#streams;
    const kernel = this.#kernel;
    const buffer = fixedBuffer(QUEUE_SIZE);
    let strayCancels = 0;
    while (!this.#streams.ended) {
      const { error, bytes } = await this.#lease.completions.submit(
        this.#handle,
        buffer,
        (overlapped) =>
          kernel.ReadFile(
            this.#handle,
            buffer,
            buffer.length,
            null,
            overlapped,
          ),
      );
      if (this.#streams.ended) return;
      if (error === ERROR_OPERATION_ABORTED) {
        // Some drivers end reads so when their device is pulled out.
        if (++strayCancels > MAX_STRAY_CANCELS) {
          throw portGone(this.port, "its driver cancels every read");
        }
      } else if (error !== 0) {
        throw ioError(this.port, "read", error);
      } else if (bytes > 0) {
        strayCancels = 0;
        input.push(buffer.slice(0, bytes));
        await input.whenBelow();
        continue;
      }
      this.#outputQueue(); // fails if the device is gone
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    const flushes = this.#outputFlushes;
    for (let offset = 0; offset < chunk.length;) {
      const { error, bytes } = await this.#writeSome(
        chunk.subarray(offset, offset + QUEUE_SIZE),
      );
      this.#streams.check();
      if (flushes !== this.#outputFlushes) return; // the rest was dropped
      // Some drivers end writes so when their device is pulled out.
      if (error === ERROR_OPERATION_ABORTED) this.#outputQueue();
      if (error !== 0) throw this.#lost(ioError(this.port, "write", error));
      if (bytes === 0) {
        throw this.#lost(portGone(this.port, "its driver takes no bytes"));
      }
      offset += bytes;
    }
  }

  /** Writes from a copy: the system reads it until the operation ends, whatever the caller does. */
  #writeSome(part: Uint8Array): Promise<Outcome> {
    this.#outgoing.set(part);
    return this.#lease.completions.submit(
      this.#handle,
      this.#outgoing,
      (overlapped) =>
        this.#kernel.WriteFile(
          this.#handle,
          this.#outgoing,
          part.length,
          null,
          overlapped,
        ),
    );
  }

  async #shut(): Promise<void> {
    this.#streams.close();
    // Both fail harmlessly if nothing is under way or the device is gone.
    // Undelivered output goes first: a driver may wait for it when closed.
    this.#kernel.PurgeComm(this.#handle, PURGE_ALL);
    this.#kernel.CancelIoEx(this.#handle, null);
    // The system owns their buffers until they end, and only then does closing
    // the handle free the port for whoever opens it next.
    await Promise.all([this.#reading, this.#writing]);
    await this.#kernel.CloseHandleAsync(this.#handle);
    await this.#lease.release();
  }

  #setDtr(): void {
    this.#setLine(this.#dtr ? SETDTR : CLRDTR);
  }

  #setLine(action: number): void {
    if (this.#hasSignals) this.#hasSignals = this.#escape(action);
  }

  /** Returns whether the port knows the action. */
  #escape(action: number): boolean {
    if (this.#kernel.EscapeCommFunction(this.#handle, action) !== 0) {
      return true;
    }
    const error = this.#kernel.GetLastError();
    if (isUnsupported(error)) return false;
    throw this.#lost(ioError(this.port, "set the lines of", error));
  }

  #setCommState(base: Uint8Array, baudRate: number): boolean {
    const dcb = encodeDcb(base, { baudRate, dtr: this.#dtr, rts: this.#rts });
    return this.#kernel.SetCommState(this.#handle, dcb) !== 0;
  }

  #commState(): Uint8Array<ArrayBuffer> {
    const dcb = emptyDcb();
    if (this.#kernel.GetCommState(this.#handle, dcb) === 0) {
      throw this.#failure("read the settings of");
    }
    return dcb;
  }

  #outputQueue(): number {
    const errors = fixedBuffer(4);
    const status = fixedBuffer(COMSTAT_SIZE);
    if (this.#kernel.ClearCommError(this.#handle, errors, status) === 0) {
      throw this.#failure("read the state of");
    }
    return decodeOutputQueue(status);
  }

  /** The error for the call that has just failed. */
  #failure(action: string): TransportError {
    const error = this.#kernel.GetLastError();
    return this.#lost(ioError(this.port, action, error));
  }

  /** Ends the streams if the error says that the device is gone. */
  #lost(error: TransportError): TransportError {
    if (error.code === "port-gone") this.#streams.lose(error);
    return error;
  }

  #baudError(baudRate: number, why: string): TransportError {
    return new TransportError(
      `Cannot set ${this.port} to ${baudRate} baud: ${why}`,
      {
        code: "baud-unsupported",
        hint: "Choose another speed, or an adapter that can make this one",
      },
    );
  }
}
