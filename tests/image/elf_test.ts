import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import { parseElf } from "../../lib/image/elf.ts";
import { parseElfSymbols } from "../../lib/image/elf_symbols.ts";
import { buildElf } from "./_elf_builder.ts";

/** A program of one instruction, written out by hand from the System V ABI. */
const TINY = Uint8Array.fromHex(
  "7f454c4601010100" + "0000000000000000" + // ELF, 32 bits, little-endian
    "0200" + "5e00" + "01000000" + "04001040" + // executable, Xtensa, entry 0x40100004
    "34000000" + "70000000" + "00030000" + // program headers at 52, sections at 112
    "3400" + "2000" + "0100" + "2800" + "0300" + "0200" +
    // LOAD, offset 84, at 0x40100000 and 0x40200000, 4 bytes of 8, R E
    "01000000" + "54000000" + "00001040" + "00002040" +
    "04000000" + "08000000" + "05000000" + "04000000" +
    "0df00000" + // .text: ret.n
    "002e74657874002e7300" + "000000000000" + "00000000" + "00000000" + // names at 88
    "00000000".repeat(10) +
    // .text: PROGBITS, ALLOC and EXECINSTR, at 0x40100000, offset 84, 4 bytes
    "01000000" + "01000000" + "06000000" + "00001040" + "54000000" +
    "04000000" + "00000000" + "00000000" + "04000000" + "00000000" +
    // .s: STRTAB, offset 88, 10 bytes
    "07000000" + "03000000" + "00000000" + "00000000" + "58000000" +
    "0a000000" + "00000000" + "00000000" + "01000000" + "00000000",
);

Deno.test("parseElf takes a file apart", () => {
  const elf = parseElf(TINY);
  assert.equal(elf.machine, "xtensa");
  assert.equal(elf.type, 2);
  assert.equal(elf.entry, 0x4010_0004);
  assert.deepEqual(elf.sections.map(({ name }) => name), ["", ".text", ".s"]);
  const { data, ...text } = elf.section(".text") ?? assert.fail();
  assert.deepEqual(text, {
    name: ".text",
    type: 1,
    flags: 6,
    address: 0x4010_0000,
    offset: 84,
    size: 4,
    link: 0,
    info: 0,
    entrySize: 0,
  });
  assert.equal(data.toHex(), "0df00000");
  const [header, ...more] = elf.programHeaders;
  assert.deepEqual(more, []);
  assert.deepEqual({ ...header, data: header?.data.toHex() }, {
    type: 1,
    flags: 5,
    offset: 84,
    virtualAddress: 0x4010_0000,
    physicalAddress: 0x4020_0000,
    memorySize: 8,
    data: "0df00000",
  });
  assert.equal(elf.section(".data"), undefined);
  assert.deepEqual(parseElfSymbols(elf), []);
});

Deno.test("parseElf's data are views of the file", () => {
  const { buffer } = TINY;
  const elf = parseElf(TINY);
  for (const { data } of [...elf.sections, ...elf.programHeaders]) {
    assert.equal(data.buffer, buffer);
  }
});

