import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import {
  type DecodedLine,
  LineDecoder,
} from "../../lib/monitor/line_decoder.ts";

const encoder = new TextEncoder();

/** The whole lines of bytes that come in pieces. */
function linesOf(pieces: readonly Uint8Array[]): string[] {
  const decoder = new LineDecoder();
  const lines = pieces.flatMap((piece) => decoder.push(piece, 0));
  const last = decoder.end();
  return [...lines, ...last === undefined ? [] : [last]].map(({ raw }) => raw);
}

function bytes(...parts: (string | number)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "string" ? [...encoder.encode(part)] : [part]
    ),
  );
}

const CASES: readonly [name: string, input: Uint8Array, lines: string[]][] = [
  ["plain lines", bytes("a\nbc\n"), ["a", "bc"]],
  ["CR LF", bytes("a\r\nb\r\n"), ["a", "b"]],
  ["LF CR, as the ESP8266's SDK has it", bytes("a\n\rb\n\r"), ["a", "b"]],
  ["CR CR LF", bytes("a\r\r\nb"), ["a", "b"]],
  ["a last line without an end", bytes("a\nb"), ["a", "b"]],
  ["empty lines", bytes("\n\na\n"), ["", "", "a"]],
  ["characters of several bytes", bytes("Grüße €𝄞\n"), ["Grüße €𝄞"]],
  ["bytes that are no UTF-8", bytes(0x80, "a", 0xff, 0xc3, "b\n"), [
    "\\x80a\\xff\\xc3b",
  ]],
  ["colours", bytes("\x1b[0;31mE (1) t: m\x1b[0m\n"), [
    "\x1b[0;31mE (1) t: m\x1b[0m",
  ]],
  ["what could do something to a terminal", bytes("\x1b]0;t\x07\x1bc\0\n"), [
    "\\x1b]0;t\\x07\\x1bc\\x00",
  ]],
  ["C1 controls", bytes("a\u009b31mb\n"), ["a\\x9b31mb"]],
  ["tabs and backspaces", bytes("a\tb\bc\n"), ["a\tb\bc"]],
];

for (const [name, input, expected] of CASES) {
  Deno.test(`LineDecoder decodes ${name}, however they are cut`, () => {
    assert.deepEqual(linesOf([input]), expected);
    assert.deepEqual(
      linesOf(Array.from(input, (byte) => Uint8Array.of(byte))),
      expected,
    );
    for (let at = 0; at <= input.length; at++) {
      assert.deepEqual(
        linesOf([input.subarray(0, at), input.subarray(at)]),
        expected,
        `cut at ${at}`,
      );
    }
  });

  Deno.test(`LineDecoder flushes ${name} without a change to them`, () => {
    for (let at = 0; at <= input.length; at++) {
      const decoder = new LineDecoder();
      const parts: DecodedLine[] = [];
      for (const piece of [input.subarray(0, at), input.subarray(at)]) {
        parts.push(...decoder.push(piece, 0));
        const part = decoder.flush();
        if (part !== undefined) parts.push(part);
      }
      const last = decoder.end();
      if (last !== undefined) parts.push(last);
      const shown = parts.map(({ raw, ended }) => ended ? `${raw}\n` : raw);
      assert.equal(
        shown.join("").replace(/\n$/, ""),
        expected.join("\n"),
        `cut at ${at}`,
      );
    }
  });
}

Deno.test("LineDecoder tells level and tag, and the text without colours", () => {
  const decoder = new LineDecoder();
  const [line] = decoder.push(
    bytes("\x1b[0;33mW (1234) wifi: no: beacon\x1b[0m\r\n"),
    7,
  );
  assert.deepEqual(line, {
    time: 7,
    raw: "\x1b[0;33mW (1234) wifi: no: beacon\x1b[0m",
    text: "W (1234) wifi: no: beacon",
    ended: true,
    level: "W",
    tag: "wifi",
  });
});

Deno.test("LineDecoder flushes a prompt, and tells the whole line when it ends", () => {
  const decoder = new LineDecoder();
  assert.equal(decoder.flush(), undefined);
  assert.deepEqual(decoder.push(bytes("login: "), 5), []);
  assert.deepEqual(decoder.flush(), {
    time: 5,
    raw: "login: ",
    text: "login: ",
    ended: false,
  });
  assert.equal(decoder.flush(), undefined);
  assert.deepEqual(decoder.push(bytes("bob\nnext"), 9), [
    { time: 5, raw: "bob", text: "login: bob", ended: true },
  ]);
  assert.deepEqual(decoder.end(), {
    time: 9,
    raw: "next",
    text: "next",
    ended: true,
  });
  assert.equal(decoder.end(), undefined);
});

Deno.test("LineDecoder cuts a line that never ends", () => {
  const decoder = new LineDecoder();
  const lines = decoder.push(new Uint8Array(100_000).fill(0x61), 0);
  assert.equal(lines.length, 12);
  assert.ok(lines.every(({ raw }) => raw.length === 8192));
});

Deno.test("LineDecoder keeps what it flushed of a line within the same limit", () => {
  const decoder = new LineDecoder();
  let longest = 0;
  for (let i = 0; i < 300; i++) {
    const parts = [
      ...decoder.push(new Uint8Array(100).fill(0x61), 0),
      decoder.flush(),
    ];
    for (const part of parts) {
      longest = Math.max(longest, part?.text.length ?? 0);
    }
  }
  assert.ok(longest <= 8192 + 100, String(longest));
});

Deno.test("LineDecoder gives the same lines for any bytes in any pieces, and nothing unsafe", () => {
  // deno-lint-ignore no-control-regex -- these must not come out
  const unsafe = /[\0-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]|\x1b(?!\[)/;
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 })),
      (pieces) => {
        const whole = pieces.flatMap((piece) => [...piece]);
        const lines = linesOf(pieces);
        assert.deepEqual(lines, linesOf([Uint8Array.from(whole)]));
        for (const line of lines) assert.doesNotMatch(line, unsafe);
      },
    ),
    { numRuns: 500 },
  );
});
