/**
 * `monitor`: the result is `{ lines, ms, matched? }`, where `matched`, with
 * `--expect`, is `{ line, groups, named }`.
 *
 * @module
 */

import { chipById } from "../../chips/registry.ts";
import { LogFilter } from "../../monitor/mod.ts";
import { type Command, defineCommand } from "../command.ts";
import { parsePattern, parseSeconds } from "../monitor_expect.ts";
import type { LineEnd } from "../monitor_keys.ts";
import { flag, setting } from "../options.ts";
import { findPorts } from "../port_choice.ts";
import {
  integer,
  listOf,
  mapOf,
  maybe,
  number,
  object,
  text,
} from "../schema.ts";
import { oneOf, parseBaud } from "../values.ts";

const DEFAULT_BAUD = 115_200;

const OPTIONS = {
  baud: setting<number | undefined>({
    flags: "-b, --baud <baud>",
    summary:
      "the speed (default: that of the boot log of --chip, 74880 for esp8266; else 115200)",
    env: "MONITOR_BAUD",
    fallback: undefined,
    parse: parseBaud,
  }),
  elf: setting<string | undefined>({
    flags: "--elf <file>",
    summary:
      "the program on the board: addresses become function, file and line",
    fallback: undefined,
    parse: String,
  }),
  reset: flag("--reset", "reset the board first; else it is left as it is"),
  filter: setting({
    flags: "--filter <rules>",
    aliases: ["--print-filter"],
    summary:
      'show only these tags and levels of ESP-IDF\'s log: "wifi:V *:W" (levels N, E, W, I, D, V)',
    fallback: new LogFilter(""),
    parse: (rules) => new LogFilter(rules),
  }),
  timestamps: flag("--timestamps", "show the local time before each line"),
  saveLog: setting<string | undefined>({
    flags: "--save-log <file>",
    summary: "save what is shown to a file as well, without colours",
    fallback: undefined,
    parse: String,
  }),
  noColor: flag(
    "--no-color",
    "leave out colours (also: NO_COLOR, and in a pipe)",
  ),
  noExplain: flag("--no-explain", "leave out what boot logs and crashes mean"),
  noReconnect: flag(
    "--no-reconnect",
    "end when the port goes, with exit code 1",
  ),
  eol: setting<LineEnd>({
    flags: "--eol <end>",
    summary: "what Enter sends: cr, lf or crlf (default: cr)",
    fallback: "cr",
    parse: oneOf(["cr", "lf", "crlf"]),
  }),
  expect: setting<RegExp | undefined>({
    flags: "--expect <regex>",
    summary: "end with exit code 0 as soon as a line matches",
    fallback: undefined,
    parse: parsePattern,
  }),
  timeout: setting<number | undefined>({
    flags: "--timeout <seconds>",
    summary:
      "end after this time: with exit code 2 if --expect has found nothing, else 0",
    fallback: undefined,
    parse: parseSeconds,
  }),
};

/** Shows what a board says, and sends it what is typed. */
export const monitor: Command = defineCommand({
  name: "monitor",
  summary: "show what a board says, with its boot log and crashes explained",
  arguments: {},
  options: OPTIONS,
  examples: [
    {
      line: "monitor --elf build/app.elf --reset",
      does: "starts the program and decodes the addresses that it prints",
    },
    {
      line: "--chip esp8266 monitor",
      does: "shows an ESP8266's boot log, at 74880 baud",
    },
    {
      line: 'monitor --reset --expect "Got IP: ([0-9.]+)" --timeout 30 --json',
      does: "is a step of a test that tells the address it has waited for",
    },
  ],
  result: object({
    lines: integer("how many lines came"),
    ms: number("how long it took, in milliseconds"),
    matched: maybe(object({
      line: text("the line that --expect matched, without colours"),
      groups: listOf(
        text("what a group matched"),
        "what its groups matched, in their order; empty for one that took no part",
      ),
      named: mapOf(text("what it matched"), "the same for groups with a name"),
    }, "what --expect found")),
  }),
  async run(call) {
    const { io, globals, board, options } = call;
    const [port = ""] = globals.port === undefined
      ? await findPorts(io, globals.portFilters)
      : [globals.port];
    board.port = port;
    const chip = globals.chip === "auto" ? undefined : globals.chip;
    const baud = options.baud ??
      (chip === undefined ? DEFAULT_BAUD : chipById(chip).rom.bootLogBaud);
    const { runMonitor } = await import("../monitor_session.ts");
    const result = await runMonitor(call, { ...options, port, chip, baud });
    return { port, result };
  },
});
