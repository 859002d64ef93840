/**
 * `elf2image` of an application's ELF file of 3.8 MB, as whole processes:
 * espline against real esptool. Both images are compared first.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { equalBytes } from "../lib/bytes.ts";
import { findPeer } from "../tests/peers/_peers.ts";
import { pathOf, run } from "./_process.ts";

const ROUNDS = 10;
const ELF = fileURLToPath(
  new URL("../../shared/data/elf/esp32-app-template.elf", import.meta.url),
);

async function registerBenches(esptool: string): Promise<void> {
  const folder = await Deno.makeTempDir();
  globalThis.addEventListener(
    "unload",
    () => Deno.removeSync(folder, { recursive: true }),
  );
  const output = (name: string) => join(folder, name);
  const args = (name: string) => [
    ...["--chip", "esp32", "elf2image", "-o", output(name), ELF],
  ];
  const cli = ["run", "-A", pathOf("../lib/cli/main.ts")];
  const benches: readonly [name: string, fn: () => Promise<void>][] = [
    ["espline", () => run(Deno.execPath(), [...cli, ...args("espline.bin")])],
    ["esptool", () => run(esptool, args("esptool.bin"))],
  ];
  // Once each beforehand: fills caches, and shows that both make the same.
  for (const [, fn] of benches) await fn();
  const images = await Promise.all(
    benches.map(([name]) => Deno.readFile(output(`${name}.bin`))),
  );
  const [ours = new Uint8Array(), theirs = new Uint8Array()] = images;
  if (!equalBytes(ours, theirs)) throw new Error("The images differ");

  for (const [name, fn] of benches) {
    Deno.bench({
      name: `${name} elf2image, 3.8 MB`,
      group: "elf2image, 3.8 MB",
      baseline: name === "espline",
      n: ROUNDS,
      warmup: 0,
      // Deno.bench waits only for what is written as an async function.
      fn: async () => await fn(),
    });
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const esptool = findPeer("esptool");
if (esptool === undefined) {
  console.log("Skipped: no esptool in ESPLINE_PEER_BIN, .venv/bin or PATH");
} else if (!isThere(ELF)) {
  console.log(`Skipped: no ELF file at ${ELF}`);
} else {
  await registerBenches(esptool);
}
