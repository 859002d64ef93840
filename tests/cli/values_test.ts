import assert from "node:assert/strict";
import {
  oneOf,
  parseBaud,
  parseDecimal,
  parseNumber,
  parseSize,
  parseSizeOrAll,
  parseUint32,
} from "../../lib/cli/values.ts";

const NUMBERS: ReadonlyArray<readonly [text: string, value: number]> = [
  ["0", 0],
  ["4096", 4096],
  ["0x1000", 0x1000],
  ["0X1f", 0x1f],
  ["0o17", 15],
  ["0b101", 5],
  ["0x4010_0000", 0x4010_0000],
  ["1_000", 1000],
  ["+1", 1],
  ["00", 0],
  ["0x_10", 16],
  [" 1 ", 1],
];

const NOT_NUMBERS = [
  "",
  " ",
  "010",
  "0x",
  "0x1x",
  "1e3",
  "-1",
  "1.5",
  "1__0",
  "_1",
  "1_",
  "ten",
  "0b2",
  "Infinity",
  "99999999999999999999",
];

for (const [text, value] of NUMBERS) {
  Deno.test(`parseNumber reads ${text}`, () => {
    assert.equal(parseNumber(text), value);
  });
}

for (const text of NOT_NUMBERS) {
  Deno.test(`parseNumber refuses "${text}" and names it`, () => {
    assert.throws(() => parseNumber(text), (error: unknown) => {
      assert(error instanceof SyntaxError);
      assert(error.message.startsWith(`"${text}" is not a number`));
      return true;
    });
  });
}

Deno.test("parseUint32 takes 32 bits and no more", () => {
  assert.equal(parseUint32("0xffffffff"), 0xffff_ffff);
  assert.throws(() => parseUint32("0x100000000"), /does not fit 32 bits/);
});

Deno.test("parseSize knows k and M as esptool does", () => {
  assert.equal(parseSize("4k"), 4096);
  assert.equal(parseSize("2M"), 2 * 1024 * 1024);
  assert.equal(parseSize("0x10k"), 16 * 1024);
  for (const wrong of ["4K", "1m", "1G", "k", "0", "0k", "4096M"]) {
    assert.throws(() => parseSize(wrong), SyntaxError, wrong);
  }
});

Deno.test("parseSizeOrAll takes the word all in any case", () => {
  assert.equal(parseSizeOrAll("all"), "all");
  assert.equal(parseSizeOrAll("ALL"), "all");
  assert.equal(parseSizeOrAll("8k"), 8192);
});

Deno.test("parseDecimal takes negative numbers, parseBaud only what is above 0", () => {
  assert.equal(parseDecimal("-1"), -1);
  assert.equal(parseDecimal("+3"), 3);
  assert.equal(parseDecimal("017"), 17);
  assert.equal(parseDecimal("1_000"), 1000);
  for (const wrong of ["--1", "0x10", "1k", "1_", "", "1e3"]) {
    assert.throws(() => parseDecimal(wrong), SyntaxError, wrong);
  }
  assert.equal(parseBaud("921600"), 921_600);
  for (const wrong of ["0", "-1", "0x1c200", "115k"]) {
    assert.throws(() => parseBaud(wrong), SyntaxError, wrong);
  }
});

Deno.test("oneOf takes an underscore for a hyphen and lists the words it knows", () => {
  const parse = oneOf(["hard-reset", "no-reset"]);
  assert.deepEqual(parse.words, ["hard-reset", "no-reset"]);
  assert.equal(parse("hard_reset"), "hard-reset");
  assert.throws(() => parse("reset"), /"reset" is not one of hard-reset, no-r/);
});
