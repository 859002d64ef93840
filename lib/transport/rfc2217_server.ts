/**
 * Offers an open port by RFC 2217: bytes, modem lines, break and speed over
 * telnet, for clients such as pyserial's and esptool's `rfc2217://`.
 *
 * @module
 */

import { ComPortSession } from "./_com_port_session.ts";
import { PortServer } from "./_port_server.ts";
import type {
  ClientLink,
  ServePortOptions,
  TransportServer,
} from "./_port_server.ts";
import type { Transport } from "./transport.ts";

export type { ServePortOptions, TransportServer } from "./_port_server.ts";

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
 */
export function serveRfc2217(
  target: Transport,
  options: ServePortOptions = {},
): Promise<TransportServer> {
  const lines = { dtr: false, rts: false, break: false };
  const open = (link: ClientLink) => new ComPortSession(target, lines, link);
  return Promise.try(() => new PortServer("rfc2217", target, options, open));
}
