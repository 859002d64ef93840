/**
 * Reads what boards are, many at once, without writing to their flash.
 * Least permissions: --allow-ffi (serial ports), --allow-net (ports on other
 * hosts); with --out also --allow-read=. --allow-write=.
 */
import { parseArgs } from "node:util";
import { expandPorts } from "../mod.ts";
import * as provision from "../lib/provision/mod.ts";

const HELP = `Usage: deno task inventory --port PORT …

Reads MAC address, chip, revision, features and flash of every board, and
prints them as CSV. The boards are reset before and after; their flash is not
written to.

  --port PORT   a path, a URL (rfc2217://, socket://, sim://), or all
  --out FILE    put the boards into this inventory, and print a table instead
  --json        print one line of JSON for each board instead
  --help        print this
Exit code: 0 if every board was read, 1 if one was not, 2 if the call is wrong.`;

async function main(): Promise<number> {
  const { values: { help, json, out, port } } = parseArgs({
    options: {
      port: { type: "string", multiple: true, default: [] },
      out: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (help) return console.log(HELP), 0;
  const ports = await expandPorts(port);
  if (!ports[0]) throw new TypeError("Give at least one PORT");
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  const results = await provision.inspectLine(ports, {
    signal: stop.signal,
    inventory: out,
  });
  if (json) results.forEach((result) => console.log(JSON.stringify(result)));
  else if (out !== undefined) console.log(provision.formatResults(results));
  else {
    const rows = provision.inventoryRows(results);
    console.log(provision.formatInventory(rows).trimEnd());
  }
  for (const { failure } of results) {
    if (failure) console.error(failure.message);
  }
  return results.every(({ result }) => result === "pass") ? 0 : 1;
}

Deno.exit(await main().catch((error) => (console.error(error.message), 2)));
