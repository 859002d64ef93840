/**
 * What real esptool and espline do on boards that are not as others: in secure
 * download mode, with secure boot, at the chip's own USB ports, with another
 * crystal than the ROM believes in, with flash that is off or large. Exit
 * codes, flash, the lines that wrappers look for and what the chip is told must
 * be the same.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  VirtualBoard,
  type VirtualBoardOptions,
} from "../../lib/simulator/mod.ts";
import { serveVirtualBoard } from "../../lib/simulator/server.ts";
import { noise } from "../cli/_boards.ts";
import { runCli, temporaryFolder } from "../cli/_cli.ts";
import { peerTest } from "./_peers.ts";

interface Case {
  readonly board: VirtualBoardOptions;
  /** Words of the command line; `in.bin` is a file in the test's folder. */
  readonly line: string;
  /** Words that only the real tool needs. */
  readonly theirs?: string;
  /** Commands whose parameters must be the same, in their order. */
  readonly told?: readonly string[];
}

/** esptool asks the operating system for a port's USB ids, which a socket has none of. */
const DRIVER = `
import sys
import esptool
from esptool.loader import ESPLoader

product = int(sys.argv[1])
if product:
    ESPLoader._get_pid = lambda self: product
    ESPLoader.get_usb_vid_pid = lambda *args, **kwargs: (0x303A, product)
try:
    esptool.main(sys.argv[2:])
except esptool.FatalError as error:
    print("A fatal error occurred:", error)
    sys.exit(2)
`;

const SECURED = [
  "get-security-info",
  "write-flash 0x10000 in.bin",
  "write-flash -z 0x10000 zeros.bin",
  "write-flash -fs 2MB 0x1ff000 in.bin",
  "-b 460800 write-flash 0x3000 in.bin",
  "erase-region 0x1000 0x2000",
  "--after no-reset erase-region 0x900000 0x1000",
  "erase-flash",
  "flash-id",
  "read-mac",
  "chip-id",
  "run",
  "read-mem 0x60000000",
  "write-mem 0x60000000 1",
  "dump-mem 0x3fc90000 16 out.bin",
  "read-flash 0 16 out.bin",
  "read-flash-status",
  "verify-flash 0x0 in.bin",
];

const CASES: readonly Case[] = [
  ...SECURED.map((line) => ({
    board: { chip: "esp32s3", secureDownload: true, flashSize: "16MB" },
    line,
    told: ["CHANGE_BAUDRATE", "FLASH_BEGIN", "FLASH_DEFL_BEGIN"],
  })),
  ...["esp32c2", "esp32c3", "esp32c6", "esp32p4"].flatMap((chip) => [
    { board: { chip, secureDownload: true }, line: "get-security-info" },
    { board: { chip, secureDownload: true }, line: "write-flash 0 in.bin" },
  ]),
  // esptool must be told this chip.
  {
    board: { chip: "esp32s2", secureDownload: true },
    line: "write-flash 0 in.bin",
    theirs: "--chip esp32s2",
  },
  {
    board: { chip: "esp32s2", secureDownload: true },
    line: "get-security-info",
    theirs: "--chip esp32s2",
  },
  {
    board: { chip: "esp32c2", secureDownload: true },
    line: "-b 230400 get-security-info",
    told: ["CHANGE_BAUDRATE"],
  },
  ...["esp32c3", "esp32s3"].map((chip) => ({
    board: { chip, secureBoot: true },
    line: "write-flash 0x10000 in.bin",
    told: ["MEM_END", "READ_FLASH_SLOW", "FLASH_BEGIN"],
  })),
  ...[26, 40].flatMap((crystalMhz) =>
    ["--no-stub -b 460800 flash-id", "-b 460800 flash-id"].map((line) => ({
      board: { chip: "esp32c2", crystalMhz },
      line,
      told: ["CHANGE_BAUDRATE"],
    }))
  ),
  ...[40, 48].map((believed) => ({
    board: {
      chip: "esp32c5",
      crystalMhz: 48,
      registers: { 0x6009_6110: believed << 24 },
    },
    line: "--no-stub -b 460800 flash-id",
    told: ["CHANGE_BAUDRATE"],
  })),
  ...["esp32s2", "esp32s3", "esp32p4", "esp32s31"].flatMap((chip) =>
    ["--no-stub ", ""].map((stub) => ({
      board: { chip, usb: "otg", strap: "download" } as const,
      line: `${stub}write-flash -u 0x10000 in.bin`,
      told: ["FLASH_BEGIN", "FLASH_DATA"],
    }))
  ),
  {
    board: { chip: "esp32s3", usb: "otg", strap: "download" },
    line: "--no-stub read-mac",
    told: ["WRITE_REG"],
  },
  ...[
    ...["esp32c3", "esp32c5", "esp32c6", "esp32c61"],
    ...["esp32h2", "esp32h21", "esp32h4", "esp32p4", "esp32s31"],
  ].map((chip) => ({
    board: { chip, usb: "jtag", strap: "download" } as const,
    line: "--no-stub --after no-reset read-mac",
    told: ["WRITE_REG"],
  })),
  ...["3.0", "3.1", "3.2"].map((revision) => ({
    board: { chip: "esp32p4", revision },
    line: "--no-stub read-mac",
    told: ["WRITE_REG"],
  })),
  {
    board: {
      chip: "esp32p4",
      revision: "3.2",
      registers: { 0x5012_d034: 0x1_0000, 0x5011_53fc: 0xff },
    },
    line: "--no-stub read-mac",
    told: ["WRITE_REG"],
  },
  { board: { chip: "esp32p4", revision: "3.1" }, line: "flash-id" },
  ...["esp32s3", "esp32c5", "esp32p4"].flatMap((chip) => [
    {
      board: { chip, flashSize: "32MB" },
      line: "write-flash 0x1800000 in.bin",
    },
    { board: { chip, flashSize: "32MB" }, line: "erase-region 0x1000000 4k" },
  ]),
  {
    board: { chip: "esp32s3", flashSize: "32MB" },
    line: "--no-stub write-flash 0x1800000 in.bin",
  },
];

