import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { LineTable } from "../../lib/image/dwarf_lines.ts";
import { parseElf } from "../../lib/image/elf.ts";
import { buildElf } from "./_elf_builder.ts";

/** Bytes as a person writes them down: numbers, and texts with their zero byte. */
function bytes(...parts: readonly (number | string)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "string" ? [...new TextEncoder().encode(part), 0] : [part]
    ),
  );
}

function word(value: number): number[] {
  return [value, value >>> 8, value >>> 16, value >>> 24].map((b) => b & 0xff);
}

/** A unit, with its length before it. */
function unit(...parts: readonly (number | string)[]): Uint8Array {
  const body = bytes(...parts);
  return bytes(...word(body.length), ...body);
}

function tableOf(sections: Readonly<Record<string, Uint8Array>>): LineTable {
  const elf = buildElf({
    sections: Object.entries(sections).map(([name, data]) => ({
      name,
      data,
      flags: 0,
    })),
  });
  return new LineTable(parseElf(elf));
}

/** Operands of the 12 standard opcodes, as every version from 3 on has them. */
const OPERANDS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];

/** DWARF 3, section 6.2.4: folders and files in lists; instructions of 2 bytes. */
const PROGRAM_3 = [
  0,
  5,
  2,
  ...word(0x4200_0000), // set address
  3,
  9, // advance line by 9, to 10
  1, // copy
  2,
  3, // advance pc by 3 instructions, 6 bytes
  4,
  2, // set file 2
  0x18, // special: 11, no instruction on, and the line by -5 + 11
  9,
  0x10,
  0, // fixed advance pc by 16 bytes, not instructions
  3,
  0x7f, // advance line by -1
  1,
  0,
  1,
  1, // end of the sequence
];
const LIST_HEADER = [
  2, // min_inst_length
  1, // default_is_stmt
  0xfb, // line_base -5
  14, // line_range
  13, // opcode_base
  ...OPERANDS,
  "inc",
  "/abs",
  "", // end of the folders
  "main.c",
  0,
  0,
  0,
  "part.h",
  1,
  0,
  0,
  "other.h",
  2,
  0,
  0,
  "", // end of the files
];

function version3(): Uint8Array {
  const header = bytes(...LIST_HEADER);
  return unit(3, 0, ...word(header.length), ...header, ...PROGRAM_3);
}

Deno.test("LineTable reads version 3: lists, instruction lengths, special opcodes", () => {
  const table = tableOf({ ".debug_line": version3() });
  assert.deepEqual(table.problems, []);
  assert.deepEqual(table.find(0x4200_0000), { file: "main.c", line: 10 });
  assert.deepEqual(table.find(0x4200_0005), { file: "main.c", line: 10 });
  assert.deepEqual(table.find(0x4200_0006), { file: "inc/part.h", line: 16 });
  assert.deepEqual(table.find(0x4200_0015), { file: "inc/part.h", line: 16 });
  assert.equal(table.find(0x4200_0016), undefined);
  assert.equal(table.find(0x41ff_ffff), undefined);
  assert.equal(table.find(0), undefined);
});

Deno.test("LineTable puts the unit's folder, of .debug_info, before a relative path", () => {
  const table = tableOf({
    ".debug_line": version3(),
    // Version 4: the abbreviations at 0, addresses of 4 bytes, abbreviation 2.
    ".debug_info": unit(4, 0, ...word(0), 4, 2, "/src", ...word(0)),
    ".debug_abbrev": bytes(
      ...[1, 0x2e, 0, 0x03, 0x08, 0, 0], // 1: a function's
      ...[2, 0x11, 1, 0x1b, 0x08, 0x10, 0x17, 0, 0], // 2: a unit's comp_dir and stmt_list
      0,
    ),
  });
  assert.deepEqual(table.find(0x4200_0000), { file: "/src/main.c", line: 10 });
  assert.equal(table.find(0x4200_0006)?.file, "/src/inc/part.h");
  assert.deepEqual(table.problems, []);
});