/** Each: what is written where, what the message names, the offset that it tells. */
const LIES: readonly [
  name: string,
  change: (view: DataView) => void,
  message: RegExp,
  offset: number,
][] = [
  ["no magic", (v) => v.setUint8(0, 0), /ELF header/, 0],
  ["64 bits", (v) => v.setUint8(4, 2), /EI_CLASS/, 4],
  ["big-endian", (v) => v.setUint8(5, 2), /EI_DATA/, 5],
  ["an ARM program", (v) => v.setUint16(18, 40, true), /e_machine is 40/, 18],
  [
    "section headers past the end",
    (v) => v.setUint32(32, 0xffff_fff0, true),
    /e_shoff/,
    32,
  ],
  [
    "program headers past the end",
    (v) => v.setUint32(28, 0xffff_fff0, true),
    /e_phoff/,
    28,
  ],
  [
    "65535 sections",
    (v) => v.setUint16(48, 0xffff, true),
    /e_shnum is 65535/,
    48,
  ],
  [
    "65534 program headers",
    (v) => v.setUint16(44, 0xfffe, true),
    /e_phnum is 65534/,
    44,
  ],
  [
    "2 ** 32 - 1 sections by the escape",
    (v) => {
      v.setUint16(48, 0, true);
      v.setUint32(112 + 20, 0xffff_ffff, true);
    },
    /e_shnum is 4294967295/,
    48,
  ],
  [
    "2 ** 32 - 1 program headers by the escape",
    (v) => {
      v.setUint16(44, 0xffff, true);
      v.setUint32(112 + 28, 0xffff_ffff, true);
    },
    /e_phnum is 4294967295/,
    44,
  ],
  [
    "section headers of another size",
    (v) => v.setUint16(46, 0, true),
    /e_shentsize is 0/,
    46,
  ],
  [
    "program headers of another size",
    (v) => v.setUint16(42, 56, true),
    /e_phentsize is 56/,
    42,
  ],
  [
    "names in no string table",
    (v) => v.setUint16(50, 1, true),
    /e_shstrndx is 1/,
    50,
  ],
  [
    "names in no section",
    (v) => v.setUint16(50, 9, true),
    /e_shstrndx is 9/,
    50,
  ],
  [
    "names by an escape to nowhere",
    (v) => {
      v.setUint16(50, 0xffff, true);
      v.setUint32(112 + 24, 0x1234_5678, true);
    },
    /e_shstrndx is 305419896/,
    50,
  ],
  [
    "a name past the names",
    (v) => v.setUint32(152, 10, true),
    /sh_name of section 1/,
    152,
  ],
  [
    "a name without an end",
    (v) => v.setUint32(192 + 20, 9, true),
    /sh_name of section 2/,
    192,
  ],
  [
    "a section's data past the end",
    (v) => v.setUint32(152 + 16, 0x8000_0000, true),
    /sh_offset of section 1/,
    168,
  ],
  [
    "a huge section",
    (v) => v.setUint32(152 + 20, 0xffff_ffff, true),
    /sh_size of section 1/,
    172,
  ],
  [
    "a segment's data past the end",
    (v) => v.setUint32(52 + 4, 0x8000_0000, true),
    /p_offset of program header 0/,
    56,
  ],
  [
    "a huge segment",
    (v) => {
      v.setUint32(52 + 16, 0xffff_ff00, true);
      v.setUint32(52 + 20, 0xffff_ff00, true);
    },
    /p_filesz of program header 0/,
    68,
  ],
  [
    "a segment with more in the file than in memory",
    (v) => v.setUint32(52 + 20, 3, true),
    /p_memsz of program header 0/,
    72,
  ],
];

for (const [name, change, message, offset] of LIES) {
  Deno.test(`parseElf refuses ${name}`, () => {
    const bytes = TINY.slice();
    change(new DataView(bytes.buffer));
    assert.throws(() => parseElf(bytes), (error) => {
      assert.ok(error instanceof ImageError);
      assert.match(error.message, message);
      assert.equal(error.offset, offset);
      return true;
    });
  });
}

Deno.test("parseElf refuses a file cut anywhere", () => {
  for (let size = 0; size < TINY.length; size++) {
    assert.throws(() => parseElf(TINY.subarray(0, size)), ImageError);
  }
});

Deno.test("parseElf reads a file without headers", () => {
  const bytes = TINY.slice(0, 52);
  bytes.fill(0, 28, 36).fill(0, 44, 52);
  const { sections, programHeaders } = parseElf(bytes);
  assert.deepEqual([sections, programHeaders], [[], []]);
});

Deno.test("parseElf reads counts and names by the escapes in section 0", () => {
  const bytes = TINY.slice();
  const view = new DataView(bytes.buffer);
  view.setUint16(44, 0xffff, true);
  view.setUint16(48, 0, true);
  view.setUint16(50, 0xffff, true);
  view.setUint32(112 + 20, 3, true);
  view.setUint32(112 + 24, 2, true);
  view.setUint32(112 + 28, 1, true);
  const elf = parseElf(bytes);
  assert.deepEqual(elf.sections.map(({ name }) => name), ["", ".text", ".s"]);
  assert.equal(elf.programHeaders.length, 1);
});

