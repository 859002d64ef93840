/**
 * A station as a program runs it: with a terminal, a page and a scanner.
 *
 * @module
 */

import { serveDashboard } from "./dashboard/serve_dashboard.ts";
import type { PreparedJob } from "./firmware.ts";
import type { BoardResult } from "./result.ts";
import type { LineOutput } from "./rows.ts";
import { Station, type StationOptions } from "./station.ts";
import { LineView } from "./terminal.ts";

/** More characters than any code has. */
const MAX_CODE = 4096;

/** Options of {@linkcode runStation}. */
export interface RunStationOptions extends StationOptions {
  /** A terminal or a pipe that shows how boards go on. @default none does */
  readonly output?: LineOutput | undefined;
  /** Whether PASS and FAIL are coloured there. @default {false} */
  readonly color?: boolean | undefined;
  /**
   * Where the operator's page is served: `host:port`, either of which may be
   * left out (`:` is `127.0.0.1:8787`).
   *
   * @default nowhere
   */
  readonly dashboard?: string | undefined;
  /** Told what to open in a browser; may hold a token. */
  readonly onDashboard?: ((url: string) => void) | undefined;
  /**
   * What a scanner types: codes in lines of their own, each for the first slot
   * that waits for one. Read only if the job's rule is `code`.
   */
  readonly codes?: AsyncIterable<Uint8Array> | undefined;
}

/**
 * Runs a job on all ports. If boards are watched for or a page is served, it
 * goes on until the signal aborts; else until all boards are done.
 *
 * @returns The last result of each slot that has one.
 * @throws As `Station.open` and `serveDashboard`; {@linkcode SyntaxError} if `dashboard` is no address.
 *
 * @example Two boards
 * ```ts
 * import { prepareJob, runStation } from "@espline/espline/provision";
 *
 * const job = await prepareJob({
 *   name: "lamp 1.0",
 *   firmware: [{ chip: "esp32", files: [{ address: 0x10_000, source: new Uint8Array(64) }] }],
 * });
 * const results = await runStation(job, { ports: ["sim://esp32?a", "sim://esp32?b"] });
 * console.log(results.map(({ result }) => result));
 * ```
 */
export async function runStation(
  job: PreparedJob,
  options: RunStationOptions = {},
): Promise<BoardResult[]> {
  const { output, color, dashboard, onDashboard, codes, ...line } = options;
  const stays = line.watch !== undefined || dashboard !== undefined;
  const page = dashboard === undefined ? undefined : parseAddress(dashboard);
  const view = output && new LineView([], output, { color });
  await using station = await Station.open(job, {
    ...line,
    auto: stays && (line.auto ?? true),
    onEvent: (event) => {
      view?.onStationEvent(event);
      line.onEvent?.(event);
    },
  });
  station.subscribe(() => view?.onStationState(station.state));
  await using server = page && await serveDashboard(station, page);
  if (server !== undefined) onDashboard?.(server.url);
  if (codes !== undefined && job.identity?.plan.rule === "code") {
    void takeCodes(station, codes);
  }
  if (!stays) return await station.start();
  await aborted(line.signal);
  await station.cancel();
  return station.state.slots.flatMap(({ result }) => result ?? []);
}

async function takeCodes(
  station: Station,
  typed: AsyncIterable<Uint8Array>,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of typed) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()?.slice(-MAX_CODE) ?? "";
    for (const code of lines) station.scanNext(code.trim());
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal?.aborted) resolve();
  signal?.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

interface Address {
  readonly hostname?: string;
  readonly port?: number;
}

function parseAddress(text: string): Address {
  const [, bare, bracketed, digits] =
    /^(?:([^\s:[\]]*)|\[([\da-fA-F:.]+)\])(?::(\d{0,5}))?$/.exec(text) ?? [];
  const hostname = bracketed ?? bare;
  if (hostname === undefined) {
    throw new SyntaxError(
      `Cannot serve a page at "${text}": it should be like 127.0.0.1:8787`,
    );
  }
  return {
    ...(hostname !== "" && { hostname }),
    ...(digits && { port: Number(digits) }),
  };
}
