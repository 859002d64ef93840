/** Starts virtual boards that any program can open; prints one URL or path a line. */

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
Runs until Ctrl-C. PORT 0 is any free port; with --count, ports and MAC
addresses count up. --write-back stores one board's flash in FILE at the end.`;

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;
const { values: args } = parseArgs({
  options: {
    ...{ chip: text, mac: text, flash: text, "flash-size": text, tcp: text },
    ...{ rfc2217: text, count: { ...text, default: "1" }, pty: flag },
    ...{ "baud-timing": flag, "write-back": flag },
    fault: { ...text, multiple: true, default: [] as string[] },
  },
});
const { chip, mac, pty, flash: file } = args;
const writeBack = args["write-back"];
if (chip === undefined || (writeBack && (!file || args.count !== "1"))) {
  console.error(USAGE);
  Deno.exit(2);
}
const flash = file === undefined ? undefined : await Deno.readFile(file);
const stop = Promise.withResolvers<void>();
const signals = ["SIGINT", "SIGTERM"] as const;
// Windows knows no SIGTERM.
for (const signal of signals.slice(0, Deno.build.os === "windows" ? 1 : 2)) {
  Deno.addSignalListener(signal, stop.resolve);
}
const portOf = (first: string | undefined, index: number) =>
  first === undefined ? undefined : first === "0" ? 0 : Number(first) + index;
await using stack = new AsyncDisposableStack();
for (let index = 0; index < Number(args.count); index++) {
  const board = new VirtualBoard({
    ...{ chip, mac, index, flash, flashSize: args["flash-size"] },
    timing: args["baud-timing"] ? "clocked" : "instant",
    behaviors: args.fault.map(parseBehavior),
  });
  stack.use(board);
  const [tcp, rfc2217] = [portOf(args.tcp, index), portOf(args.rfc2217, index)];
  const server = await serveVirtualBoard(board, { tcp, rfc2217, pty });
  console.log(stack.use(server).url);
  if (writeBack && file !== undefined) {
    stack.defer(() => Deno.writeFile(file, board.flash.read()));
  }
}
await stop.promise;
await stack.disposeAsync();
Deno.exit();
