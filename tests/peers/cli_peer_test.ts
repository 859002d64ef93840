/**
 * Real esptool and espline run the same verb on two virtual boards that are
 * alike: exit code, flash, RAM, files written and the lines that wrappers look
 * for must be the same. The cases are in `_cli_cases.ts`.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readUint32 } from "../../lib/bytes.ts";
import { chipById } from "../../mod.ts";
import { formatIntelHex } from "../../lib/image/mod.ts";
import { VirtualBoard } from "../../lib/simulator/mod.ts";
import { makeImage, noise } from "../cli/_boards.ts";
import { runCli, temporaryFolder } from "../cli/_cli.ts";
import { CASE_GROUPS, type CaseGroup } from "./_cli_cases.ts";
import { runEsptool } from "./_esptool.ts";
import { peerTest } from "./_peers.ts";

/** How many cases run at once: esptool waits as much as it works. */
const AT_ONCE = 3;

/** Lines that must be the same; the part before `in T seconds`, where there is one. */
const STABLE = [
  /^(Connected to .+) on /gm,
  /^(Chip type: +.+)$/gm,
  /^(Features: +.+)$/gm,
  /^(Crystal frequency: +.+)$/gm,
  /^(MAC: +.+)$/gm,
  /^(Chip ID: .+)$/gm,
  /^(Manufacturer: .+)$/gm,
  /^(Device: .+)$/gm,
  /^(Detected flash size: .+)$/gm,
  /^(Flash type set in eFuse: .+)$/gm,
  /^(Flash voltage set by .+)$/gm,
  /^(Flash parameters set to .+)$/gm,
  /^(Wrote \d+ bytes).* at 0x/gm,
  /^Wrote .*( at 0x\w+) in .*\(.* kbit\/s\)\.$/gm,
  /^(Hash of data verified\.)$/gm,
  /^(.* already in flash, skipping write\.)$/gm,
  /^(Verification successful.*)$/gm,
  /^(Verification failed.*)$/gm,
  /^( {3}0x\w{8} \w\w \w\w)$/gm,
  /^(Read \d+ bytes from 0x\w+) in /gm,
  /^(Flash memory erased successfully)/gm,
  /^(Flash memory region erased successfully) in /gm,
  /^((?:Initial f|Setting f|After f|F)lash memory status: .*)$/gm,
  /^(Flash memory SFDP\[.*?) *$/gm,
  /^(Loaded \d+ segments) .*(executing at 0x\w+\.)$/gm,
  /^(0x\w+ = 0x\w+)$/gm,
  /^(Wrote 0x.*)$/gm,
  /^(Security Information:)$/gm,
  /^(Flags: .*)$/gm,
  /^(Key Purposes: .*)$/gm,
  /^( {2}BLOCK_KEY\d - .*)$/gm,
  /^(API Version: .*)$/gm,
  /^(Secure Boot: .*)$/gm,
  /^(Flash Encryption: .*)$/gm,
  /^(SPI Boot Crypt Count .*)$/gm,
  /^(Hard resetting via RTS pin\.\.\.)$/gm,
  /^(Staying in .*)$/gm,
];

for (const group of CASE_GROUPS) {
  for (const chip of group.chips) {
    peerTest(
      `espline does as esptool does: ${chip}, ${group.name}`,
      "esptool",
      (paths) => compareAll(group, chip, paths.esptool),
    );
  }
}

async function compareAll(
  { lines, board, bytesOnly = false }: CaseGroup,
  chip: string,
  esptool: string,
): Promise<void> {
  const failures: string[] = [];
  const left = [...lines];
  const work = async () => {
    for (let line = left.shift(); line !== undefined; line = left.shift()) {
      try {
        await compare({ chip, line, board, bytesOnly }, esptool);
      } catch (error) {
        failures.push(`${line}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  assert.equal(failures.length, 0, failures.join("\n\n"));
}

interface Case {
  readonly chip: string;
  readonly line: string;
  readonly board: CaseGroup["board"];
  readonly bytesOnly: boolean;
}

async function compare(tried: Case, esptool: string): Promise<void> {
  await using ours = await prepare(tried);
  await using theirs = await prepare(tried);
  const [own, real] = await Promise.all([
    runCli(["--port", "bench", ...ours.words], {
      boards: { bench: ours.board },
    }),
    runEsptool(esptool, theirs.words, theirs.board),
  ]);
  const context =
    `\nesptool said:\n${real.output}\nespline said:\n${own.stdout}${own.stderr}`;
  assert.equal(own.code, real.code, `the exit code differs${context}`);
  // A failure is told in other words, and may be noticed earlier or later.
  if (real.code === 0 && !tried.bytesOnly) {
    assert.deepEqual(
      stableLines(own.stdout, ours),
      stableLines(real.output, theirs),
    );
  }
  const loader = tried.line.includes("--no-stub") ? "rom" : "stub";
  const [mine, other] = [ours.board, theirs.board].map((board) =>
    stateOf(board, loader)
  );
  const [flash, ...rest] = [mine, other].map((state) => state?.flash);
  assert(
    Buffer.compare(flash ?? KEEPS_NOTHING, rest[0] ?? KEEPS_NOTHING) === 0,
    `the flash differs${context}`,
  );
  assert.deepEqual(mine?.status, other?.status, `the status differs${context}`);
  assert.deepEqual(mine?.ram, other?.ram, `RAM differs${context}`);
  assert.deepEqual(await ours.output(), await theirs.output(), context);
}

const KEEPS_NOTHING = new Uint8Array();

async function prepare({ chip, line, board: options }: Case) {
  const folder = await temporaryFolder();
  const board = new VirtualBoard({ chip, flashSize: "1MB", ...options });
  board.flash.program(0, noise(0x6000));
  const changed = noise(0x6000);
  for (const at of [0x1234, 0x4000, 0x5fff]) changed.fill(0x5a, at, at + 1);
  const files = {
    "boot.bin": makeImage(chip),
    "app.bin": noise(20_000),
    "odd.bin": noise(4099, 2),
    "zeros.bin": new Uint8Array(10_000),
    "blank.bin": new Uint8Array(5000).fill(0xff),
    "text.bin": new TextEncoder().encode(
      "Sphinx of black quartz. ".repeat(900),
    ),
    "old.bin": noise(0x6000),
    "new.bin": changed,
    "parts.hex": formatIntelHex([
      { address: 0x1_0000, data: noise(100) },
      { address: 0x2_0000, data: noise(5001, 3) },
    ]),
  };
  for (const [name, data] of Object.entries(files)) {
    await Deno.writeFile(folder.file(name), data);
  }
  const boot = `0x${chipById(chip).flash.bootloaderOffset.toString(16)}`;
  return {
    board,
    path: folder.path,
    words: line.split(" ").map((word) =>
      word === "BOOT"
        ? boot
        : /\.(bin|hex)$/.test(word)
        ? folder.file(word)
        : word
    ),
    async output(): Promise<Uint8Array | undefined> {
      return await Deno.readFile(folder.file("out.bin")).catch(() => undefined);
    },
    async [Symbol.asyncDispose]() {
      await board.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function stableLines(
  output: string,
  { path }: { readonly path: string },
): string[] {
  const text = output.replaceAll(`${path}/`, "");
  return STABLE.flatMap((pattern) =>
    // In which order files are written is not agreed on.
    Array.from(text.matchAll(pattern), ([, ...parts]) => parts.join(" ")).sort()
  );
}

/** What a board holds in the end: flash, the status registers that last, and the program that was loaded into RAM. */
function stateOf(
  { flash, traffic }: VirtualBoard,
  wanted: "rom" | "stub",
) {
  const status = [...flash.status];
  flash.reset();
  const ram = new Map<number, string>();
  let address = 0;
  for (const { name, loader, body } of traffic.requests()) {
    // With a stub, what the ROM was sent is the stub itself.
    if (loader !== wanted) continue;
    if (name === "MEM_BEGIN") address = readUint32(body, 12);
    if (name === "MEM_END") ram.set(-1, body.toHex());
    if (name === "WRITE_REG" && readUint32(body, 0) === SCRATCH) {
      ram.set(SCRATCH, body.subarray(4, 12).toHex());
    }
    if (name !== "MEM_DATA") continue;
    ram.set(address, body.subarray(16).toHex());
    address += body.length - 16;
  }
  return { flash: flash.read(), status: [status, [...flash.status]], ram };
}

/** Where `write-mem` writes in the cases. */
const SCRATCH = 0x3ffe_8100;
