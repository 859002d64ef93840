/**
 * Runs a verb: once, or once for each of several boards at the same time.
 *
 * @module
 */

import { Board } from "./board.ts";
import { BoardsView } from "./boards_view.ts";
import type { Surroundings } from "./command.ts";
import { type Display, NO_DISPLAY, SinkDisplay } from "./display.ts";
import { describeFailure, type Failure, jsonOf } from "./failure.ts";
import { FlashState } from "./flash_state.ts";
import type { ParsedCall } from "./parse.ts";
import { Screen } from "./screen.ts";
import { findPorts } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** How a verb ended, on one board or on several. */
export interface Outcome {
  /** What the process ends with: of several boards, the worst. */
  readonly exitCode: number;
  /** The `--json` object. */
  readonly json: object;
  /** What went wrong, and on which board if there are several. */
  readonly failures: readonly BoardFailure[];
}

/** What went wrong on a board. */
export interface BoardFailure {
  /** The board's port, if there are several. */
  readonly port?: string | undefined;
  /** What went wrong. */
  readonly failure: Failure;
}

/** What the runs of a verb on several boards share. */
export type Shared = Pick<Surroundings, "io" | "config" | "commands" | "usage">;

/**
 * Runs a verb on the board or boards that the options name, and shows how it
 * goes. What a verb throws comes back as a failure.
 *
 * @throws {UsageError} If the options contradict each other, or ports cannot be found.
 */
export async function runCall(
  call: ParsedCall,
  shared: Shared,
): Promise<Outcome> {
  const { command, globals } = call;
  const { silent, verbose, trace, ports } = globals;
  if (silent && (verbose || trace)) {
    const other = verbose ? "--verbose" : "--trace";
    throw new UsageError(`--silent and ${other} exclude each other`);
  }
  const quiet = globals.json || silent;
  if (ports.length < 2 && !ports.includes("all")) {
    const display = quiet ? NO_DISPLAY : new SinkDisplay(shared.io.stdout);
    return await runOn(call, shared, { board: new Board(ports[0]), display });
  }
  if (command.boards === "many") return await runOnAll(call, shared, quiet);
  throw new UsageError(
    `"${command.name}" cannot be done on several boards at once`,
    "Name one port.",
  );
}

async function runOnAll(
  call: ParsedCall,
  shared: Shared,
  quiet: boolean,
): Promise<Outcome> {
  const ports = await choosePorts(call, shared);
  const view = quiet
    ? undefined
    : await BoardsView.create(ports, shared.io.stdout);
  const taken = new Set<string>();
  const outcomes = await Promise.all(ports.map(async (port) => {
    const board = new Board(port, taken);
    const display = view?.displayOf(port) ?? NO_DISPLAY;
    const outcome = await runOn(call, shared, { board, display });
    view?.end(port, { mac: board.mac, failed: outcome.exitCode !== 0 });
    return outcome;
  }));
  view?.close();
  return {
    exitCode: Math.max(...outcomes.map(({ exitCode }) => exitCode)),
    json: {
      ok: outcomes.every(({ exitCode }) => exitCode === 0),
      command: call.command.name,
      boards: outcomes.map(({ json }) => json),
    },
    failures: outcomes.flatMap(({ failures }, i) =>
      failures.map(({ failure }) => ({ port: ports[i], failure }))
    ),
  };
}

async function choosePorts(
  { globals }: ParsedCall,
  { io }: Shared,
): Promise<string[]> {
  const found = globals.ports.includes("all")
    ? await findPorts(io, globals.portFilters)
    : [];
  const ports = globals.ports
    .flatMap((port) => port === "all" ? found : [port]);
  const twice = ports.find((port, i) => ports.indexOf(port) !== i);
  if (twice === undefined) return ports;
  throw new UsageError(`The port "${twice}" is named twice`);
}

async function runOn(
  { command, globals, ...values }: ParsedCall,
  shared: Shared,
  { board, display }: { readonly board: Board; readonly display: Display },
): Promise<Outcome> {
  const { signal } = shared.io;
  const screen = new Screen(display, { verbose: globals.verbose });
  const flash = new FlashState();
  const call = {
    ...shared,
    arguments: values.arguments,
    options: values.options,
    globals: { ...globals, port: board.port },
    board,
    screen,
    flash,
  };
  try {
    signal.throwIfAborted();
    const report = await command.run(call);
    screen.endLine();
    const json = { ok: true, command: command.name, ...report };
    return { exitCode: 0, json, failures: [] };
  } catch (error) {
    screen.endLine();
    const failure = describeFailure(error, signal, flash);
    const json = {
      ok: false,
      command: command.name,
      ...(board.port !== undefined && { port: board.port }),
      ...jsonOf(failure),
    };
    return { exitCode: failure.exitCode, json, failures: [{ failure }] };
  }
}
