import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { FrameError } from "../../lib/errors.ts";
import { SlipDecoder } from "../../lib/framing/slip.ts";
import {
  type Command,
  FLASH_BEGIN,
  FLASH_DATA,
  GET_SECURITY_INFO,
  READ_FLASH,
  READ_FLASH_SLOW,
  READ_REG,
  SPI_FLASH_MD5,
  SYNC,
} from "../../lib/protocol/commands.ts";
import {
  decodeRequest,
  decodeResponse,
  encodeRequestHeader,
  encodeResponseHeader,
  splitStatus,
} from "../../lib/protocol/packet.ts";
import {
  bytesOf,
  hexBytes,
  REPLIES,
  REQUESTS,
  type WireVector,
} from "../vectors/serial_protocol.ts";

/** The payload of a vector's first frame. */
function payloadOf(vector: WireVector): Uint8Array {
  const payloads: Uint8Array[] = [];
  new SlipDecoder({ frame: (payload) => payloads.push(payload) })
    .push(bytesOf(vector));
  const [first] = payloads;
  assert.ok(first !== undefined);
  return first;
}

function isReplyInvalid(error: unknown): boolean {
  assert.ok(error instanceof FrameError, String(error));
  assert.equal(error.code, "reply-invalid");
  return true;
}

/** A reply, and what a host must make of it. */
interface ReplyCase {
  readonly vector: WireVector;
  readonly opcode: number;
  readonly value: number;
  readonly data: string;
  readonly status: number;
  readonly result?: unknown;
  readonly read: () => ReturnType<typeof readReply>;
}

function readReply(row: Command<never, unknown>, vector: WireVector) {
  const { opcode, value, body } = decodeResponse(payloadOf(vector));
  const { data, status } = splitStatus(body, row.replySizes);
  const result = status >> 8 === 0 ? row.decode({ value, data }) : undefined;
  return { opcode, value, data: data.toHex(), status, result };
}

function reply<Params>(
  row: Command<Params, unknown>,
  vector: WireVector,
  expected: Omit<ReplyCase, "vector" | "read">,
): ReplyCase {
  return { vector, ...expected, read: () => readReply(row, vector) };
}

const FLASH_START = hexBytes(
  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" +
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
);
const SYNC_VALUE = 0x2012_0707;
const ESP32_MAGIC = 0x00f0_1d83;
const C3_MAGIC = 0x1b31_506f;
const ok = { data: "", status: 0 };

