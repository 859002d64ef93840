/**
 * Offers an open port by RFC 2217: bytes, modem lines, break and speed over
 * telnet, for clients such as pyserial's and esptool's `rfc2217://`.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { ComPortSession } from "./_com_port_session.ts";
import { type LocalResets, PortLines } from "./_port_lines.ts";
import { PortServer } from "./_port_server.ts";
import type {
  ClientLink,
  ServePortOptions,
  TransportServer,
} from "./_port_server.ts";
import { TokenGate } from "./_token_gate.ts";
import type { Transport } from "./transport.ts";

export type { LineStep, LocalResets } from "./_port_lines.ts";
export type {
  ClientEvent,
  ResetEvent,
  ServePortOptions,
  ServerEvent,
  TransportServer,
} from "./_port_server.ts";

/** Options of {@linkcode serveRfc2217}. */
export interface ServeRfc2217Options extends ServePortOptions {
  /**
   * Recognises clients' resets, and plays them here, because over a network
   * their steps come too late. Left out, DTR and RTS follow the client as they come.
   */
  readonly resets?: LocalResets | undefined;
  /**
   * What a client has to know: `rfc2217://TOKEN@host:port` for
   * {@linkcode openRfc2217}. Clients of other makers cannot be let in then.
   * It is not sent, but all else is, unencrypted: whoever can change what is
   * on the network can take a connection over.
   */
  readonly token?: string | undefined;
  /**
   * Measures resets, and how long a client may take to show its token.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
}

/**
 * Serves a port to one client at a time. A second client is told so and hung
 * up on. Between clients the port stays open and as it is, and what the device
 * sends is dropped. The server ends by itself when the port does.
 *
 * Every command is answered with what is in force: 8N1 and no flow control
 * always. CTS, DSR and carrier are reported as set, as a three-wire cable's
 * loops do, since a {@linkcode Transport} has no inputs.
 *
 * @param target A port whose streams nobody has locked; closing it is its owner's.
 * @throws {TransportError} `port-busy`, `port-denied` or `port-open-failed`.
 * @throws {RangeError} If the token is empty.
 */
export function serveRfc2217(
  target: Transport,
  options: ServeRfc2217Options = {},
): Promise<TransportServer> {
  const { resets, token, clock = systemClock, onEvent } = options;
  const lines = new PortLines(target, {
    resets,
    clock,
    onReset: (mode) => onEvent?.({ kind: "reset", mode }),
  });
  const open = (link: ClientLink) => {
    const gate = token === undefined
      ? undefined
      : new TokenGate(token, link.deny, clock);
    return new ComPortSession(target, lines, link, gate);
  };
  return Promise.try(() => {
    if (token === "") throw new RangeError("Cannot serve with an empty token");
    return new PortServer("rfc2217", target, options, open);
  });
}
