/**
 * A station: slots that boards come to and go from, and one job for all of them.
 *
 * @module
 */

import { systemClock } from "../clock.ts";
import type { PortTarget } from "../device/open.ts";
import { portName } from "../device/open.ts";
import { listPorts, type PortInfo } from "../transport/list_ports.ts";
import { Recorder } from "./_recorder.ts";
import { Slot } from "./_slot.ts";
import { Tally } from "./_tally.ts";
import { readReason } from "./_text.ts";
import { PortWatch } from "./_watch.ts";
import type { PreparedJob } from "./firmware.ts";
import {
  checkLine,
  fillStore,
  type LineEvent,
  type LineOptions,
} from "./line.ts";
import type { BoardResult } from "./result.ts";
import type { StationState } from "./station_state.ts";
import type { PoolCounts } from "./store/store.ts";

const DEFAULT_INTERVAL = 250;
const DEFAULT_SETTLE = 1000;

/** How a station looks for boards. */
export interface WatchOptions {
  /** Which ports count. @default those with a USB vendor id */
  readonly accept?: ((port: PortInfo) => boolean) | undefined;
  /** Lists the ports. @default {listPorts} */
  readonly list?: (() => Promise<readonly PortInfo[]>) | undefined;
  /** How long to wait between two looks, in milliseconds. @default {250} */
  readonly interval?: number | undefined;
  /** How long a board must be there, or gone, before that counts, in milliseconds. @default {1000} */
  readonly settle?: number | undefined;
  /** Opens something else than a port's path: a virtual board, for one. */
  readonly target?: ((port: PortInfo) => PortTarget) | undefined;
}

/** Something has happened on a slot. */
export interface StationEvent {
  /** The slot's name. */
  readonly slot: string;
  /** What. */
  readonly event: LineEvent;
}

/** Options of {@linkcode Station.open}. */
export interface StationOptions extends Omit<LineOptions, "onEvent"> {
  /** Ports that are always there. @default none */
  readonly ports?: readonly PortTarget[] | undefined;
  /**
   * Look for boards that are plugged in; `slots` names their places by
   * {@linkcode PortInfo.location} then.
   *
   * @default ports do not come and go
   */
  readonly watch?: WatchOptions | undefined;
  /** Whether a board that arrives is started by itself. @default {true} */
  readonly auto?: boolean | undefined;
  /** Told of everything that happens; must not throw. */
  readonly onEvent?: ((event: StationEvent) => void) | undefined;
  /** Told that {@linkcode Station.state} has changed; must not throw. */
  readonly onChange?: (() => void) | undefined;
}

/** Slots with one job. Boards in different slots never touch each other. */
export class Station implements AsyncDisposable {
  /** The job. */
  readonly job: PreparedJob;
  readonly #options: StationOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #listeners = new Set<() => void>();
  readonly #tally: Tally;
  readonly #recorder: Recorder;
  #watch: PortWatch | undefined;
  #pool: PoolCounts | undefined;
  #trouble: string | undefined;
  #closed: Promise<void> | undefined;

  private constructor(
    job: PreparedJob,
    options: StationOptions,
    recorder: Recorder,
  ) {
    this.job = job;
    this.#options = options;
    this.#recorder = recorder;
    this.#tally = new Tally(options.clock ?? systemClock);
  }

  /**
   * Opens a station. Boards are started as `auto` says.
   *
   * @throws {EspError} `store-failed`, `identity-conflict` or `file-invalid`, as `runLine`.
   * @throws {RangeError} If a port is given twice.
   */
  static async open(
    job: PreparedJob,
    options: StationOptions = {},
  ): Promise<Station> {
    checkLine(options.ports ?? [], options as LineOptions);
    await fillStore(job, options.store);
    const recorder = await Recorder.open(options);
    const station = new Station(job, options, recorder);
    await station.#countPool();
    station.#begin();
    return station;
  }

