/**
 * The loader behind a device, which is another after the port was lost.
 *
 * @module
 */

import { delay } from "../clock.ts";
import { ChipError, EspError, TransportError } from "../errors.ts";
import { readMac } from "../loader/identity.ts";
import type { Loader } from "../loader/loader.ts";
import { secureDownloadRefusal } from "../loader/security.ts";
import type { OperationOptions } from "../progress.ts";
import type { Transport } from "../transport/transport.ts";
import { FlashAccess } from "./_flash_access.ts";
import { Operations } from "./_operations.ts";
import { type AfterMode, resetAfter, resetAndRelease } from "./after_mode.ts";
import type { DeviceSettings } from "./device_options.ts";

/** How often a lost port is tried to be opened again, and how long is waited before each try, in milliseconds. */
const REOPEN = { tries: 7, wait: 1000 } as const;

/** Opens the port again after it was lost. */
export type Reopen = (options: OperationOptions) => Promise<Loader>;

/** What an operation does. */
type Work<T> = (
  loader: Loader,
  options: OperationOptions,
  flash: FlashAccess,
) => Promise<T>;

/** A loader and its flash, for one operation after the other. */
export class Connection {
  readonly #settings: DeviceSettings;
  readonly #reopenPort: Reopen | undefined;
  #loader: Loader;
  #flash: FlashAccess;
  readonly #operations: Operations;
  #mac: string | undefined;

  constructor(
    loader: Loader,
    settings: DeviceSettings,
    reopen: Reopen | undefined,
  ) {
    this.#settings = settings;
    this.#reopenPort = reopen;
    this.#loader = loader;
    this.#flash = new FlashAccess(loader, settings.spiConnection);
    this.#operations = new Operations(loader.port, settings);
  }

  /** The loader that answers now. */
  get loader(): Loader {
    return this.#loader;
  }

  /** Its flash. */
  get flash(): FlashAccess {
    return this.#flash;
  }

  /**
   * Runs `work` when the operations before it are over.
   *
   * @param step What it does, as it follows "Cannot": `write flash`.
   * @throws {ChipError} `security-active` in secure download mode.
   */
  run<T>(step: string, options: OperationOptions, work: Work<T>): Promise<T> {
    return this.runSecured(step, options, (loader, o, flash) => {
      if (loader.secureDownload) throw secureDownloadRefusal(step);
      return work(loader, o, flash);
    });
  }

  /** As {@linkcode run}, for what secure download mode allows. */
  runSecured<T>(
    step: string,
    options: OperationOptions,
    work: Work<T>,
  ): Promise<T> {
    return this.#operations.run(
      step,
      options,
      // deno-lint-ignore require-await -- a refusal rejects
      async (o) => work(this.#loader, o, this.#flash),
    );
  }

  /** As {@linkcode run}, once the flash is attached. */
  runWithFlash<T>(
    step: string,
    options: OperationOptions,
    work: Work<T>,
  ): Promise<T> {
    return this.run(step, options, async (loader, o, flash) => {
      await flash.attach(o);
      return await work(loader, o, flash);
    });
  }

  /** Waits for the operations, resets the chip and closes the port. */
  async close(after: AfterMode): Promise<void> {
    await this.#operations.end();
    const { onProgress } = this.#settings;
    try {
      await resetAfter(this.#loader, after, { onProgress });
    } catch (error) {
      // A port that is gone has nothing left to reset, and a chip that has
      // failed before has been told of; all else is the caller's to know.
      const told = error instanceof TransportError ||
        this.#operations.failed && error instanceof EspError;
      if (!told) throw error;
    } finally {
      await this.#loader.close();
    }
  }

  /** Waits for the operations, resets the chip and hands the port over; closes it if that fails. */
  async release(
    baudRate: number,
    { signal }: OperationOptions,
  ): Promise<Transport> {
    await this.#operations.end();
    const { onProgress } = this.#settings;
    const loader = this.#loader;
    try {
      return await resetAndRelease(loader, baudRate, { signal, onProgress });
    } catch (error) {
      await loader.close();
      throw error;
    }
  }

  /**
   * Runs `work`, and once more if the port is lost meanwhile and comes back
   * with the same board.
   */
  async retried<T>(
    options: OperationOptions,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    // Without a MAC address nobody knows whether it is the same board.
    if (this.#reopenPort === undefined || this.#loader.secureDownload) {
      return await work(this);
    }
    this.#mac ??= await readMac(this.#loader, options);
    try {
      return await work(this);
    } catch (error) {
      if (!isLoss(error) || options.signal?.aborted) throw error;
      await this.#reopen(error, options);
      return await work(this);
    }
  }

  async #reopen(
    loss: TransportError,
    options: OperationOptions,
  ): Promise<void> {
    const reopen = this.#reopenPort;
    const { link: { clock }, port } = this.#loader;
    const message =
      `The port is lost and will be opened again: ${loss.message}`;
    options.onProgress?.({ kind: "note", port, message });
    for (let attempt = 1; reopen !== undefined; attempt++) {
      // Of a port that is lost, closing may fail as well.
      await this.#loader.close().catch(() => {});
      await delay(clock, REOPEN.wait, options);
      try {
        return await this.#take(await reopen(options), options);
      } catch (error) {
        const over = attempt >= REOPEN.tries || options.signal?.aborted;
        if (error instanceof ChipError || !(error instanceof EspError)) {
          throw error;
        }
        if (over) throw loss;
      }
    }
  }

  /** @throws {ChipError} `chip-mismatch` if it is another board. */
  async #take(loader: Loader, options: OperationOptions): Promise<void> {
    this.#loader = loader;
    this.#flash = new FlashAccess(loader, this.#settings.spiConnection);
    const mac = await readMac(loader, options);
    if (mac === this.#mac) return;
    throw new ChipError(
      `Cannot go on with "${loader.port}": the board there has MAC address ${mac}, not ${this.#mac}`,
      { code: "chip-mismatch" },
    );
  }
}

function isLoss(error: unknown): error is TransportError {
  return error instanceof TransportError &&
    (error.code === "port-gone" || error.code === "port-io");
}
