import assert from "node:assert/strict";
import { esp8266 } from "../../lib/chips/esp8266.ts";
import type { ChipFamily } from "../../lib/chips/family.ts";
import { CHIPS } from "../../lib/chips/registry.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import { runCli, temporaryFolder } from "../cli/_cli.ts";
import { SINGLE_APP } from "../image/_partition_vectors.ts";
import { runEsptoolBatch } from "./_esptool_batch.ts";
import { peerTest } from "./_peers.ts";

/**
 * What follows `merge-bin -o FILE`, for every chip. `BOOT` is the bootloader's
 * offset, `FREQ` a frequency and `SIZE` a flash size that the chip knows.
 */
const EVERY_CHIP = `
BOOT boot.bin
BOOT boot.bin 0x8000 table.bin 0x10000 app.bin
0x10000 app.bin 0x8000 table.bin BOOT boot.bin
-fm qio BOOT boot.bin 0x10000 app.bin
-fm qout -ff FREQ -fs SIZE BOOT boot.bin 0x10000 boot.bin
--flash_mode dout --flash_freq keep --flash_size keep BOOT boot.bin
-fm dio -ff FREQ -fs SIZE BOOT longer.bin
-fm dio BOOT damaged.bin
-fm dio BOOT cut.bin
-fm dio BOOT app.bin
-fm dio 0x40000 boot.bin
-t BOOT BOOT boot.bin 0x10000 app.bin
-t 0x100 --pad-to-size 256KB 0x10000 app.bin
--fill-flash-size 256KB BOOT boot.bin
--pad-to-size 256KB 0x48000 app.bin
-f hex BOOT boot.bin 0x8000 table.bin 0x10000 app.bin
-f hex -fm qio -ff FREQ -fs SIZE BOOT boot.bin 0xfff0000 app.bin
-f uf2 BOOT boot.bin 0x8000 table.bin 0x10000 app.bin
-f uf2 -fm qio -ff FREQ -fs SIZE BOOT boot.bin
-f uf2 --chunk-size 256 --md5-disable 0x10000 app.bin
`;

/** What follows `merge-bin -o FILE`, for one chip. */
const ONE_CHIP = `
0 words.hex
0x1000 words.hex 0x30000 app.bin
-t 0x8000 0x1000 words.hex
-f hex 0 words.hex 0x9000 app.bin
-f uf2 0 words.hex 0x9000 app.bin
-f hex -fm qio 0x9999 boot.hex
-f raw -fm qio 0 boot.hex
0x1000 end.hex 0x2000 app.bin
0 start.hex
0 segment.hex
0 lower.hex
0x0 renamed.bin
0x1000 overlapping.hex
0x1000 app.bin 0x2000 app.bin
0x1000 app.bin 0x1fff app.bin
0x1000 app.bin 0x2fff app.bin
0x1000 app.bin 0x1000 app.bin
0x50000 empty.bin 0x2000 app.bin
-f hex 0x50000 empty.bin 0x2000 app.bin
-f uf2 0x50000 empty.bin 0x2000 app.bin
-f hex 0 aligned.bin
-f hex 0xfff8 app.bin
-f hex 0xfffd app.bin
-f hex 0xfff0 small.bin 0x20000 small.bin
-f hex 0x1000 small.bin 0x2000 small.bin
-f hex 0x10000 aligned.bin 0x20000 aligned.bin
-f hex 0x12345678 app.bin
-f hex 0xfffffff0 app.bin
-f uf2 0xfffffff0 app.bin
-f uf2 0xfffff000 small.bin
-f uf2 --chunk-size 4 0x1000 small.bin
-f uf2 --chunk-size 452 0x1000 app.bin
-f uf2 --chunk-size 456 0x1000 app.bin
-f uf2 --chunk-size 476 --md5-disable 0x1000 app.bin
-f uf2 --chunk-size 480 --md5-disable 0x1000 app.bin
-f uf2 --chunk-size 255 0x1000 app.bin
-f uf2 --chunk-size 0 0x1000 app.bin
-f uf2 --md5-disable 0x1000 app.bin 0x10000 aligned.bin
-f uf2 -t 0x4000 0x1000 app.bin
-t 0x4000 0x1000 app.bin
-t 0x1000 -f hex 0x2000 app.bin
--pad-to-size 4MB -f hex 0x2000 app.bin
--pad-to-size 4MB -f uf2 0x2000 app.bin
--chunk-size 64 --md5-disable 0x2000 app.bin
--pad-to-size 3MB 0x2000 app.bin
-fs 256KB 0x1000 boot.bin
-fs 256KB 0x8000 app.bin
-fs 256KB 0x1000 app.bin
-fs detect 0x1000 boot.bin
-fm QIO 0x1000 boot.bin
-ff 60m 0x1000 boot.bin
-ff 60m 0x8000 app.bin
-fm qio 0x1000 no-digest.bin
-f UF2 0x1000 app.bin
-f raw --format uf2 0x1000 app.bin
4096 app.bin 0o20000 app.bin
0b1000000000000 app.bin
0x1000
0x1000 app.bin 0x2000
app.bin 0x1000
0x1000 missing.bin
-t 4k 0x1000 app.bin
`;

