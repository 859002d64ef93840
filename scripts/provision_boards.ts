/**
 * Flashes many boards at once, verifies them, and records them.
 * Least permissions: --allow-ffi (serial ports), --allow-read (firmware and
 * inventory), --allow-write=. (inventory), --allow-net (ports on other hosts).
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { listPorts } from "../mod.ts";
import * as provision from "../lib/provision/mod.ts";

const HELP = `Usage: deno task provision --port PORT … [ADDRESS] FILE …

A FILE without an ADDRESS goes to the one in its name (app-0x10000.bin) or, if
it is an image, to where its chip looks for one. A board gets its family's files.

  --port PORT   a path, a URL (rfc2217://, socket://, sim://), or all
  --baud BAUD   the speed once the flasher stub runs (115200)
  --chip CHIP   the family that all files are for (told by the images)
  --out FILE    the inventory (inventory.csv)
  --json        print each event as a line of JSON
Exit code: 0 if every board passed, 1 if one did not, 2 if the call is wrong.`;

async function main(): Promise<number> {
  const { values: { help, json, ...values }, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string", multiple: true, default: [] },
      baud: { type: "string", default: "115200" },
      chip: { type: "string" },
      out: { type: "string", default: "inventory.csv" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (help) return console.log(HELP), 0;
  const found = values.port.includes("all") ? await listPorts() : [];
  const all = found.map(({ path }) => path);
  const ports = values.port.flatMap((port) => port === "all" ? all : [port]);
  if (!ports[0] || !positionals[0]) {
    throw new TypeError("Give at least one --port and one FILE");
  }
  const firmware = await provision.readFirmwareArguments(positionals, values);
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort(new Error("Interrupted")));
  const job = { name: positionals.join(" "), firmware };
  const color = Deno.stdout.isTerminal() && !Deno.noColor;
  const view = new provision.LineView(ports, process.stdout, { color });
  const results = await provision.runLine(ports, job, {
    signal: stop.signal,
    baud: Number(values.baud),
    inventory: values.out,
    onEvent: json ? (e) => console.log(JSON.stringify(e)) : view.onEvent,
  });
  if (!json) console.log(`\n${provision.formatResults(results)}`);
  return results.every(({ result }) => result === "pass") ? 0 : 1;
}

Deno.exit(await main().catch((error) => (console.error(error.message), 2)));
