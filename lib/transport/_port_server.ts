import { systemClock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import { formatHost, Socket } from "./_socket.ts";
import type { Transport } from "./transport.ts";

/** Options of a server that offers a port on the network. */
export interface ServePortOptions {
  /**
   * The address to listen on. `0.0.0.0` lets the whole network in: there is no
   * password and no encryption.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string | undefined;
  /**
   * The TCP port to listen on; 0 takes any free one.
   *
   * @default {0}
   */
  readonly port?: number | undefined;
  /** Closes the server. */
  readonly signal?: AbortSignal | undefined;
  /** Told who comes and goes. */
  readonly onEvent?: ((event: ServerEvent) => void) | undefined;
}

/**
 * What happens at a server: a client comes (`client`), goes (`left`) or is turned
 * away because another has the port (`busy`) or for want of the token
 * (`denied`); or the server has played a reset for its client.
 */
export type ServerEvent =
  | ClientEvent
  | ResetEvent;

/** A client comes, goes or is turned away. */
export interface ClientEvent {
  /** Which of them. */
  readonly kind: "client" | "left" | "busy" | "denied";
  /** Where the client is, as `host:port`. */
  readonly remote: string;
}

/** A client's reset has been played. */
export interface ResetEvent {
  /** The variant. */
  readonly kind: "reset";
  /** What the chip was let go into. */
  readonly mode: "download" | "run";
}

/** A server that offers a port to one client at a time. */
export interface TransportServer extends AsyncDisposable {
  /** What a client on the same machine opens. */
  readonly url: string;
  /** The TCP port that it listens on. */
  readonly port: number;
  /** Settles when the server has ended, by itself if the served port is gone. */
  readonly ended: Promise<void>;
  /** Ends the client, if any, and stops listening. The served port stays open. */
  close(): Promise<void>;
}

/** How a protocol treats one client. */
export interface ClientSession {
  /** Takes bytes from the client. */
  receive(bytes: Uint8Array): Promise<void>;
  /** Passes the device's bytes on to the client. */
  deliver(bytes: Uint8Array): Promise<void>;
  /** Called when the client has gone; lets a waiting {@linkcode deliver} end. */
  end(): void;
}

/** What a session works with. */
export interface ClientLink {
  /** Sends bytes to the client. */
  readonly send: (bytes: Uint8Array) => Promise<void>;
  /** Writes bytes to the device. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Tells the client why it may not use the port, and hangs up. */
  readonly deny: (why: string) => Promise<void>;
}

/** Milliseconds that a client who has just hung up may take to be noticed. */
const HANG_UP_GRACE = 250;

/** Clients that may stand in line during that time. */
const LINE_LIMIT = 8;

/** Serves one port to one client after the other; the sessions are the protocol's. */
export class PortServer implements TransportServer {
  readonly url: string;
  readonly port: number;
  readonly #target: Transport;
  readonly #open: (link: ClientLink) => ClientSession;
  readonly #listener: Deno.TcpListener;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #sockets = new Map<Socket, Promise<void>>();
  /** Clients that are about to be hung up on, and how to leave that to themselves. */
  readonly #leaving = new Map<Socket, () => void>();
  readonly #loops: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  readonly #onEvent: (event: ServerEvent) => void;
  readonly #onAbort = () => void this.close();
  #current: { readonly socket: Socket; session?: ClientSession } | undefined;
  #freed = Promise.withResolvers<void>();
  #abandon: (() => void) | undefined;
  #closed = false;

  constructor(
    scheme: string,
    target: Transport,
    options: ServePortOptions,
    open: (link: ClientLink) => ClientSession,
  ) {
    const { hostname = "127.0.0.1", port = 0, signal } = options;
    signal?.throwIfAborted();
    this.#target = target;
    this.#open = open;
    this.#listener = listen(hostname, port);
    this.port = this.#listener.addr.port;
    this.url = `${scheme}://${formatHost(hostname, this.port)}`;
    this.#reader = target.readable.getReader();
    this.#writer = target.writable.getWriter();
    // Its failure shows in the write that it fails.
    this.#writer.closed.catch(() => {});
    this.#signal = signal;
    this.#onEvent = options.onEvent ?? (() => {});
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#loops = Promise.all([this.#accept(), this.#pump()]).then(() => {});
  }

  get ended(): Promise<void> {
    return this.#loops;
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#loops;
    await Promise.all(this.#sockets.values());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #stop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#listener.close();
    this.#abandon?.();
    for (const socket of this.#sockets.keys()) socket.close();
    this.#current?.session?.end();
    this.#reader.releaseLock();
    this.#writer.releaseLock();
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#admit(await this.#listener.accept());
      } catch (error) {
        // A client may hang up before it is accepted; all else ends the listener.
        if (!(error instanceof Deno.errors.ConnectionAborted)) break;
      }
    }
    this.#stop();
  }

  #admit(conn: Deno.TcpConn): void {
    if (this.#closed || this.#sockets.size > LINE_LIMIT) return conn.close();
    const socket = new Socket(conn);
    // A client that breaks the connection or the protocol harms only itself;
    // a port that fails is found by the pump.
    const serving = this.#serve(socket).catch(() => {}).finally(() => {
      socket.close();
      this.#leaving.get(socket)?.();
      this.#leaving.delete(socket);
      this.#sockets.delete(socket);
    });
    this.#sockets.set(socket, serving);
  }

  async #serve(socket: Socket): Promise<void> {
    const { remote } = socket;
    if (!await this.#takeTurn(socket)) {
      const user = this.#current?.socket.remote ?? "another client";
      await this.#turnAway(socket, "busy", `Port is in use by ${user}`);
      return await drop(socket);
    }
    const session = this.#open({
      send: (bytes) => socket.send(bytes),
      write: (bytes) => this.#write(bytes),
      deny: (why) => this.#turnAway(socket, "denied", why),
    });
    this.#current = { socket, session };
    this.#onEvent({ kind: "client", remote });
    try {
      for await (const bytes of socket.chunks()) await session.receive(bytes);
    } finally {
      session.end();
      this.#current = undefined;
      this.#freed.resolve();
      this.#freed = Promise.withResolvers<void>();
      this.#onEvent({ kind: "left", remote });
    }
  }

  /** Waits for a client that is just leaving, as one that opens the port again has just left. */
  async #takeTurn(socket: Socket): Promise<boolean> {
    const late = Promise.withResolvers<void>();
    let over = false;
    const cancel = systemClock.schedule(() => {
      over = true;
      late.resolve();
    }, HANG_UP_GRACE);
    while (this.#current !== undefined && !over && !this.#closed) {
      await Promise.race([this.#freed.promise, late.promise]);
    }
    cancel();
    if (this.#current !== undefined) return false;
    // Taken before anyone else who waits can look.
    this.#current = { socket };
    return true;
  }

  /** Tells a client why, and hangs up a little later: with bytes unread, closing at once would lose the text. */
  async #turnAway(
    socket: Socket,
    kind: "busy" | "denied",
    why: string,
  ): Promise<void> {
    this.#onEvent({ kind, remote: socket.remote });
    const hangUp = () => socket.close();
    this.#leaving.set(socket, systemClock.schedule(hangUp, HANG_UP_GRACE));
    await socket.send(new TextEncoder().encode(`${why}\r\n`));
    await socket.finish();
  }

  /** Brings the device's bytes to the client; without one they are lost, as on a wire. */
  async #pump(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        // A client that cannot be sent to is found by its own loop.
        await this.#current?.session?.deliver(value).catch(() => {});
      }
    } catch {
      // The port is gone, or the lock was given up: either way it is over.
    }
    this.#stop();
  }

  #write(bytes: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#abandon = () =>
      reject(
        new TransportError(
          `Cannot write to ${this.#target.port}: server closed`,
          {
            code: "port-closed",
          },
        ),
      );
    this.#writer.write(bytes).then(resolve, reject);
    return promise;
  }
}

/** Reads what a client sends until it is gone. */
async function drop(socket: Socket): Promise<void> {
  for await (const _ of socket.chunks()) { /* dropped */ }
}

function listen(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (cause) {
    if (cause instanceof RangeError || cause instanceof TypeError) throw cause;
    const address = formatHost(hostname, port);
    const busy = cause instanceof Deno.errors.AddrInUse;
    const denied = cause instanceof Deno.errors.NotCapable ||
      cause instanceof Deno.errors.PermissionDenied;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new TransportError(
      `Cannot listen on ${address}: ${busy ? "the port is in use" : text}`,
      {
        code: busy ? "port-busy" : denied ? "port-denied" : "port-open-failed",
        hint: busy
          ? "Choose another port, or 0 for any free one"
          : "Check the address, and run Deno with --allow-net",
        cause,
      },
    );
  }
}