/** Where we differ on purpose. */
const DIFFERENT: readonly Difference[] = [
  {
    words: "0 truncated.hex",
    esptool: 0,
    espline: 2,
    why:
      "it has no end record: it may have been cut, and half a program be flashed",
  },
  {
    words: "0 concatenated.hex",
    esptool: 0,
    espline: 2,
    why: "esptool drops what comes after the end record without a word",
  },
  {
    words: "0 sparse.hex",
    esptool: 2,
    espline: 0,
    why: "two stretches of one file may share a sector",
  },
  {
    words: "-fm qout 0 flagged.bin",
    esptool: 2,
    espline: 0,
    why: "esptool takes a byte of an ESP8266's program for the digest flag",
  },
];

interface Difference {
  readonly words: string;
  readonly esptool: number;
  readonly espline: number;
  readonly why: string;
}

interface Case {
  readonly chip: ChipFamily;
  readonly words: readonly string[];
}

function casesOf(table: string, chip: ChipFamily): Case[] {
  const { bootloaderOffset, frequencies, sizes } = chip.flash;
  const [frequency = ""] = Object.keys(frequencies).slice(-1);
  const [size = ""] = Object.keys(sizes).slice(-1);
  return table.trim().split("\n").map((line) => ({
    chip,
    words: line.split(" ").map((word) =>
      word
        .replace("BOOT", `0x${bootloaderOffset.toString(16)}`)
        .replace("FREQ", frequency)
        .replace("SIZE", size)
    ),
  }));
}

/** A line of Intel HEX. */
function record(type: number, offset: number, data: string): string {
  const bytes = Uint8Array.fromHex(data);
  const line = [bytes.length, offset >> 8, offset & 0xff, type, ...bytes];
  const sum = line.reduce((sum, byte) => sum + byte, 0);
  return `:${Uint8Array.from([...line, -sum & 0xff]).toHex().toUpperCase()}\n`;
}

const END = record(1, 0, "");

/** Bytes that differ from their neighbours. */
function filled(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => i * 7 + (i >> 8));
}

function bootloader(chip: ChipFamily): Uint8Array {
  const address = chip.memory.find(({ kind }) => kind === "iram")?.start ?? 0;
  const segments = [{ address, data: filled(100) }];
  const [flashFrequency = ""] = Object.keys(chip.flash.frequencies);
  return buildImage({ entry: address, segments }, {
    chip,
    flashFrequency,
    flashMode: "dio",
  });
}

function filesFor(chip: ChipFamily): Record<string, Uint8Array | string> {
  const boot = bootloader(chip);
  const damaged = boot.slice();
  damaged[40] = 0;
  const noDigest = boot.slice();
  noDigest[23] = 0;
  const flagged = boot.slice();
  flagged[23] = 1;
  const words = record(0, 0x100, "0102030405") + record(4, 0, "0001") +
    record(0, 0xfffd, "0a0b0c") + record(4, 0, "0002") + record(0, 0, "0d");
  return {
    "boot.bin": boot,
    "longer.bin": Uint8Array.from([...boot, ...filled(33)]),
    "damaged.bin": damaged,
    "cut.bin": boot.slice(0, 60),
    "no-digest.bin": noDigest,
    "flagged.bin": flagged,
    "table.bin": SINGLE_APP,
    "app.bin": filled(1005),
    "aligned.bin": filled(0x1_0000),
    "small.bin": filled(13),
    "empty.bin": new Uint8Array(),
    "words.hex": words + END,
    "renamed.bin": words + END,
    "boot.hex": record(4, 0, "0000") +
      boot.toHex().match(/.{1,32}/g)?.map((data, i) =>
        record(0, 0x1000 + 16 * i, data)
      ).join("") + END,
    "end.hex": END,
    "start.hex": record(0, 0, "01") + record(5, 0, "40080000") +
      END,
    "segment.hex": record(2, 0, "1000") + record(0, 0x10, "0102") + END,
    "lower.hex": (record(0, 0, "abcdef") + "\n" + END).toLowerCase()
      .replaceAll("\n", "\r\n"),
    "overlapping.hex": record(0, 0, "01") + record(0, 0, "02") + END,
    "truncated.hex": record(0, 0, "01"),
    "concatenated.hex": record(0, 0, "01") + END + record(0, 1, "02") + END,
    "sparse.hex": record(0, 0, "01") + record(0, 16, "02") + END,
  };
}