Deno.test("parseElf refuses long names that thousands of sections share", () => {
  const name = "x".repeat(0x1_0000);
  const sections = [name, ...Array(2000).fill("")].map((name) => ({ name }));
  const bytes = buildElf({ sections });
  const view = new DataView(bytes.buffer);
  const headers = view.getUint32(32, true);
  sections.forEach((_, i) => {
    view.setUint32(headers + (i + 1) * 40, 1 + (i % 9), true);
  });
  assert.throws(() => parseElf(bytes), (error) => {
    assert.ok(error instanceof ImageError);
    assert.match(error.message, /sh_name of section \d repeats/);
    return true;
  });
});

Deno.test("parseElf takes NOBITS for what it is, wherever it points to", () => {
  const bytes = buildElf({
    sections: [{ name: ".bss", type: 8, size: 0xffff_ffff }],
  });
  const bss = parseElf(bytes).section(".bss");
  assert.equal(bss?.size, 0xffff_ffff);
  assert.equal(bss?.data.length, 0);
});

const SYMBOLS = [
  { name: "main", value: 0x4010_0000, size: 12 },
  { name: "größe", value: 0x3ffe_8000, size: 4, type: 1, binding: 2 },
  { name: "main.c", value: 0, type: 4, binding: 0, sectionIndex: 0xfff1 },
  { name: "", value: 0x4010_0000, type: 3, binding: 0 },
  { name: "odd", value: 1, type: 10, binding: 10 },
];

Deno.test("parseElfSymbols reads names, values and kinds", () => {
  const elf = parseElf(buildElf({ machine: 243, symbols: SYMBOLS }));
  assert.equal(elf.machine, "riscv");
  const rows = parseElfSymbols(elf).map((s) => [
    ...[s.name, s.value, s.size],
    ...[s.type, s.binding, s.sectionIndex],
  ]);
  assert.deepEqual(rows, [
    ["main", 0x4010_0000, 12, "function", "global", 1],
    ["größe", 0x3ffe_8000, 4, "object", "weak", 1],
    ["main.c", 0, 0, "file", "local", 0xfff1],
    ["", 0x4010_0000, 0, "section", "local", 1],
    ["odd", 1, 0, "other", "other", 1],
  ]);
});

Deno.test("parseElfSymbols refuses tables and names that are none", () => {
  const good = buildElf({ symbols: SYMBOLS });
  const headers = new DataView(good.buffer).getUint32(32, true);
  const symtab = headers + 40;
  const changes: [at: number, value: number, message: RegExp][] = [
    [symtab + 24, 1, /sh_link of the symbol table is 1/],
    [symtab + 24, 99, /sh_link of the symbol table is 99/],
    [symtab + 36, 0, /sh_entsize/],
    [symtab + 20, 17, /sh_size/],
    [52 + 16, 0xffff, /st_name of symbol 1/],
  ];
  for (const [at, value, message] of changes) {
    const bytes = good.slice();
    new DataView(bytes.buffer).setUint32(at, value, true);
    const elf = parseElf(bytes);
    assert.throws(() => parseElfSymbols(elf), (error) => {
      assert.ok(error instanceof ImageError);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("parseElf and parseElfSymbols answer or refuse whatever they get", () => {
  const seed = buildElf({
    sections: [{ name: ".text", data: new Uint8Array(40) }],
    segments: [{ address: 0x4010_0000, data: new Uint8Array(16) }],
    symbols: SYMBOLS,
  });
  const changes = fc.array(
    fc.tuple(fc.nat(seed.length - 1), fc.nat(255)),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(fc.property(changes, (changes) => {
    const bytes = seed.slice();
    for (const [at, value] of changes) bytes[at] = value;
    try {
      parseElfSymbols(parseElf(bytes));
    } catch (error) {
      assert.ok(error instanceof ImageError, String(error));
      assert.match(error.message, /^Cannot parse ELF: /);
    }
  }));
});
