#!/usr/bin/env -S deno run --allow-ffi --allow-net --allow-read --allow-write --allow-env
/**
 * The `espline` command line: `espline <verb> …`, for people and scripts that
 * know esptool. Everything it does is done through the library's public API.
 *
 * With `--json`, stdout gets one JSON object and nothing else:
 *
 * ```
 * { "ok": true, "command": "read-mac", "port": "/dev/ttyUSB0", "chip": { … }, "result": { … } }
 * { "ok": false, "command": "read-mac", "error": { "code": "port-busy", "message": "…", "hint": "…" } }
 * ```
 *
 * `port` and `chip` (a {@linkcode ChipIdentity}) are there where the verb has a
 * port; `result` is what the verb's help says; `code` is an `EspErrorCode`, or
 * `usage`, `aborted` or `failed`; `flash` tells in words what an unfinished
 * verb has left in the flash. Numbers are plain: bytes, milliseconds, addresses.
 *
 * @module
 */

import { COMMANDS } from "./commands.ts";
import { FlashState } from "./flash_state.ts";
import { type CliIo, systemIo } from "./io.ts";
import { type Grammar, helpText, parseCommandLine } from "./parse.ts";
import { describeFailure, type Failure, formatFailure } from "./failure.ts";
import { Screen } from "./screen.ts";

export type { CliIo, TextSink } from "./io.ts";

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
  const json = wantsJson(args);
  const screen = new Screen(io.stdout, { silent: json });
  const flash = new FlashState();
  const seen: { command?: string } = {};
  try {
    const report = await runVerb(args, io, screen, flash, seen);
    screen.endLine();
    if (json) writeJson(io, { ok: true, ...seen, ...report });
    return 0;
  } catch (error) {
    screen.endLine();
    const failure = describeFailure(error, io.signal, flash);
    if (json) writeJson(io, { ok: false, ...seen, ...jsonOf(failure) });
    else io.stderr.write(formatFailure(failure, useColor(io)));
    return failure.exitCode;
  }
}

async function runVerb(
  args: readonly string[],
  io: CliIo,
  screen: Screen,
  flash: FlashState,
  seen: { command?: string },
): Promise<object> {
  const grammar: Grammar = {
    commands: COMMANDS,
    env: (name) => io.env(name),
    columns: io.stdout.columns,
  };
  const parsed = parseCommandLine(args, grammar);
  if (parsed.kind === "help") {
    screen.line(parsed.text.trimEnd());
    return { command: "help", result: { text: parsed.text } };
  }
  const { command, ...values } = parsed;
  seen.command = command.name;
  io.signal.throwIfAborted();
  return await command.run({
    ...values,
    io,
    screen,
    flash,
    usage: (verb) => helpText(verb, grammar),
  });
}

/** Whether to answer in JSON, known even if the rest cannot be understood. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).includes("--json");
}

function jsonOf({ code, message, hint, flash }: Failure): object {
  return {
    error: { code, message, ...(hint && { hint }) },
    ...(flash && { flash }),
  };
}

function writeJson(io: CliIo, value: object): void {
  io.stdout.write(`${JSON.stringify(value)}\n`);
}

function useColor(io: CliIo): boolean {
  return io.stderr.isTerminal && !io.env("NO_COLOR");
}

if (import.meta.main) Deno.exit(await main(Deno.args));
