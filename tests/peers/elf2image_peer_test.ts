/** `elf2image` of real esptool and of espline, byte for byte. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { equalBytes } from "../../lib/bytes.ts";
import { runCli } from "../cli/_cli.ts";
import { casesOn, type Elf2imageCase, madeCases } from "./_elf2image_cases.ts";
import { compileFor } from "./_compiled_elf.ts";
import { type EsptoolResult, runEsptoolBatch } from "./_esptool_batch.ts";
import { missingTest, peerTest } from "./_peers.ts";

/** What one of the tools made of a case. */
interface Outcome {
  readonly accepted: boolean;
  readonly said: string;
  readonly files: readonly (readonly [name: string, data: Uint8Array])[];
}

/** ELF files that others made; see `../shared/data/README.md`. */
const SHARED = [
  ["esp32", "esp32-app-template.elf"],
  ["esp32", "esp32-bootloader.elf"],
  ["esp8266", "esp8266-nonosssdk20-iotdemo.elf"],
] as const;

peerTest(
  "elf2image makes what esptool makes",
  "esptool_python",
  async ({ esptool_python: python }) => {
    const cases = madeCases();
    assert.ok(cases.length >= 200, `${cases.length} cases`);
    await compare(python, cases);
  },
);

for (const [chip, name] of SHARED) {
  const path = fileURLToPath(
    new URL(`../../../shared/data/elf/${name}`, import.meta.url),
  );
  const bytes = readIfThere(path);
  if (bytes === undefined) {
    missingTest(`elf2image of ${name}`, `there is no ${path}`);
    continue;
  }
  peerTest(
    `elf2image makes of ${name} what esptool makes`,
    "esptool_python",
    ({ esptool_python: python }) => compare(python, casesOn(chip, name, bytes)),
  );
}

peerTest(
  "elf2image makes of what GCC compiled for the ESP8266 what esptool makes",
  ["esptool_python", "xtensa-lx106-elf-gcc"],
  async ({ esptool_python: python, "xtensa-lx106-elf-gcc": gcc }) => {
    const bytes = await compileFor("esp8266", gcc);
    await compare(python, casesOn("esp8266", "compiled", bytes));
  },
);

peerTest(
  "elf2image makes of what GCC compiled for RISC-V what esptool makes",
  ["esptool_python", "riscv64-unknown-elf-gcc"],
  async ({ esptool_python: python, "riscv64-unknown-elf-gcc": gcc }) => {
    const chips = ["esp32c3", "esp32c2", "esp32c6", "esp32c5", "esp32h2"];
    const cases: Elf2imageCase[] = [];
    for (const chip of [...chips, "esp32p4", "esp32c61", "esp32s31"]) {
      const bytes = await compileFor(chip, gcc);
      cases.push(...casesOn(chip, "compiled", bytes));
    }
    await compare(python, cases);
  },
);

/** Runs every case with both, and complains of all that differ at once. */
async function compare(
  python: string,
  cases: readonly Elf2imageCase[],
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const calls = cases.map(({ chip, args }, index) => ({
      cwd: `${folder}/esptool-${index}`,
      args: ["--chip", chip, "elf2image", ...args, "a.elf"],
    }));
    for (const [index, { cwd }] of calls.entries()) {
      await Deno.mkdir(cwd);
      await Deno.writeFile(`${cwd}/a.elf`, cases[index]?.bytes ?? fail());
    }
    const theirs = await runEsptoolBatch(python, calls);
    const problems: string[] = [];
    for (const [index, one] of cases.entries()) {
      const cwd = `${folder}/espline-${index}`;
      await Deno.mkdir(cwd);
      const problem = difference(
        one,
        await outcomeOf(`${folder}/esptool-${index}`, theirs[index] ?? fail()),
        await runOurs(cwd, one),
      );
      if (problem !== undefined) {
        const { chip, args, elf } = one;
        problems.push(`${chip} ${args.join(" ")} (${elf}): ${problem}`);
      }
    }
    assert.deepEqual(problems, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What is wrong with a pair of outcomes, if anything is. */
function difference(
  { excuse }: Elf2imageCase,
  theirs: Outcome,
  ours: Outcome,
): string | undefined {
  const word = ({ accepted }: Outcome) => accepted ? "accepts" : "refuses";
  const both = `esptool ${word(theirs)}, espline ${word(ours)}`;
  const said = `${both}: ${theirs.said.trim()} / ${ours.said.trim()}`;
  const bytes = compareFiles(theirs.files, ours.files);
  if (excuse !== undefined) {
    const { esptool, espline, reason } = excuse;
    const expected = `esptool ${esptool}, espline ${espline}`;
    if (both !== expected) return `excused with "${reason}", but ${said}`;
    const differs = esptool !== espline || bytes !== undefined;
    return differs ? undefined : `excused with "${reason}", but both agree`;
  }
  if (theirs.accepted !== ours.accepted) return said;
  return bytes;
}

function compareFiles(
  theirs: Outcome["files"],
  ours: Outcome["files"],
): string | undefined {
  const names = (files: Outcome["files"]) => files.map(([name]) => name).join();
  if (names(theirs) !== names(ours)) {
    return `esptool makes ${names(theirs)}, espline ${names(ours)}`;
  }
  for (const [index, [name, data]] of theirs.entries()) {
    const mine = ours[index]?.[1] ?? fail();
    if (equalBytes(data, mine)) continue;
    const at = data.findIndex((byte, i) => byte !== mine[i]);
    return `${name}: ${data.length} and ${mine.length} bytes, other at ${at}`;
  }
  return undefined;
}

async function outcomeOf(
  folder: string,
  { code, output }: EsptoolResult,
): Promise<Outcome> {
  const files: [string, Uint8Array][] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name === "a.elf") continue;
    files.push([name, await Deno.readFile(`${folder}/${name}`)]);
  }
  files.sort(([a], [b]) => a < b ? -1 : 1);
  return { accepted: code === 0, said: output.slice(-300), files };
}

/** espline runs in this process, and is told whole paths where esptool has its own folder. */
async function runOurs(
  cwd: string,
  { chip, args, bytes }: Elf2imageCase,
): Promise<Outcome> {
  const file = `${cwd}/a.elf`;
  await Deno.writeFile(file, bytes);
  const line = args.map((word, i) =>
    args[i - 1] === "-o" ? `${cwd}/${word}` : word
  );
  const { code, stdout, stderr } = await runCli(
    ["--chip", chip, "elf2image", ...line, file],
  );
  if (code !== 0) {
    assert.equal(code, 2);
    assert.match(stderr, /^(Usage error|A fatal error occurred): \S.*\S/);
  }
  return await outcomeOf(cwd, { code, output: stdout + stderr });
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function fail(): never {
  throw new Error("A case without a result");
}
