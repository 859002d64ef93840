/**
 * Copies one board's whole flash to many boards of its kind, all at once.
 * Least permissions: --allow-ffi (serial ports), --allow-net (ports on other
 * hosts); with --out also --allow-read=. --allow-write=.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { expandPorts, open, type OpenOptions } from "../mod.ts";
import * as line from "../lib/provision/mod.ts";

const HELP = `Usage: clone_board.ts --from PORT --to PORT …

Copies all that is in flash, serial numbers too: boards that need one of their
own want a job. Chips of another family and with less flash are refused.

  --from PORT  the board to copy: a path or a URL
  --to PORT    a board that gets the copy, or all for every other port
  --baud BAUD  the speed once the flasher stub runs (921600)
  --out FILE   put the copies into this inventory
  --json       print each event as a line of JSON
Exit code: 0 if every copy passed, 1 if one did not, 2 if the call is wrong.`;
const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;

async function main(): Promise<number> {
  const { values: args } = parseArgs({
    options: {
      ...{ from: text, out: text, json: flag, help: flag },
      baud: { type: "string", default: "921600" },
      to: { type: "string", multiple: true, default: [] },
    },
  });
  if (args.help) return console.log(HELP), 0;
  const { from, to, json, out: inventory } = args;
  const ports = (await expandPorts(to)).filter((port) => port !== from);
  if (!from || !ports[0]) throw new TypeError("Give --from and --to");
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort(new Error("Interrupted")));
  const view = new line.LineView([from, ...ports], process.stdout);
  const onEvent = (event: line.LineEvent) =>
    json ? console.log(JSON.stringify(event)) : view.onEvent(event);
  const options = { signal: stop.signal, baud: Number(args.baud), onEvent };
  const job = await readJob(from, { ...options, onProgress: onEvent });
  const results = await line.runLine(ports, job, { ...options, inventory });
  if (!json) console.log(`\n${line.formatResults(results)}`);
  return results.every(({ result }) => result === "pass") ? 0 : 1;
}

async function readJob(from: string, options: OpenOptions) {
  await using board = await open(from, options);
  const source = await board.readFlash(0, "all");
  const files = [{ address: 0, source, name: "flash" }];
  const name = `copy of ${await board.readMac()}`;
  return { name, firmware: [{ chip: board.chip.id, files }] };
}

Deno.exit(await main().catch((error) => (console.error(error.message), 2)));
