/**
 * How a chip is reset through DTR and RTS, as data.
 *
 * DTR pulls the boot strap (GPIO0) low and RTS pulls EN (reset) low, through
 * the usual pair of transistors: a line that is asserted alone works, both
 * together do nothing.
 *
 * @module
 */

/** Sets lines: `true` asserts. */
export interface SignalStep {
  /** DTR, the boot strap. */
  readonly dtr?: boolean;
  /** RTS, the reset. */
  readonly rts?: boolean;
}

/** Lets time pass. */
export interface WaitStep {
  /** Milliseconds. */
  readonly wait: number;
}

/** One step of a reset. */
export type ResetStep = SignalStep | WaitStep;

/** A way to reset a chip. */
export interface ResetSequence {
  /** What it is called in events. */
  readonly name: string;
  /** Its steps, in order. */
  readonly steps: readonly ResetStep[];
}

/**
 * Sets one line at a time.
 *
 * @param hold How long GPIO0 stays low after the reset, in milliseconds; boards with a large capacitor on EN need longer.
 */
function classic(name: string, hold: number): ResetSequence {
  return {
    name,
    steps: [
      { dtr: false },
      { rts: true },
      { wait: 100 },
      { dtr: true },
      { rts: false },
      { wait: hold },
      { dtr: false },
    ],
  };
}

/** Sets both lines at the same moment, so that EN cannot rise before GPIO0 is low. */
function tight(name: string, hold: number): ResetSequence {
  return {
    name,
    steps: [
      { dtr: false, rts: false },
      { dtr: true, rts: true },
      { dtr: false, rts: true },
      { wait: 100 },
      { dtr: true, rts: false },
      { wait: hold },
      { dtr: false, rts: false },
      { dtr: false },
    ],
  };
}

/** How long GPIO0 stays low after the reset, in milliseconds. */
const HOLD = 50;
/** How much longer it does on a board with a large capacitor on EN. */
const SLOW = 500;

/** The resets through the usual transistors, with another hold than the usual one, in milliseconds. */
export function transistorResets(
  hold: number = HOLD,
): Record<"tight" | "tightSlow" | "classic" | "classicSlow", ResetSequence> {
  return {
    tight: tight("tight", hold),
    tightSlow: tight("tight-slow", hold + SLOW),
    classic: classic("classic", hold),
    classicSlow: classic("classic-slow", hold + SLOW),
  };
}

/** The known sequences. */
export const RESET_SEQUENCES: Readonly<
  Record<
    | "tight"
    | "tightSlow"
    | "classic"
    | "classicSlow"
    | "usbJtag"
    | "hard"
    | "usbHard",
    ResetSequence
  >
> = Object.freeze({
  ...transistorResets(),
  // The controller takes the edges of the two lines for its commands.
  usbJtag: {
    name: "usb-jtag",
    steps: [
      { rts: false },
      { dtr: false },
      { wait: 100 },
      { dtr: true },
      { rts: false },
      { wait: 100 },
      { rts: true },
      { dtr: false },
      { rts: true },
      { wait: 100 },
      { dtr: false },
      { rts: false },
    ],
  },
  // DTR first: systems raise both lines when a port is opened, and with DTR
  // asserted RTS does not reach EN.
  hard: {
    name: "hard-reset",
    steps: [{ dtr: false }, { rts: true }, { wait: 100 }, { rts: false }],
  },
  // A USB port goes away with the chip and needs time to come back.
  usbHard: {
    name: "hard-reset",
    steps: [
      { dtr: false },
      { rts: true },
      { wait: 200 },
      { rts: false },
      { wait: 200 },
    ],
  },
});

/**
 * Parses a sequence such as `D0|R1|W0.1|D1|R0|W0.05|D0`.
 *
 * `D` and `R` set DTR and RTS, `U` sets both at once (`U1,0`: DTR, then RTS),
 * `W` waits a number of seconds.
 *
 * @throws {SyntaxError} If a step is none of these.
 */
export function parseResetSequence(text: string): ResetSequence {
  return { name: "custom", steps: text.split("|").map(parseStep) };
}

function parseStep(text: string): ResetStep {
  const step = text.trim();
  const [, code, first, second] =
    step.match(/^(?:([DR])([01])|(U)([01]),([01])|(W)(\d+(?:\.\d*)?|\.\d+))$/)
      ?.filter((part) => part !== undefined) ?? [];
  switch (code) {
    case "D":
      return { dtr: first === "1" };
    case "R":
      return { rts: first === "1" };
    case "U":
      return { dtr: first === "1", rts: second === "1" };
    case "W":
      return { wait: Math.round(Number(first) * 1000) };
    default:
      throw new SyntaxError(
        `Cannot parse reset sequence: "${step}" is no step such as D0, R1, U1,0 or W0.1`,
      );
  }
}
