/**
 * Offers an open port as raw TCP: bytes only, for clients such as pyserial's
 * `socket://`.
 *
 * @module
 */

import { PortServer } from "./_port_server.ts";
import type { ServePortOptions, TransportServer } from "./_port_server.ts";
import type { Transport } from "./transport.ts";

export type { ServePortOptions, TransportServer } from "./_port_server.ts";

/**
 * Serves a port to one client at a time. A second client is told so and hung
 * up on. Between clients the port stays open and as it is, and what the device
 * sends is dropped. The server ends by itself when the port does.
 *
 * @param target A port whose streams nobody has locked; closing it is its owner's.
 * @throws {TransportError} `port-busy`, `port-denied` or `port-open-failed`.
 */
export function serveTcp(
  target: Transport,
  options: ServePortOptions = {},
): Promise<TransportServer> {
  return Promise.try(() =>
    new PortServer("socket", target, options, ({ send, write }) => ({
      receive: write,
      deliver: send,
      end() {},
    }))
  );
}
