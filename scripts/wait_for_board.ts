/**
 * Waits for a board, reads its MAC address, and runs a command for it.
 * Least permissions: --allow-ffi (serial ports) or --allow-net (ports on other
 * hosts), and --allow-run for the command.
 */
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { EspError, listPorts, open } from "../mod.ts";
const HELP = `Usage: wait_for_board.ts [--port PORT] [-- COMMAND …]

Waits until a board answers, and resets it into its application. In COMMAND
{port}, {mac} and {chip} stand for what they say; without one they are printed.
  --port PORT        the port (the first with USB on which a board answers)
  --timeout SECONDS  how long to wait (60)
  --json             print the board as JSON before the command runs
Exit code: the command's; 1 if no board came, 2 if the call is wrong.`;
const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
async function find(given: string | undefined, ms: number) {
  const deadline = performance.now() + ms;
  for (let reason = "there is no port with USB";;) {
    const usb = given ? [] : await listPorts();
    const paths = usb.flatMap((port) => port.usbVendorId ? port.path : []);
    for (const port of given ? [given] : paths) {
      try {
        await using board = await open(port, { attempts: 1, stub: false });
        return { port, mac: await board.readMac(), chip: board.chip.name };
      } catch (error) {
        if (!(error instanceof EspError)) throw error;
        reason = error.message;
      }
    }
    if (performance.now() > deadline) return reason;
    await setTimeout(250);
  }
}

async function main(): Promise<number> {
  const { values: args, positionals: [program, ...words] } = parseArgs({
    options: { port: text, timeout: text, json: flag, help: flag },
    allowPositionals: true,
  });
  if (args.help) return console.log(HELP), 0;
  const ms = Number(args.timeout ?? 60) * 1000;
  if (!(ms >= 0)) throw new TypeError("--timeout wants seconds");
  const board = await find(args.port, ms);
  if (typeof board === "string") return console.error(board), 1;
  if (args.json) console.log(JSON.stringify(board));
  else if (!program) console.log(Object.values(board).join("  "));
  if (!program) return 0;
  const { port, mac, chip } = board;
  const fill = (word: string) =>
    word.replaceAll("{port}", port).replaceAll("{mac}", mac)
      .replaceAll("{chip}", chip);
  const command = new Deno.Command(program, { args: words.map(fill) });
  return (await command.spawn().status).code;
}

Deno.exit(await main().catch((error) => (console.error(error.message), 2)));
