/**
 * How a chip is reset, as data, and how that is played on a port.
 *
 * DTR pulls the boot strap (GPIO0) low and RTS pulls EN (reset) low, through
 * the usual pair of transistors: a line that is asserted alone works, both
 * together do nothing.
 *
 * @module
 */

import { delay } from "../clock.ts";
import { ChipError, CommandError, TimeoutError } from "../errors.ts";
import type { ProgressListener } from "../progress.ts";
import type { TransportInfo } from "../transport/transport.ts";
import type { Link } from "./link.ts";
import type { Loader } from "./loader.ts";

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

/** Options of {@linkcode playReset} and {@linkcode hardReset}. */
export interface ResetOptions {
  /** Stops the sequence where it is. */
  readonly signal?: AbortSignal | undefined;
  /** Called with a `reset` event. */
  readonly onProgress?: ProgressListener | undefined;
}

/** Espressif's USB vendor id. */
const USB_VENDOR = 0x303a;
/** The USB-Serial/JTAG controller's product id, the same on every chip. */
const USB_JTAG_PRODUCT = 0x1001;

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
  tight: tight("tight", 50),
  tightSlow: tight("tight-slow", 550),
  classic: classic("classic", 50),
  classicSlow: classic("classic-slow", 550),
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
  hard: {
    name: "hard-reset",
    steps: [{ rts: true }, { wait: 100 }, { rts: false }],
  },
  // A USB port goes away with the chip and needs time to come back.
  usbHard: {
    name: "hard-reset",
    steps: [{ rts: true }, { wait: 200 }, { rts: false }, { wait: 200 }],
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

/** Plays a sequence on the port's lines. */
export async function playReset(
  link: Link,
  sequence: ResetSequence,
  options: ResetOptions = {},
): Promise<void> {
  for (const step of sequence.steps) {
    if ("wait" in step) {
      await delay(link.clock, step.wait, options);
    } else {
      options.signal?.throwIfAborted();
      await link.setSignals(step);
    }
  }
}

/** Whether a port is a chip's own USB-Serial/JTAG controller. */
export function isUsbJtag(info: TransportInfo): boolean {
  return info.usbVendorId === USB_VENDOR &&
    info.usbProductId === USB_JTAG_PRODUCT;
}

/**
 * Resets the chip through EN, so that it runs its application. On a port
 * without modem lines nothing happens, and a note says so.
 */
export async function hardReset(
  link: Link,
  options: ResetOptions = {},
): Promise<void> {
  if (link.info.signals === "none") {
    options.onProgress?.({
      kind: "note",
      port: link.port,
      message: "The port has no DTR and RTS: reset the chip by hand",
    });
    return;
  }
  const usb = link.info.usbVendorId === USB_VENDOR;
  announce(link, "hard-reset", options);
  await playReset(
    link,
    usb ? RESET_SEQUENCES.usbHard : RESET_SEQUENCES.hard,
    options,
  );
}

/**
 * Leaves the loader for the application without the EN line. The state of
 * the chip's peripherals stays as it is.
 *
 * @throws {ChipError} `chip-lacks` if a stub runs that cannot leave, as Espressif's present one.
 */
export async function softReset(
  loader: Loader,
  options: ResetOptions = {},
): Promise<void> {
  const { link } = loader;
  const { signal } = options;
  announce(link, "soft-reset", options);
  if (!loader.isStub) {
    const blockSize = loader.flashBlockSize;
    await loader.flashBegin({ size: 0, blocks: 0, blockSize, offset: 0 }, {
      signal,
    });
    // Without a reboot: that would bring the chip back into the loader, as its
    // boot strap is read at a hard reset only.
    await loader.flashEnd({ reboot: false }, { signal });
    return;
  }
  await loader.runUserCode();
  try {
    await loader.sync({ signal });
  } catch (error) {
    if (error instanceof TimeoutError) return;
    throw error;
  }
  throw new ChipError(
    `Cannot soft-reset the ${loader.chip.name}: the stub that runs on it cannot leave`,
    { code: "chip-lacks", hint: "Use a hard reset." },
  );
}

const WATCHDOG = {
  /** WDT_EN, a chip reset as the first stage's action, WDT_CHIP_RESET_EN, its width. */
  config0: (1 << 31 | 5 << 28 | 1 << 8 | 2) >>> 0,
  /** The first stage's time, in slow clock cycles: some 15 ms. */
  config1: 2000,
  /** How long the chip needs until it has been reset, in milliseconds. */
  wait: 500,
} as const;

/**
 * Resets the chip by its RTC watchdog, where no EN line is wired.
 *
 * @throws {ChipError} `chip-lacks` if the chip cannot be reset so.
 */
export async function watchdogReset(
  loader: Loader,
  options: ResetOptions = {},
): Promise<void> {
  const { signal } = options;
  const dog = loader.chip.registers.watchdog;
  if (dog === undefined) {
    throw new ChipError(
      `Cannot reset by watchdog: the ${loader.chip.name} has none that does it`,
      { code: "chip-lacks", hint: "Use a hard reset." },
    );
  }
  announce(loader.link, "watchdog-reset", options);
  await loader.writeReg(dog.writeProtect, dog.key, { signal });
  await loader.writeReg(dog.config1, WATCHDOG.config1, { signal });
  await loader.writeReg(dog.config0, WATCHDOG.config0, { signal });
  await loader.writeReg(dog.writeProtect, 0, { signal });
  await delay(loader.link.clock, WATCHDOG.wait, options);
}

/** SWD_AUTO_FEED_EN: the super watchdog feeds itself. */
const SUPER_AUTO_FEED = 0x8000_0000;

/** Keeps the watchdogs from resetting a chip that sits in the loader over its own USB port. */
export async function stopWatchdogs(
  loader: Loader,
  options: ResetOptions = {},
): Promise<void> {
  const { signal } = options;
  const dog = loader.chip.registers.watchdog;
  if (dog === undefined || !isUsbJtag(loader.link.info)) return;
  await loader.writeReg(dog.writeProtect, dog.key, { signal });
  await loader.writeReg(dog.config0, 0, { signal });
  await loader.writeReg(dog.writeProtect, 0, { signal });
  await loader.writeReg(dog.superWriteProtect, dog.superKey, { signal });
  await loader.writeReg(dog.superConfig, SUPER_AUTO_FEED, {
    mask: SUPER_AUTO_FEED,
    signal,
  });
  await loader.writeReg(dog.superWriteProtect, 0, { signal });
}

/**
 * Lets a chip that was forced into download mode over USB-OTG leave it at the
 * next reset.
 */
export async function leaveForcedDownload(
  loader: Loader,
  options: ResetOptions = {},
): Promise<void> {
  const { registers, usb } = loader.chip;
  const { usbVendorId, usbProductId } = loader.link.info;
  if (
    registers.forceDownloadBoot === undefined || usbVendorId !== USB_VENDOR ||
    usbProductId !== usb?.otgProductId
  ) {
    return;
  }
  try {
    await loader.writeReg(registers.forceDownloadBoot, 0, {
      mask: 1,
      signal: options.signal,
    });
  } catch (error) {
    // In secure download mode there is no register access, and nothing was forced.
    if (!(error instanceof CommandError)) throw error;
  }
}

function announce(link: Link, mode: string, options: ResetOptions): void {
  options.onProgress?.({ kind: "reset", port: link.port, mode });
}
