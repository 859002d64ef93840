/** The two lines that a reset circuit is made of. */
export interface ResetLines {
  /** Whether DTR is asserted. */
  readonly dtr: boolean;
  /** Whether RTS is asserted. */
  readonly rts: boolean;
}

/** What takes the lines. */
export interface ResetCircuit {
  /** Takes the lines' new levels. */
  set(lines: ResetLines): void;
}

/** What a reset circuit does to the chip. */
export interface ResetTarget {
  /** EN went low: the chip stands still. */
  hold(): void;
  /** EN came back: the chip starts, with IO0 held low or not. */
  start(io0Low: boolean): void;
}

/**
 * What becomes of DTR and RTS on a board with a USB-UART bridge: two
 * transistors, crossed so that asserting both lines is asserting neither.
 *
 * ```
 * DTR RTS   EN   IO0
 *  0   0   high  high
 *  0   1   low   high
 *  1   0   high  low
 *  1   1   high  high
 * ```
 *
 * A capacitor lets EN rise slowly. It bridges the moment at which a host that
 * sets one line after the other has both asserted: IO0 is sampled only then
 * when RTS is released.
 */
export class TransistorPair implements ResetCircuit {
  readonly #target: ResetTarget;
  #held = false;

  constructor(target: ResetTarget) {
    this.#target = target;
  }

  /** Takes the lines' new levels. */
  set({ dtr, rts }: ResetLines): void {
    if (rts && !dtr) {
      this.#held = true;
      this.#target.hold();
    } else if (this.#held && !rts) {
      this.#held = false;
      this.#target.start(dtr);
    }
  }
}

/**
 * The USB-Serial/JTAG controller of the later chips, which takes the same two
 * lines for commands: DTR alone asks for download mode, RTS alone resets the
 * chip, neither takes the wish back, and both together mean nothing.
 */
export class UsbSerialJtag implements ResetCircuit {
  readonly #target: ResetTarget;
  #download = false;
  #resetting = false;

  constructor(target: ResetTarget) {
    this.#target = target;
  }

  /** Takes the lines' new levels. */
  set({ dtr, rts }: ResetLines): void {
    if (dtr && rts) return;
    if (!rts) {
      this.#download = dtr;
      this.#resetting = false;
    } else if (!this.#resetting) {
      this.#resetting = true;
      this.#target.hold();
      this.#target.start(this.#download);
    }
  }
}

/** What programs make of the lines of a USB-OTG port. */
export interface OtgTarget {
  /** Whether an application runs, and not a loader. */
  isApp(): boolean;
  /** Resets the chip by software, into the loader or the application. */
  restart(download: boolean): void;
}

/**
 * A USB-OTG port, from which no line reaches EN or IO0. An application with
 * ESP-IDF's USB console heeds the lines: when RTS is released it restarts, into
 * the loader if DTR is asserted, by FORCE_DOWNLOAD_BOOT. The ROM's loader does
 * not: a chip leaves it by its watchdog, or by hand.
 */
export class UsbOtg implements ResetCircuit {
  readonly #target: OtgTarget;
  #rts = false;

  constructor(target: OtgTarget) {
    this.#target = target;
  }

  /** Takes the lines' new levels. */
  set({ dtr, rts }: ResetLines): void {
    const released = this.#rts && !rts;
    this.#rts = rts;
    if (released && this.#target.isApp()) this.#target.restart(dtr);
  }
}
