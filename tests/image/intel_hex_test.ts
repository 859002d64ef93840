import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import {
  formatIntelHex,
  isIntelHex,
  parseIntelHex,
} from "../../lib/image/intel_hex.ts";
import type { Segment } from "../../lib/image/segment.ts";

/** As esptool 5.6's `merge-bin --format hex` has written it. */
const MERGED = `:020000040000FA
:0D80000068656C6C6F20776F726C642121D5
:020000040001F9
:03FFFD00010203FB
:020000040002F8
:020000000405F5
:00000001FF
`;
const MERGED_SEGMENTS: readonly Segment[] = [
  { address: 0x8000, data: new TextEncoder().encode("hello world!!") },
  { address: 0x1_fffd, data: Uint8Array.of(1, 2, 3, 4, 5) },
];

function parse(text: string): string[] {
  return parseIntelHex(new TextEncoder().encode(text)).map((
    { address, data },
  ) => `${address.toString(16)} ${data.toHex()}`);
}

function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    assert(error instanceof ImageError);
    return `${error.message} (${error.offset})`;
  }
  return "accepted";
}

Deno.test("parseIntelHex reads what esptool writes, across a bank's end", () => {
  assert.deepEqual(parse(MERGED), [
    "8000 68656c6c6f20776f726c642121",
    "1fffd 0102030405",
  ]);
});

Deno.test("formatIntelHex writes what esptool writes", () => {
  const text = formatIntelHex(MERGED_SEGMENTS.toReversed());
  assert.equal(new TextDecoder().decode(text), MERGED);
});

Deno.test("formatIntelHex leaves the upper half out where all of it is zero", () => {
  const text = formatIntelHex([{
    address: 0x2000,
    data: new TextEncoder().encode("hello world!!"),
  }]);
  assert.equal(
    new TextDecoder().decode(text),
    ":0D20000068656C6C6F20776F726C64212135\n:00000001FF\n",
  );
});

Deno.test("formatIntelHex refuses overlaps and addresses past 32 bits", () => {
  const data = Uint8Array.of(1, 2);
  assert.throws(
    () => formatIntelHex([{ address: 1, data }, { address: 0, data }]),
    new RangeError(
      "Cannot format Intel HEX: two segments have 0x0000_0001",
    ),
  );
  assert.throws(
    () => formatIntelHex([{ address: 0xffff_ffff, data }]),
    new RangeError(
      "Cannot format Intel HEX: 2 bytes at 0xffff_ffff go past the last address of 32 bits",
    ),
  );
});

// From Intel's specification: segment and linear addresses, both start records.
Deno.test("parseIntelHex reads every record type, line end and letter case", () => {
  assert.deepEqual(
    parse(
      ":020000021200EA\r\n:020100000a0be8 \r\n\r\n:0400000300003800C1\r\n" +
        ":02000004FFFFFC\r\n:02FFFE00aabb9c\r\n:04000005000000cd2A\r\n:00000001FF",
    ),
    ["12100 0a0b", "fffffffe aabb"],
  );
});

Deno.test("parseIntelHex joins what touches, whatever the order of lines", () => {
  assert.deepEqual(
    parse(":01000100BB43\n:01000300DD1F\n:01000000AA55\n:00000001FF\n"),
    ["0 aabb", "3 dd"],
  );
});

Deno.test("parseIntelHex names the line that it refuses", () => {
  const end = ":00000001FF\n";
  const cases: Record<string, string> = {
    "": "line 0: no end-of-file record comes after it (0)",
    ":01000000AA55\n": "line 1: no end-of-file record comes after it (0)",
    [`\n:01000000AA56\n${end}`]:
      "line 2: its checksum is 0x56, its bytes give 0x55 (1)",
    [`${end}:01000000AA55\n`]:
      "line 2: it comes after the end-of-file record (12)",
    [`01000000AA55\n${end}`]: 'line 1: it does not begin with ":" (0)',
    [`:00000006FA\n${end}`]: "line 1: its record type 0x06 is not known (0)",
    [`:0100000AA55\n${end}`]:
      "line 1: it has 11 digits, its size promises 12 (0)",
    [`:02000000AA55\n${end}`]:
      "line 1: it has 12 digits, its size promises 14 (0)",
    [`:01000000AG55\n${end}`]:
      "line 1: columns 10 and 11 are no hex digits (0)",
    [`:\n${end}`]: "line 1: columns 2 and 3 are no hex digits (0)",
    [`:0100000400FB\n${end}`]:
      "line 1: its record type 0x04 has 2 data bytes, not 1 (0)",
    [`:02000002FFFFFE\n:02FFFF000102FD\n${end}`]:
      "line 2: its data go past the end of the address space (16)",
    [`:02000004FFFFFC\n:02FFFF000102FD\n${end}`]:
      "line 2: its data go past the end of the address space (16)",
    [`:01000000AA55\n:020000001122CB\n${end}`]:
      "line 2: its address is taken already (14)",
  };
  for (const [text, expected] of Object.entries(cases)) {
    assert.equal(refusal(text), `Cannot parse Intel HEX: ${expected}`, text);
  }
});

Deno.test("parseIntelHex refuses every truncation but that of the last line end", () => {
  const whole = MERGED.length - 1;
  for (let size = 0; size < whole; size++) {
    assert.match(refusal(MERGED.slice(0, size)), /^Cannot parse/, `${size}`);
  }
  assert.equal(parse(MERGED.slice(0, whole)).length, 2);
});

Deno.test("isIntelHex tells text with records from other bytes", () => {
  const encoder = new TextEncoder();
  assert.equal(isIntelHex(encoder.encode(MERGED)), true);
  assert.equal(isIntelHex(encoder.encode(":00000001FF")), true);
  assert.equal(isIntelHex(encoder.encode(":0000")), false);
  assert.equal(isIntelHex(encoder.encode(": this is text")), false);
  assert.equal(isIntelHex(Uint8Array.of(0xe9, 1, 2, 3)), false);
});

Deno.test("parseIntelHex gives back what formatIntelHex was given", () => {
  const piece = fc.record({
    gap: fc.integer({ min: 1, max: 0x1_2000 }),
    data: fc.uint8Array({ minLength: 1, maxLength: 70 }),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xfff0_0000 }),
      fc.array(piece, { maxLength: 6 }),
      (start, pieces) => {
        let address = start;
        const segments = pieces.map(({ gap, data }) => {
          address += gap;
          const segment = { address, data };
          address += data.length;
          return segment;
        });
        assert.deepEqual(parseIntelHex(formatIntelHex(segments)), segments);
      },
    ),
  );
});
