/**
 * Real esptool and espline run the same verb on two virtual boards that are
 * alike: exit code, flash, files written and the lines that wrappers look for
 * must be the same.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { VirtualBoard } from "../../lib/simulator/mod.ts";
import { makeImage, noise } from "../cli/_boards.ts";
import { runCli, temporaryFolder } from "../cli/_cli.ts";
import { runEsptool } from "./_esptool.ts";
import { peerTest } from "./_peers.ts";

interface Case {
  readonly chip: ChipId;
  /** Words of the verb; `app.bin` and the like are files in the test's folder. */
  readonly line: string;
}

/** What the boards of a case have that differs from chip to chip. */
const CHIPS = {
  esp8266: { bootloader: "0x0", mac: "5c:cf:7f:01:02:03" },
  esp32: { bootloader: "0x1000", mac: "24:0a:c4:01:02:03" },
};

type ChipId = keyof typeof CHIPS;

const LINES = [
  "read-mac",
  "--no-stub read-mac",
  "chip-id",
  "flash-id",
  "--no-stub flash-id",
  "write-flash 0x10000 app.bin",
  "write-flash 0x10000 app.bin 0x20000 odd.bin",
  "write_flash -u 0x10000 app.bin",
  "write-flash -e 0x10000 app.bin",
  "--no-stub write-flash 0x10000 app.bin",
  "--baud 921600 write-flash -z 0x10004 zeros.bin",
  "write-flash BOOT boot.bin",
  "write-flash -fs detect BOOT boot.bin",
  "write-flash -fm dout -ff 20m -fs 2MB BOOT boot.bin",
  "write-flash --flash_mode keep -fs keep BOOT boot.bin",
  "verify-flash 0x0 old.bin",
  "verify-flash 0x100 old.bin",
  "read-flash 0x100 5000 out.bin",
  "read-flash 0x0 ALL out.bin",
  "--no-stub read-flash 0x0 256 out.bin",
  "erase-flash",
  "erase-region 0x1000 0x2000",
  "erase-region 0x0 ALL",
  "erase-region 0x1001 0x1000",
  "read-mem 0x60000078",
  "write-mem 0x3ffe8100 0x12345678 0xffff",
  "dump-mem 0x3ffe8100 64 out.bin",
  "--chip esp32s3 read-mac",
  "write-flash 0x10000 none.bin",
  "write-flash 0xff000 app.bin",
  "write-flash 0x1000 app.bin 0x2000 app.bin",
  "write-flash -s 0x0 old.bin",
  "write-flash --no-progress 0x10000 text.bin",
  "read-flash 0x0 1q out.bin",
  "--after no-reset read-mac",
  "version",
];

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
  /^(Wrote \d+ bytes).* at 0x/gm,
  /^Wrote .*( at 0x\w+) in .*\(.* kbit\/s\)\.$/gm,
  /^(Hash of data verified\.)$/gm,
  /^(Verification successful.*)$/gm,
  /^(Read \d+ bytes from 0x\w+) in /gm,
  /^(0x\w+ = 0x\w+)$/gm,
  /^(Wrote 0x.*)$/gm,
  /^(Hard resetting via RTS pin\.\.\.)$/gm,
  /^(Staying in .*)$/gm,
];

for (const chip of ["esp8266", "esp32"] as const) {
  for (const line of LINES) {
    peerTest(
      `espline does as esptool does: ${chip}, ${line}`,
      "esptool",
      (paths) => compare({ chip, line }, paths.esptool),
    );
  }
}

async function compare({ chip, line }: Case, esptool: string): Promise<void> {
  await using ours = await prepare(chip);
  await using theirs = await prepare(chip);
  const own = await runCli(
    ["--port", "bench", ...ours.words(line)],
    { boards: { bench: ours.board } },
  );
  const real = await runEsptool(esptool, theirs.words(line), theirs.board);
  const context =
    `esptool said:\n${real.output}\nespline said:\n${own.stdout}${own.stderr}`;
  assert.equal(own.code, real.code, context);
  // A failure is told in other words, and may be noticed earlier or later.
  if (real.code === 0) {
    assert.deepEqual(
      stableLines(own.stdout),
      stableLines(real.output),
      context,
    );
  }
  assert(
    Buffer.compare(ours.board.flash.read(), theirs.board.flash.read()) === 0,
    `the flash differs\n${context}`,
  );
  assert.deepEqual(await ours.output(), await theirs.output(), context);
}

async function prepare(chip: ChipId) {
  const { bootloader, mac } = CHIPS[chip];
  const folder = await temporaryFolder();
  const board = new VirtualBoard({ chip, mac, flashSize: "1MB" });
  board.flash.program(0, noise(0x6000));
  const zeros = new Uint8Array(10_000);
  const files = {
    "boot.bin": makeImage(chip),
    "app.bin": noise(20_000),
    "odd.bin": noise(4099, 2),
    "zeros.bin": zeros,
    "text.bin": new TextEncoder().encode(
      "Sphinx of black quartz. ".repeat(900),
    ),
    "old.bin": noise(0x6000),
  };
  for (const [name, data] of Object.entries(files)) {
    await Deno.writeFile(folder.file(name), data);
  }
  return {
    board,
    words: (line: string) =>
      line.split(" ").map((word) =>
        word === "BOOT"
          ? bootloader
          : word.endsWith(".bin")
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

function stableLines(output: string): string[] {
  return STABLE.flatMap((pattern) =>
    Array.from(output.matchAll(pattern), ([, part]) => part ?? "")
  );
}