Deno.test("LineTable knows a file that the program itself names", () => {
  const header = bytes(...LIST_HEADER);
  const program = bytes(
    ...[0, 11, 3, "late.c", 2, 0, 0], // define file 4, in folder 2
    ...[0, 5, 2, ...word(0x1000), 4, 4, 1, 2, 4, 0, 1, 1],
  );
  const table = tableOf({
    ".debug_line": unit(2, 0, ...word(header.length), ...header, ...program),
  });
  assert.deepEqual(table.find(0x1000), { file: "/abs/late.c", line: 1 });
  assert.deepEqual(table.problems, []);
});

Deno.test("LineTable reads version 4's bundles of operations", () => {
  const header = bytes(
    ...[4, 2, 1, 0xfb, 14, 13, ...OPERANDS], // 4 bytes, 2 operations
    ...["", "a.s", 0, 0, 0, ""],
  );
  const program = [
    ...[0, 5, 2, ...word(0x100), 1, 2, 1, 3, 1, 1, 2, 1, 3, 1, 1],
    ...[2, 2, 0, 1, 1],
  ];
  const table = tableOf({
    ".debug_line": unit(4, 0, ...word(header.length), ...header, ...program),
  });
  // The second operation of the first bundle has the address of the bundle.
  assert.equal(table.find(0x103)?.line, 2);
  assert.equal(table.find(0x104)?.line, 3);
  assert.equal(table.find(0x107)?.line, 3);
  assert.equal(table.find(0x108), undefined);
});

/** DWARF 5, section 6.2.4: tables with formats, whose texts are elsewhere. */
function version5(): Record<string, Uint8Array> {
  const header = bytes(
    ...[1, 1, 1, 0xfb, 14, 13, ...OPERANDS],
    ...[1, 1, 0x1f], // folders: a path, as line_strp
    ...[2, ...word(0), ...word(5)],
    ...[3, 1, 0x1f, 2, 0x0b, 5, 0x1e], // files: path, folder as data1, MD5 as data16
    ...[2, ...word(9), 0, ...new Array(16).fill(7)],
    ...[...word(13), 1, ...new Array(16).fill(7)],
  );
  const program = [
    ...[0, 5, 2, ...word(0x4080_0000), 4, 0, 1],
    ...[8], // const_add_pc: (255 - 13) / 14 = 17 bytes
    ...[4, 1, 3, 6, 10, 6, 1], // prologue_end and negate_stmt among them
    ...[2, 0x80, 0x02, 0, 1, 1], // advance pc by 256
  ];
  return {
    ".debug_line": unit(
      ...[5, 0, 4, 0, ...word(header.length), ...header, ...program],
    ),
    ".debug_line_str": bytes("/top", "inc", "m.c", "h.h"),
  };
}

Deno.test("LineTable reads version 5: tables with formats, texts in .debug_line_str", () => {
  const table = tableOf(version5());
  assert.deepEqual(table.problems, []);
  assert.deepEqual(table.find(0x4080_0010), { file: "/top/m.c", line: 1 });
  assert.deepEqual(table.find(0x4080_0011), { file: "/top/inc/h.h", line: 7 });
  assert.deepEqual(table.problems, []);
});

Deno.test("LineTable knows a file without a line", () => {
  const header = bytes(...LIST_HEADER);
  const program = [0, 5, 2, ...word(0x10), 3, 0x7f, 1, 2, 4, 0, 1, 1];
  const table = tableOf({
    ".debug_line": unit(2, 0, ...word(header.length), ...header, ...program),
  });
  assert.deepEqual(table.find(0x10), { file: "main.c", line: undefined });
});

Deno.test("LineTable without debug data finds nothing, and has no complaint", () => {
  const table = tableOf({});
  assert.ok(table.isEmpty);
  assert.equal(table.find(0x4200_0000), undefined);
  assert.deepEqual(table.problems, []);
});

