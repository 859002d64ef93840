/**
 * Gives many boards a job at once: flashed, verified, recorded.
 * Least permissions: --allow-ffi (serial ports), --allow-read --allow-write=.;
 * for jobs --allow-env, and --allow-net --allow-run for servers and programs.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { expandPorts } from "../mod.ts";
import * as line from "../lib/provision/mod.ts";
const HELP =
  `Usage: deno task provision --port PORT … (--job JOB | [ADDRESS] FILE …)
JOB is a job.yaml, job.json or module: docs/factory.md. A FILE without ADDRESS goes
to the one in its name (app-0x10000.bin) or where its chip looks for an image.
  --port PORT     a path, a URL (rfc2217://, socket://, sim://), or all
  --watch         take boards as they are plugged in, until Ctrl-C
  --slot AT=NAME  name a place (1-2.3, as list-ports tells) or a port
  --store WHERE   what keeps identities: a file (line.db) or postgres://…
  --dashboard[=HOST:PORT]  serve the operator's page (127.0.0.1:8787)
  --out FILE      the inventory (inventory.csv); --events FILE  every event
  --station NAME  --operator NAME  --baud BAUD  --chip CHIP (of all FILEs)
  --json          print each event as a line of JSON
Exit code: 0 if every board passed, 1 if one did not, 2 if the call is wrong.`;
const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
const many = { ...text, multiple: true, default: [] as string[] } as const;
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: Deno.args.map((word) => word.replace(/^--dashboard$/, "$&=:")),
    options: {
      ...{ port: many, slot: many, watch: flag, json: flag, help: flag },
      ...{ job: text, store: text, dashboard: text, out: text, events: text },
      ...{ station: text, operator: text, baud: text, chip: text },
    },
    allowPositionals: true,
  });
  const { baud: speed, json, watch, slot, out, events, ...args } = values;
  if (args.help) return console.log(HELP), 0;
  const ports = await expandPorts(args.port);
  if (!ports[0] && !watch) throw new TypeError("Give a --port or --watch");
  const job = await line.readJobArguments(positionals, args);
  const db = args.store ?? (job.identity && "line.db");
  await using store = db === undefined ? undefined : await line.openStore(db);
  const baud = speed === undefined ? undefined : Number(speed);
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort(new Error("Interrupted")));
  const results = await line.runStation(job, {
    ...{ ...args, ports, store, baud, inventory: out ?? "inventory.csv" },
    ...{ signal: stop.signal, eventLog: events, watch: watch ? {} : undefined },
    slots: Object.fromEntries(slot.map((pair) => pair.split(/=(?=[^=]*$)/))),
    onEvent: ({ slot, event }) =>
      json && console.log(JSON.stringify({ slot, ...event })),
    output: json ? undefined : process.stdout,
    color: Deno.stdout.isTerminal() && !Deno.noColor,
    onDashboard: (url) => console.error(`The operator's page: ${url}`),
    ...{ codes: Deno.stdin.readable, env: (name) => Deno.env.get(name) },
  });
  if (!json) console.log(`\n${line.formatResults(results)}`);
  return results.every(({ result }) => result === "pass") ? 0 : 1;
}
Deno.exit(await main().catch((error) => (console.error(error.message), 2)));
