import assert from "node:assert/strict";
import {
  describeStatus,
  isUnsupportedStatus,
} from "../../lib/protocol/status.ts";

const SENTENCES: readonly [status: number, text: string][] = [
  [0x0105, "status 0x0105 (message not understood or not allowed now)"],
  [0x0106, "status 0x0106 (failed to act on the message)"],
  [0x0107, "status 0x0107 (checksum mismatch)"],
  [0x0108, "status 0x0108 (flash write failed)"],
  [0x010a, "status 0x010a (flash read length not possible)"],
  [0x010b, "status 0x010b (compressed data cannot be inflated)"],
  [0x0169, "status 0x0169 (not enough storage)"],
  [0x0155, "status 0x0155 (unknown code)"],
  [0xc000, "status 0xc000 (wrong data length)"],
  [0xc100, "status 0xc100 (checksum mismatch)"],
  [0xc600, "status 0xc600 (no flash write has begun)"],
  [0xc901, "status 0xc901 (too much data)"],
  [0xff00, "status 0xff00 (command not supported)"],
  [0xee00, "status 0xee00 (unknown code)"],
];

for (const [status, text] of SENTENCES) {
  Deno.test(`describeStatus says ${text}`, () => {
    assert.equal(describeStatus(status), text);
  });
}

Deno.test("describeStatus has a sentence for every code of the documentation", () => {
  const rom = [...Array(0x10).keys(), 0x64, 0x65, 0x66, 0x67, 0x69];
  const stub = [...Array(10).keys()].map((code) => 0xc0 + code).concat(0xff);
  for (
    const status of [
      ...rom.map((code) => 0x0100 | code),
      ...stub.map((code) => code << 8),
    ]
  ) {
    assert.doesNotMatch(describeStatus(status), /unknown/);
  }
});

Deno.test("isUnsupportedStatus knows the refusals of a ROM and a stub, and no failures", () => {
  for (const status of [0x0105, 0xff00, 0xc300]) {
    assert.ok(isUnsupportedStatus(status));
  }
  for (const status of [0x0000, 0x0005, 0x0106, 0x0107, 0xc100]) {
    assert.ok(!isUnsupportedStatus(status));
  }
});
