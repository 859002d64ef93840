import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { FrameError } from "../../lib/errors.ts";
import {
  encodeFrame,
  SlipDecoder,
  type SlipDecoderOptions,
  SlipDecoderStream,
  SlipEncoderStream,
} from "../../lib/framing/slip.ts";
import {
  BOOT_LOG_THEN_SYNC,
  bytesOf,
  hexBytes,
  REPLIES,
} from "../vectors/serial_protocol.ts";

/** Payloads and their frames by RFC 1055, with both delimiters. */
const VECTORS: readonly [name: string, payload: string, frame: string][] = [
  ["plain bytes", "010203", "c0010203c0"],
  ["END", "c0", "c0dbdcc0"],
  ["ESC", "db", "c0dbddc0"],
  ["ESC_END and ESC_ESC, which need no escape", "dcdd", "c0dcddc0"],
  ["END and ESC at both ends", "c000db", "c0dbdc00dbddc0"],
  ["what looks like an escape", "dbdc", "c0dbdddcc0"],
  ["two ENDs and two ESCs", "c0c0dbdb", "c0dbdcdbdcdbdddbddc0"],
];

/** What a decoder found, in order. */
type Found = [kind: "frame" | "noise" | "error", hex: string];

/** Decodes chunks; noise that follows noise is joined, as its cuts mean nothing. */
function decode(
  chunks: Iterable<Uint8Array>,
  options?: SlipDecoderOptions,
): Found[] {
  const found: Found[] = [];
  const decoder = new SlipDecoder({
    frame: (payload) => found.push(["frame", payload.toHex()]),
    noise: (bytes) => {
      assert.ok(bytes.length > 0);
      const last = found.at(-1);
      if (last?.[0] === "noise") last[1] += bytes.toHex();
      else found.push(["noise", bytes.toHex()]);
    },
    error: (error) => {
      assert.ok(error instanceof FrameError);
      assert.equal(error.code, "frame-invalid");
      found.push(["error", error.bytes.toHex()]);
    },
  }, options);
  for (const chunk of chunks) decoder.push(chunk);
  return found;
}

/** Every way to feed the bytes that a port may choose: whole, in two, one by one. */
function* feeds(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes];
  for (let cut = 1; cut < bytes.length; cut++) {
    yield [bytes.subarray(0, cut), bytes.subarray(cut)];
  }
  yield Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
}

/** What is on the wire, and what every feed of it must yield. */
const STREAMS: readonly [name: string, wire: string, found: Found[]][] = [
  ...VECTORS.map(([name, payload, frame]): [string, string, Found[]] => [
    `a frame of ${name}`,
    frame,
    [["frame", payload]],
  ]),
  ["frames back to back", "c001c0c002c0", [["frame", "01"], ["frame", "02"]]],
  ["delimiters between frames", "c0c0c001c0c0c0c002c0", [
    ["frame", "01"],
    ["frame", "02"],
  ]],
  ["garbage first", "68656c6c6fc001c0", [["noise", "68656c6c6f"], [
    "frame",
    "01",
  ]]],
  ["garbage between frames", "c001c0aabbc002c0", [
    ["frame", "01"],
    ["noise", "aabb"],
    ["frame", "02"],
  ]],
  [
    "escape bytes outside a frame, which are noise like others",
    "dbdcdbc001c0",
    [
      ["noise", "dbdcdb"],
      ["frame", "01"],
    ],
  ],
  ["a truncated frame", "c00102", []],
  ["a lost closing delimiter, which costs the next frame", "c001c002c0c003c0", [
    ["frame", "01"],
    ["noise", "02"],
    ["frame", "03"],
  ]],
  ["a lost opening delimiter", "01c0c002c0", [["noise", "01"], [
    "frame",
    "02",
  ]]],
  ["a torn frame and the frame after it", "c00102c0c003c0", [
    ["frame", "0102"],
    ["frame", "03"],
  ]],
  ["an escape of a wrong byte", "c001db02c0c003c0", [
    ["error", "01db02"],
    ["frame", "03"],
  ]],
  ["an escape of an escape", "c0dbdbdcc0c003c0", [
    ["error", "dbdbdc"],
    ["frame", "03"],
  ]],
  ["an escape cut off by the delimiter", "c001dbc0c003c0", [
    ["error", "01db"],
    ["frame", "03"],
  ]],
];

