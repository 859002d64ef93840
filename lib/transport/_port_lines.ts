import { type Clock, delay } from "../clock.ts";
import { TransportError } from "../errors.ts";
import type { SerialSignals, Transport } from "./transport.ts";

/** One step of a reset: lines to set, at the same moment if both, or milliseconds to wait. */
export type LineStep =
  | Pick<SerialSignals, "dtr" | "rts">
  | { readonly wait: number };

/** How a remote client's reset is played on the port. */
export interface LocalResets {
  /** Milliseconds that the chip is held in reset at least. */
  readonly hold: number;
  /** Lets a chip that is held in reset go, into download mode. */
  readonly download: readonly LineStep[];
  /** Lets a chip that is held in reset go, into its application. */
  readonly run: readonly LineStep[];
}

/** What a {@linkcode PortLines} plays resets with. */
export interface PortLinesOptions {
  /** None: the lines follow the client as they come. */
  readonly resets?: LocalResets | undefined;
  readonly clock: Clock;
  /** Told what has been played. */
  readonly onReset?: ((mode: "download" | "run") => void) | undefined;
}

/** A line that a client sets. */
export type PortLine = "dtr" | "rts" | "break";

/** Milliseconds that a client may take from asserting DTR, while it holds the chip in reset, to releasing RTS. */
const RELEASE_TIME = 1000;

/**
 * The lines of a served port, as clients have set them and as they are.
 *
 * DTR is the boot strap and RTS the reset, and both together are neither. A
 * client that resets a chip into download mode goes from RTS alone to DTR alone
 * in two messages. Between them the chip starts, and if the second comes late,
 * it starts its application. So the first is kept back until the second comes:
 * the chip stays in reset, and is then let go by what is played here, in its
 * own time. All other changes are made as they come.
 */
export class PortLines {
  readonly #target: Transport;
  readonly #options: PortLinesOptions;
  readonly #wanted = { dtr: false, rts: false, break: false };
  #dtr = false;
  #rts = false;
  #heldSince = 0;
  #cancel: (() => void) | undefined;

  constructor(target: Transport, options: PortLinesOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** A line as clients have set it. */
  state(line: PortLine): boolean {
    return this.#wanted[line];
  }

  /** @returns The line's state then: one that the port cannot set is off. */
  async set(line: PortLine, on: boolean): Promise<boolean> {
    this.#wanted[line] = on;
    try {
      await this.#follow(line);
    } catch (error) {
      const unable = error instanceof TransportError &&
        error.code === "port-unsupported";
      if (!unable) throw error;
      this.#wanted[line] = false;
    }
    return this.#wanted[line];
  }

  /** Makes a change that is kept back, for what follows is not the rest of a reset. */
  async settle(): Promise<void> {
    if (this.#cancel === undefined) return;
    this.#forget();
    await this.#apply({ dtr: this.#wanted.dtr });
  }

  async #follow(line: PortLine): Promise<void> {
    const { dtr, rts, break: held } = this.#wanted;
    const { resets } = this.#options;
    if (line === "break") return await this.#target.setSignals({ break: held });
    const inReset = this.#rts && !this.#dtr;
    if (resets === undefined || !inReset || rts && !dtr) {
      this.#forget();
      return await this.#apply(line === "dtr" ? { dtr } : { rts });
    }
    if (rts) return this.#keepBack();
    this.#forget();
    await this.#letGo(dtr ? "download" : "run", resets);
  }

  #keepBack(): void {
    const { clock } = this.#options;
    // A port that fails is found by whoever reads from it.
    this.#cancel ??= clock.schedule(
      () => void this.settle().catch(() => {}),
      RELEASE_TIME,
    );
  }

  #forget(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #letGo(mode: "download" | "run", resets: LocalResets): Promise<void> {
    const { clock, onReset } = this.#options;
    const held = clock.now() - this.#heldSince;
    if (held < resets.hold) await delay(clock, resets.hold - held);
    for (const step of resets[mode]) {
      if ("wait" in step) await delay(clock, step.wait);
      else await this.#apply(step);
    }
    onReset?.(mode);
  }

  async #apply(signals: Pick<SerialSignals, "dtr" | "rts">): Promise<void> {
    await this.#target.setSignals(signals);
    const { dtr = this.#dtr, rts = this.#rts } = signals;
    const begins = rts && !dtr && !(this.#rts && !this.#dtr);
    if (begins) this.#heldSince = this.#options.clock.now();
    [this.#dtr, this.#rts] = [dtr, rts];
  }
}
