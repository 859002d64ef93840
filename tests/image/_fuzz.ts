/**
 * Readers of formats and what to feed them, for a run of any length: changed
 * seeds must be read or refused with a typed error, in time and memory that the
 * input's size bounds.
 */

import { CHIPS } from "../../lib/chips/registry.ts";
import { EspError } from "../../lib/errors.ts";
import { buildImage, buildImageFiles } from "../../lib/image/build_image.ts";
import { parseElf } from "../../lib/image/elf.ts";
import { parseElfSymbols } from "../../lib/image/elf_symbols.ts";
import { isDigestValid, parseImage } from "../../lib/image/esp_image.ts";
import { buildElf } from "./_elf_builder.ts";

/** A reader, and valid inputs. */
export interface FuzzTarget {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  parse(bytes: Uint8Array): void;
}

const ELF = buildElf({
  entry: 0x4008_0004,
  sections: [
    {
      name: ".flash.appdesc",
      address: 0x3f40_0020,
      data: new Uint8Array(256),
    },
    { name: ".flash.text", address: 0x400d_0020, data: pattern(60) },
    { name: ".iram0.text", address: 0x4008_0000, data: pattern(32) },
    { name: ".dram0.data", address: 0x3ffb_0000, data: pattern(16) },
    { name: ".dram0.bss", type: 8, address: 0x3ffb_0010, size: 0x1000 },
  ],
  segments: [
    { address: 0x3ffb_0000, data: pattern(16) },
    { address: 0x4008_0000, data: pattern(32), memorySize: 64 },
  ],
  symbols: [{ name: "main", value: 0x4008_0000 }, { name: "x", value: 4 }],
});

/** An ESP8266's, whose RISC-V counterpart has the same parts. */
const ESP8266_ELF = buildElf({
  machine: 243,
  sections: [
    { name: ".text", address: 0x4010_0000, data: pattern(24) },
    { name: ".irom0.text", address: 0x4021_0010, data: pattern(24) },
  ],
});

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => i * 7);
}

/** A RAM image for each chip. */
const IMAGES: readonly Uint8Array[] = CHIPS.map((chip) => {
  const address = chip.memory.find(({ kind }) => kind === "iram")?.start ?? 0;
  const segments = [
    { address, data: pattern(20) },
    { address: address + 0x100, data: pattern(8) },
  ];
  return buildImage({ entry: address, segments }, { chip });
});

/** Every reader. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  {
    name: "ELF files",
    seeds: [ELF, ESP8266_ELF],
    parse: (bytes) => void parseElfSymbols(parseElf(bytes)),
  },
  {
    name: "ELF files to images",
    seeds: [ELF, ESP8266_ELF],
    parse(bytes) {
      const chip = CHIPS[bytes.length % CHIPS.length] ?? CHIPS[0];
      const useSegments = (bytes[0x100] ?? 0) > 127;
      if (chip !== undefined) buildImageFiles(bytes, { chip, useSegments });
    },
  },
  {
    name: "images",
    seeds: [
      ...IMAGES,
      ...buildImageFiles(ESP8266_ELF, chipVersion(2)).map(({ data }) => data),
      buildImage(ESP8266_ELF, chipVersion(3)),
    ],
    parse(bytes) {
      for (const chip of CHIPS.slice(0, 2)) {
        isDigestValid(bytes, parseImage(bytes, chip));
      }
    },
  },
];

function chipVersion(version: 2 | 3) {
  const chip = CHIPS.find(({ id }) => id === "esp8266");
  if (chip === undefined) throw new Error("There is no ESP8266");
  return { chip, version };
}

/** What a reader may not take, in milliseconds. */
const MAX_MS = 2000;
/** What may not be held at any time, in bytes: seeds have kilobytes, and garbage waits to be collected. */
const MAX_MEMORY = 0x2000_0000;

/**
 * Feeds a reader changed seeds.
 *
 * @param seed Makes two runs the same.
 * @throws What the reader throws, if that is no typed error, with the input in its message.
 */
export function fuzz(target: FuzzTarget, runs: number, seed = 1): void {
  const random = generator(seed);
  for (let run = 0; run < runs; run++) {
    const chosen = target.seeds[random(target.seeds.length)];
    const bytes = mutate(chosen ?? new Uint8Array(), random);
    const start = performance.now();
    try {
      target.parse(bytes);
    } catch (error) {
      if (!isTyped(error)) throw complaint(target, run, bytes, error);
    }
    const ms = performance.now() - start;
    if (ms > MAX_MS) throw complaint(target, run, bytes, `it took ${ms} ms`);
    const { external, heapUsed } = Deno.memoryUsage();
    const held = external + heapUsed;
    if (held > MAX_MEMORY) {
      throw complaint(target, run, bytes, `it holds ${held} bytes`);
    }
  }
}

/** What bad input may throw; a `RangeError` or a `TypeError` is a fault of the reader's own. */
function isTyped(error: unknown): boolean {
  return error instanceof EspError || error instanceof SyntaxError;
}

function complaint(
  { name }: FuzzTarget,
  run: number,
  bytes: Uint8Array,
  cause: unknown,
): Error {
  return new Error(`${name}, run ${run}: ${cause}: ${bytes.toHex()}`, {
    cause,
  });
}

type Random = (below: number) => number;

/** Numbers that do not repeat soon, and are the same each time (xorshift). */
function generator(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % Math.max(1, below);
  };
}

/** Values that fields are wrong with. */
const EDGES = [
  0,
  1,
  0x7f,
  0x80,
  0xff,
  0xfffe,
  0xffff,
  0x7fff_ffff,
  0xffff_ffff,
];

function mutate(seed: Uint8Array, random: Random): Uint8Array {
  let bytes = seed.slice();
  for (let count = 1 + random(4); count > 0; count--) {
    const at = random(bytes.length);
    switch (random(6)) {
      case 0:
        bytes = bytes.slice(0, at);
        break;
      case 1:
        bytes.copyWithin(at, random(bytes.length), random(bytes.length));
        break;
      case 2:
      case 3:
        if (at + 4 <= bytes.length) {
          const edge = EDGES[random(EDGES.length)] ?? 0;
          new DataView(bytes.buffer).setUint32(at, edge, true);
        }
        break;
      default:
        if (bytes.length > 0) bytes[at] = random(256);
    }
  }
  return bytes;
}