const CASES: readonly ReplyCase[] = [
  reply(SYNC, REPLIES.syncRom, {
    opcode: 0x08,
    value: SYNC_VALUE,
    ...ok,
    result: SYNC_VALUE,
  }),
  reply(SYNC, REPLIES.syncStub, { opcode: 0x08, value: 0, ...ok, result: 0 }),
  reply(SYNC, REPLIES.syncEsp8266, {
    opcode: 0x08,
    value: SYNC_VALUE,
    ...ok,
    result: SYNC_VALUE,
  }),
  reply(READ_REG, REPLIES.readRegRom, {
    opcode: 0x0a,
    value: ESP32_MAGIC,
    ...ok,
    result: ESP32_MAGIC,
  }),
  reply(READ_REG, REPLIES.readRegStub, {
    opcode: 0x0a,
    value: ESP32_MAGIC,
    ...ok,
    result: ESP32_MAGIC,
  }),
  reply(READ_REG, REPLIES.readRegEscaped, {
    opcode: 0x0a,
    value: 0x00c0_0056,
    ...ok,
    result: 0x00c0_0056,
  }),
  reply(READ_REG, REPLIES.readRegEsp8266, {
    opcode: 0x0a,
    value: 0xfff0_c101,
    ...ok,
    result: 0xfff0_c101,
  }),
  reply(READ_REG, REPLIES.staleReserved, {
    opcode: 0x0a,
    value: 0x8000,
    ...ok,
    result: 0x8000,
  }),
  reply(FLASH_DATA, REPLIES.staleCode, {
    opcode: 0x03,
    value: ESP32_MAGIC,
    data: "",
    status: 0x0005,
  }),
  reply(GET_SECURITY_INFO, REPLIES.unknownOpcodeRom, {
    opcode: 0x0a,
    value: ESP32_MAGIC,
    data: "",
    status: 0x0105,
  }),
  reply(GET_SECURITY_INFO, REPLIES.unknownOpcodeStub, {
    opcode: 0x14,
    value: 0,
    data: "",
    status: 0xff00,
  }),
  reply(FLASH_DATA, REPLIES.wrongChecksumRom, {
    opcode: 0x03,
    value: ESP32_MAGIC,
    data: "",
    status: 0x0107,
  }),
  reply(FLASH_BEGIN, REPLIES.pastEndRom, {
    opcode: 0x02,
    value: ESP32_MAGIC,
    data: "",
    status: 0x0106,
  }),
  reply(FLASH_DATA, REPLIES.wrongChecksumEsp8266, {
    opcode: 0x03,
    value: 0,
    data: "",
    status: 0x0107,
  }),
  reply(FLASH_DATA, REPLIES.wrongChecksumStub, {
    opcode: 0x03,
    value: 0,
    data: "",
    status: 0xc100,
  }),
  reply(SPI_FLASH_MD5, REPLIES.md5Rom, {
    opcode: 0x13,
    value: 0x0010_0000,
    data: "3862383130646432333534643239656562333537663638393132623062613664",
    status: 0,
    result: "8b810dd2354d29eeb357f68912b0ba6d",
  }),
  reply(SPI_FLASH_MD5, REPLIES.md5Stub, {
    opcode: 0x13,
    value: 0,
    data: "48d502f5e705d08040cd032f25a3b0a1",
    status: 0,
    result: "48d502f5e705d08040cd032f25a3b0a1",
  }),
  reply(READ_FLASH_SLOW, REPLIES.readFlashSlow, {
    opcode: 0x0e,
    value: C3_MAGIC,
    data: FLASH_START.toHex(),
    status: 0,
    result: FLASH_START,
  }),
  reply(READ_FLASH_SLOW, REPLIES.readFlashSlowTooLong, {
    opcode: 0x0e,
    value: C3_MAGIC,
    data: FLASH_START.toHex(),
    status: 0x010a,
  }),
  reply(GET_SECURITY_INFO, REPLIES.securityInfoRom, {
    opcode: 0x14,
    value: C3_MAGIC,
    data: "00000000000000000000000c0500000003000000",
    status: 0x0005,
    result: hexBytes("00000000000000000000000c0500000003000000"),
  }),
  reply(GET_SECURITY_INFO, REPLIES.securityInfoStub, {
    opcode: 0x14,
    value: 0,
    data: "00000000000000000000000c0500000003000000",
    status: 0,
    result: hexBytes("00000000000000000000000c0500000003000000"),
  }),
  reply(GET_SECURITY_INFO, REPLIES.securityInfoEsp32s2, {
    opcode: 0x14,
    value: 0,
    data: "000000000000000000000000",
    status: 0,
    result: new Uint8Array(12),
  }),
  reply(READ_FLASH, REPLIES.readFlashStart, { opcode: 0xd2, value: 0, ...ok }),
];

for (const { vector, opcode, value, data, status, result, read } of CASES) {
  Deno.test(`decodeResponse and splitStatus take apart ${vector.note}`, () => {
    assert.deepEqual(read(), { opcode, value, data, status, result });
  });
}

Deno.test("decodeRequest takes apart what a host sends", () => {
  assert.deepEqual(decodeRequest(payloadOf(REQUESTS.memData)), {
    opcode: 0x07,
    size: 32,
    checksum: 0xef,
    body: hexBytes(
      "10000000000000000000000000000000000102030405060708090a0b0c0d0e0f",
    ),
  });
  assert.deepEqual(decodeRequest(payloadOf(REQUESTS.getSecurityInfo)), {
    opcode: 0x14,
    size: 0,
    checksum: 0,
    body: new Uint8Array(0),
  });
});

