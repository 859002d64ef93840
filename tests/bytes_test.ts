import assert from "node:assert/strict";
import zlib from "node:zlib";
import fc from "npm:fast-check@4.10.2";
import {
  alignDown,
  alignUp,
  CHECKSUM_SEED,
  concatBytes,
  crc32,
  encodeUint32,
  equalBytes,
  formatAddress,
  formatMac,
  padTo,
  parseMac,
  readUint32,
  viewOf,
  xorChecksum,
} from "../lib/bytes.ts";

const WORD = fc.integer({ min: 0, max: 0xffff_ffff });

Deno.test("viewOf sees a subarray's bytes and no others", () => {
  const view = viewOf(Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 4));
  assert.equal(view.byteLength, 3);
  assert.equal(view.getUint8(0), 2);
});

Deno.test("readUint32 reads little-endian, unsigned, at an offset of a subarray", () => {
  const bytes = Uint8Array.of(9, 9, 0x83, 0x1d, 0xf0, 0xff, 9).subarray(1);
  assert.equal(readUint32(bytes, 1), 0xfff0_1d83);
});

Deno.test("readUint32 refuses to read past the end", () => {
  assert.throws(() => readUint32(new Uint8Array(3)), RangeError);
  assert.throws(() => readUint32(new Uint8Array(8), 5), RangeError);
});

Deno.test("encodeUint32 writes little-endian words, negative ones as two's complement", () => {
  assert.deepEqual(
    encodeUint32(0x0102_0304, 0xffff_ffff, -2),
    Uint8Array.of(4, 3, 2, 1, 255, 255, 255, 255, 254, 255, 255, 255),
  );
  assert.equal(encodeUint32().length, 0);
});

Deno.test("encodeUint32 is undone by readUint32", () => {
  fc.assert(fc.property(fc.array(WORD), (words) => {
    const bytes = encodeUint32(...words);
    assert.deepEqual(words.map((_, i) => readUint32(bytes, i * 4)), words);
  }));
});

Deno.test("concatBytes joins in order and does not copy a single chunk", () => {
  const chunk = Uint8Array.of(1, 2);
  assert.equal(concatBytes([chunk]), chunk);
  assert.deepEqual(concatBytes([]), new Uint8Array(0));
  assert.deepEqual(
    concatBytes([chunk, new Uint8Array(0), Uint8Array.of(3)]),
    Uint8Array.of(1, 2, 3),
  );
});

Deno.test("equalBytes compares content and length, whatever the buffer", () => {
  const bytes = Uint8Array.of(0, 1, 2, 3).subarray(1);
  assert.ok(equalBytes(bytes, Uint8Array.of(1, 2, 3)));
  assert.ok(equalBytes(new Uint8Array(0), new Uint8Array(0)));
  assert.ok(!equalBytes(bytes, Uint8Array.of(1, 2)));
  assert.ok(!equalBytes(Uint8Array.of(1, 2), bytes));
  assert.ok(!equalBytes(bytes, Uint8Array.of(1, 2, 4)));
});

Deno.test("alignUp and alignDown enclose a value between multiples", () => {
  assert.equal(alignUp(0, 4), 0);
  assert.equal(alignUp(1, 4), 4);
  assert.equal(alignUp(0x1000, 0x1000), 0x1000);
  assert.equal(alignDown(0x1fff, 0x1000), 0x1000);
  assert.equal(alignUp(0xffff_fff1, 0x1000), 0x1_0000_0000);
});

Deno.test("padTo pads with what erased flash holds, or with the byte it is told", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5);
  assert.deepEqual(
    padTo(bytes, 4),
    Uint8Array.of(1, 2, 3, 4, 5, 0xff, 0xff, 0xff),
  );
  assert.deepEqual(padTo(bytes, 6, 0), Uint8Array.of(1, 2, 3, 4, 5, 0));
  assert.equal(padTo(bytes, 5), bytes);
  assert.equal(padTo(bytes.subarray(5), 4).length, 0);
});

Deno.test("crc32 is zlib's, and can be continued", () => {
  const check = new TextEncoder().encode("123456789");
  assert.equal(crc32(check), 0xcbf4_3926, "the check value of IEEE 802.3");
  assert.equal(crc32(new Uint8Array()), 0);
  fc.assert(fc.property(fc.uint8Array(), fc.nat(), (bytes, at) => {
    assert.equal(crc32(bytes), zlib.crc32(bytes));
    assert.equal(
      crc32(bytes.subarray(at), crc32(bytes.subarray(0, at))),
      crc32(bytes),
    );
  }));
});

Deno.test("xorChecksum starts from 0xEF and can be continued", () => {
  assert.equal(CHECKSUM_SEED, 0xef);
  assert.equal(xorChecksum(new Uint8Array(0)), 0xef);
  assert.equal(xorChecksum(Uint8Array.of(0xc0, 0xdb, 0x01, 0x02)), 0xf7);
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(), (bytes, cut) => {
      const at = cut % (bytes.length + 1);
      const first = xorChecksum(bytes.subarray(0, at));
      assert.equal(
        xorChecksum(bytes.subarray(at), first),
        xorChecksum(bytes),
      );
    }),
  );
});

Deno.test("formatAddress writes eight digits in two groups", () => {
  assert.equal(formatAddress(0x6000_8000), "0x6000_8000");
  assert.equal(formatAddress(0x1000), "0x0000_1000");
  assert.equal(formatAddress(0xfff0_c101), "0xfff0_c101");
  assert.equal(formatAddress(0xfff0_c101 | 0), "0xfff0_c101");
});

Deno.test("parseMac takes colons, dashes or neither, in either case", () => {
  const mac = Uint8Array.of(0x24, 0x0a, 0xc4, 0x00, 0x01, 0x10);
  for (
    const text of ["24:0a:c4:00:01:10", "24-0A-C4-00-01-10", "240ac4000110"]
  ) {
    assert.deepEqual(parseMac(text), mac);
  }
});

Deno.test("parseMac refuses what is no MAC address and quotes it", () => {
  for (
    const text of [
      "",
      "24:0a:c4:00:01",
      "24:0a:c4:00:01:10:22",
      "24:0a-c4:00-01:10",
      "24:0a:c4:00:01:1g",
      " 240ac4000110",
      "240ac4000110\n",
      "24:0ac4:00:01:10",
    ]
  ) {
    assert.throws(() => parseMac(text), (error) => {
      assert.ok(error instanceof SyntaxError);
      assert.ok(error.message.includes(`"${text}"`));
      return true;
    });
  }
});

Deno.test("formatMac is undone by parseMac", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (mac) => {
      assert.deepEqual(parseMac(formatMac(mac)), new Uint8Array(mac));
    }),
  );
  assert.equal(
    formatMac(Uint8Array.of(0xa0, 0x07, 0, 1, 2, 3)),
    "a0:07:00:01:02:03",
  );
});
