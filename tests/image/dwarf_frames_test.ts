import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { FrameTable } from "../../lib/image/dwarf_frames.ts";
import { parseElf } from "../../lib/image/elf.ts";
import { buildElf } from "./_elf_builder.ts";

function word(value: number): number[] {
  return [value, value >>> 8, value >>> 16, value >>> 24].map((b) => b & 0xff);
}

function entry(...bytes: readonly number[]): number[] {
  return [...word(bytes.length), ...bytes];
}

/** RISC-V's: code in units of 1, the stack in units of -4, ra is 1, and the CFA is sp (2). */
const COMMON = entry(
  ...word(0xffff_ffff),
  ...[3, 0, 1, 0x7c, 1, 0x0c, 2, 0],
);
const START = 0x4200_0000;

function tableOf(...program: readonly number[]): FrameTable {
  const entries = [
    ...COMMON,
    ...entry(...word(0), ...word(START), ...word(0x40), ...program),
  ];
  return parse(Uint8Array.from(entries));
}

function parse(data: Uint8Array): FrameTable {
  const elf = buildElf({
    sections: [{ name: ".debug_frame", data, flags: 0 }],
  });
  return new FrameTable(parseElf(elf));
}

/** What a table says of the code at an offset of the function. */
function rule(table: FrameTable, offset: number) {
  const found = table.find(START + offset);
  return found && {
    cfa: [found.cfaRegister, found.cfaOffset],
    saved: Object.fromEntries(found.saved),
  };
}

Deno.test("FrameTable follows a function from its first instruction to its last", () => {
  const table = tableOf(
    ...[0x42, 0x0e, 16], // from 2 on, the CFA is sp + 16
    ...[0x44, 0x81, 1, 0x88, 2], // from 6 on, ra and s0 are saved at -4 and -8
    ...[0x02, 0x10, 0x0a], // from 0x16 on: remembered …
    ...[0xc1, 0xc8, 0x0e, 0], // … and undone for a way out
    ...[0x03, 0x08, 0x00, 0x0b], // from 0x1e on: as it was
    ...[0x04, ...word(4), 0x0d, 8], // from 0x22 on, by s0
  );
  assert.equal(table.problem, undefined);
  assert.deepEqual(rule(table, 0), { cfa: [2, 0], saved: {} });
  assert.deepEqual(rule(table, 2), { cfa: [2, 16], saved: {} });
  assert.deepEqual(rule(table, 6), { cfa: [2, 16], saved: { 1: -4, 8: -8 } });
  assert.deepEqual(rule(table, 0x15), rule(table, 6));
  assert.deepEqual(rule(table, 0x16), { cfa: [2, 0], saved: {} });
  assert.deepEqual(rule(table, 0x1e), rule(table, 6));
  assert.deepEqual(rule(table, 0x3f), {
    cfa: [8, 16],
    saved: { 1: -4, 8: -8 },
  });
  assert.equal(rule(table, 0x40), undefined);
  assert.equal(rule(table, -1), undefined);
});

Deno.test("FrameTable knows the rarer instructions", () => {
  const cases: readonly [program: number[], saved: object, cfa?: number[]][] = [
    [[0x05, 9, 3], { 9: -12 }], // offset_extended
    [[0x11, 9, 0x7f], { 9: 4 }], // offset_extended_sf
    [[0x81, 1, 0x07, 1], { 1: undefined }], // undefined
    [[0x81, 1, 0x08, 1], {}], // same_value
    [[0x09, 1, 5], { 1: undefined }], // register
    [[0x81, 1, 0x06, 1], {}], // restore_extended
    [[0x10, 1, 2, 0, 0], { 1: undefined }], // expression
    [[0x12, 8, 0x7c], {}, [8, 16]], // def_cfa_sf
    [[0x13, 0x7c], {}, [2, 16]], // def_cfa_offset_sf
    [[0x2e, 4, 0], {}], // GNU_args_size, nop
    [[0x01, ...word(START + 8), 0x0e, 4], {}], // set_loc
  ];
  for (const [program, saved, cfa = [2, 0]] of cases) {
    assert.deepEqual(
      rule(tableOf(...program), 4),
      { cfa, saved },
      `${program}`,
    );
  }
  assert.deepEqual(rule(tableOf(0x01, ...word(START + 8), 0x0e, 4), 8)?.cfa, [
    2,
    4,
  ]);
});

Deno.test("FrameTable has no rule where the frame takes an expression, or an instruction is not known", () => {
  assert.equal(rule(tableOf(0x0f, 1, 0x9c), 4), undefined);
  assert.equal(rule(tableOf(0x3f), 4), undefined);
  assert.equal(rule(tableOf(...new Array(100).fill(0x0a)), 4), undefined);
});

Deno.test("FrameTable without data has no rules, and no problem", () => {
  const table = new FrameTable(parseElf(buildElf()));
  assert.equal(table.find(START), undefined);
  assert.equal(table.problem, undefined);
});

Deno.test("FrameTable says what is wrong with damaged data, and keeps what was before", () => {
  const good = [...COMMON, ...entry(...word(0), ...word(START), ...word(0x40))];
  const table = parse(Uint8Array.from([...good, ...word(100), 0]));
  assert.match(
    table.problem ?? "",
    /^Cannot parse \.debug_frame: it ends too early/,
  );
  assert.notEqual(table.find(START), undefined);
});

Deno.test("FrameTable survives any change to its data", () => {
  const seed = [
    ...COMMON,
    ...entry(
      ...[...word(0), ...word(START), ...word(0x40)],
      ...[0x42, 0x0e, 16, 0x44, 0x81, 1, 0x02, 0x10, 0x0a, 0xc1, 0x0b, 0],
    ),
  ];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
      (changes) => {
        const data = Uint8Array.from(seed);
        for (const [at, value] of changes) data[at % data.length] = value;
        const table = parse(data);
        for (const at of [START, START + 0x20, 0]) table.find(at);
      },
    ),
    { numRuns: 1500 },
  );
});