for (const [name, payload, frame] of VECTORS) {
  Deno.test(`encodeFrame encodes ${name}`, () => {
    assert.equal(encodeFrame(hexBytes(payload)).toHex(), frame);
  });
}

Deno.test("encodeFrame joins its parts and leaves them as they were", () => {
  const parts = ["c0", "", "01db"].map(hexBytes);
  assert.equal(encodeFrame(...parts).toHex(), "c0dbdc01dbddc0");
  assert.deepEqual(parts.map((part) => part.toHex()), ["c0", "", "01db"]);
});

for (const [name, wire, found] of STREAMS) {
  Deno.test(`SlipDecoder finds ${name}, however it is cut`, () => {
    for (const chunks of feeds(hexBytes(wire))) {
      assert.deepEqual(decode(chunks), found, `fed ${chunks.length} chunks`);
    }
  });
}

Deno.test("SlipDecoder finds the reply behind a boot log, however it is cut", () => {
  const wire = bytesOf(BOOT_LOG_THEN_SYNC);
  const frameAt = wire.indexOf(0xc0);
  for (const chunks of feeds(wire)) {
    assert.deepEqual(decode(chunks), [
      ["noise", wire.subarray(0, frameAt).toHex()],
      ["frame", "010804000707122000000000"],
    ]);
  }
});

Deno.test("SlipDecoder undoes the escapes of captured replies", () => {
  assert.deepEqual(decode([bytesOf(REPLIES.readRegEscaped)]), [
    ["frame", "010a02005600c0000000"],
  ]);
  assert.deepEqual(decode([bytesOf(REPLIES.changeBaudRom)]), [
    ["frame", "010f04005000000000000000"],
  ]);
});

Deno.test("SlipDecoder takes a frame of the greatest size and no more", () => {
  const options = { maxFrameSize: 4 };
  const wire = hexBytes("c001020304c0 c00102030405c0 c00607c0");
  for (const chunks of feeds(wire)) {
    const found = decode(chunks, options);
    assert.deepEqual(found[0], ["frame", "01020304"]);
    assert.equal(found[1]?.[0], "error");
    assert.ok("0102030405".startsWith(found[1]?.[1] ?? "?"));
    assert.deepEqual(found.slice(2), [["frame", "0607"]]);
  }
});

Deno.test("SlipDecoder is outside again behind a frame that was too long", () => {
  assert.deepEqual(
    decode([hexBytes("c00102c0aac003c0")], { maxFrameSize: 1 }),
    [
      ["error", "0102"],
      ["noise", "aa"],
      ["frame", "03"],
    ],
  );
});

Deno.test("SlipDecoder counts escaped bytes, and reports an endless frame once", () => {
  assert.deepEqual(decode([hexBytes("c0dbdcdbdcc0")], { maxFrameSize: 4 }), [
    ["frame", "c0c0"],
  ]);
  assert.deepEqual(
    decode([hexBytes("c00102"), hexBytes("0304"), hexBytes("0506")], {
      maxFrameSize: 3,
    }),
    [["error", "01020304"]],
  );
});

Deno.test("SlipDecoder holds the largest frame of the protocol by default", () => {
  const block = new Uint8Array(0x4000 + 24).fill(0xc0);
  assert.deepEqual(decode([encodeFrame(block)]), [["frame", block.toHex()]]);
  const endless = new Uint8Array(0x1_0002).fill(1);
  endless[0] = 0xc0;
  assert.deepEqual(decode([endless]).map(([kind]) => kind), ["error"]);
});

Deno.test("SlipDecoder hands on a view of the chunk where nothing is escaped", () => {
  const chunk = hexBytes("c0010203c0");
  const frames: Uint8Array[] = [];
  new SlipDecoder({ frame: (payload) => frames.push(payload) }).push(chunk);
  assert.equal(frames[0]?.buffer, chunk.buffer);
});

Deno.test("SlipDecoder.reset forgets a frame that has begun", () => {
  const frames: string[] = [];
  const decoder = new SlipDecoder({
    frame: (payload) => frames.push(payload.toHex()),
  });
  decoder.push(hexBytes("c00102"));
  decoder.reset();
  decoder.push(hexBytes("c003c0"));
  assert.deepEqual(frames, ["03"]);
});