Deno.test("decodeRequest leaves a wrong size field to the device", () => {
  const request = decodeRequest(hexBytes("000a0800 00000000 00100040"));
  assert.equal(request?.size, 8);
  assert.equal(request?.body.length, 4);
});

Deno.test("decodeRequest passes over what is no request", () => {
  for (const hex of ["", "000a0400000000", "010a040000000000", "4f484149"]) {
    assert.equal(decodeRequest(hexBytes(hex)), undefined, hex);
  }
});

Deno.test("encodeRequestHeader and encodeResponseHeader write size and word little-endian", () => {
  assert.equal(
    encodeRequestHeader(0x03, 0x4010, 0xd7).toHex(),
    "00031040d7000000",
  );
  assert.equal(
    encodeResponseHeader(0x0a, 4, 0xfff0_c101).toHex(),
    "010a040001c1f0ff",
  );
});

const MALFORMED: readonly [why: string, payload: string][] = [
  ["an empty payload", ""],
  ["a header that is cut off", "010a0200000000"],
  ["a request", "000a020000000000 0000"],
  ["a body shorter than announced", "010a040000000000 0000"],
  ["a body longer than announced", "010a020000000000 00000000"],
  ["a stub's greeting", "4f484149"],
  ["text of a boot log", "6574732000000000 0000"],
];

for (const [why, payload] of MALFORMED) {
  Deno.test(`decodeResponse refuses ${why}`, () => {
    const bytes = hexBytes(payload);
    assert.throws(() => decodeResponse(bytes), (error) => {
      assert.ok(isReplyInvalid(error));
      assert.equal((error as FrameError).bytes, bytes);
      return true;
    });
  });
}

Deno.test("splitStatus yields views of the body", () => {
  const body = hexBytes("00112233445566778899aabbccddeeff0000");
  const { data } = splitStatus(body, [32, 16]);
  assert.equal(data.buffer, body.buffer);
  assert.equal(data.length, 16);
});

Deno.test("splitStatus refuses a body of another size than it may have", () => {
  const sizes: readonly [size: number, dataSizes: number[]][] = [
    [0, [0]],
    [1, [0]],
    [3, [0]],
    [5, [0]],
    [10, [0]],
    [0, [64]],
    [17, [32, 16]],
    [64, [64]],
    [67, [64]],
  ];
  for (const [size, dataSizes] of sizes) {
    assert.throws(
      () => splitStatus(new Uint8Array(size).fill(1), dataSizes),
      isReplyInvalid,
      `${size} bytes`,
    );
  }
});

Deno.test("splitStatus takes a status alone for a refusal, never for a success without its data", () => {
  for (const size of [2, 4]) {
    const refusal = new Uint8Array(size);
    refusal.set([1, 5]);
    const { data, status } = splitStatus(refusal, [64]);
    assert.equal(data.length, 0);
    assert.equal(status, 0x0105);
    assert.throws(
      () => splitStatus(new Uint8Array(size), [64]),
      isReplyInvalid,
    );
  }
});

Deno.test("decodeResponse and splitStatus throw nothing but FrameError, whatever comes", () => {
  const sizes = fc.constantFrom<number[]>([0], [64], [32, 16], [20, 12]);
  const payload = fc.oneof(
    fc.uint8Array(),
    fc.uint8Array({ maxLength: 80 }).map((body) =>
      Uint8Array.of(1, 0x0a, body.length, 0, 0, 0, 0, 0, ...body)
    ),
  );
  fc.assert(fc.property(payload, sizes, (bytes, dataSizes) => {
    try {
      const { body } = decodeResponse(bytes);
      assert.equal(body.length, bytes.length - 8);
      const { data, status } = splitStatus(body, dataSizes);
      assert.ok(dataSizes.includes(data.length) || status > 0xff);
      assert.ok([2, 4].includes(body.length - data.length));
    } catch (error) {
      assert.ok(isReplyInvalid(error));
    }
  }));
});

Deno.test("decodeRequest never throws", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const request = decodeRequest(bytes);
    assert.equal(request !== undefined, bytes.length >= 8 && bytes[0] === 0);
  }));
});
