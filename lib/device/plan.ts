/**
 * A list of steps that runs when it is awaited.
 *
 * @module
 */

import type { ChipIdentity } from "../loader/identity.ts";
import type { FlashId } from "../loader/spi_flash.ts";
import type { Device } from "./device.ts";
import type { FlashFiles } from "./flash_files.ts";
import { withLimits } from "../limits.ts";
import { portName, type PortTarget } from "./open.ts";
import { open, type OpenOptions } from "./open_device.ts";
import type { VerifiedFile, VerifyFlashOptions } from "./verify_flash.ts";
import type { WriteFlashOptions, WrittenFile } from "./write_flash.ts";
import type {
  EraseFlashOptions,
  ReadFlashOptions,
  WriteFlashStatusOptions,
  WriteRegOptions,
} from "./device_options.ts";
import type { SecurityInfo } from "../loader/security.ts";
import { systemClock } from "../clock.ts";

/** What a plan's steps have found so far, under the names of their results. */
type Results = Readonly<Record<string, unknown>>;

/** A step: what it does, and under which name its result goes into the plan's. */
interface Step {
  readonly key: string | undefined;
  run(device: Device, results: Results): Promise<unknown>;
}

/** `R` with one more result. */
export type With<R, K extends string, V> = Readonly<Omit<R, K> & Record<K, V>>;

/**
 * Steps to do on one port. A plan never changes: each method returns a new one
 * with one more step. Nothing happens until it is awaited (or {@linkcode run}
 * is called); then the port is opened, the chip reset into its loader, the
 * steps run in their order, the chip is reset, and the port closed, whatever
 * happened.
 */
export class Plan<R extends object> implements PromiseLike<R> {
  readonly #target: PortTarget;
  readonly #options: OpenOptions;
  readonly #steps: readonly Step[];

  /** @internal */
  constructor(
    target: PortTarget,
    options: OpenOptions,
    steps: readonly Step[],
  ) {
    this.#target = target;
    this.#options = options;
    this.#steps = steps;
  }

  /** Asks the loader for a sign of life; a plan connects without it too. */
  sync(): Plan<R> {
    return this.#do((device) => device.sync());
  }

  /** Reads what the chip is: result `identity`. */
  readIdentity(): Plan<With<R, "identity", ChipIdentity>> {
    return this.#find("identity", (device) => device.readIdentity());
  }

  /** Reads the base MAC address: result `mac`. */
  readMac(): Plan<With<R, "mac", string>> {
    return this.#find("mac", (device) => device.readMac());
  }

  /** Reads the chip id (see {@linkcode Device.chipId}): result `chipId`. */
  chipId(): Plan<With<R, "chipId", number>> {
    return this.#find("chipId", (device) => device.chipId());
  }

  /** Reads the flash chip's id and size: result `flashId`. */
  flashId(): Plan<With<R, "flashId", FlashId>> {
    return this.#find("flashId", (device) => device.flashId());
  }

