import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { TransportError } from "../../lib/errors.ts";
import {
  COM_PORT_COMMANDS,
  decodeBaudRate,
  encodeBaudRate,
  encodeComPort,
  encodeNegotiation,
  encodeSubnegotiation,
  escapeTelnet,
  SUBNEGOTIATION_LIMIT,
  TELNET_OPTIONS,
  TelnetDecoder,
} from "../../lib/transport/telnet.ts";
import type { TelnetEvent } from "../../lib/transport/telnet.ts";
import { hex } from "./_scripted_server.ts";

interface Vector {
  readonly name: string;
  readonly wire: string;
  readonly events: readonly TelnetEvent[];
}

/** Wire bytes transcribed by hand from RFC 854, 855, 856, 858 and 2217. */
const VECTORS: readonly Vector[] = [
  { name: "plain data", wire: "61 62 63", events: [data("61 62 63")] },
  {
    name: "data byte 255, sent as IAC IAC (RFC 854; RFC 856, section 3)",
    wire: "61 ff ff 62 ff ff ff ff",
    events: [data("61 ff 62 ff ff")],
  },
  {
    name: "CR, NUL and LF, left alone in binary mode (RFC 856)",
    wire: "0d 00 0d 0a",
    events: [data("0d 00 0d 0a")],
  },
  {
    name: "IAC WILL and DO TRANSMIT-BINARY (RFC 856)",
    wire: "ff fb 00 ff fd 00",
    events: [
      { kind: "negotiation", verb: "will", option: 0 },
      { kind: "negotiation", verb: "do", option: 0 },
    ],
  },
  {
    name: "IAC WONT and DONT SUPPRESS-GO-AHEAD amid data (RFC 858)",
    wire: "61 ff fc 03 62 ff fe 03 63",
    events: [
      data("61"),
      { kind: "negotiation", verb: "wont", option: 3 },
      data("62"),
      { kind: "negotiation", verb: "dont", option: 3 },
      data("63"),
    ],
  },
  {
    name: "an option numbered 255 (RFC 861)",
    wire: "ff fd ff 61",
    events: [{ kind: "negotiation", verb: "do", option: 255 }, data("61")],
  },
  {
    name: "NOP and ARE YOU THERE (RFC 854)",
    wire: "ff f1 ff f6",
    events: [{ kind: "command", command: 241 }, {
      kind: "command",
      command: 246,
    }],
  },
  {
    name: "SET-BAUDRATE 115200 (RFC 2217, section 2)",
    wire: "ff fa 2c 01 00 01 c2 00 ff f0",
    events: [comPort("01 00 01 c2 00")],
  },
  {
    name: "SET-BAUDRATE answered with an escaped value",
    wire: "61 ff fa 2c 65 00 00 ff ff ff ff ff f0 62",
    events: [data("61"), comPort("65 00 00 ff ff"), data("62")],
  },
  {
    name: "SE as a value",
    wire: "ff fa 2c 00 f0 fa ff f0",
    events: [comPort("00 f0 fa")],
  },
  {
    name: "subnegotiations without value and without option",
    wire: "ff fa 18 ff f0 ff fa ff f0 61",
    events: [
      { kind: "subnegotiation", option: 24, bytes: new Uint8Array() },
      data("61"),
    ],
  },
  {
    name: "a subnegotiation cut short by a negotiation, and one by another",
    wire: "ff fa 2c 01 ff fb 00 61 ff fa 2c 01 ff fa 2c 07 ff f0",
    events: [
      { kind: "negotiation", verb: "will", option: 0 },
      data("61"),
      comPort("07"),
    ],
  },
  {
    name: "SE outside a subnegotiation",
    wire: "ff f0 61",
    events: [{ kind: "command", command: 240 }, data("61")],
  },
];

function data(text: string): TelnetEvent {
  return { kind: "data", bytes: hex(text) };
}

function comPort(text: string): TelnetEvent {
  return { kind: "subnegotiation", option: 44, bytes: hex(text) };
}

/** Decodes chunks one after the other; neighbouring data is joined. */
function decode(...chunks: Uint8Array[]): TelnetEvent[] {
  const decoder = new TelnetDecoder();
  const events: TelnetEvent[] = [];
  for (const event of chunks.flatMap((chunk) => decoder.decode(chunk))) {
    const last = events.at(-1);
    if (event.kind === "data" && last?.kind === "data") {
      const bytes = Uint8Array.of(...last.bytes, ...event.bytes);
      events[events.length - 1] = { kind: "data", bytes };
    } else events.push(event);
  }
  return events;
}

for (const { name, wire, events } of VECTORS) {
  Deno.test(`TelnetDecoder decodes ${name}, however it is cut`, () => {
    const bytes = hex(wire);
    assert.deepEqual(new TelnetDecoder().decode(bytes), events);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)];
      assert.deepEqual(decode(...parts), events, `cut at ${cut}`);
    }
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assert.deepEqual(decode(...single), events);
  });
}

Deno.test("TelnetDecoder keeps a truncated command for later", () => {
  for (
    const wire of ["ff", "ff fb", "ff fa", "ff fa 2c 01", "ff fa 2c 01 ff"]
  ) {
    assert.deepEqual(decode(hex(wire)), []);
  }
});

