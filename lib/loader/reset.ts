/**
 * Resets: played on a port's lines, or asked of the chip itself.
 *
 * @module
 */

import { type Clock, delay } from "../clock.ts";
import { ChipError, CommandError, TimeoutError } from "../errors.ts";
import type { ProgressListener } from "../progress.ts";
import { WRITE_REG } from "../protocol/commands.ts";
import type { Transport, TransportInfo } from "../transport/transport.ts";
import { attachFlash } from "./flash.ts";
import type { Link } from "./link.ts";
import type { Loader } from "./loader.ts";
import { RESET_SEQUENCES, type ResetSequence } from "./reset_sequence.ts";
import { USB_VENDOR } from "./usb_mode.ts";

export {
  parseResetSequence,
  RESET_SEQUENCES,
  type ResetSequence,
  type ResetStep,
  type SignalStep,
  transistorResets,
  type WaitStep,
} from "./reset_sequence.ts";

/** Options of {@linkcode playReset} and {@linkcode hardReset}. */
export interface ResetOptions {
  /** Stops the sequence where it is. */
  readonly signal?: AbortSignal | undefined;
  /** Called with a `reset` event. */
  readonly onProgress?: ProgressListener | undefined;
}

/** The USB-Serial/JTAG controller's product id, the same on every chip. */
const USB_JTAG_PRODUCT = 0x1001;

/** What a sequence is played on: a link, or a port with a clock. */
export interface ResetLines extends Pick<Transport, "setSignals"> {
  /** Tells the time of the sequence's waits. */
  readonly clock: Clock;
}

/** Plays a sequence on the port's lines. */
export async function playReset(
  link: ResetLines,
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
  announce(link, "hard-reset", options);
  await playReset(link, link.hardReset ?? hardResetOf(link.info), options);
}

/** The reset into the application that a port takes. */
export function hardResetOf(info: TransportInfo): ResetSequence {
  const { usbHard, hard } = RESET_SEQUENCES;
  return info.usbVendorId === USB_VENDOR ? usbHard : hard;
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
    // The ROM refuses FLASH_BEGIN while the flash is not attached.
    await attachFlash(loader, { signal });
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
  if (dog?.resets !== true) {
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

/** Keeps the watchdogs from resetting a chip that sits in the loader over its own USB port. */
export async function stopWatchdogs(
  loader: Loader,
  options: ResetOptions = {},
): Promise<void> {
  const { signal } = options;
  const { watchdog: dog, superWatchdog } = loader.chip.registers;
  if (
    dog === undefined || superWatchdog === undefined ||
    loader.usbMode !== "jtag"
  ) {
    return;
  }
  await loader.writeReg(dog.writeProtect, dog.key, { signal });
  await loader.writeReg(dog.config0, 0, { signal });
  await loader.writeReg(dog.writeProtect, 0, { signal });
  const { config, writeProtect, key, autoFeed } = superWatchdog;
  await loader.writeReg(writeProtect, key, { signal });
  await loader.writeReg(config, autoFeed, { mask: autoFeed, signal });
  await loader.writeReg(writeProtect, 0, { signal });
}

/**
 * Lets a chip that was forced into download mode over USB-OTG leave it at the
 * next reset.
 */
export async function leaveForcedDownload(
  loader: Loader,
  options: ResetOptions = {},
): Promise<void> {
  const { registers } = loader.chip;
  if (
    registers.forceDownloadBoot === undefined || loader.usbMode !== "otg" ||
    !loader.has(WRITE_REG)
  ) {
    return;
  }
  try {
    const { address, mask } = registers.forceDownloadBoot;
    await loader.writeReg(address, 0, { mask, signal: options.signal });
  } catch (error) {
    // A chip that is lost does not answer, and can still be reset.
    const refused = error instanceof CommandError ||
      error instanceof TimeoutError && !options.signal?.aborted;
    if (!refused) throw error;
  }
}

function announce(link: Link, mode: string, options: ResetOptions): void {
  options.onProgress?.({ kind: "reset", port: link.port, mode });
}
