/**
 * espline against real esptool, as whole processes: each writes and reads one
 * megabyte of the same virtual board over TCP, its flasher stub running. The
 * board answers at once, so what is measured is the host's own work, the start
 * of the process included. On hardware the wire's time comes on top of both.
 */

import { join } from "node:path";
import { equalBytes } from "../lib/bytes.ts";
import { findPeer } from "../tests/peers/_peers.ts";
import { pathOf, run } from "./_process.ts";

const SIZE = 0x10_0000;
const ADDRESS = "0x10000";
const ROUNDS = 3;

/** Starts a virtual board and waits for its URL. */
async function startBoard(): Promise<string> {
  const board = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", pathOf("../scripts/run_virtual_board.ts")],
      ...["--chip", "esp32", "--flash-size", "4MB", "--tcp", "0"],
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  globalThis.addEventListener("unload", () => board.kill());
  let said = "";
  for await (const text of board.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    const [url] = said.match(/socket:\/\/\S+(?=\s)/) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`Cannot start the virtual board: ${said}`);
}

async function registerBenches(esptool: string): Promise<void> {
  const folder = await Deno.makeTempDir();
  globalThis.addEventListener(
    "unload",
    () => Deno.removeSync(folder, { recursive: true }),
  );
  const firmware = join(folder, "firmware.bin");
  const copy = join(folder, "copy.bin");
  const data = new Uint8Array(SIZE);
  for (let at = 0; at < SIZE; at += 0x1_0000) {
    crypto.getRandomValues(data.subarray(at, at + 0x1_0000));
  }
  await Deno.writeFile(firmware, data);

  const port = [
    ...["--chip", "esp32", "--port", await startBoard()],
    ...["--before", "no-reset", "--after", "no-reset-stub"],
  ];
  const write = [...port, "write-flash", ADDRESS, firmware];
  const read = [...port, "read-flash", ADDRESS, String(SIZE), copy];
  const cli = ["run", "-A", pathOf("../lib/cli/main.ts")];
  const espline = (args: readonly string[]) =>
    run(Deno.execPath(), [...cli, ...args]);

  // Once each beforehand: starts the stub, fills caches, and shows that each reads what the other wrote.
  const pairs = [
    [() => run(esptool, write), () => espline(read)],
    [() => espline(write), () => run(esptool, read)],
  ] as const;
  for (const [writeOne, readOther] of pairs) {
    await writeOne();
    await readOther();
    if (!equalBytes(data, await Deno.readFile(copy))) {
      throw new Error("The flash does not hold what was written");
    }
  }

  const benches: readonly [group: string, args: readonly string[]][] = [
    ["write-flash, 1 MiB", write],
    ["read-flash, 1 MiB", read],
  ];
  for (const [group, args] of benches) {
    const common = { group, n: ROUNDS, warmup: 0 };
    Deno.bench({
      ...common,
      name: `espline ${group}`,
      baseline: true,
      // Deno.bench waits only for what is written as an async function.
      fn: async () => await espline(args),
    });
    Deno.bench({
      ...common,
      name: `esptool ${group}`,
      fn: async () => await run(esptool, args),
    });
  }
}

const esptool = findPeer("esptool");
if (esptool === undefined) {
  console.log("Skipped: no esptool in ESPLINE_PEER_BIN, .venv/bin or PATH");
} else {
  await registerBenches(esptool);
}