Deno.test("TelnetDecoder returns plain data without copying it", () => {
  const chunk = hex("01 02");
  const [event] = new TelnetDecoder().decode(chunk);
  assert.ok(event?.kind === "data" && event.bytes === chunk);
});

Deno.test("TelnetDecoder leaves the caller's chunk as it is", () => {
  const chunk = hex("01 ff ff 02 ff fb 00");
  const copy = chunk.slice();
  new TelnetDecoder().decode(chunk);
  assert.deepEqual(chunk, copy);
});

Deno.test("TelnetDecoder keeps a subnegotiation when the chunk is reused", () => {
  const decoder = new TelnetDecoder();
  const [event] = decoder.decode(hex("ff fa 2c 00 61 ff f0"));
  decoder.decode(hex("ff fa 2c 00 62 ff f0"));
  assert.deepEqual(event, comPort("00 61"));
});

Deno.test("TelnetDecoder takes a subnegotiation up to its limit and refuses a longer one", () => {
  const longest = encodeSubnegotiation(
    44,
    new Uint8Array(SUBNEGOTIATION_LIMIT - 1),
  );
  assert.equal(decode(longest).length, 1);
  const tooLong = encodeSubnegotiation(
    44,
    new Uint8Array(SUBNEGOTIATION_LIMIT),
  );
  assert.throws(() => decode(tooLong), (error) => {
    assert.ok(error instanceof TransportError);
    assert.equal(error.code, "remote-protocol");
    return true;
  });
});

Deno.test("TelnetDecoder survives any bytes, cut anywhere, alike", () => {
  const telnetBytes = fc.array(
    fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0xff, 0xfa, 0xf0, 0xfb, 0xfd, 0x2c),
    ),
    { maxLength: 300 },
  ).map((bytes) => Uint8Array.from(bytes));
  fc.assert(fc.property(telnetBytes, fc.nat(300), (bytes, cut) => {
    const whole = decode(bytes);
    const parts = decode(bytes.subarray(0, cut), bytes.subarray(cut));
    assert.deepEqual(parts, whole);
    const size = whole.reduce(
      (sum, event) => sum + ("bytes" in event ? event.bytes.length : 0),
      0,
    );
    assert.ok(size <= bytes.length);
  }));
});

Deno.test("TelnetDecoder throws nothing but TransportError at a long hostile stream", () => {
  const hostile = fc.array(fc.constantFrom(0xff, 0xfa, 0x2c, 0x41), {
    minLength: 3000,
    maxLength: 6000,
    size: "max",
  }).map((bytes) => Uint8Array.of(0xff, 0xfa, ...bytes));
  fc.assert(
    fc.property(hostile, (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        assert.ok(error instanceof TransportError);
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("escapeTelnet and TelnetDecoder agree on any bytes", () => {
  const bytes = fc.array(fc.oneof(fc.nat(255), fc.constant(0xff)))
    .map((values) => Uint8Array.from(values));
  fc.assert(fc.property(bytes, (sent) => {
    const events = decode(escapeTelnet(sent));
    const expected = sent.length === 0 ? [] : [{ kind: "data", bytes: sent }];
    assert.deepEqual(events, expected);
  }));
});

Deno.test("escapeTelnet doubles IAC and copies nothing without one", () => {
  assert.deepEqual(
    escapeTelnet(hex("ff 01 ff ff 02")),
    hex("ff ff 01 ff ff ff ff 02"),
  );
  const plain = hex("01 02 fe");
  assert.equal(escapeTelnet(plain), plain);
});

Deno.test("encodeNegotiation and encodeComPort write what the RFCs show", () => {
  const { binary, suppressGoAhead, comPort } = TELNET_OPTIONS;
  assert.deepEqual(encodeNegotiation("will", comPort), hex("ff fb 2c"));
  assert.deepEqual(encodeNegotiation("wont", binary), hex("ff fc 00"));
  assert.deepEqual(encodeNegotiation("do", binary), hex("ff fd 00"));
  assert.deepEqual(encodeNegotiation("dont", suppressGoAhead), hex("ff fe 03"));
  assert.deepEqual(encodeComPort(5, [8]), hex("ff fa 2c 05 08 ff f0"));
  assert.deepEqual(encodeComPort(7), hex("ff fa 2c 07 ff f0"));
  assert.deepEqual(
    encodeComPort(1, encodeBaudRate(0x0000_ff00)),
    hex("ff fa 2c 01 00 00 ff ff 00 ff f0"),
  );
});

Deno.test("decodeBaudRate reads four bytes and nothing else", () => {
  assert.equal(decodeBaudRate(hex("00 01 c2 00")), 115200);
  assert.equal(decodeBaudRate(hex("ff ff ff ff")), 4294967295);
  assert.equal(decodeBaudRate(hex("00 01 c2")), undefined);
  assert.equal(decodeBaudRate(hex("00 01 c2 00 00")), undefined);
});

Deno.test("COM_PORT_COMMANDS has the numbers of RFC 2217, section 2", () => {
  assert.deepEqual(Object.values(COM_PORT_COMMANDS), [
    ...Array(13).keys(),
  ]);
});
