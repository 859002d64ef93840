import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import {
  encodeImprovCommand,
  ImprovDecoder,
  type ImprovPacket,
} from "../../lib/provision/_improv_packet.ts";

const text = (value: string) => new TextEncoder().encode(value);
const hex = (value: string) => Uint8Array.fromHex(value.replaceAll(" ", ""));

/** Put together by hand from https://www.improv-wifi.com/serial; "MyWirelessAP" is its own example. */
const READY = hex("49 4d 50 52 4f 56 01 01 01 02 e2");
const PROVISIONED = hex("49 4d 50 52 4f 56 01 01 01 04 e4");
const UNABLE = hex("49 4d 50 52 4f 56 01 02 01 03 e4");
const URL_RESULT = hex(
  "49 4d 50 52 4f 56 01 04 15 01 13 12 68 74 74 70 3a 2f 2f 31 39 32 2e 31 36 38 2e 31 2e 35 a0",
);
const PACKETS: readonly ImprovPacket[] = [
  { kind: "state", state: 2 },
  { kind: "state", state: 4 },
  { kind: "error", error: 3 },
  { kind: "result", command: 1, texts: ["http://192.168.1.5"] },
];
/** A boot log with packets in it, one of them behind a start of a header. */
const STREAM = [
  ...[
    text("I (31) boot: ESP-IDF\r\nIMPRO"),
    READY,
    text("\nIIMPROV is on\r\n"),
  ],
  ...[PROVISIONED, UNABLE, text("log IMP"), URL_RESULT, text("\n")],
].reduce((all, part) => Uint8Array.of(...all, ...part), new Uint8Array());

function decodeIn(parts: Iterable<Uint8Array>): ImprovPacket[] {
  const decoder = new ImprovDecoder();
  return Array.from(parts).flatMap((part) => decoder.push(part));
}

Deno.test("encodeImprovCommand makes the packets that the specification has", () => {
  assert.deepEqual(
    encodeImprovCommand(2),
    hex("49 4d 50 52 4f 56 01 03 02 02 00 e5 0a"),
  );
  assert.deepEqual(
    encodeImprovCommand(4),
    hex("49 4d 50 52 4f 56 01 03 02 04 00 e7 0a"),
  );
  assert.deepEqual(
    encodeImprovCommand(1, ["MyWirelessAP", "mysecurepassword"]),
    hex(
      "49 4d 50 52 4f 56 01 03 20 01 1e 0c 4d 79 57 69 72 65 6c 65 73 73 41 50 " +
        "10 6d 79 73 65 63 75 72 65 70 61 73 73 77 6f 72 64 c1 0a",
    ),
  );
});

Deno.test("encodeImprovCommand refuses what no packet holds", () => {
  assert.throws(
    () => encodeImprovCommand(1, ["x".repeat(200), "y".repeat(60)]),
    {
      name: "RangeError",
      message: "Cannot send a packet of 264 bytes: 255 fit",
    },
  );
});

Deno.test("ImprovDecoder finds packets among log lines, however the bytes are cut", () => {
  assert.deepEqual(decodeIn([STREAM]), PACKETS);
  assert.deepEqual(
    decodeIn(Array.from(STREAM, (byte) => Uint8Array.of(byte))),
    PACKETS,
  );
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const parts = [STREAM.subarray(0, cut), STREAM.subarray(cut)];
    assert.deepEqual(decodeIn(parts), PACKETS, `cut at ${cut}`);
  }
});

Deno.test("ImprovDecoder goes on after packets that are cut off, wrong or of no use", () => {
  const wrong = UNABLE.slice();
  wrong[9] = 0x04;
  const version2 = READY.slice();
  version2[6] = 2;
  const command = encodeImprovCommand(1, ["net", "password"]);
  // A result whose text is longer than the packet: 0x7f bytes of two.
  const lying = hex("49 4d 50 52 4f 56 01 04 05 01 03 7f 61 62 6c");
  assert.deepEqual(
    decodeIn([READY.subarray(0, 8), wrong, version2, command, lying, READY]),
    [{ kind: "state", state: 2 }],
  );
});

Deno.test("ImprovDecoder takes any bytes, and finds the packet behind them", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.constantFrom(text("IMPROV"), text("IMP"), hex("494d50524f560103"))
      .map((bytes) => bytes.slice()),
    fc.nat(READY.length - 1).map((length) => READY.slice(0, length)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (noise) => {
      const decoder = new ImprovDecoder();
      for (const part of noise) decoder.push(part);
      assert.deepEqual(decoder.push(URL_RESULT), [PACKETS[3]]);
    }),
    { numRuns: 300, seed: 9 },
  );
});
