#!/usr/bin/env -S deno run --allow-ffi --allow-net --allow-read --allow-write --allow-env
/**
 * The `espline` command line: `espline <verb> …`, for people and scripts that
 * know esptool. Everything it does is done through the library's public API.
 *
 * With `--json`, stdout gets one JSON object and nothing else; docs/json.md says
 * what is in it for each verb.
 *
 * @module
 */

import { loadCommands, VERBS } from "./commands.ts";
import type { Config } from "./config.ts";
import { formatFailure } from "./failure.ts";
import { type CliIo, systemIo } from "./io.ts";
import { type Grammar, helpText, parseCommandLine } from "./parse.ts";
import { expandResponseFiles } from "./response_file.ts";
import { failed, type Outcome, runCall } from "./run.ts";

export type { CliIo, KeySource, TextSink } from "./io.ts";

/**
 * Runs a command line.
 *
 * @param args What follows the program's name.
 * @param io The world around it; the process's own unless told otherwise.
 * @returns The exit code: 0 done, 1 trouble with the serial port, 2 a wrong
 * command line or a failure. Nothing is thrown.
 */
export async function main(
  args: readonly string[],
  io?: CliIo,
): Promise<number> {
  if (io !== undefined) return await runLine(args, io);
  using system = systemIo();
  return await runLine(args, system.io);
}

async function runLine(args: readonly string[], io: CliIo): Promise<number> {
  let json = wantsJson(args);
  let outcome: Outcome;
  try {
    const words = await expandResponseFiles(args);
    json ||= wantsJson(words);
    outcome = await runWords(words, io, json);
  } catch (error) {
    outcome = failed(error, io);
  }
  if (json) io.stdout.write(`${JSON.stringify(outcome.json)}\n`);
  else tellFailures(outcome, io);
  return outcome.exitCode;
}

async function runWords(
  words: readonly string[],
  io: CliIo,
  json: boolean,
): Promise<Outcome> {
  const env = (name: string) => io.env(name);
  const { columns } = io.stdout;
  const grammar: Grammar = { verbs: VERBS, env, columns };
  const parsed = await parseCommandLine(words, grammar);
  if (parsed.kind === "help") {
    const { text } = parsed;
    if (!json) io.stdout.write(`${text.trimEnd()}\n`);
    const report = { ok: true, command: "help", result: { text } };
    return { exitCode: 0, json: report, failures: [] };
  }
  let config: Promise<Config> | undefined;
  return await runCall(parsed, {
    io,
    config: () => config ??= readConfig(env),
    commands: loadCommands,
    usage: (verb) => helpText(verb, grammar),
  });
}

/** Only who talks to a board has a use for it. */
async function readConfig(env: CliIo["env"]): Promise<Config> {
  const { loadConfig } = await import("./config.ts");
  return await loadConfig(env);
}

function tellFailures({ failures }: Outcome, io: CliIo): void {
  const color = io.stderr.isTerminal && !io.env("NO_COLOR");
  for (const { port, failure } of failures) {
    io.stderr.write(formatFailure(failure, { color, port }));
  }
}

/** Whether to answer in JSON, known even if the rest cannot be understood. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).includes("--json");
}

if (import.meta.main) Deno.exit(await main(Deno.args));
