/**
 * Flashes boards, sees them start, and does so again: many at once.
 * Least permissions: --allow-ffi (serial ports), --allow-read (firmware),
 * --allow-net (ports on other hosts).
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { expandPorts } from "../mod.ts";
import * as line from "../lib/provision/mod.ts";
const HELP = `Usage: burn_in.ts --port PORT … --expect REGEX [ADDRESS] FILE …
Each round writes all FILEs, verifies them, resets the board and waits for a
line of its log. A board ends with its first round that fails.
  --port PORT    a path, a URL (rfc2217://, socket://, sim://), or all
  --expect REGEX what a line of the log must match
  --fail REGEX   what no line before it may match
  --times N      how many rounds (10)
  --baud BAUD    the stub's speed (460800); --log-baud BAUD, the log's (115200)
  --json         print each event as a line of JSON
Exit code: 0 if every round passed, 1 if one did not, 2 if the call is wrong.`;
async function main(): Promise<number> {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  const { values: args, positionals } = parseArgs({
    options: {
      ...{ expect: text, fail: text, times: text, baud: text, json: flag },
      "log-baud": text,
      ...{ port: { ...text, multiple: true, default: [] }, help: flag },
    },
    allowPositionals: true,
  });
  if (args.help) return console.log(HELP), 0;
  const { expect, fail, baud = "460800", json } = args;
  const rounds = Number(args.times ?? 10);
  const ports = await expandPorts(args.port);
  if (!ports[0] || !expect || !positionals[0] || !(rounds >= 1)) {
    throw new TypeError("Give --port, --expect, a FILE, and rounds from 1 on");
  }
  const firmware = await line.readFirmwareArguments(positionals);
  const job = await line.prepareJob({
    ...{ name: "burn-in", firmware, write: "always" },
    boot: { expect, fail, baud: Number(args["log-baud"] ?? 115200) },
  });
  const view = new line.LineView(ports, process.stdout);
  const onEvent = (event: line.LineEvent) =>
    json ? console.log(JSON.stringify(event)) : view.onEvent(event);
  const options = { baud: Number(baud), onEvent };
  const burnIn = async (port: string) => {
    for (let done = 0; done < rounds; done++) {
      const [last] = await line.runLine([port], job, options);
      if (last?.result !== "pass") return done;
    }
    return rounds;
  };
  const passed = await Promise.all(ports.map(burnIn));
  for (const [i, port] of ports.entries()) {
    if (!json) console.log(`${port}  ${passed[i]} of ${rounds} rounds passed`);
  }
  return passed.every((done) => done === rounds) ? 0 : 1;
}
Deno.exit(await main().catch((error) => (console.error(error.message), 2)));