  /** Reads a 32-bit word: in the result `registers`, by address. */
  readReg(
    address: number,
  ): Plan<With<R, "registers", Readonly<Record<number, number>>>> {
    return this.#find("registers", async (device, { registers }) => ({
      ...registers as object,
      [address]: await device.readReg(address),
    }));
  }

  /** Writes a 32-bit word. */
  writeReg(address: number, value: number, options?: WriteRegOptions): Plan<R> {
    return this.#do((device) => device.writeReg(address, value, options));
  }

  /** Writes and verifies files: added to the result `written`. */
  writeFlash(
    files: FlashFiles,
    options?: WriteFlashOptions,
  ): Plan<With<R, "written", readonly WrittenFile[]>> {
    return this.#find("written", async (device, { written }) => [
      ...written as WrittenFile[] | undefined ?? [],
      ...await device.writeFlash(files, options),
    ]);
  }

  /** Compares files with the flash: added to the result `verified`. */
  verifyFlash(
    files: FlashFiles,
    options?: VerifyFlashOptions,
  ): Plan<With<R, "verified", readonly VerifiedFile[]>> {
    return this.#find("verified", async (device, { verified }) => [
      ...verified as VerifiedFile[] | undefined ?? [],
      ...await device.verifyFlash(files, options),
    ]);
  }

  /** Reads flash, to a file if one is named: result `flash`, the bytes last read. */
  readFlash(
    address: number,
    size: number | "all",
    file?: string | URL,
    options?: ReadFlashOptions,
  ): Plan<With<R, "flash", Uint8Array>> {
    return this.#find(
      "flash",
      (device) => device.readFlash(address, size, file, options),
    );
  }

  /** Erases the whole flash chip. */
  eraseFlash(options?: EraseFlashOptions): Plan<R> {
    return this.#do((device) => device.eraseFlash(options));
  }

  /** Erases whole sectors of 4096 bytes. */
  eraseRegion(
    address: number,
    size: number | "all",
    options?: EraseFlashOptions,
  ): Plan<R> {
    return this.#do((device) => device.eraseRegion(address, size, options));
  }

  /** Reads the flash chip's status registers: result `flashStatus`, the first as the low byte. */
  readFlashStatus(bytes?: number): Plan<With<R, "flashStatus", number>> {
    return this.#find(
      "flashStatus",
      (device) => device.readFlashStatus(bytes),
    );
  }

  /** Writes the flash chip's status registers. */
  writeFlashStatus(value: number, options?: WriteFlashStatusOptions): Plan<R> {
    return this.#do((device) => device.writeFlashStatus(value, options));
  }

  /** Reads the security flags: result `securityInfo`. */
  getSecurityInfo(): Plan<With<R, "securityInfo", SecurityInfo>> {
    return this.#find("securityInfo", (device) => device.getSecurityInfo());
  }

  /** Reads memory, to a file if one is named: result `memory`, the bytes last read. */
  dumpMem(
    address: number,
    size: number,
    file?: string | URL,
  ): Plan<With<R, "memory", Uint8Array>> {
    return this.#find(
      "memory",
      (device) => device.dumpMem(address, size, file),
    );
  }

  /** Loads an image into RAM and runs it; a last step. */
  loadRam(image: string | URL | Uint8Array): Plan<R> {
    return this.#do((device) => device.loadRam(image));
  }

  /** Leaves the loader and runs the application in flash; a last step. */
  runApplication(): Plan<R> {
    return this.#do((device) => device.run());
  }

  /** Does something of one's own with the device; what it returns is dropped. */
  use(work: (device: Device) => Promise<unknown>): Plan<R> {
    return this.#do(work);
  }

  /**
   * Runs the plan. Each call opens the port anew.
   *
   * The options of {@linkcode connect} hold for the whole run: `timeout` too.
   */
  run(): Promise<R> {
    const { timeout, signal, clock = systemClock, ...options } = this.#options;
    const limits = {
      step: `finish the plan on "${portName(this.#target)}"`,
      clock,
      signals: [signal],
      timeout,
    };
    return withLimits(limits, async (signal) => {
      await using device = await open(this.#target, {
        ...options,
        clock,
        signal,
      });
      let results: Results = {};
      for (const { key, run } of this.#steps) {
        const result = await run(device, results);
        if (key !== undefined) results = { ...results, [key]: result };
      }
      return results as R;
    });
  }

  /** Runs the plan, as `await` does. */
  then<A = R, B = never>(
    onfulfilled?: ((value: R) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.run().then(onfulfilled, onrejected);
  }

  #do(run: (device: Device) => Promise<unknown>): Plan<R> {
    return new Plan(this.#target, this.#options, [...this.#steps, {
      key: undefined,
      run,
    }]);
  }

  #find<K extends string, V>(
    key: K,
    run: (device: Device, results: Results) => Promise<V>,
  ): Plan<With<R, K, V>> {
    return new Plan(this.#target, this.#options, [...this.#steps, {
      key,
      run,
    }]);
  }
}

/**
 * Begins a plan for a port. No I/O happens before the plan is awaited.
 *
 * @example Read a MAC address
 * ```ts
 * import { connect } from "@espline/espline";
 *
 * const { mac } = await connect("sim://esp32").readMac();
 * console.log(mac);
 * ```
 */
export function connect(
  target: PortTarget,
  options: OpenOptions = {},
): Plan<object> {
  return new Plan<object>(target, options, []);
}
