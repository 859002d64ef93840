/**
 * Real esptool as a client of the virtual board: over TCP, a pty and RFC 2217
 * (there with its own reset), with and without the stub. Every case gets a
 * board of its own, whose flash is compared byte for byte afterwards.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { encodeUint32 } from "../../lib/bytes.ts";
import { serveVirtualBoard, VirtualBoard } from "../../lib/simulator/mod.ts";
import { peerTest } from "./_peers.ts";

type Link = "socket" | "pty" | "rfc2217";

/** What a case runs on. */
interface Setup {
  readonly chip: string;
  readonly link: Link;
  readonly stub: boolean;
}

interface Outcome {
  readonly setup: Setup;
  readonly board: VirtualBoard;
  readonly folder: string;
  readonly output: string;
}

interface Case {
  readonly args: string;
  /** What esptool prints; `{mac}` stands for the board's address. */
  readonly prints?: string;
  /** What flash holds afterwards: file contents by address, on top of what it held before. */
  readonly flash?: Readonly<Record<number, Uint8Array>>;
  /** Erased afterwards: address and size. */
  readonly erased?: readonly [number, number];
  /** What esptool prints where the chip's ROM cannot do it. */
  readonly refused?: (setup: Setup) => string | undefined;
  readonly check?: (outcome: Outcome) => void | Promise<void>;
}

const SECTOR = 0x1000;
const FLASH_SIZE = 0x40_0000;
/** Tells what has been erased from what has not. */
const OLD = 0xa5;
const OLD_SIZE = 0x10_0000;
const HELLO = "hello from flash";

const SMALL = pseudoRandom(0x1234);
const LARGE = new TextEncoder().encode("espline ".repeat(5000));

function lacks(
  what: string,
  where: (setup: Setup) => boolean,
): (setup: Setup) => string | undefined {
  return (setup) =>
    where(setup) ? `ROM does not support function ${what}` : undefined;
}

const onRom = ({ stub }: Setup) => !stub;
const onEsp8266Rom = ({ stub, chip }: Setup) => !stub && chip === "esp8266";

const CASES: readonly Case[] = [
  { args: "chip-id", prints: "{mac}" },
  { args: "read-mac", prints: "MAC:                {mac}" },
  { args: "flash-id", prints: "Detected flash size: 4MB" },
  { args: "--baud 921600 flash-id", prints: "Device: 4016" },
  { args: "read-flash-status", prints: "Flash memory status: 0x0000" },
  { args: "read-flash-sfdp 0 4", prints: "0x53 0x46 0x44 0x50" },
  {
    args: "write-flash 0x10000 small.bin",
    flash: { 0x1_0000: SMALL },
  },
  {
    args: "--baud 921600 write-flash 0x20000 large.bin",
    flash: { 0x2_0000: LARGE },
  },
  {
    args: "write-flash --no-compress 0x30000 large.bin",
    flash: { 0x3_0000: LARGE },
  },
  {
    args: "--baud 921600 write-flash 0x50000 small.bin 0x60000 large.bin",
    flash: { 0x5_0000: SMALL, 0x6_0000: LARGE },
  },
  {
    args: "verify-flash 0x80000 old.bin",
    prints: "Verification successful",
    refused: lacks("flash_md5sum", onEsp8266Rom),
  },
  {
    args: "read-flash 0x7f000 0x1100 read.bin",
    refused: lacks("read_flash_slow", onEsp8266Rom),
    check: async ({ board, folder }) =>
      assert.deepEqual(
        await Deno.readFile(join(folder, "read.bin")),
        board.flash.read(0x7_f000, 0x1100).slice(),
      ),
  },
  {
    args: "erase-region 0x31000 0x3000",
    erased: [0x3_1000, 0x3000],
    refused: lacks("erase_region", onEsp8266Rom),
  },
  {
    args: "erase-flash",
    erased: [0, FLASH_SIZE],
    refused: lacks("erase_flash", onRom),
  },
  {
    args: "dump-mem 0x40001000 8 dump.bin",
    check: async ({ folder, board }) => {
      const dump = await Deno.readFile(join(folder, "dump.bin"));
      assert.equal(dump.length, 8);
      const { detect } = board.chip;
      if (detect.kind === "magic") {
        assert.deepEqual(
          dump.subarray(0, 4),
          encodeUint32(detect.values[0] ?? 0),
        );
      }
    },
  },
  { args: "read-mem 0x40000000", prints: "0x40000000 = 0x00000000" },
  { args: "write-mem 0x3ffe8000 0x12345678", prints: "Wrote 0x12345678" },
  { args: "run", check: checkRun },
];

/** A few for the chips that are told by their chip id. */
const SHORT_CASES = [0, 3, 7, 8, 11, 12].map((i) => CASES[i] as Case);

const LINKS: readonly Link[] = ["socket", "pty", "rfc2217"];

for (const link of LINKS) {
  // Windows has no pseudo terminals that are serial ports.
  if (link === "pty" && Deno.build.os === "windows") continue;
  peerTest(
    `VirtualBoard cannot be told from silicon by esptool over ${link}`,
    "esptool",
    ({ esptool }) =>
      runAll(esptool, jobs(["esp8266", "esp32"], link, CASES), link),
  );
}