Deno.test("SlipDecoder goes on when its sink resets it in the middle of a chunk", () => {
  const frames: string[] = [];
  const decoder: SlipDecoder = new SlipDecoder({
    frame(payload) {
      frames.push(payload.toHex());
      decoder.reset();
    },
  });
  decoder.push(hexBytes("c001c0c002c0"));
  assert.deepEqual(frames, ["01", "02"]);
});

/** Cuts bytes at arbitrary places. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let start = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  return [...chunks, bytes.subarray(Math.min(start, bytes.length))];
}

/** Bytes among which END and ESC are frequent. */
const PAYLOAD = fc.array(
  fc.oneof(fc.constantFrom(0xc0, 0xdb, 0xdc, 0xdd), fc.nat(255)),
  { minLength: 1, maxLength: 64 },
).map((bytes) => Uint8Array.from(bytes));
const SIZES = fc.array(fc.nat(20), { maxLength: 40 });

Deno.test("SlipDecoder undoes encodeFrame for any payloads in any chunks", () => {
  fc.assert(
    fc.property(fc.array(PAYLOAD), SIZES, (payloads, sizes) => {
      const wire = Uint8Array.from(
        payloads.flatMap((payload) => [...encodeFrame(payload)]),
      );
      assert.deepEqual(
        decode(cut(wire, sizes)),
        payloads.map((payload) => ["frame", payload.toHex()]),
      );
    }),
  );
});

Deno.test("SlipDecoder never throws, and finds the same however bytes are cut", () => {
  fc.assert(
    fc.property(PAYLOAD, PAYLOAD, SIZES, (a, b, sizes) => {
      const wire = Uint8Array.of(...a, 0xc0, ...b);
      assert.deepEqual(decode(cut(wire, sizes)), decode([wire]));
    }),
  );
});

Deno.test("SlipDecoder loses at most one frame behind any garbage", () => {
  fc.assert(fc.property(PAYLOAD, PAYLOAD, (garbage, payload) => {
    const frame = encodeFrame(payload);
    const found = decode([garbage, frame, frame]);
    assert.deepEqual(found.at(-1), ["frame", payload.toHex()]);
  }));
});

async function through(
  chunks: readonly Uint8Array[],
  transform: TransformStream<Uint8Array, Uint8Array>,
): Promise<string[]> {
  const out: string[] = [];
  for await (const part of ReadableStream.from(chunks).pipeThrough(transform)) {
    out.push(part.toHex());
  }
  return out;
}

Deno.test("SlipEncoderStream makes one frame of each payload", async () => {
  const payloads = VECTORS.map(([, payload]) => hexBytes(payload));
  assert.deepEqual(
    await through(payloads, new SlipEncoderStream()),
    VECTORS.map(([, , frame]) => frame),
  );
});

Deno.test("SlipDecoderStream joins a frame split inside an escape and hands noise on", async () => {
  const noise: string[] = [];
  const chunks = ["aac001db", "dc02c0", "bb", "c003c0"].map(hexBytes);
  const stream = new SlipDecoderStream({
    onNoise: (bytes) => noise.push(bytes.toHex()),
  });
  assert.deepEqual(await through(chunks, stream), ["01c002", "03"]);
  assert.deepEqual(noise, ["aa", "bb"]);
});

Deno.test("SlipDecoderStream drops a frame that the stream's end cuts off", async () => {
  const chunks = ["c001c0c002"].map(hexBytes);
  assert.deepEqual(await through(chunks, new SlipDecoderStream()), ["01"]);
});

Deno.test("SlipDecoderStream goes on behind an invalid frame if someone is told", async () => {
  const errors: string[] = [];
  const chunks = ["c001dbc0c002c0"].map(hexBytes);
  const stream = new SlipDecoderStream({
    onError: (error) => errors.push(error.bytes.toHex()),
  });
  assert.deepEqual(await through(chunks, stream), ["02"]);
  assert.deepEqual(errors, ["01db"]);
});

Deno.test("SlipDecoderStream errors at an invalid frame if no one is told", async () => {
  const chunks = ["c001dbc0c002c0"].map(hexBytes);
  await assert.rejects(through(chunks, new SlipDecoderStream()), (error) => {
    assert.ok(error instanceof FrameError);
    assert.equal(error.bytes.toHex(), "01db");
    return true;
  });
});

Deno.test("SlipDecoderStream takes the decoder's options", async () => {
  const stream = new SlipDecoderStream({ maxFrameSize: 1 });
  await assert.rejects(through([hexBytes("c00102c0")], stream), FrameError);
});
