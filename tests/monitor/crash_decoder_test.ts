import assert from "node:assert/strict";
import {
  AddressDecoder,
  formatLocation,
} from "../../lib/monitor/address_decoder.ts";
import { CrashDecoder } from "../../lib/monitor/crash_decoder.ts";
import { buildElf } from "../image/_elf_builder.ts";

const EM_RISCV = 243;
const BASE = 0x4200_0000;

/** RISC-V code: `app_main` calls `middle` at 0x10, by JAL; `middle` calls `leaf` by C.JALR at 0x26. */
function riscv(): AddressDecoder {
  const code = new Uint8Array(0x60).fill(0x01); // c.nop is 0x0001: filled below
  const view = new DataView(code.buffer);
  for (let at = 0; at < code.length; at += 2) view.setUint16(at, 0x0001, true);
  view.setUint32(0x10, 0x0100_00ef, true); // jal ra, +16
  view.setUint16(0x26, 0x9782, true); // c.jalr a5
  view.setUint32(0x30, 0x0007_80e7, true); // jalr ra, a5
  view.setUint16(0x36, 0x9002, true); // c.ebreak, which is no call
  return new AddressDecoder(buildElf({
    machine: EM_RISCV,
    sections: [{ name: ".flash.text", flags: 6, address: BASE, data: code }],
    symbols: [
      { name: "app_main", value: BASE, size: 0x20, sectionIndex: 1 },
      { name: "middle", value: BASE + 0x20, size: 0x20, sectionIndex: 1 },
      { name: "leaf", value: BASE + 0x40, size: 0x20, sectionIndex: 1 },
    ],
  }));
}

/** Xtensa code of an ESP8266: `loop` calls by CALL0 at 0x4 and CALLX0 at 0x10. */
function xtensa(): AddressDecoder {
  const code = new Uint8Array(0x40);
  code.set([0x05, 0x01, 0x00], 4); // call0
  code.set([0xc0, 0x03, 0x00], 0x10); // callx0 a3
  return new AddressDecoder(buildElf({
    sections: [{
      name: ".irom0.text",
      flags: 6,
      address: 0x4020_1000,
      data: code,
    }],
    symbols: [
      { name: "loop", value: 0x4020_1000, size: 0x20, sectionIndex: 1 },
      // What a linker script defines is no function.
      { name: "_irom0_text_start", value: 0x4020_1000, sectionIndex: 0xfff1 },
      // A label in assembler has no size.
      { name: "label", value: 0x4020_1030, type: 0, sectionIndex: 1 },
    ],
  }));
}

Deno.test("AddressDecoder knows functions, labels, and where there is no code", () => {
  const program = xtensa();
  const name = (address: number) => program.decode(address)?.function;
  assert.equal(name(0x4020_1000), "loop");
  assert.equal(name(0x4020_101f), "loop");
  assert.equal(name(0x4020_1020), undefined, "behind the function");
  assert.equal(name(0x4020_1031), "label");
  assert.equal(program.decode(0x4020_1040), undefined);
  assert.equal(program.decode(0x3ffe_8000), undefined);
  assert.ok(program.isCode(0x4020_1020));
  assert.deepEqual(program.decode(0x4020_1004), {
    address: 0x4020_1004,
    function: "loop",
    offset: 4,
  });
  assert.deepEqual(program.problems, []);
});

Deno.test("AddressDecoder tells return addresses by the call before them", () => {
  const returns = (program: AddressDecoder, base: number, size: number) =>
    Array.from({ length: size }, (_, i) => i)
      .filter((at) => program.isReturnAddress(base + at));
  assert.deepEqual(returns(riscv(), BASE, 0x60), [0x14, 0x28, 0x34]);
  assert.deepEqual(returns(xtensa(), 0x4020_1000, 0x40), [7, 0x13]);
});

Deno.test("AddressDecoder says that a file is stripped", () => {
  const program = new AddressDecoder(buildElf({
    sections: [{
      name: ".text",
      flags: 6,
      address: BASE,
      data: new Uint8Array(8),
    }],
  }));
  assert.match(program.problems.join(), /no symbols/);
  assert.equal(
    formatLocation(program.decode(BASE) ?? { address: 0 }),
    "0x42000000: ??",
  );
});

