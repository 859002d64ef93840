/**
 * Erases what a board has learned, by its partition table, and keeps who it is.
 * Least permissions: --allow-ffi (serial ports) or --allow-net (ports on other hosts).
 */
import { parseArgs } from "node:util";
import { expandPorts, open, readPartitionTable } from "../mod.ts";
import { findPartition } from "../lib/image/mod.ts";
const HELP = `Usage: factory_reset.ts --port PORT … --keep PARTITION …
Erases every data partition but those named: settings, files, OTA data. Keeps
applications, read-only partitions, NVS keys, RF calibration and emulated eFuses,
without which boards do not start or cannot read what they keep.

  --port PORT       a path, a URL (rfc2217://, socket://, sim://), or all
  --keep PARTITION  the partition with the board's identity, by name
  --dry-run         print what would be erased
  --json            print one line of JSON for each board
Exit code: 0 if every board was reset, 1 if one was not, 2 if the call is wrong.`;
/** Of ESP-IDF's types and subtypes: data; phy, nvs_keys, efuse_em. */
const [DATA, VITAL] = [1, [1, 4, 5]];

async function resetBoard(port: string, keep: string[], dry = false) {
  await using board = await open(port);
  const { partitions } = await readPartitionTable(board);
  keep.forEach((name) => findPartition(partitions, name));
  const lost = partitions.filter(({ type, subtype, readonly, name }) => {
    const stays = keep.includes(name) || VITAL.includes(subtype);
    return type === DATA && !stays && !readonly;
  });
  for (const { offset, size } of dry ? [] : lost) {
    await board.eraseRegion(offset, size);
  }
  const erased = lost.map(({ name }) => name);
  return { port, mac: await board.readMac(), erased };
}

async function main(): Promise<number> {
  const flag = { type: "boolean" } as const;
  const many = { type: "string", multiple: true } as const;
  const { values: args } = parseArgs({
    options: {
      ...{ port: many, keep: many, json: flag },
      "dry-run": flag,
      help: flag,
    },
  });
  if (args.help) return console.log(HELP), 0;
  const { keep, json } = args;
  const ports = await expandPorts(args.port ?? []);
  if (!ports[0] || !keep) throw new TypeError("Give --port and --keep");
  const work = ports.map((port) => resetBoard(port, keep, args["dry-run"]));
  const done = await Promise.allSettled(work);
  for (const board of done) {
    if (board.status === "rejected") console.error(board.reason.message);
    else if (json) console.log(JSON.stringify(board.value));
    else console.log(Object.values(board.value).join("  "));
  }
  return done.every(({ status }) => status === "fulfilled") ? 0 : 1;
}
Deno.exit(await main().catch((error) => (console.error(error.message), 2)));
