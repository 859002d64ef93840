/**
 * Provisions virtual boards as a line provisions real ones. No hardware needed.
 * Least permissions: --allow-read (firmware), --allow-write=. (the inventory);
 * with --dashboard also --allow-net=127.0.0.1.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import * as line from "../lib/provision/mod.ts";
import { VirtualBoard } from "../lib/simulator/mod.ts";
import { APP_TEXT, demoJob } from "./_demo_job.ts";
const HELP =
  `Usage: deno task demo [--dashboard] [--labels FOLDER] [--out FILE] [--json] [FILE …]

Gives two virtual boards of each chip family a serial number and firmware, its
own or the FILEs, all at once, and records them in an inventory (inventory.csv).
With --dashboard the operator's page shows it, until Ctrl-C; with --labels FOLDER
each board gets a label there.
Exit code: 0 if every board passed, 1 if one did not, 2 if the call is wrong.`;
const NEXT =
  `The same with real boards; docs/factory.md tells what else a job does:
  deno task provision --port /dev/ttyUSB0 --port /dev/ttyUSB1 firmware.bin`;

async function main(): Promise<number> {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  const { values, positionals: files } = parseArgs({
    args: Deno.args.map((word) => word.replace(/^--dashboard$/, "$&=:")),
    options: {
      ...{ out: text, labels: text, dashboard: text, json: flag, help: flag },
    },
    allowPositionals: true,
  });
  const { dashboard, json, out: inventory = "inventory.csv" } = values;
  if (values.help) return console.log(HELP), 0;
  const job = await line.prepareJob(await demoJob(files, values.labels));
  const ports = job.firmware.flatMap(({ chip: { id: chip } }, index) =>
    ["1", "2"].map((name) => {
      const mac = `24:0a:c4:00:0${index}:0${name}`;
      const options = { chip, mac, name, appText: APP_TEXT };
      return new VirtualBoard({ ...options, timing: "clocked" });
    })
  );
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort(new Error("Interrupted")));
  await using store = await line.openStore(":memory:");
  const results = await line.runStation(job, {
    ...{ ports, store, inventory, dashboard, signal: stop.signal },
    baud: 460_800,
    onEvent: ({ slot, event }) =>
      json && console.log(JSON.stringify({ slot, ...event })),
    output: json ? undefined : process.stdout,
    color: Deno.stdout.isTerminal() && !Deno.noColor,
    onDashboard: (url) => console.error(`The operator's page: ${url}`),
  });
  if (!json) console.log(`\n${line.formatResults(results)}\n\n${NEXT}`);
  return results.every(({ result }) => result === "pass") ? 0 : 1;
}

Deno.exit(await main().catch((error) => (console.error(error.message), 2)));
