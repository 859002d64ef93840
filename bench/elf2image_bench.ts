/**
 * `elf2image` of an application's ELF file of 3.8 MB, as whole processes:
 * espline against real esptool, in turns, the fastest run of each. Both images
 * are compared first. Run alone (`deno run -A bench/elf2image_bench.ts`), it
 * fails if espline takes more than half of esptool's time.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { equalBytes } from "../lib/bytes.ts";
import { findPeer } from "../tests/peers/_peers.ts";
import { pathOf, run } from "./_process.ts";

const ROUNDS = 10;
/** What espline may take, as a part of esptool's time. */
const LIMIT = 0.5;
const ELF = fileURLToPath(
  new URL("../../shared/data/elf/esp32-app-template.elf", import.meta.url),
);

/** Measures both, and yields espline's part of esptool's time. */
async function measure(esptool: string): Promise<number> {
  const folder = await Deno.makeTempDir();
  try {
    const output = (name: string) => join(folder, name);
    const args = (name: string) => [
      ...["--chip", "esp32", "elf2image", "-o", output(name), ELF],
    ];
    // As `deno task espline` runs it.
    const cli = [
      ...["run", `--lock=${pathOf("../deno.lock")}`, "--frozen", "-A"],
      pathOf("../lib/cli/main.ts"),
    ];
    const runs = {
      espline: () => run(Deno.execPath(), [...cli, ...args("espline")]),
      esptool: () => run(esptool, args("esptool")),
    };
    // Once each beforehand: fills caches, and shows that both make the same.
    await runs.espline();
    await runs.esptool();
    const [ours, theirs] = await Promise.all(
      [output("espline"), output("esptool")].map((path) => Deno.readFile(path)),
    );
    if (ours === undefined || theirs === undefined) throw new Error("No image");
    if (!equalBytes(ours, theirs)) throw new Error("The images differ");
    const best = { espline: Infinity, esptool: Infinity };
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ["espline", "esptool"] as const) {
        const start = performance.now();
        await runs[name]();
        best[name] = Math.min(best[name], performance.now() - start);
      }
    }
    const ratio = best.espline / best.esptool;
    console.log(
      `elf2image, 3.8 MB: espline ${best.espline.toFixed(1)} ms, esptool ${
        best.esptool.toFixed(1)
      } ms: ${ratio.toFixed(2)} of esptool's time`,
    );
    return ratio;
  } finally {
    await Deno.remove(folder, { recursive: true });
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
  const ratio = await measure(esptool);
  if (import.meta.main && ratio > LIMIT) Deno.exit(1);
}
