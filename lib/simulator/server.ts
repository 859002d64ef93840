/**
 * Offers a virtual board to other programs: by TCP, by RFC 2217, or as a
 * pseudo terminal.
 *
 * @module
 */

import { serveRfc2217 } from "../transport/rfc2217_server.ts";
import { serveTcp } from "../transport/tcp_server.ts";
import type { Transport } from "../transport/transport.ts";
import { holdsSync, isSameSpeed } from "./_uart.ts";
import { openPty, type Pty } from "./pty.ts";
import type { VirtualBoard } from "./virtual_board.ts";

/** How a board is offered: one of the first three. */
export interface ServeBoardOptions {
  /** Raw TCP on this port, 0 for any: no modem lines, any speed. */
  readonly tcp?: number | undefined;
  /** RFC 2217 on this port, 0 for any: modem lines and speed. */
  readonly rfc2217?: number | undefined;
  /** A pseudo terminal: speed, but no modem lines. Needs `--allow-ffi`. */
  readonly pty?: boolean | undefined;
  /** The address to listen on. @default {"127.0.0.1"} */
  readonly hostname?: string | undefined;
  /** Ends the service. */
  readonly signal?: AbortSignal | undefined;
}

/** A board that other programs can reach. */
export interface BoardServer extends AsyncDisposable {
  /** What they open: `socket://…`, `rfc2217://…` or a path. */
  readonly url: string;
  /** Ends the service and unplugs the host; the board keeps its power. */
  close(): Promise<void>;
}

/**
 * Plugs the board into a port that other programs open.
 *
 * A pty carries no reset. So that a second program can start where a first one
 * has left the board at a high speed, the reset button is pressed when a SYNC
 * comes at another speed than the board's.
 *
 * @throws {TypeError} If not exactly one way is named.
 * @throws {TransportError} If the port cannot be had.
 */
export async function serveVirtualBoard(
  board: VirtualBoard,
  options: ServeBoardOptions,
): Promise<BoardServer> {
  const { tcp, rfc2217, pty = false, hostname, signal } = options;
  const ways = [tcp !== undefined, rfc2217 !== undefined, pty];
  if (ways.filter((named) => named).length !== 1) {
    throw new TypeError(
      "Cannot serve the board: name one of tcp, rfc2217 and pty",
    );
  }
  if (pty) return await servePty(board, signal);
  const link = rfc2217 === undefined ? "stream" : "serial";
  const host = await board.open({ link, signal });
  try {
    const server = rfc2217 === undefined
      ? await serveTcp(host, { hostname, port: tcp, signal })
      : await serveRfc2217(host, { hostname, port: rfc2217, signal });
    const close = async () => {
      await server.close();
      await host.close();
    };
    return { url: server.url, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await host.close();
    throw error;
  }
}

async function servePty(
  board: VirtualBoard,
  signal: AbortSignal | undefined,
): Promise<BoardServer> {
  const pty = await openPty();
  try {
    const host = await board.open({ link: "pty", signal });
    return new PtyServer(board, pty, host, signal);
  } catch (error) {
    await pty.close();
    throw error;
  }
}

class PtyServer implements BoardServer {
  readonly url: string;
  readonly #pty: Pty;
  readonly #host: Transport;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.close();
  readonly #pumps: Promise<unknown>;
  #closing: Promise<void> | undefined;

  constructor(
    board: VirtualBoard,
    pty: Pty,
    host: Transport,
    signal: AbortSignal | undefined,
  ) {
    this.url = pty.path;
    this.#pty = pty;
    this.#host = host;
    this.#signal = signal;
    // Whichever end goes, the other goes with it.
    const pumps = [
      this.#toBoard(board),
      host.readable.pipeTo(pty.writable),
    ].map((pump) => pump.catch(() => {}).finally(() => void this.close()));
    this.#pumps = Promise.all(pumps);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #toBoard(board: VirtualBoard): Promise<void> {
    const writer = this.#host.writable.getWriter();
    for await (const bytes of this.#pty.readable) {
      const baudRate = this.#pty.baudRate();
      // Zero is a terminal that has been hung up.
      if (baudRate !== 0 && baudRate !== this.#host.baudRate) {
        await this.#host.setBaudRate(baudRate);
      }
      if (!isSameSpeed(board.baudRate, baudRate) && holdsSync(bytes)) {
        board.reset();
      }
      await writer.write(bytes);
    }
  }

  async #close(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    await this.#pty.close();
    await this.#host.close();
    await this.#pumps;
  }
}
