/**
 * Makes one inventory of several stations', and says what is wrong with it.
 * Least permissions: --allow-read; with --out --allow-write=.; with --store
 * also --allow-write, or --allow-net --allow-env for PostgreSQL.
 */
import { parseArgs } from "node:util";
import * as line from "../lib/provision/mod.ts";

const HELP = `Usage: merge_inventories.ts [--store WHERE] FILE …

Prints one CSV table with a row per device, as it was seen last, and complains
of what a person should look at: MAC addresses and serial numbers used twice,
numbers that no board has, boards that never passed, durations far off.

  --store WHERE       a station's store too: a file or postgres://…
  --check-digit KIND  how serial numbers end: luhn or damm
  --out FILE          put the devices into this inventory, and print no table
  --json              print devices and findings as JSON instead
Exit code: 0 if nothing was found, 1 if something was, 2 if the call is wrong.`;

async function main(): Promise<number> {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  const { values: args, positionals: files } = parseArgs({
    options: {
      ...{ store: text, "check-digit": text, out: text },
      ...{ json: flag, help: flag },
    },
    allowPositionals: true,
  });
  if (args.help) return console.log(HELP), 0;
  const { store: where, out, json, "check-digit": checkDigit } = args;
  if (!files[0] && !where) throw new TypeError("Give a FILE or a --store");
  if (
    checkDigit !== undefined && checkDigit !== "luhn" && checkDigit !== "damm"
  ) {
    throw new TypeError("--check-digit is luhn or damm");
  }
  // A name that is mistyped is no empty inventory.
  for (const file of [...files, where ?? []].flat()) {
    if (!file.includes("://")) await Deno.stat(file);
  }
  const tables = await Promise.all(files.map(line.readInventory));
  await using store = where ? await line.openStore(where) : undefined;
  if (store) tables.push(await line.attemptRows(store));
  const devices = line.mergeInventories(tables);
  const findings = line.checkInventory(tables.flat(), { checkDigit });
  if (out) await line.writeInventory(out, devices);
  if (json) console.log(JSON.stringify({ devices, findings }));
  else if (!out) console.log(line.formatInventory(devices).trimEnd());
  for (const { kind, message } of findings) {
    if (!json) console.error(`${kind}: ${message}`);
  }
  return findings.length === 0 ? 0 : 1;
}

Deno.exit(await main().catch((error) => (console.error(error.message), 2)));
