/**
 * Resets of a board through its port's lines, whatever runs on it.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import { isUsbJtag } from "../loader/reset.ts";
import { resetTransport } from "../loader/reset_transport.ts";
import type { Transport } from "../transport/transport.ts";
import { openTransport, type PortTarget } from "./open.ts";

/** Options of {@linkcode resetPort}. */
export interface ResetPortOptions {
  /**
   * What the chip is to run: its application, or its loader.
   *
   * @default {"run"}
   */
  readonly into?: "run" | "download" | undefined;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Measures the waits.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
}

/** Options of {@linkcode holdInReset}. */
export interface HoldInResetOptions {
  /**
   * Milliseconds, up to some 24 days.
   *
   * @default {0x7fff_ffff}
   */
  readonly duration?: number | undefined;
  /** Lets the chip go before that; no error. */
  readonly signal?: AbortSignal | undefined;
  /** Called once the chip stands still. */
  readonly onHeld?: (() => void) | undefined;
  /**
   * Measures the time.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
}

/** The longest time that a timer holds, in milliseconds. */
const FOR_EVER = 0x7fff_ffff;

/**
 * Resets a board by its port's lines, and leaves both released.
 *
 * @returns The name of the sequence that was played.
 * @throws {TransportError} `port-unsupported` if the port has no lines; others if it cannot be opened.
 */
export async function resetPort(
  target: PortTarget,
  options: ResetPortOptions = {},
): Promise<string> {
  const { into = "run", signal, clock = systemClock } = options;
  await using port = await openTransport(target, { signal });
  return await resetTransport(port, into, { signal, clock });
}

/**
 * Keeps a board's chip in reset by its EN line, then lets it go into its
 * application and leaves both lines released.
 *
 * @returns How long it was held, in milliseconds.
 * @throws {TransportError} `port-unsupported` if the port has no lines, or is the chip's own USB port, which
 * resets it and cannot hold it; `port-gone` if the port goes meanwhile; others if it cannot be opened.
 */
export async function holdInReset(
  target: PortTarget,
  options: HoldInResetOptions = {},
): Promise<number> {
  const { duration = FOR_EVER, signal, clock = systemClock } = options;
  await using port = await openLines(target, signal);
  if (isUsbJtag(port.info)) {
    throw new TransportError(
      `Cannot hold the chip on "${port.port}" in reset: its own USB port resets it, but cannot hold it`,
      { code: "port-unsupported", hint: "Use the board's UART port." },
    );
  }
  await port.setSignals({ dtr: false });
  await port.setSignals({ rts: true });
  const start = clock.now();
  options.onHeld?.();
  await waitOn(port, clock, duration, signal);
  await port.setSignals({ rts: false });
  return clock.now() - start;
}

/** Waits for a time, or for a signal, whichever is first; fails when the port is gone. */
async function waitOn(
  port: Transport,
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const end = () => over.resolve();
  const cancel = clock.schedule(end, ms);
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted) end();
  try {
    await Promise.race([over.promise, drain(port)]);
  } finally {
    cancel();
    signal?.removeEventListener("abort", end);
  }
}

/** Reads what comes and drops it; fails when the port is gone. */
async function drain({ readable }: Transport): Promise<void> {
  for await (const _ of readable) { /* a chip in reset is silent */ }
}

async function openLines(
  target: PortTarget,
  signal: AbortSignal | undefined,
): Promise<Transport> {
  const port = await openTransport(target, { signal });
  if (port.info.signals !== "none") return port;
  await port.close();
  throw new TransportError(
    `Cannot reset the chip on "${port.port}": the port has no DTR and RTS`,
    { code: "port-unsupported", hint: "Reset the board by its button." },
  );
}
