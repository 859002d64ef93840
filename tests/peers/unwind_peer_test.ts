/**
 * Stacks of RISC-V programs that a compiler made and that have run up to a
 * breakpoint: the calls that are found must be those that were made.
 */

import assert from "node:assert/strict";
import { AddressDecoder, CrashDecoder } from "../../lib/monitor/mod.ts";
import { temporaryFolder } from "../cli/_cli.ts";
import { Rv32 } from "../monitor/_rv32.ts";
import { peerTest } from "./_peers.ts";

const PROGRAM = `
typedef int (*step)(int, int);
volatile int sink;
__attribute__((noinline)) int crash(int a) {
  int t = a * 8 - sink;
  __asm__ volatile("ebreak");
  return t;
}
__attribute__((noinline)) int inner(int a, int b) {
  volatile int room[20];
  room[a & 7] = b;
  return crash(room[a & 7] + a) + b;
}
__attribute__((noinline)) int recurse(int depth, step next) {
  if (depth == 0) return next(depth, 7) + 1;
  int left = recurse(depth - 1, next);
  return left + depth + sink;
}
__attribute__((noinline)) int variable(int size) {
  volatile char *room = __builtin_alloca(size);
  room[size - 1] = size;
  return recurse(3, inner) + room[size - 1];
}
int main(void) { return variable(48) + 1; }
`;
/** Calls `main` with a return address of 0, as the first function of a task has. */
const START = `
.globl _start
_start:
  li ra, 0
  j main
`;

const CALLS = [
  "inner",
  "recurse",
  "recurse",
  "recurse",
  "recurse",
  "variable",
  "main",
];
const STACK_TOP = 0x3fc9_a350;
const NAMES =
  "ZERO RA SP GP TP T0 T1 T2 S0/FP S1 A0 A1 A2 A3 A4 A5 A6 A7 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 T3 T4 T5 T6"
    .split(" ");

for (
  const flags of [
    "-O0",
    "-O1",
    "-O2",
    "-Os",
    "-O2 -fno-omit-frame-pointer",
    "-Os -gdwarf-5",
  ]
) {
  peerTest(
    `CrashDecoder finds the calls of a RISC-V program, ${flags}`,
    "riscv64-unknown-elf-gcc",
    async (paths) => {
      await using folder = await temporaryFolder();
      const elf = folder.file("app.elf");
      await Deno.writeTextFile(folder.file("app.c"), PROGRAM);
      await Deno.writeTextFile(folder.file("start.S"), START);
      const { success, stderr } = await new Deno.Command(
        paths["riscv64-unknown-elf-gcc"],
        {
          args: [
            ..."-march=rv32i -mabi=ilp32 -g -nostdlib -fno-asynchronous-unwind-tables"
              .split(" "),
            ..."-fno-optimize-sibling-calls -fno-ipa-cp -Wl,-Ttext=0x42000000 -o"
              .split(" "),
            elf,
            ...flags.split(" "),
            folder.file("app.c"),
            folder.file("start.S"),
          ],
        },
      ).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const program = new AddressDecoder(await Deno.readFile(elf));
      assert.deepEqual(program.problems, []);
      const decoder = new CrashDecoder(program);
      const notes = crashReport(program).flatMap((line) => decoder.push(line));
      const names = notes.map((note) => / (\w+)(?: at|$)/.exec(note)?.[1]);
      const start = notes.findIndex((note) => note.startsWith("Called from"));
      assert.deepEqual(names.slice(start + 1), CALLS, notes.join("\n"));
      assert.equal(
        program.decode(parseInt(notes[0]?.slice(2) ?? "", 16))?.function,
        "crash",
      );
    },
  );
}

/** Runs the program, and reports its registers and stack as ESP-IDF does. */
function crashReport({ elf }: AddressDecoder): string[] {
  const machine = new Rv32(elf.entry, STACK_TOP);
  for (const { type, virtualAddress, data } of elf.programHeaders) {
    if (type === 1) machine.load(virtualAddress, data);
  }
  machine.run();
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, "0");
  const registers = NAMES.slice(1).map((name, i) =>
    `${name.padEnd(8)}: 0x${hex(machine.x[i + 1] ?? 0)}`
  );
  const rows: string[] = [];
  for (let at = (machine.x[2] ?? 0) >>> 0; at < STACK_TOP + 64; at += 32) {
    const words = Array.from(
      { length: 8 },
      (_, i) => `0x${hex(machine.word(at + 4 * i))}`,
    );
    rows.push(`${hex(at)}: ${words.join(" ")}`);
  }
  return [
    "Core  0 register dump:",
    `MEPC    : 0x${hex(machine.pc)}  ${registers.slice(0, 3).join("  ")}`,
    ...registers.slice(3),
    "",
    "Stack memory:",
    ...rows,
    "",
  ];
}
