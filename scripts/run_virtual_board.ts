/**
 * Starts virtual boards that any program can open, and prints one URL or path a
 * line. Runs until Ctrl-C or SIGTERM.
 */
import { parseArgs } from "node:util";
import * as simulator from "../lib/simulator/mod.ts";

const USAGE =
  `Usage: run_virtual_board.ts --chip CHIP (--tcp PORT | --rfc2217 PORT | --pty)
  [--flash-size 4MB] [--mac ADDRESS] [--flash FILE [--write-back]] [--count N]
  [--baud-timing] [--fault NAME[@ARGUMENT]]...
PORT 0 is any free port. With --count, ports and MAC addresses count up.
With --write-back, FILE is what the flash holds when the board ends.
Faults: ${simulator.BEHAVIOR_NAMES.join(", ")}.`;
const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;
const options = {
  ...{ chip: text, mac: text, flash: text, "flash-size": text, tcp: text },
  ...{ rfc2217: text, count: { ...text, default: "1" }, pty: flag },
  ...{ "baud-timing": flag, "write-back": flag, help: flag },
  fault: { ...text, multiple: true, default: [] as string[] },
} as const;

async function run(boards: AsyncDisposableStack): Promise<void> {
  const { values: args } = parseArgs({ options });
  if (args.help) return console.log(USAGE);
  const { chip = "", mac, pty, "flash-size": flashSize } = args;
  const file = args.flash ?? "";
  const flash = file === "" ? undefined : await Deno.readFile(file);
  if (args["write-back"] && file === "") throw new Error("--flash is missing");
  if (!/^[1-9]\d{0,3}$/.test(args.count)) throw new Error("--count is wrong");
  const stopped = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGINT", stopped.resolve);
  const terminate = Deno.build.os === "windows" ? "SIGBREAK" : "SIGTERM";
  Deno.addSignalListener(terminate, stopped.resolve);
  for (let index = 0; index < Number(args.count); index++) {
    const behaviors = args.fault.map(simulator.parseBehavior);
    const timing = args["baud-timing"] ? "clocked" : "instant";
    const place = { chip, mac, index, flash, flashSize };
    const board = boards.use(
      new simulator.VirtualBoard({ ...place, timing, behaviors }),
    );
    const at = (first?: string) =>
      first === undefined ? first : Number(first) && Number(first) + index;
    const way = { tcp: at(args.tcp), rfc2217: at(args.rfc2217), pty };
    console.log(boards.use(await simulator.serveVirtualBoard(board, way)).url);
    if (!args["write-back"]) continue;
    boards.defer(() => Deno.writeFile(file, board.flash.read()));
  }
  await stopped.promise;
}

const boards = new AsyncDisposableStack();
const error = await run(boards).then(() => undefined, (error: Error) => error);
await boards.disposeAsync();
if (error !== undefined) console.error(`${error.message}\n\n${USAGE}`);
Deno.exit(error === undefined ? 0 : 2);
