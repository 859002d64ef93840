/**
 * Provisions virtual boards as a line provisions real ones. No hardware needed.
 * Least permissions: --allow-read (firmware), --allow-write=. (the inventory).
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { buildImage, chipById } from "../mod.ts";
import * as provision from "../lib/provision/mod.ts";
import { VirtualBoard } from "../lib/simulator/mod.ts";
const HELP = `Usage: deno task demo [--out inventory.csv] [--json] [FILE …]

Flashes two virtual boards of each chip family that the FILEs are for, all at
once, verifies and records them. Without a FILE it builds its own firmware.
Exit code: 0 if every board passed, 1 if one did not, 2 if the call is wrong.`;
const NEXT = `The same with real boards:
  deno task provision --port /dev/ttyUSB0 --port /dev/ttyUSB1 firmware.bin`;
/** A program that jumps to itself, and noise. */
function ownFirmware(id: string, entry: number): provision.Firmware {
  const chip = chipById(id);
  const data = crypto.getRandomValues(new Uint8Array(60_000));
  data.set([0x06, 0xff, 0xff]);
  const program = { entry, segments: [{ address: entry, data }] };
  const source = buildImage(program, { chip });
  const address = chip.flash.bootloaderOffset;
  return { chip: id, files: [{ address, source, name: `${id}.bin` }] };
}

async function main(): Promise<number> {
  const flag = { type: "boolean" } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: "string" }, json: flag, help: flag },
  });
  const { out = "inventory.csv", json } = values;
  if (values.help) return console.log(HELP), 0;
  const firmware = positionals[0]
    ? await provision.readFirmwareArguments(positionals)
    : [ownFirmware("esp8266", 0x4010_0000), ownFirmware("esp32", 0x4008_0000)];
  const boards = firmware.flatMap(({ chip }, i) =>
    ["1", "2"].map((name) => {
      const mac = `24:0a:c4:00:0${i}:0${name}`;
      return new VirtualBoard({ chip, mac, name, timing: "clocked" });
    })
  );
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort(new Error("Interrupted")));
  const color = Deno.stdout.isTerminal() && !Deno.noColor;
  const view = new provision.LineView(boards, process.stdout, { color });
  const results = await provision.runLine(boards, { name: "demo", firmware }, {
    signal: stop.signal,
    baud: 460_800,
    inventory: out,
    onEvent: json ? (e) => console.log(JSON.stringify(e)) : view.onEvent,
  });
  if (!json) console.log(`\n${provision.formatResults(results)}\n\n${NEXT}`);
  return results.every(({ result }) => result === "pass") ? 0 : 1;
}

Deno.exit(await main().catch((error) => (console.error(error.message), 2)));