peerTest(
  "VirtualBoard of a chip with GET_SECURITY_INFO cannot be told from silicon by esptool",
  "esptool",
  async ({ esptool }) => {
    const chips = ["esp32s3", "esp32c3"];
    await runAll(esptool, jobs(chips, "socket", SHORT_CASES), "socket");
    await runAll(
      esptool,
      jobs(chips, "rfc2217", SHORT_CASES.slice(0, 1)),
      "rfc2217",
    );
  },
);

type Job = readonly [Setup, Case];

function jobs(
  chips: readonly string[],
  link: Link,
  cases: readonly Case[],
): Job[] {
  return chips.flatMap((chip) =>
    [true, false].flatMap((stub) =>
      cases.map((one): Job => [{ chip, link, stub }, one])
    )
  );
}

/** Runs a few jobs at a time: over RFC 2217 pyserial spends its time asleep, elsewhere Python needs the processor. */
async function runAll(
  esptool: string,
  queue: Job[],
  link: Link,
): Promise<void> {
  const failures: string[] = [];
  const worker = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const [{ chip, stub }, { args }] = job;
      await runCase(esptool, ...job).catch((error: Error) =>
        failures.push(
          `${chip} ${stub ? "stub" : "ROM"} ${args}: ${error.message}`,
        )
      );
    }
  };
  const workers = link === "rfc2217" ? 8 : 3;
  await Promise.all(Array.from({ length: workers }, worker));
  assert.equal(failures.join("\n\n"), "");
}

async function runCase(
  esptool: string,
  setup: Setup,
  one: Case,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(join(folder, "small.bin"), SMALL);
    await Deno.writeFile(join(folder, "large.bin"), LARGE);
    await Deno.writeFile(
      join(folder, "old.bin"),
      new Uint8Array(0x1000).fill(OLD),
    );
    await using board = makeBoard(setup.chip);
    await using server = await serveVirtualBoard(board, {
      tcp: setup.link === "socket" ? 0 : undefined,
      rfc2217: setup.link === "rfc2217" ? 0 : undefined,
      pty: setup.link === "pty",
    });
    const before = board.flash.read().slice();
    const { code, output } = await runEsptool(esptool, folder, [
      ...["--port", server.url, ...(setup.stub ? [] : ["--no-stub"])],
      ...one.args.split(" "),
    ]);
    const refusal = one.refused?.(setup);
    const text = one.prints?.replace("{mac}", board.mac) ?? "";
    assert.equal(code, refusal === undefined ? 0 : 2, output);
    assert.ok(output.includes(refusal ?? text), output);
    const wrong = firstDifference(
      board.flash.read(),
      refusal === undefined ? expectedFlash(before, one) : before,
    );
    assert.equal(wrong, -1, `flash differs at ${wrong}: ${output}`);
    if (refusal === undefined) {
      await one.check?.({ setup, board, folder, output });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function makeBoard(chip: string): VirtualBoard {
  const flash = new Uint8Array(OLD_SIZE).fill(OLD);
  const board = new VirtualBoard({ chip, flash, appText: HELLO });
  const image = smallestImage(board.chip.imageChipId !== undefined);
  board.flash.load(board.chip.flash.bootloaderOffset, image);
  return board;
}

async function runEsptool(
  esptool: string,
  cwd: string,
  args: string[],
): Promise<{ code: number; output: string }> {
  const command = new Deno.Command(esptool, {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { code, output: text.decode(stdout) + text.decode(stderr) };
}

function expectedFlash(before: Uint8Array, one: Case): Uint8Array {
  const flash = before.slice();
  if (one.erased !== undefined) {
    const [address, size] = one.erased;
    flash.fill(0xff, address, address + size);
  }
  for (const [key, data] of Object.entries(one.flash ?? {})) {
    const address = Number(key);
    const end = Math.ceil((address + data.length) / SECTOR) * SECTOR;
    flash.fill(0xff, address, end);
    flash.set(data, address);
  }
  return flash;
}

/** Where two arrays begin to differ, or -1; the usual case must not hold up the other boards. */
function firstDifference(actual: Uint8Array, expected: Uint8Array): number {
  if (Buffer.compare(actual, expected) === 0) return -1;
  return actual.findIndex((byte, i) => byte !== expected[i]);
}

/** `run` leaves the ROM for the application; a stub cannot be left but by a reset, which only RFC 2217 carries. */
function checkRun({ setup, board }: Outcome): void {
  const runs = !setup.stub || setup.link === "rfc2217";
  assert.equal(board.state, runs ? "app" : "stub");
  assert.equal(board.traffic.text().includes(HELLO), runs);
}

/** One segment of four bytes, and the checksum. */
function smallestImage(extended: boolean): Uint8Array {
  const header = extended ? 24 : 8;
  const image = new Uint8Array(header + 8 + 4 + 16).fill(0);
  image.set([0xe9, 1, 2, 0x20]);
  const end = header + 8 + 4;
  image.set(encodeUint32(0x4010_0000, 4, 0x0403_0201), header);
  // 0xEF ^ 1 ^ 2 ^ 3 ^ 4, as the last byte of sixteen
  image[end + 15 - end % 16] = 0xeb;
  return image;
}

function pseudoRandom(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = Math.imul(state, 1_103_515_245) + 12_345 | 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}
