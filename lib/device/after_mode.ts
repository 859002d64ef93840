/**
 * What becomes of a chip when the work is done.
 *
 * @module
 */

import type { Loader } from "../loader/loader.ts";
import { resetTransport } from "../loader/reset_transport.ts";
import type { Transport } from "../transport/transport.ts";
import {
  hardReset,
  leaveForcedDownload,
  type ResetOptions,
  softReset,
  watchdogReset,
} from "../loader/reset.ts";
import { WRITE_REG } from "../protocol/commands.ts";

/**
 * What becomes of the chip when its port is closed: `hard-reset` by the EN
 * line, `soft-reset` by the loader, `watchdog-reset` by the RTC watchdog, or
 * nothing (`no-reset`, `no-reset-stub`).
 */
export type AfterMode =
  | "hard-reset"
  | "soft-reset"
  | "watchdog-reset"
  | "no-reset"
  | "no-reset-stub";

/** Every mode. */
export const AFTER_MODES: readonly AfterMode[] = [
  "hard-reset",
  "soft-reset",
  "watchdog-reset",
  "no-reset",
  "no-reset-stub",
];

/**
 * Does to the chip what a mode says. Where chip or stub cannot, but the port
 * has an EN line, it is reset by that, and a note says so.
 */
export async function resetAfter(
  loader: Loader,
  mode: AfterMode,
  options: ResetOptions,
): Promise<void> {
  switch (mode) {
    case "hard-reset":
      await leaveForcedDownload(loader, options);
      return await resetHard(loader, options);
    case "soft-reset":
      if (loader.isStub && hasLines(loader)) {
        return await resetByLine(loader, mode, options);
      }
      return await softReset(loader, options);
    case "watchdog-reset":
      if (!canBite(loader) && hasLines(loader)) {
        return await resetByLine(loader, mode, options);
      }
      return await watchdogReset(loader, options);
    case "no-reset":
    case "no-reset-stub":
      return;
  }
}

/**
 * Leaves the loader for the application in flash: by the EN line where a stub
 * runs, as Espressif's cannot leave by itself.
 */
export async function runApplication(
  loader: Loader,
  options: ResetOptions,
): Promise<void> {
  if (loader.isStub && hasLines(loader)) await resetHard(loader, options);
  else await softReset(loader, options);
}

/** A chip on its USB-OTG port has no EN line: its watchdog resets it, where that can. */
async function resetHard(loader: Loader, options: ResetOptions): Promise<void> {
  const bites = loader.usbMode === "otg" && canBite(loader);
  if (bites) await watchdogReset(loader, options);
  else await hardReset(loader.link, options);
}

function canBite(loader: Loader): boolean {
  return loader.chip.registers.watchdog?.resets === true &&
    loader.has(WRITE_REG);
}

function hasLines({ link }: Loader): boolean {
  return link.info.signals !== "none";
}

async function resetByLine(
  loader: Loader,
  mode: AfterMode,
  options: ResetOptions,
): Promise<void> {
  const who = loader.isStub ? "stub" : "ROM";
  const message =
    `The ${loader.chip.name} ${who} has no ${mode}: the chip is reset by its EN line`;
  options.onProgress?.({ kind: "note", port: loader.port, message });
  await hardReset(loader.link, options);
}

/**
 * Resets the chip into its application and hands the port over open, so that
 * not a byte of the application's log is lost.
 *
 * @param baudRate The log's speed, in baud.
 */
export async function resetAndRelease(
  loader: Loader,
  baudRate: number,
  options: ResetOptions,
): Promise<Transport> {
  const { link } = loader;
  await leaveForcedDownload(loader, options);
  await link.setBaudRate(baudRate);
  const transport = await link.detach();
  const { clock, hardReset: sequence } = link;
  const { port, info } = transport;
  const { signal, onProgress } = options;
  if (info.signals === "none") {
    const message = "The port has no DTR and RTS: reset the chip by hand";
    onProgress?.({ kind: "note", port, message });
    return transport;
  }
  onProgress?.({ kind: "reset", port, mode: "hard-reset" });
  await resetTransport(transport, "run", { signal, clock, sequence });
  return transport;
}