/** Lines that must be the same; the part before `in T seconds`, where there is one. */
const STABLE =
  /^(?:Connected to .+(?= on )|(?:Chip type|Features|Crystal frequency|USB mode|MAC): .*$|Flags: .*$|Key Purposes: .*$| {2}BLOCK_KEY.*$|Chip ID: .*$|API Version: .*$|Secure Boot: .*$|Flash Encryption: .*$|SPI Boot Crypt.*$|Detected flash size: .*$|Wrote \d+ bytes|Hash of data verified\.$|Hard resetting .*$|Staying in .*$)/gm;

for (const [number, each] of CASES.entries()) {
  const { chip, ...rest } = each.board;
  const what = `${chip} ${JSON.stringify(rest)}, ${each.line}`;
  peerTest(
    `espline does as esptool does on an unusual board (${number}): ${what}`,
    "esptool_python",
    (paths) => compare(each, paths.esptool_python),
  );
}

async function compare(each: Case, python: string): Promise<void> {
  await using folder = await temporaryFolder();
  await Deno.writeFile(folder.file("in.bin"), noise(5000));
  await Deno.writeFile(folder.file("zeros.bin"), new Uint8Array(9000));
  const words = (line: string) =>
    line.split(" ").filter(Boolean).map((word) =>
      word.endsWith(".bin") ? folder.file(word) : word
    );
  await using ours = filled(each.board);
  await using theirs = filled(each.board);
  const own = await runCli(["--port", "bench", ...words(each.line)], {
    boards: { bench: ours },
  });
  const real = await runEsptool(python, each.board, theirs, [
    ...words(each.theirs ?? ""),
    ...words(each.line),
  ]);
  const context = `esptool said (${real.code}):\n${real.output}\n` +
    `espline said (${own.code}):\n${own.stdout}${own.stderr}`;
  assert.equal(own.code, real.code, context);
  if (real.code === 0) {
    assert.deepEqual(
      own.stdout.match(STABLE),
      real.output.match(STABLE),
      context,
    );
  }
  for (const name of each.told ?? []) {
    assert.deepEqual(told(ours, name), told(theirs, name), context);
  }
  assert(
    Buffer.compare(ours.flash.read(), theirs.flash.read()) === 0,
    `the flash differs\n${context}`,
  );
}

function filled(options: VirtualBoardOptions): VirtualBoard {
  return new VirtualBoard({ flash: noise(0x6000, 2), ...options });
}

/** The parameters of a command, each time that it was sent; of WRITE_REG address and value, as a mask may stand for what was read. */
function told({ traffic }: VirtualBoard, name: string): string[] {
  return traffic.requests(name).map(({ body }) =>
    (name === "WRITE_REG" ? body.subarray(0, 8) : body).toHex()
  );
}

async function runEsptool(
  python: string,
  options: VirtualBoardOptions,
  board: VirtualBoard,
  words: readonly string[],
): Promise<{ code: number; output: string }> {
  const { otgProductId = 0, jtagProductId = 0 } = board.chip.usb ?? {};
  const products = { otg: otgProductId, jtag: jtagProductId, bridge: 0 };
  const product = products[options.usb ?? "bridge"];
  await using server = await serveVirtualBoard(board, { tcp: 0 });
  const { code, stdout, stderr } = await new Deno.Command(python, {
    args: ["-c", DRIVER, `${product}`, "--port", server.url, ...words],
    env: { NO_COLOR: "1", TERM: "dumb", COLUMNS: "200" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}