  /** How it stands. */
  get state(): StationState {
    const { station = "local", auto = true } = this.#options;
    return {
      station,
      job: this.job.name,
      auto,
      slots: Array.from(this.#slots.values(), (slot) => slot.state),
      counts: this.#tally.counts(),
      ...(this.#pool && { pool: this.#pool }),
      ...(this.#trouble !== undefined && { trouble: this.#trouble }),
    };
  }

  /** Calls a function whenever {@linkcode state} has changed. @returns What ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Starts a slot, or every one that has a board which has not passed; a board
   * that failed is run again so.
   *
   * @returns The results of those that were started, when they are done.
   * @throws {RangeError} If there is no such slot.
   */
  async start(name?: string): Promise<BoardResult[]> {
    const slots = name === undefined
      ? [...this.#slots.values()].filter(({ state }) => state.phase !== "pass")
      : [this.#slot(name)];
    const results = await Promise.all(slots.map((slot) => this.#run(slot)));
    return results.filter((result) => result !== undefined);
  }

  /**
   * Stops a slot, or all, and waits until their ports are closed.
   *
   * @throws {RangeError} If there is no such slot.
   */
  async cancel(name?: string): Promise<void> {
    const slots = name === undefined
      ? [...this.#slots.values()]
      : [this.#slot(name)];
    await Promise.all(slots.map((slot) => slot.cancel()));
  }

  /**
   * Gives a slot the code that was scanned for its board.
   *
   * @returns Whether it waited for one.
   * @throws {RangeError} If there is no such slot.
   */
  scan(name: string, code: string): boolean {
    return this.#slot(name).scan(code);
  }

  /**
   * Gives a code that was scanned to the first slot that waits for one.
   *
   * @returns Whether one did.
   */
  scanNext(code: string): boolean {
    const slots = [...this.#slots.values()];
    return slots.some((slot) => slot.scan(code));
  }

  /**
   * Ends the watch, cancels all slots and waits for them. Closing twice is harmless.
   *
   * @throws {EspError} `file-invalid` if the inventory cannot be written.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#watch?.[Symbol.dispose]();
    await this.cancel();
    await this.#recorder.finish();
  }

  #begin(): void {
    const { ports = [], watch } = this.#options;
    for (const target of ports) {
      this.#arrive(this.#nameOf(portName(target)), target);
    }
    if (watch === undefined) return;
    const { accept = isUsb, list = listPorts } = watch;
    const targetOf = watch.target ?? (({ path }: PortInfo) => path);
    this.#watch = new PortWatch({
      list: async () => {
        const found = (await list()).filter(accept);
        this.#note(undefined);
        return found;
      },
      clock: this.#options.clock ?? systemClock,
      interval: watch.interval ?? DEFAULT_INTERVAL,
      settle: watch.settle ?? DEFAULT_SETTLE,
      onArrive: (place, port) =>
        this.#arrive(this.#nameOf(place), targetOf(port)),
      onMove: (place, port) =>
        this.#slots.get(this.#nameOf(place))?.move(targetOf(port)),
      onLeave: (place) => this.#slots.get(this.#nameOf(place))?.leave(),
      onError: (error) => this.#note(readReason(error)),
    });
  }

  #arrive(name: string, target: PortTarget): void {
    const slot = this.#slots.get(name) ?? new Slot(name, {
      onEvent: (event) => {
        this.#recorder.event(name, event);
        this.#options.onEvent?.({ slot: name, event });
      },
      onChange: () => this.#changed(),
      onAttempt: (result) => this.#recorder.record(result),
    });
    this.#slots.set(name, slot);
    slot.arrive(target);
    if (this.#options.auto ?? true) void this.#run(slot);
  }

  async #run(slot: Slot): Promise<BoardResult | undefined> {
    if (this.#closed !== undefined) return undefined;
    this.#tally.begin();
    const result = await slot.start(this.job, this.#options as LineOptions);
    if (result === undefined) return undefined;
    this.#tally.add(result);
    await this.#countPool();
    this.#changed();
    return result;
  }

  async #countPool(): Promise<void> {
    const { store } = this.#options;
    const { identity } = this.job;
    // A generator and a server have no rows to run out of.
    if (store === undefined || identity?.plan.source.kind !== "csv") return;
    try {
      this.#pool = await store.counts(identity.pool);
    } catch (error) {
      this.#note(readReason(error));
    }
  }

  #note(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#changed();
  }

  #changed(): void {
    this.#options.onChange?.();
    for (const listener of this.#listeners) listener();
  }

  #nameOf(place: string): string {
    const { slots = {} } = this.#options;
    return Object.hasOwn(slots, place) ? slots[place] ?? place : place;
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (slot !== undefined) return slot;
    throw new RangeError(
      `Cannot find slot "${name}": there are ${
        [...this.#slots.keys()].join(", ") || "none"
      }`,
    );
  }
}

function isUsb({ usbVendorId }: PortInfo): boolean {
  return usbVendorId !== undefined;
}