const BROKEN: readonly [what: string, data: Uint8Array, problem: RegExp][] = [
  ["a unit past the end", bytes(...word(100), 3, 0), /it ends too early/],
  ["64-bit units", bytes(...word(0xffff_ffff), ...word(8)), /64-bit format/],
  ["another version", unit(6, 0, ...word(0)), /version 6/],
  ["a header past its unit", unit(3, 0, ...word(100), 1, 1), /past its unit/],
  [
    "a line_range of 0",
    unit(3, 0, ...word(5), 1, 1, 0, 0, 13),
    /line_range is 0/,
  ],
  [
    "a program that breaks off",
    unit(3, 0, ...word(17), 1, 1, 0, 1, 13, ...OPERANDS, 0, 5, 2, 1),
    /ends too early/,
  ],
  [
    "a number without an end",
    unit(
      ...[3, 0, ...word(17), 1, 1, 0, 1, 13, ...OPERANDS, 2],
      ...new Array(12).fill(0xff),
    ),
    /number has no end/,
  ],
];

for (const [what, data, problem] of BROKEN) {
  Deno.test(`LineTable reports ${what}, and reads the units behind it`, () => {
    const table = tableOf({ ".debug_line": data });
    assert.match(table.problems.join(), problem);
    assert.match(table.problems.join(), /^Cannot parse \.debug_line: /);
    const size = data.length - 4;
    if (data[0] !== size) return; // the unit's own length is wrong
    const behind = tableOf({ ".debug_line": bytes(...data, ...version3()) });
    assert.deepEqual(behind.find(0x4200_0000)?.line, 10);
  });
}

Deno.test("LineTable takes a table with more entries than bytes for damaged", () => {
  const header = bytes(
    ...[1, 1, 1, 0xfb, 14, 13, ...OPERANDS],
    ...[0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 1], // no format, 2^32 folders
  );
  const program = [0, 5, 2, ...word(0x10), 1, 2, 4, 0, 1, 1];
  const table = tableOf({
    ".debug_line": unit(
      ...[5, 0, 4, 0, ...word(header.length), ...header, ...program],
    ),
  });
  assert.equal(table.find(0x10), undefined);
  assert.match(table.problems.join(), /more entries than bytes/);
});

Deno.test("LineTable says that compressed data are not read", () => {
  const elf = buildElf({
    sections: [{ name: ".debug_line", data: version3(), flags: 0x800 }],
  });
  const table = new LineTable(parseElf(elf));
  assert.ok(table.isEmpty);
  assert.match(table.problems.join(), /\.debug_line: it is compressed/);
});

Deno.test("LineTable survives any change to its data", () => {
  const seed = {
    ".debug_line": bytes(...version3(), ...version5()[".debug_line"] ?? []),
    ".debug_line_str": version5()[".debug_line_str"] ?? bytes(),
    ".debug_info": unit(4, 0, ...word(0), 4, 2, "/src", ...word(0)),
    ".debug_abbrev": bytes(
      ...[1, 0x2e, 0, 0x03, 0x08, 0, 0, 2, 0x11, 1, 0x1b, 0x08, 0x10, 0x17],
      ...[0, 0, 0],
    ),
  };
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(
      fc.constantFrom(".debug_line", ".debug_info", ".debug_abbrev"),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      (name, changes) => {
        const data = Uint8Array.from(seed[name]);
        for (const [at, value] of changes) data[at % data.length] = value;
        const table = tableOf({ ...seed, [name]: data });
        for (const at of [0x4200_0000, 0x4200_0010, 0x4080_0012, 0, 1]) {
          table.find(at);
        }
      },
    ),
    { numRuns: 1500 },
  );
});

Deno.test("LineTable takes time in proportion to the data, whatever they say", () => {
  const start = performance.now();
  // Units without programs, and a million bytes that are no abbreviations.
  const header = bytes(...LIST_HEADER);
  const empty = unit(3, 0, ...word(header.length), ...header);
  const many = new Uint8Array(empty.length * 50_000);
  for (let at = 0; at < many.length; at += empty.length) many.set(empty, at);
  tableOf({ ".debug_line": many });
  const rows = new Uint8Array(1_000_000).fill(0xff);
  const table = tableOf({
    ".debug_line": unit(3, 0, ...word(header.length), ...header),
    ".debug_info": rows,
    ".debug_abbrev": rows,
  });
  assert.equal(table.find(0x10), undefined);
  assert.ok(performance.now() - start < 5_000);
});