Deno.test("AddressDecoder refuses what is no ELF file", () => {
  assert.throws(() => new AddressDecoder(new Uint8Array(100)), {
    name: "ImageError",
  });
});

function notesOf(program: AddressDecoder, report: string): string[] {
  const decoder = new CrashDecoder(program);
  return [
    ...report.trim().split("\n").flatMap((line) => decoder.push(line)),
    ...decoder.end(),
  ];
}

Deno.test("CrashDecoder decodes a backtrace, each address once", () => {
  assert.deepEqual(
    notesOf(
      xtensa(),
      "Backtrace: 0x40201004:0x3ffb5030 0x40201010:0x3ffb5050 0x40201004:0x3ffb5070 |<-CORRUPTED",
    ),
    ["0x40201004: loop", "0x40201010: loop"],
  );
});

Deno.test("CrashDecoder decodes RISC-V registers, and guesses callers from the stack", () => {
  // Laid out as in ESP-IDF's guide to its monitor.
  const report = `
Core  0 register dump:
MEPC    : 0x42000044  RA      : 0x42000028  SP      : 0x3fc9a350  GP      : 0x3fc923c0
TP      : 0xa5a5a5a5  T0      : 0x37363534  T1      : 0x7271706f  T2      : 0x33323130
MSTATUS : 0x00001881  MTVEC   : 0x40380001  MCAUSE  : 0x00000007  MTVAL   : 0x00000000

MHARTID : 0x00000000

Stack memory:
3fc9a350: 0xa5a5a5a5 0xa5a5a5a5 0x3fc9a3b0 0x42000028 0xa5a5a5a5 0xa5a5a5a5 0xa5a5a5a5 0x42000040
3fc9a370: 0x3fc9a3b4 0x42000014 0x3fc9a3b0 0x726f6261 0x20292874 0x20736177 0x6c6c6163 0x42000038



ELF file SHA256: 0123456789abcdef
`;
  assert.deepEqual(notesOf(riscv(), report), [
    "0x42000044: leaf",
    "0x42000028: middle",
    "Return addresses on the stack, the innermost first; a guess, as old ones may be among them:",
    "0x42000028: middle",
    "0x42000014: app_main",
  ]);
});

Deno.test("CrashDecoder reads the stack of an ESP8266 with Arduino's core", () => {
  const report = `
Exception (28):
epc1=0x40201005 epc2=0x00000000 epc3=0x00000000 excvaddr=0x00000000 depc=0x00000000

>>>stack>>>

ctx: cont
sp: 3ffffdc0 end: 3fffffc0 offset: 0190
3fffff50:  00000000 00000000 00000001 40201007
3fffff60:  40201000 40201013 3ffee2f4 3ffef460  <
<<<stack<<<

40201007
`;
  assert.deepEqual(notesOf(xtensa(), report), [
    "0x40201005: loop",
    "Return addresses on the stack, the innermost first; a guess, as old ones may be among them:",
    "0x40201007: loop",
    "0x40201013: loop",
  ]);
});

Deno.test("CrashDecoder tells what the stack holds even if the report breaks off", () => {
  const report = "Stack memory:\n3fc9a350: 0x42000014 0x00000000";
  assert.equal(notesOf(riscv(), report).length, 2);
});

Deno.test("CrashDecoder has nothing to say about a stack without return addresses", () => {
  const report = "Stack memory:\n3fc9a350: 0x42000000 0x00000000\n\nend";
  assert.deepEqual(notesOf(riscv(), report), []);
});

Deno.test("CrashDecoder keeps to its limits when a stack has no end", () => {
  const row = `3fc9a350: ${"0x42000014 ".repeat(8).trim()}`;
  const decoder = new CrashDecoder(riscv());
  decoder.push("Stack memory:");
  for (let i = 0; i < 20_000; i++) {
    const address = (0x3fc0_0000 + i * 32).toString(16);
    assert.deepEqual(decoder.push(row.replace("3fc9a350", address)), []);
  }
  assert.equal(decoder.end().length, 41);
});
