/**
 * A local port for others on the network.
 *
 * @module
 */

import {
  isUsbJtag,
  RESET_SEQUENCES,
  type ResetSequence,
  type WaitStep,
} from "../loader/reset.ts";
import {
  type LocalResets,
  serveRfc2217,
  type ServeRfc2217Options,
  type TransportServer,
} from "../transport/rfc2217_server.ts";
import type { TransportInfo } from "../transport/transport.ts";
import { openTransport, type PortTarget } from "./open.ts";

/** Options of {@linkcode servePort}. */
export interface ServedPortOptions extends Omit<ServeRfc2217Options, "resets"> {
  /**
   * The port's speed until a client sets another, in baud.
   *
   * @default {115200}
   */
  readonly baudRate?: number | undefined;
  /**
   * Let DTR and RTS follow the client as they come, and play no resets here.
   *
   * @default {false}
   */
  readonly liveLines?: boolean | undefined;
}

/**
 * Opens a port and serves it by RFC 2217 to one client at a time, as
 * {@linkcode serveRfc2217} does. A client's reset is recognised and played
 * here, as the port needs it: on a chip's own USB-Serial/JTAG port by that
 * controller's sequence, whichever the client has chosen.
 *
 * @returns A server whose closing closes the port as well.
 * @throws {TransportError} If the port cannot be opened, or the server not be started.
 */
export async function servePort(
  target: PortTarget,
  options: ServedPortOptions = {},
): Promise<TransportServer> {
  const { baudRate = 115200, liveLines = false, ...rest } = options;
  const { signal } = rest;
  const port = await openTransport(target, { baudRate, signal });
  try {
    const resets = liveLines ? undefined : localResets(port.info);
    const server = await serveRfc2217(port, { ...rest, resets });
    const close = async () => {
      await server.close();
      await port.close();
    };
    return {
      url: server.url,
      port: server.port,
      ended: server.ended,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await port.close();
    throw error;
  }
}

/** How resets are played on a port that is held in reset already. */
function localResets(info: TransportInfo): LocalResets {
  const { usbJtag, usbHard, tight, classic, hard } = RESET_SEQUENCES;
  const hold = hard.steps.find(isWait)?.wait ?? 0;
  if (isUsbJtag(info)) {
    return { hold, download: usbJtag.steps, run: release(usbHard) };
  }
  const download = info.signals === "together" ? tight : classic;
  return { hold, download: release(download), run: release(hard) };
}

/**
 * What a sequence does between holding the chip in reset and letting the boot
 * strap go, which is the client's to do: boards that start slowly need longer.
 */
function release({ steps }: ResetSequence): ResetSequence["steps"] {
  const [held, last] = [steps.findIndex(isWait), steps.findLastIndex(isWait)];
  return steps.slice(held + 1, last > held ? last + 1 : undefined);
}

function isWait(step: ResetSequence["steps"][number]): step is WaitStep {
  return "wait" in step;
}
