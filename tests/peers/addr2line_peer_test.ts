/**
 * Addresses of programs, decoded by us and by binutils' addr2line: file, line
 * and function must be the same. The programs are compiled here, in every
 * version of DWARF, and built by others (`../shared/data/elf`).
 */

import assert from "node:assert/strict";
import { AddressDecoder } from "../../lib/monitor/mod.ts";
import { parseElfSymbols } from "../../lib/image/mod.ts";
import { temporaryFolder } from "../cli/_cli.ts";
import { missingTest, peerTest } from "./_peers.ts";

const MAIN = `
__attribute__((noinline)) int leaf(int a) { return a * 3 + 1; }
static inline int twice(int x) {
  if (x > 3) return leaf(x) * 2;
  return leaf(x + 1);
}
__attribute__((noinline)) int middle(int a) {
  int sum = 0;
  for (int i = 0; i < a; i++) {
    sum += twice(i);
    if (sum > 100) sum -= 7;
  }
  return sum;
}
int main(void) { volatile int k = 5; return middle(k) + leaf(k); }
void _start(void) { main(); for (;;); }
`;
const OTHER = `#include "include/other.h"
int other(int q) { return inHeader(q) ^ q; }
int yet(int z) {
  return other(z) + 1;
}
`;
const HEADER = `static inline int inHeader(int x) {
  return x * 3
    + 5;
}
`;

const TARGETS = {
  "riscv64-unknown-elf": ["-march=rv32imc", "-mabi=ilp32"],
  "xtensa-lx106-elf": [],
} as const;
const SHARED = new URL("../../../shared/data/elf/", import.meta.url);
const BUILT = [
  "esp32-app-template.elf",
  "esp32-bootloader.elf",
  "esp8266-nonosssdk20-iotdemo.elf",
];

for (const [target, flags] of Object.entries(TARGETS)) {
  const name = target as keyof typeof TARGETS;
  peerTest(
    `AddressDecoder says what addr2line says of what ${target}-gcc makes`,
    [`${name}-gcc`, `${name}-addr2line`],
    async (paths) => {
      await using folder = await temporaryFolder();
      await Deno.mkdir(folder.file("include"));
      await Deno.writeTextFile(folder.file("main.c"), MAIN);
      await Deno.writeTextFile(folder.file("other.c"), OTHER);
      await Deno.writeTextFile(folder.file("include/other.h"), HEADER);
      let compared = 0;
      for (const version of [2, 3, 4, 5]) {
        for (const level of ["-O0", "-O2", "-Os"]) {
          const elf = folder.file(`v${version}${level}.elf`);
          // This addr2line takes file 1 of a version 5 table for file 0, which
          // readelf does not: a table that begins in a header is left out.
          const sources = level === "-O0" ? ["main.c"] : ["main.c", "other.c"];
          await compile(paths[`${name}-gcc`], folder.path, [
            ...flags,
            `-gdwarf-${version}`,
            level,
            "-ffunction-sections",
            "-nostdlib",
            "-o",
            elf,
            ...sources,
          ]);
          compared += await compare(paths[`${name}-addr2line`], elf, {
            step: 1,
          });
        }
      }
      assert.ok(compared > 1000, `${compared} addresses compared`);
    },
  );
}

for (const file of BUILT) {
  const url = new URL(file, SHARED);
  if (!isThere(url)) {
    missingTest(`AddressDecoder and ${file}`, `no ${url}`);
    continue;
  }
  peerTest(
    `AddressDecoder says what addr2line says of ${file}`,
    "xtensa-lx106-elf-addr2line",
    async (paths) => {
      const compared = await compare(
        paths["xtensa-lx106-elf-addr2line"],
        url.pathname,
        { step: 29 },
      );
      assert.ok(compared >= 70, `${compared} addresses compared`);
    },
  );
}

function isThere(url: URL): boolean {
  try {
    return Deno.statSync(url).isFile;
  } catch {
    return false;
  }
}

async function compile(
  gcc: string,
  cwd: string,
  args: string[],
): Promise<void> {
  const { success, stderr } = await new Deno.Command(gcc, { args, cwd })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** Compares the code's addresses, each `step` bytes, of which addr2line knows a line or a function. */
async function compare(
  addr2line: string,
  path: string,
  { step }: { step: number },
): Promise<number> {
  const decoder = new AddressDecoder(await Deno.readFile(path));
  assert.deepEqual(decoder.problems, []);
  const addresses = decoder.elf.sections
    .filter(({ flags }) => (flags & 6) === 6)
    .flatMap(({ address, size }) =>
      Array.from(
        { length: Math.ceil(size / step) },
        (_, i) => address + i * step,
      )
    );
  const expected = await askAddr2line(addr2line, path, addresses);
  const aliases = Map.groupBy(
    parseElfSymbols(decoder.elf),
    ({ value }) => value,
  );
  let compared = 0;
  for (const [i, address] of addresses.entries()) {
    const { source, name } = expected[i] ?? {};
    // What addr2line knows of a file without a line is a symbol's, not a line table's.
    if (source === undefined || source.endsWith(":?")) continue;
    const where = `0x${address.toString(16)} of ${path}`;
    const found = decoder.decode(address);
    const ours = found?.file === undefined
      ? "??:0"
      : `${found.file}:${found.line ?? "?"}`;
    assert.equal(ours, source, where);
    if (found?.function !== undefined) {
      // By debug data, functions have no suffix for what the optimizer made of them.
      const names = aliases.get(address - (found.offset ?? 0))?.map((alias) =>
        withoutSuffix(alias.name)
      );
      assert.ok(
        isPartOf(withoutSuffix(name ?? ""), names ?? []),
        `${where}: ${found.function}, not ${name}`,
      );
    }
    compared += source === "??:0" ? 0 : 1;
  }
  return compared;
}

function withoutSuffix(name: string): string {
  return name.replace(/[.$](isra|part|constprop|lto_priv)[.$].*/, "");
}

/** Whether a name of the debug data is one of the symbols at its place: mangled, or under an alias of the SDK's. */
function isPartOf(name: string, aliases: readonly string[]): boolean {
  const plain = name.replace(/<.*|^~/g, "");
  return aliases.some((alias) =>
    alias === name || `${alias}_impl` === name ||
    alias.startsWith("_Z") &&
      (alias.includes(`${plain.length}${plain}`) || /^operator\b/.test(name))
  ) ||
    name === "esp_efuse_mac_get_default" &&
      aliases.includes("system_efuse_read_mac");
}

interface Answer {
  /** `file:line` of the innermost inlined function. */
  readonly source: string;
  /** The outermost function, in which the others were inlined. */
  readonly name: string;
}

async function askAddr2line(
  addr2line: string,
  path: string,
  addresses: readonly number[],
): Promise<Answer[]> {
  const child = new Deno.Command(addr2line, {
    args: ["-a", "-f", "-i", "-e", path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const questions = addresses.map((address) => `0x${address.toString(16)}\n`);
  const asked = ReadableStream.from(questions)
    .pipeThrough(new TextEncoderStream()).pipeTo(child.stdin);
  const [{ stdout }] = await Promise.all([child.output(), asked]);
  return new TextDecoder().decode(stdout).split(/^0x[0-9a-f]+\n/m).slice(1)
    .map((answer) => {
      const lines = answer.trim().split("\n");
      return {
        // On a system without drive letters, addr2line takes `D:\app` for a relative path.
        source: (lines[1] ?? "").replace(/ \(discriminator \d+\)$/, "")
          .replace(/^(.+)\/(?=[A-Z]:\\)/, ""),
        name: lines.at(-2) ?? "",
      };
    });
}
