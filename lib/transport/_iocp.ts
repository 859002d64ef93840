/**
 * One completion port for all serial ports of the process: the outcome of
 * every read and write comes through it, so that any number of ports takes one
 * of the runtime's few pool threads.
 *
 * @module
 */

import { readUint32, viewOf } from "../bytes.ts";
import { TransportError } from "../errors.ts";
import { fixedBuffer, INVALID_HANDLE, type Kernel32 } from "./_kernel32.ts";
import { ERROR_IO_PENDING } from "./_windows_errors.ts";

const OVERLAPPED_SIZE = 32;
/** OVERLAPPED_ENTRY: key, overlapped, internal (an NTSTATUS), bytes; 8 bytes each. */
const ENTRY_SIZE = 32;
const ENTRY_OVERLAPPED = 8;
const ENTRY_STATUS = 16;
const ENTRY_BYTES = 24;
const MAX_ENTRIES = 64;
const INFINITE = 0xffff_ffff;

/** What became of a read or write. */
export interface Outcome {
  /** The Win32 error number; 0 for success. */
  readonly error: number;
  /** How many bytes were moved. */
  readonly bytes: number;
}

interface Pending {
  readonly handle: bigint;
  readonly overlapped: Uint8Array<ArrayBuffer>;
  /** Only held, so that the memory outlives the operation. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** A completion port and the loop that empties it. */
export class CompletionPort {
  /** The functions that it was made with. */
  readonly kernel: Kernel32;
  readonly #port: bigint;
  readonly #pending = new Map<bigint, Pending>();
  readonly #entries = fixedBuffer(ENTRY_SIZE * MAX_ENTRIES);
  readonly #count = fixedBuffer(4);
  readonly #loop: Promise<void>;
  #stopping = false;
  #failure: TransportError | undefined;

  /**
   * Makes a completion port and starts to wait on it.
   *
   * @throws {TransportError} `port-open-failed`.
   */
  constructor(kernel: Kernel32) {
    this.kernel = kernel;
    this.#port = kernel.CreateIoCompletionPort(INVALID_HANDLE, 0n, 0n, 1);
    if (this.#port === 0n) {
      const error = kernel.GetLastError();
      throw new TransportError(
        `Cannot make a completion port: Windows error ${error}`,
        { code: "port-open-failed" },
      );
    }
    this.#loop = this.#run();
  }

  /**
   * Ties a handle to this port, for as long as the handle is open.
   *
   * @returns 0, or a Win32 error number.
   */
  attach(handle: bigint): number {
    const { kernel } = this;
    return kernel.CreateIoCompletionPort(handle, this.#port, 0n, 0) === 0n
      ? kernel.GetLastError()
      : 0;
  }

  /**
   * Starts an operation on an attached handle.
   *
   * @param buffer What the operation reads or writes; kept alive until it ends.
   * @param start `ReadFile` or `WriteFile` with the OVERLAPPED it is given.
   * @returns Its outcome, once the system no longer uses the buffer.
   * @throws {TransportError} `port-io` if the completion port has failed.
   */
  async submit(
    handle: bigint,
    buffer: Uint8Array<ArrayBuffer>,
    start: (overlapped: Uint8Array<ArrayBuffer>) => number,
  ): Promise<Outcome> {
    if (this.#failure !== undefined) throw this.#failure;
    const overlapped = fixedBuffer(OVERLAPPED_SIZE);
    const address = this.kernel.addressOf(overlapped);
    // Also what succeeds at once is queued; only what fails at once is not.
    const error = start(overlapped) === 0 ? this.kernel.GetLastError() : 0;
    if (error !== 0 && error !== ERROR_IO_PENDING) return { error, bytes: 0 };
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    this.#pending.set(address, { handle, overlapped, buffer, resolve, reject });
    return await promise;
  }

  /** Ends the loop and frees the port. No operation may be under way. */
  async close(): Promise<void> {
    this.#stopping = true;
    this.kernel.PostQueuedCompletionStatus(this.#port, 0, 0n, null);
    await this.#loop;
    this.kernel.CloseHandle(this.#port);
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const ok = await this.kernel.GetQueuedCompletionStatusEx(
        this.#port,
        this.#entries,
        MAX_ENTRIES,
        this.#count,
        INFINITE,
        0,
      );
      if (ok === 0) return this.#abandon();
      const count = readUint32(this.#count);
      for (let i = 0; i < count; i++) this.#settle(i * ENTRY_SIZE);
    }
  }

  #settle(offset: number): void {
    const entries = viewOf(this.#entries);
    const address = entries.getBigUint64(offset + ENTRY_OVERLAPPED, true);
    const pending = this.#pending.get(address);
    if (pending === undefined) return; // the wake-up that close() posts
    this.#pending.delete(address);
    // An NTSTATUS with its top bit clear is a success, STATUS_TIMEOUT included.
    const failed = entries.getInt32(offset + ENTRY_STATUS, true) < 0;
    pending.resolve({
      error: failed ? this.#errorOf(pending) : 0,
      bytes: entries.getUint32(offset + ENTRY_BYTES, true),
    });
  }

  #errorOf({ handle, overlapped }: Pending): number {
    const bytes = fixedBuffer(4);
    return this.kernel.GetOverlappedResult(handle, overlapped, bytes, 0) === 0
      ? this.kernel.GetLastError()
      : 0;
  }

  /**
   * The queue itself failed, so nothing will ever complete: lets nobody hang.
   * The operations stay in the map, for the system may still use their memory.
   */
  #abandon(): void {
    const error = new TransportError(
      "Cannot wait for serial ports: the completion port failed",
      { code: "port-io" },
    );
    this.#failure = error;
    for (const { reject } of this.#pending.values()) reject(error);
  }
}

/** A share of the process's completion port. */
export interface CompletionPortLease {
  /** The completion port, until {@linkcode CompletionPortLease.release}. */
  readonly completions: CompletionPort;
  /** Gives the share back; the last one unloads everything. */
  release(): Promise<void>;
}

/** Makes a completion port for the first who asks and closes it with the last. */
export class SharedCompletionPort {
  readonly #load: () => Kernel32;
  #current: { readonly completions: CompletionPort; users: number } | undefined;

  /** Loads nothing yet. */
  constructor(load: () => Kernel32) {
    this.#load = load;
  }

  /** Takes a share, loading kernel32 for the first. */
  acquire(): CompletionPortLease {
    const current = this.#current ??= { completions: this.#start(), users: 0 };
    current.users++;
    return {
      completions: current.completions,
      release: async () => {
        if (--current.users > 0) return;
        // Whoever asks from now on gets a new one: this one is going down.
        this.#current = undefined;
        await current.completions.close();
        current.completions.kernel.close();
      },
    };
  }

  #start(): CompletionPort {
    const kernel = this.#load();
    try {
      return new CompletionPort(kernel);
    } catch (error) {
      kernel.close();
      throw error;
    }
  }
}
