/**
 * Resets through a port's lines, for who does not talk to a loader: a monitor.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import type { Transport } from "../transport/transport.ts";
import {
  hardResetOf,
  isUsbJtag,
  playReset,
  RESET_SEQUENCES,
  type ResetSequence,
} from "./reset.ts";

/** Options of {@linkcode resetTransport}. */
export interface ResetTransportOptions {
  /** A sequence other than the usual one for the port. */
  readonly sequence?: ResetSequence | undefined;
  /** Stops the sequence where it is. */
  readonly signal?: AbortSignal | undefined;
  /** What time is told by. @default {systemClock} */
  readonly clock?: Clock | undefined;
}

/**
 * Resets the chip on an open port: so that it runs its application, or so that
 * its ROM waits for a download.
 *
 * @returns The name of the sequence that was played.
 * @throws {TransportError} `port-unsupported` if the port has no DTR and RTS.
 */
export async function resetTransport(
  transport: Transport,
  into: "run" | "download",
  options: ResetTransportOptions = {},
): Promise<string> {
  const { clock = systemClock, signal } = options;
  const { info, port } = transport;
  if (info.signals === "none") {
    throw new TransportError(
      `Cannot reset the chip on "${port}": the port has no DTR and RTS`,
      { code: "port-unsupported", hint: "Reset the chip by hand." },
    );
  }
  const sequence = options.sequence ??
    (into === "run" ? hardResetOf(info) : downloadResetOf(transport));
  const setSignals = transport.setSignals.bind(transport);
  await playReset({ clock, setSignals }, sequence, { signal });
  return sequence.name;
}

function downloadResetOf({ info }: Transport): ResetSequence {
  const { usbJtag, tight, classic } = RESET_SEQUENCES;
  if (isUsbJtag(info)) return usbJtag;
  return info.signals === "together" ? tight : classic;
}
