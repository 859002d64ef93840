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
import type { CliIo } from "./io.ts";
import type { ParsedCall } from "./parse.ts";
import { findPorts, publicName } from "./port_choice.ts";
import { Screen } from "./screen.ts";
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
 * goes. Whatever is thrown comes back as a failure.
 */
export async function runCall(
  call: ParsedCall,
  shared: Shared,
): Promise<Outcome> {
  try {
    return await runOnBoards(call, shared);
  } catch (error) {
    return failed(error, shared.io, { command: call.command.name });
  }
}

/** What became of a command line that has thrown an error. */
export function failed(
  error: unknown,
  { signal }: CliIo,
  { flash = new FlashState(), ...known }: Known = {},
): Outcome {
  const failure = describeFailure(error, signal, flash);
  const json = { ok: false, ...known, ...jsonOf(failure) };
  return { exitCode: failure.exitCode, json, failures: [{ failure }] };
}

/** What is known where an error was thrown. */
interface Known {
  readonly command?: string;
  readonly port?: string;
  readonly flash?: FlashState;
}

/** @throws {UsageError} If the options contradict each other, or ports cannot be found. */
async function runOnBoards(
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
    const [port] = ports;
    return await runOn(call, shared, {
      port,
      board: new Board(port === undefined ? port : publicName(port)),
      display,
    });
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
    : await BoardsView.create(ports.map(publicName), shared.io.stdout);
  const taken = new Set<string>();
  const outcomes = await Promise.all(ports.map(async (port) => {
    const name = publicName(port);
    const board = new Board(name, taken);
    const display = view?.displayOf(name) ?? NO_DISPLAY;
    const outcome = await runOn(call, shared, { port, board, display });
    view?.end(name, {
      mac: board.mac,
      failed: outcome.exitCode !== 0,
    });
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
      failures.map(({ failure }) => ({
        port: ports.map(publicName)[i],
        failure,
      }))
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

/** Where a verb runs, and what shows it. */
interface Place {
  /** The port as it was named, which may hold a token. */
  readonly port: string | undefined;
  readonly board: Board;
  readonly display: Display;
}

async function runOn(
  { command, globals, ...values }: ParsedCall,
  shared: Shared,
  { port, board, display }: Place,
): Promise<Outcome> {
  const screen = new Screen(display, { verbose: globals.verbose });
  const flash = new FlashState();
  const call = {
    ...shared,
    arguments: values.arguments,
    options: values.options,
    globals: { ...globals, port },
    board,
    screen,
    flash,
  };
  try {
    shared.io.signal.throwIfAborted();
    const report = await command.run(call);
    screen.endLine();
    const json = { ok: true, command: command.name, ...report };
    return { exitCode: 0, json, failures: [] };
  } catch (error) {
    screen.endLine();
    return failed(error, shared.io, {
      command: command.name,
      ...(board.port !== undefined && { port: board.port }),
      flash,
    });
  }
}
