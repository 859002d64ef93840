import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { TransportError } from "../../lib/errors.ts";
import { memoryPair } from "../../lib/transport/memory.ts";
import type {
  MemoryPairOptions,
  MemoryPeer,
} from "../../lib/transport/memory.ts";
import { serveRfc2217 } from "../../lib/transport/rfc2217_server.ts";
import type { TransportServer } from "../../lib/transport/rfc2217_server.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import { isError, receive, send } from "./_contract.ts";
import { hex } from "./_scripted_server.ts";

/** A client that knows only hex, transcribed from RFC 2217. */
class Bench implements AsyncDisposable {
  static async open(options: MemoryPairOptions = {}): Promise<Bench> {
    const [target, device] = memoryPair(options);
    const server = await serveRfc2217(target);
    const bench = new Bench(target, device, server);
    await bench.connect();
    return bench;
  }

  #conn!: Deno.TcpConn;

  constructor(
    readonly target: Transport,
    readonly device: MemoryPeer,
    readonly server: TransportServer,
  ) {}

  /** Connects, reads the greeting, and has COM-PORT-OPTION agreed. */
  async connect(): Promise<void> {
    const { port } = this.server;
    this.#conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await this.expect("ff fb 00 ff fd 00 ff fb 03 ff fd 03");
    await this.say("ff fd 00 ff fb 00 ff fd 03 ff fb 03 ff fb 2c");
    await this.expect("ff fd 2c ff fa 2c 6b b0 ff f0");
  }

  async say(text: string): Promise<void> {
    const writer = this.#conn.writable.getWriter();
    await writer.write(hex(text));
    writer.releaseLock();
  }

  async expect(text: string): Promise<void> {
    const received = await receive(this.#conn.readable, hex(text).length);
    const found = Buffer.from(received).toString("hex").match(/../g)?.join(" ");
    assert.equal(found, text);
  }

  hangUp(): void {
    this.#conn.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#conn.close();
    } catch { /* hung up already */ }
    await this.server.close();
  }
}

/** Commands and answers, transcribed from RFC 2217, sections 2 and 3. */
const EXCHANGES = [
  [
    "signature asked",
    "ff fa 2c 00 ff f0",
    "ff fa 2c 64 65 73 70 6c 69 6e 65 ff f0",
  ],
  [
    "baud rate asked",
    "ff fa 2c 01 00 00 00 00 ff f0",
    "ff fa 2c 65 00 01 c2 00 ff f0",
  ],
  [
    "baud rate set to 74880",
    "ff fa 2c 01 00 01 24 80 ff f0",
    "ff fa 2c 65 00 01 24 80 ff f0",
  ],
  [
    "baud rate with an escape",
    "ff fa 2c 01 00 00 ff ff ff ff ff f0",
    "ff fa 2c 65 00 00 ff ff ff ff ff f0",
  ],
  [
    "baud rate cut short",
    "ff fa 2c 01 00 01 ff f0",
    "ff fa 2c 65 00 01 c2 00 ff f0",
  ],
  ["data size asked", "ff fa 2c 02 00 ff f0", "ff fa 2c 66 08 ff f0"],
  ["data size 7 refused", "ff fa 2c 02 07 ff f0", "ff fa 2c 66 08 ff f0"],
  ["parity none", "ff fa 2c 03 01 ff f0", "ff fa 2c 67 01 ff f0"],
  ["parity even refused", "ff fa 2c 03 03 ff f0", "ff fa 2c 67 01 ff f0"],
  ["stop bits", "ff fa 2c 04 01 ff f0", "ff fa 2c 68 01 ff f0"],
  ["flow control asked", "ff fa 2c 05 00 ff f0", "ff fa 2c 69 01 ff f0"],
  [
    "hardware flow control refused",
    "ff fa 2c 05 03 ff f0",
    "ff fa 2c 69 01 ff f0",
  ],
  [
    "inbound flow control asked",
    "ff fa 2c 05 0d ff f0",
    "ff fa 2c 69 0e ff f0",
  ],
  ["break asked", "ff fa 2c 05 04 ff f0", "ff fa 2c 69 06 ff f0"],
  ["DTR asked", "ff fa 2c 05 07 ff f0", "ff fa 2c 69 09 ff f0"],
  ["RTS asked", "ff fa 2c 05 0a ff f0", "ff fa 2c 69 0c ff f0"],
  ["line state asked", "ff fa 2c 06 ff f0", "ff fa 2c 6a 00 ff f0"],
  ["modem state asked", "ff fa 2c 07 ff f0", "ff fa 2c 6b b0 ff f0"],
  ["line state mask", "ff fa 2c 0a 10 ff f0", "ff fa 2c 6e 10 ff f0"],
  [
    "modem state mask, then the state",
    "ff fa 2c 0b 10 ff f0 ff fa 2c 07 ff f0",
    "ff fa 2c 6f 10 ff f0 ff fa 2c 6b 10 ff f0",
  ],
  ["purge both", "ff fa 2c 0c 03 ff f0", "ff fa 2c 70 03 ff f0"],
  [
    "unknown commands, then a known one",
    "ff fa 2c 0c 09 ff f0 ff fa 2c 2a 00 ff f0 ff fa 2c 05 63 ff f0 ff fa 18 01 ff f0 ff f1 ff fa 2c 0c 01 ff f0",
    "ff fa 2c 70 01 ff f0",
  ],
  [
    "ECHO refused, TERMINAL-TYPE refused",
    "ff fd 01 ff fb 18",
    "ff fc 01 ff fe 18",
  ],
] as const;