/** Runs cases through both, and gives what each has written; nothing where it refused. */
async function runBoth(
  python: string,
  cases: readonly Case[],
): Promise<{ theirs: Outcome; ours: Outcome }[]> {
  await using folder = await temporaryFolder();
  for (const chip of new Set(cases.map(({ chip }) => chip))) {
    await Deno.mkdir(folder.file(chip.id));
    for (const [name, content] of Object.entries(filesFor(chip))) {
      const bytes = typeof content === "string"
        ? new TextEncoder().encode(content)
        : content;
      await Deno.writeFile(folder.file(`${chip.id}/${name}`), bytes);
    }
  }
  const results = await runEsptoolBatch(
    python,
    cases.map(({ chip, words }, index) => ({
      cwd: folder.file(chip.id),
      args: [
        ...["--chip", chip.id, "merge-bin", "-o", `theirs-${index}`],
        ...words,
      ],
    })),
  );
  const outcomes = [];
  for (const [index, { chip, words }] of cases.entries()) {
    const inFolder = (name: string) => folder.file(`${chip.id}/${name}`);
    const paths = words.map((word) =>
      /\.(bin|hex)$/.test(word) ? inFolder(word) : word
    );
    const ours = await runCli([
      ...["--chip", chip.id, "merge-bin", "-o", inFolder(`ours-${index}`)],
      ...paths,
    ]);
    const { code = -1, output = "" } = results[index] ?? {};
    outcomes.push({
      theirs: {
        // What Python lets through is a refusal that nobody thought of.
        code: code === 99 ? 2 : code,
        said: output,
        file: code === 0 ? await read(inFolder(`theirs-${index}`)) : undefined,
      },
      ours: {
        code: ours.code,
        said: ours.stdout + ours.stderr,
        file: await read(inFolder(`ours-${index}`)),
      },
    });
  }
  return outcomes;
}

interface Outcome {
  readonly code: number;
  readonly said: string;
  readonly file: string | undefined;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return (await Deno.readFile(path)).toHex();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function compare(python: string, cases: readonly Case[]): Promise<void> {
  const outcomes = await runBoth(python, cases);
  let written = 0;
  for (const [index, { theirs, ours }] of outcomes.entries()) {
    const { chip, words } = cases[index] ?? { chip: esp8266, words: [] };
    const title = `${chip.id}: ${
      words.join(" ")
    }\n${theirs.said}\n${ours.said}`;
    assert.equal(ours.code, theirs.code, title);
    assert.equal(ours.file === theirs.file, true, title);
    if (theirs.file !== undefined) written++;
  }
  assert(written > cases.length / 2, `${written} of ${cases.length} written`);
}

peerTest(
  "merge-bin writes what esptool writes, for every chip",
  "esptool_python",
  async ({ esptool_python: python }) =>
    await compare(python, CHIPS.flatMap((chip) => casesOf(EVERY_CHIP, chip))),
);

peerTest(
  "merge-bin writes what esptool writes, and refuses what it refuses",
  "esptool_python",
  async ({ esptool_python: python }) => {
    const esp32 = CHIPS.filter(({ id }) => id === "esp32");
    await compare(python, esp32.flatMap((chip) => casesOf(ONE_CHIP, chip)));
  },
);

peerTest(
  "merge-bin differs from esptool only where there is a reason",
  "esptool_python",
  async ({ esptool_python: python }) => {
    const cases = DIFFERENT.flatMap(({ words }) => casesOf(words, esp8266));
    const outcomes = await runBoth(python, cases);
    assert.deepEqual(
      outcomes.map(({ theirs, ours }) => [theirs.code, ours.code]),
      DIFFERENT.map(({ esptool, espline }) => [esptool, espline]),
    );
  },
);
