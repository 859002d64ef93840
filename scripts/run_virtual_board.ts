/**
 * Starts virtual boards that any program can open, and prints one URL or path a
 * line. Runs until Ctrl-C or SIGTERM.
 */

import { parseArgs } from "node:util";
import {
  parseBehavior,
  serveVirtualBoard,
  VirtualBoard,
} from "../lib/simulator/mod.ts";

const USAGE =
  `Usage: run_virtual_board.ts --chip CHIP (--tcp PORT | --rfc2217 PORT | --pty)
  [--flash-size 4MB] [--mac ADDRESS] [--flash FILE [--write-back]] [--count N]
  [--baud-timing] [--fault NAME[@ARGUMENT]]...
PORT 0 is any free port. With --count, ports and MAC addresses count up.
With --write-back, FILE is what the flash holds when the board ends.`;

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;
const { values: args } = parseArgs({
  options: {
    ...{ chip: text, mac: text, flash: text, "flash-size": text, tcp: text },
    ...{ rfc2217: text, count: { ...text, default: "1" }, pty: flag },
    ...{ "baud-timing": flag, "write-back": flag, help: flag },
    fault: { ...text, multiple: true, default: [] as string[] },
  },
});

function nthPort(first: string | undefined, index: number) {
  if (first === undefined) return undefined;
  return first === "0" ? 0 : Number(first) + index;
}

if (args.help || args.chip === undefined) {
  console.log(USAGE);
  Deno.exit(args.help ? 0 : 2);
}
const stopped = Promise.withResolvers<void>();
Deno.addSignalListener("SIGINT", stopped.resolve);
if (Deno.build.os !== "windows") {
  Deno.addSignalListener("SIGTERM", stopped.resolve);
}
const file = args.flash;
const flash = file === undefined ? undefined : await Deno.readFile(file);
await using stack = new AsyncDisposableStack();
for (let index = 0; index < Number(args.count); index++) {
  const board = stack.use(
    new VirtualBoard({
      ...{ chip: args.chip, mac: args.mac, index, flash },
      flashSize: args["flash-size"],
      timing: args["baud-timing"] ? "clocked" : "instant",
      behaviors: args.fault.map(parseBehavior),
    }),
  );
  const tcp = nthPort(args.tcp, index);
  const rfc2217 = nthPort(args.rfc2217, index);
  const { pty } = args;
  const server = stack.use(
    await serveVirtualBoard(board, { tcp, rfc2217, pty }),
  );
  console.log(server.url);
  if (args["write-back"] && file !== undefined) {
    stack.defer(() => Deno.writeFile(file, board.flash.read()));
  }
}
await stopped.promise;
await stack.disposeAsync();
Deno.exit(0);