for (const [name, command, answer] of EXCHANGES) {
  Deno.test(`serveRfc2217 answers: ${name}`, async () => {
    await using bench = await Bench.open();
    await bench.say(command);
    await bench.expect(answer);
  });
}

Deno.test("serveRfc2217 sets the lines in the order they come, and remembers them for the next client", async () => {
  const seen: string[] = [];
  await using bench = await Bench.open({
    onSignals: ({ dtr, rts, break: held }) =>
      void seen.push(`${+dtr}${+rts}${+held}`),
  });
  for (const value of ["08", "0b", "09", "0c", "05", "06", "0b"]) {
    await bench.say(`ff fa 2c 05 ${value} ff f0`);
    await bench.expect(`ff fa 2c 69 ${value} ff f0`);
  }
  assert.deepEqual(seen, ["100", "110", "010", "000", "001", "000", "010"]);
  bench.hangUp();
  await bench.connect();
  await bench.say("ff fa 2c 05 0a ff f0 ff fa 2c 05 07 ff f0");
  await bench.expect("ff fa 2c 69 0b ff f0 ff fa 2c 69 09 ff f0");
  assert.equal(seen.length, 7);
});

Deno.test("serveRfc2217 answers a refused speed with the one in force", async () => {
  const [target] = memoryPair();
  const refusing: Transport = Object.create(target, {
    setBaudRate: {
      value: () =>
        Promise.reject(
          new TransportError("No such speed", { code: "baud-unsupported" }),
        ),
    },
    readable: { value: target.readable },
    writable: { value: target.writable },
    baudRate: { value: 9600 },
  });
  await using server = await serveRfc2217(refusing);
  const { port } = server;
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await receive(conn.readable, 12);
  await send(conn.writable, hex("ff fa 2c 01 00 01 24 80 ff f0"));
  assert.deepEqual(
    await receive(conn.readable, 10),
    hex("ff fa 2c 65 00 00 25 80 ff f0"),
  );
});

Deno.test("serveRfc2217 escapes what the device sends and unescapes what it gets", async () => {
  await using bench = await Bench.open();
  await bench.say("0d 00 ff ff 0a");
  assert.deepEqual(await receive(bench.device.readable, 4), hex("0d 00 ff 0a"));
  await send(bench.device.writable, hex("ff 0d ff ff"));
  await bench.expect("ff ff 0d ff ff ff ff");
});

Deno.test("serveRfc2217 holds the device's bytes back while the client suspends it", async () => {
  await using bench = await Bench.open();
  await bench.say("ff fa 2c 08 ff f0 ff fa 2c 06 ff f0");
  await bench.expect("ff fa 2c 6a 00 ff f0");
  await send(bench.device.writable, hex("61"));
  await bench.say("ff fa 2c 06 ff f0");
  await bench.expect("ff fa 2c 6a 00 ff f0");
  await bench.say("ff fa 2c 09 ff f0");
  await bench.expect("61");
  // A client that leaves while it is suspended does not hold up the next one.
  await bench.say("ff fa 2c 08 ff f0 ff fa 2c 06 ff f0");
  await bench.expect("ff fa 2c 6a 00 ff f0");
  await send(bench.device.writable, hex("62"));
  bench.hangUp();
  await bench.connect();
  await send(bench.device.writable, hex("63"));
  await bench.expect("63");
});

Deno.test("serveRfc2217 hangs up on a client that breaks the protocol, and serves the next", async () => {
  await using bench = await Bench.open();
  await bench.say(`ff fa 2c ${"41 ".repeat(1500)}`);
  await assert.rejects(bench.expect("00"));
  await bench.connect();
});

Deno.test("serveRfc2217 agrees to what is offered only once", async () => {
  await using bench = await Bench.open();
  await bench.say(
    "ff fb 2c ff fb 2c ff fd 2c ff fd 2c ff fc 2c ff fa 2c 06 ff f0",
  );
  await bench.expect("ff fb 2c ff fe 2c ff fa 2c 6a 00 ff f0");
});

Deno.test("serveRfc2217 hangs up when the device is unplugged", async () => {
  await using bench = await Bench.open();
  bench.device.unplug();
  await assert.rejects(bench.expect("00"));
  await assert.rejects(bench.target.setBaudRate(1), isError("port-gone"));
});
