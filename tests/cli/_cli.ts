/** Runs the command line inside the test, with a world made for it. */

import assert from "node:assert/strict";
import { loadCommands } from "../../lib/cli/commands.ts";
import { FAILURE_SCHEMA, successSchema } from "../../lib/cli/json_schema.ts";
import { main } from "../../lib/cli/main.ts";
import type { KeySource } from "../../lib/cli/io.ts";
import type { PortInfo, PortTarget } from "../../mod.ts";
import { validate } from "./_schema.ts";

const COMMANDS = await loadCommands();

/** The world around one run. */
export interface World {
  /** What `--port` names; a name that is not here is opened as it is. */
  readonly boards?: Readonly<Record<string, PortTarget>>;
  /** Environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** What `listPorts()` finds. */
  readonly ports?: readonly PortInfo[];
  /** Whether stdout and stderr are terminals. */
  readonly terminal?: boolean;
  /** What is typed, for a verb that listens. */
  readonly stdin?: KeySource;
  /** Ctrl-C. */
  readonly signal?: AbortSignal;
  /** Told of every text written to stdout. */
  readonly onOutput?: (text: string) => void;
}

/** What came of it. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runCli(
  args: readonly string[],
  world: World = {},
): Promise<Outcome> {
  const texts = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof texts) => ({
    isTerminal: world.terminal ?? false,
    columns: 80,
    write(text: string) {
      texts[name] += text;
      if (name === "stdout") world.onOutput?.(text);
    },
  });
  const code = await main(args, {
    stdin: world.stdin,
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    signal: world.signal ?? new AbortController().signal,
    env: (name) => world.env?.[name],
    listPorts: () => Promise.resolve([...world.ports ?? []]),
    target: (port) => world.boards?.[port] ?? port,
  });
  if (isJson(args)) checkAnswer(texts.stdout, code);
  return { code, ...texts };
}

/** Every JSON answer that any test gets is checked against what the docs say of it. */
function checkAnswer(stdout: string, code: number): void {
  const answer = JSON.parse(stdout);
  assert.equal(answer.ok, code === 0);
  for (const board of answer.boards ?? [answer]) {
    const command = COMMANDS.find(({ name }) => name === board.command);
    if (!board.ok) validate(board, FAILURE_SCHEMA);
    else if (command !== undefined) validate(board, successSchema(command));
  }
}

function isJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).includes("--json");
}

/** A folder that is gone when the test is over. */
export async function temporaryFolder(): Promise<
  AsyncDisposable & { readonly path: string; file(name: string): string }
> {
  const path = await Deno.makeTempDir({ prefix: "espline-cli-" });
  return {
    path,
    file: (name) => `${path}/${name}`,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** The names of the files in a folder, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name))
    .sort();
}
