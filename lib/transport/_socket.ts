import { systemClock } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { TimeoutError, TransportError } from "../errors.ts";
import { within } from "./_deadline.ts";

/** How much is read from a socket at once. */
const READ_SIZE = 64 * 1024;

/** Milliseconds that a connection may take, unless told otherwise. */
const CONNECT_TIMEOUT = 10_000;

/** Options of {@linkcode connectSocket}. */
export interface ConnectSocketOptions {
  /** The URL, for messages. */
  readonly url: string;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A TCP connection whose writes never interleave. */
export class Socket {
  readonly #conn: Deno.TcpConn;
  #tail: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    try {
      conn.setNoDelay(true);
      // A peer that lost its power is noticed although nobody writes.
      conn.setKeepAlive(true);
    } catch {
      // The peer has hung up already, as the first read will say.
    }
  }

  /** Where the other end is, as `host:port`. */
  get remote(): string {
    const { hostname, port } = this.#conn.remoteAddr;
    return formatHost(hostname, port);
  }

  /** The chunks that come in, until the peer ends them. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const buffer = new Uint8Array(READ_SIZE);
    for (;;) {
      const size = await this.#conn.read(buffer);
      if (size === null) return;
      yield buffer.slice(0, size);
    }
  }

  /** Sends bytes after all that was sent before; settles when the system has them. */
  send(bytes: Uint8Array): Promise<void> {
    const sent = this.#tail.then(() => this.#write(bytes));
    // The failure is the caller's; the next send finds out for itself.
    this.#tail = sent.catch(() => {});
    return sent;
  }

  /** Tells the peer that nothing more will come. */
  async finish(): Promise<void> {
    await this.#tail;
    await this.#conn.closeWrite();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      rest = rest.subarray(await this.#conn.write(rest));
    }
  }
}

/**
 * Connects to a TCP server.
 *
 * @throws {TransportError} If there is no such host or it refuses.
 * @throws {TimeoutError} If it does not answer in time.
 */
export async function connectSocket(
  hostname: string,
  port: number,
  options: ConnectSocketOptions,
): Promise<Socket> {
  const { url, signal, timeout = CONNECT_TIMEOUT, clock = systemClock } =
    options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const connecting = Deno.connect({ hostname, port, signal: stop.signal });
  try {
    const late = () => connectTimeout(url, timeout);
    const limits = { clock, ms: timeout, late, signal };
    return new Socket(await within(connecting, limits));
  } catch (error) {
    stop.abort();
    // A connection that is made after all must not stay open.
    connecting.then((conn) => conn.close(), () => {});
    if (signal?.aborted) throw signal.reason;
    throw error instanceof TimeoutError ? error : connectError(url, error);
  }
}

/** Formats a host and a port, an IPv6 address in brackets. */
export function formatHost(hostname: string, port: number): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function connectTimeout(url: string, ms: number): TimeoutError {
  return new TimeoutError(`Cannot connect to ${url}: no answer in ${ms} ms`, {
    step: "connect",
    ms,
    hint: "Check the address, the network and the firewall",
  });
}

function connectError(url: string, cause: unknown): Error {
  if (cause instanceof RangeError || cause instanceof TypeError) return cause;
  if (
    cause instanceof Deno.errors.ConnectionRefused ||
    cause instanceof Deno.errors.ConnectionReset
  ) {
    return new TransportError(`Cannot connect to ${url}: connection refused`, {
      code: "remote-refused",
      hint: "Check that the server is running and listens on that port",
      cause,
    });
  }
  if (cause instanceof Deno.errors.NotCapable) {
    return new TransportError(`Cannot connect to ${url}: permission denied`, {
      code: "port-denied",
      hint: "Run Deno with --allow-net",
      cause,
    });
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  const unknownHost = text.includes("lookup");
  return new TransportError(`Cannot connect to ${url}: ${text}`, {
    code: unknownHost ? "port-not-found" : "port-open-failed",
    hint: unknownHost
      ? "Check the host's name"
      : "Check the address and the network",
    cause,
  });
}
