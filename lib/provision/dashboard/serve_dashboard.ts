/**
 * The operator's page: one tile per slot, live, with what to do.
 *
 * @module
 */

import { systemClock } from "../../clock.ts";
import { TransportError } from "../../errors.ts";
import type { Station } from "../station.ts";
import { chooseToken, isLoopback } from "./_access.ts";
import { handleRequest } from "./_handler.ts";
import { Snapshots } from "./_snapshots.ts";

const DEFAULT_PORT = 8787;

/** Options of {@linkcode serveDashboard}. */
export interface DashboardOptions {
  /**
   * The address to listen on. On another one than this machine's own (`0.0.0.0`,
   * say, for all) the page demands a token.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string | undefined;
  /** The TCP port; 0 for any that is free. @default {8787} */
  readonly port?: number | undefined;
  /**
   * What whoever opens the page has to have: 16 to 256 letters, digits and any of `-._~`.
   *
   * @default none on this machine's own address, else a new one
   */
  readonly token?: string | undefined;
  /** Ends the dashboard. */
  readonly signal?: AbortSignal | undefined;
}

/** A page that is being served. */
export interface DashboardServer extends AsyncDisposable {
  /**
   * What to open in a browser, with the token in its fragment, if there is one:
   * show it to the operator, and keep it out of logs.
   */
  readonly url: string;
  /** Ends all pages. The station goes on. Closing twice is harmless. */
  close(): Promise<void>;
}

/**
 * Serves a page that shows a station and lets an operator start, cancel and
 * retry its slots. Everything comes from the program itself, no secret is
 * shown, and other websites can neither read nor use it.
 *
 * @throws {RangeError} If the token is too short or has other characters.
 * @throws {TransportError} `port-busy`, `port-denied` or `port-open-failed`.
 *
 * @example A station with a page
 * ```ts
 * import { prepareJob, serveDashboard, Station } from "@espline/espline/provision";
 *
 * const job = await prepareJob({
 *   name: "lamp 1.0",
 *   firmware: [{ chip: "esp32", files: [{ address: 0x10_000, source: new Uint8Array(64) }] }],
 * });
 * await using station = await Station.open(job, { ports: ["sim://esp32"], auto: false });
 * await using dashboard = await serveDashboard(station, { port: 0 });
 * console.log((await fetch(dashboard.url, { method: "HEAD" })).status); // 200
 * ```
 */
export function serveDashboard(
  station: Station,
  options: DashboardOptions = {},
): Promise<DashboardServer> {
  return Promise.try(() => new Dashboard(station, options));
}

class Dashboard implements DashboardServer {
  readonly url: string;
  readonly #snapshots: Snapshots;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.close();
  #closed: Promise<void> | undefined;

  constructor(station: Station, options: DashboardOptions) {
    const { hostname = "127.0.0.1", port = DEFAULT_PORT } = options;
    options.signal?.throwIfAborted();
    const isLocal = isLoopback(hostname);
    const token = chooseToken(options.token, isLocal);
    this.#signal = options.signal;
    const { signal } = this.#controller;
    const access = { token, isLocal };
    const snapshots = new Snapshots(station, systemClock);
    this.#snapshots = snapshots;
    try {
      this.#server = Deno.serve({
        ...{ hostname, port, signal },
        onListen() {},
        handler: (request) =>
          handleRequest(request, { station, snapshots, access, signal }),
      });
    } catch (cause) {
      snapshots[Symbol.dispose]();
      throw listenError(cause, `${hostname}:${port}`);
    }
    this.url = formatUrl(hostname, this.#server.addr.port, token);
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#snapshots[Symbol.dispose]();
    // Not a shutdown, which waits for who neither sends nor reads any more.
    this.#controller.abort();
    await this.#server.finished;
  }
}

function formatUrl(
  hostname: string,
  port: number,
  token: string | undefined,
): string {
  const isAny = hostname === "0.0.0.0" || hostname === "::";
  const host = isAny
    ? "localhost"
    : hostname.includes(":")
    ? `[${hostname}]`
    : hostname;
  // A fragment stays in the browser: no server and no proxy gets it into its log.
  const end = token === undefined ? "" : `#token=${token}`;
  return `http://${host}:${port}/${end}`;
}

function listenError(cause: unknown, address: string): unknown {
  if (cause instanceof RangeError || cause instanceof TypeError) return cause;
  const busy = cause instanceof Deno.errors.AddrInUse;
  const denied = cause instanceof Deno.errors.NotCapable ||
    cause instanceof Deno.errors.PermissionDenied;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new TransportError(
    `Cannot serve the dashboard at ${address}: ${
      busy ? "the port is in use" : text
    }`,
    {
      code: busy ? "port-busy" : denied ? "port-denied" : "port-open-failed",
      hint: busy
        ? "Choose another port, or 0 for any free one."
        : "Check the address, and run Deno with --allow-net.",
      cause,
    },
  );
}
