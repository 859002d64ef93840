import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { TimeoutError } from "../../lib/errors.ts";
import type { TransportError } from "../../lib/errors.ts";
import { memoryPair } from "../../lib/transport/memory.ts";
import { openRfc2217 } from "../../lib/transport/rfc2217.ts";
import type { OpenRfc2217Options } from "../../lib/transport/rfc2217.ts";
import { serveRfc2217 } from "../../lib/transport/rfc2217_server.ts";
import { isError, receive, send, testTransportContract } from "./_contract.ts";
import { memoryDevice } from "./_devices.ts";
import { hex, ScriptedServer } from "./_scripted_server.ts";

testTransportContract("openRfc2217 to serveRfc2217", async () => {
  const [target, peer] = memoryPair();
  const server = await serveRfc2217(target);
  const transport = await openRfc2217("127.0.0.1", server.port);
  return {
    transport,
    device: memoryDevice(peer),
    async [Symbol.asyncDispose]() {
      await transport.close();
      await server.close();
    },
  };
});

/** What a server answers to the opening, by the client's message, as RFC 2217 numbers both. */
const OPENING = {
  "ff fb 2c": "ff fd 2c",
  "ff fb 00": "ff fd 00",
  "ff fd 00": "ff fb 00",
  "ff fb 03": "ff fd 03",
  "ff fd 03": "ff fb 03",
  "ff fa 2c 05 07 ff f0": "ff fa 2c 69 09 ff f0",
  "ff fa 2c 02 08 ff f0": "ff fa 2c 66 08 ff f0",
  "ff fa 2c 03 01 ff f0": "ff fa 2c 67 01 ff f0",
  "ff fa 2c 04 01 ff f0": "ff fa 2c 68 01 ff f0",
  "ff fa 2c 05 01 ff f0": "ff fa 2c 69 01 ff f0",
  "ff fa 2c 01 00 01 c2 00 ff f0": "ff fa 2c 65 00 01 c2 00 ff f0",
};

function open(
  server: ScriptedServer,
  options?: OpenRfc2217Options,
) {
  return openRfc2217("127.0.0.1", server.port, options);
}

Deno.test("openRfc2217 sends what RFC 2217 says, and says what it is", async () => {
  await using server = new ScriptedServer({
    ...OPENING,
    "ff fa 2c 05 08 ff f0": "ff fa 2c 69 08 ff f0",
    "ff fa 2c 05 0c ff f0": "ff fa 2c 69 0c ff f0",
    "ff fa 2c 05 05 ff f0": "ff fa 2c 69 05 ff f0",
    "ff fa 2c 0c 03 ff f0": "ff fa 2c 70 03 ff f0",
    // 65535 baud, whose last two bytes are escaped.
    "ff fa 2c 01 00 00 ff ff ff ff ff f0":
      "ff fa 2c 65 00 00 ff ff ff ff ff f0",
  });
  await using transport = await open(server);
  assert.equal(transport.port, `rfc2217://127.0.0.1:${server.port}`);
  assert.equal(transport.info.kind, "rfc2217");
  assert.equal(transport.info.signals, "separate");
  assert.equal(transport.baudRate, 115200);
  await transport.setSignals({ rts: false, dtr: true });
  await transport.setSignals({ break: true });
  await transport.flush();
  await transport.setBaudRate(65535);
  await send(transport.writable, hex("0d ff 0a"));
  await transport.close();
  assert.deepEqual((await server.received()).slice(-6), [
    "ff fa 2c 05 08 ff f0",
    "ff fa 2c 05 0c ff f0",
    "ff fa 2c 05 05 ff f0",
    "ff fa 2c 0c 03 ff f0",
    "ff fa 2c 01 00 00 ff ff ff ff ff f0",
    "0d ff ff 0a",
  ]);
});

Deno.test("openRfc2217 refuses a speed that is over 3 % off", async () => {
  await using server = new ScriptedServer({
    ...OPENING,
    "ff fa 2c 01 00 01 24 80 ff f0": "ff fa 2c 65 00 01 c2 00 ff f0",
    "ff fa 2c 01 00 01 c2 08 ff f0": "ff fa 2c 65 00 01 c2 00 ff f0",
  });
  await using transport = await open(server);
  await assert.rejects(
    transport.setBaudRate(74880),
    isError("baud-unsupported"),
  );
  assert.equal(transport.baudRate, 115200);
  await transport.setBaudRate(115208);
  assert.equal(transport.baudRate, 115200);
});

Deno.test("openRfc2217 tells a server that refuses COM-PORT-OPTION or binary data", async () => {
  for (const refused of ["ff fb 2c", "ff fb 00"]) {
    const answer = refused.replace("fb", "fe");
    await using server = new ScriptedServer({ ...OPENING, [refused]: answer });
    await assert.rejects(open(server), (error) => {
      assert.ok(isError("remote-refused")(error));
      assert.match((error as TransportError).hint ?? "", /socket:\/\//);
      return true;
    });
  }
});

Deno.test("openRfc2217 tells a server that refuses 8 data bits", async () => {
  await using server = new ScriptedServer({
    ...OPENING,
    "ff fa 2c 02 08 ff f0": "ff fa 2c 66 07 ff f0",
  });
  await assert.rejects(open(server), isError("remote-refused"));
});

Deno.test("openRfc2217 tells a server that never negotiates", async () => {
  await using server = new ScriptedServer({});
  const clock = new ManualClock();
  const opening = open(server, { clock, timeout: 500 });
  const failed = assert.rejects(opening, isError("remote-protocol"));
  await server.next();
  await clock.advance(500);
  await failed;
});

Deno.test("openRfc2217 tells a server that leaves the speed unanswered", async () => {
  const { "ff fa 2c 01 00 01 c2 00 ff f0": _, ...answers } = OPENING;
  await using server = new ScriptedServer(answers);
  const clock = new ManualClock();
  const failed = assert.rejects(open(server, { clock }), (error) => {
    assert.ok(error instanceof TimeoutError);
    assert.deepEqual([error.step, error.ms], ["setBaudRate", 3000]);
    return true;
  });
  await server.until("ff fa 2c 01 00 01 c2 00 ff f0");
  await server.settled();
  await clock.advance(3000);
  await failed;
});

Deno.test("openRfc2217 repeats what a server says that hangs up", async () => {
  const [target] = memoryPair();
  await using server = await serveRfc2217(target);
  await using first = await openRfc2217("127.0.0.1", server.port);
  await assert.rejects(openRfc2217("127.0.0.1", server.port), (error) => {
    assert.ok(isError("remote-refused")(error));
    assert.match(String(error), /says "Port is in use by 127\.0\.0\.1:\d+"$/);
    return true;
  });
  await first.setBaudRate(9600);
});

Deno.test("openRfc2217 gives up with the signal's reason, at every step", async () => {
  const reason = new Error("enough");
  const isReason = (error: unknown) => error === reason;
  await using silent = new ScriptedServer({});
  await assert.rejects(
    open(silent, { signal: AbortSignal.abort(reason) }),
    isReason,
  );
  const { "ff fa 2c 01 00 01 c2 00 ff f0": _, ...answers } = OPENING;
  for (const script of [{}, answers]) {
    await using server = new ScriptedServer(script);
    const stop = new AbortController();
    const failed = assert.rejects(
      open(server, { signal: stop.signal }),
      isReason,
    );
    const last = script === answers ? "ff fa 2c 04 01 ff f0" : "ff fd 03";
    await server.until(last);
    stop.abort(reason);
    await failed;
  }
});

Deno.test("openRfc2217 has no lines where the server knows no state of DTR", async () => {
  await using server = new ScriptedServer({
    ...OPENING,
    // As ser2net answers for a pty.
    "ff fa 2c 05 07 ff f0": "ff fa 2c 69 07 ff f0",
  });
  await using transport = await open(server);
  assert.equal(transport.info.signals, "none");
  await transport.setSignals({ dtr: true, rts: true });
  await send(transport.writable, hex("01"));
  await transport.close();
  assert.equal((await server.received()).at(-1), "01");
});

Deno.test("openRfc2217 waits once for a server that never answers a line, and still sets it", async () => {
  const { "ff fa 2c 05 07 ff f0": _, ...answers } = OPENING;
  await using server = new ScriptedServer(answers);
  const clock = new ManualClock();
  await using transport = await open(server, { clock });
  const first = transport.setSignals({ dtr: true, rts: false });
  await server.until("ff fa 2c 05 0c ff f0");
  await clock.advance(3000);
  await first;
  await transport.setSignals({ dtr: false, rts: true });
  assert.equal(transport.info.signals, "separate");
  await server.until("ff fa 2c 05 0b ff f0");
  await transport.close();
});

Deno.test("openRfc2217 waits for a server that answers lines set, but not lines asked for", async () => {
  // As pyserial's own server does.
  const { "ff fa 2c 05 07 ff f0": _, ...answers } = OPENING;
  await using server = new ScriptedServer({
    ...answers,
    "ff fa 2c 05 08 ff f0": "ff fa 2c 69 08 ff f0",
    "ff fa 2c 05 09 ff f0": "ff fa 2c 69 08 ff f0",
  });
  const clock = new ManualClock();
  await using transport = await open(server, { clock });
  await transport.setSignals({ dtr: true });
  await assert.rejects(
    transport.setSignals({ dtr: false }),
    isError("remote-refused"),
  );
});

Deno.test("openRfc2217 refuses a timeout that is none", async () => {
  await assert.rejects(
    openRfc2217("127.0.0.1", 1, { timeout: NaN }),
    RangeError,
  );
});

Deno.test("openRfc2217 waits for no line with ignoreSetControl", async () => {
  await using server = new ScriptedServer(OPENING);
  const clock = new ManualClock();
  await using transport = await open(server, { clock, ignoreSetControl: true });
  await transport.setSignals({ dtr: true, rts: false, break: false });
  await server.until("ff fa 2c 05 06 ff f0");
  await transport.close();
  assert.ok(!(await server.received()).includes("ff fa 2c 05 07 ff f0"));
});

Deno.test("openRfc2217 tells a line that the server did not set", async () => {
  await using server = new ScriptedServer({
    ...OPENING,
    "ff fa 2c 05 08 ff f0": "ff fa 2c 69 09 ff f0",
  });
  await using transport = await open(server);
  await assert.rejects(
    transport.setSignals({ dtr: true }),
    isError("remote-refused"),
  );
});

Deno.test("openRfc2217 never takes one line's answer for another's", async () => {
  await using server = new ScriptedServer({
    ...OPENING,
    "ff fa 2c 05 08 ff f0": "",
    "ff fa 2c 05 0b ff f0": "ff fa 2c 69 0b ff f0 ff fa 2c 69 08 ff f0",
  });
  await using transport = await open(server);
  await transport.setSignals({ dtr: true, rts: true });
});

Deno.test("openRfc2217 holds data back while the server suspends it", async () => {
  await using server = new ScriptedServer(OPENING);
  await using transport = await open(server);
  await server.say("ff fa 2c 6c ff f0 61");
  assert.deepEqual(await receive(transport.readable, 1), hex("61"));
  let written = false;
  const writing = send(transport.writable, hex("62")).then(() => {
    written = true;
  });
  await server.say("ff fa 2c 6b 30 ff f0 ff fa 2c 6a 01 ff f0 63");
  assert.deepEqual(await receive(transport.readable, 1), hex("63"));
  assert.equal(written, false);
  await server.say("ff fa 2c 6d ff f0");
  await writing;
  await server.until("62");
});

Deno.test("openRfc2217 closes although the server has suspended it", async () => {
  await using server = new ScriptedServer(OPENING);
  await using transport = await open(server);
  await server.say("ff fa 2c 6c ff f0 61");
  await receive(transport.readable, 1);
  const failed = assert.rejects(
    send(transport.writable, hex("62")),
    isError("port-closed"),
  );
  await transport.close();
  await failed;
});

Deno.test("openRfc2217 ends a connection that breaks the protocol", async () => {
  await using server = new ScriptedServer(OPENING);
  await using transport = await open(server);
  const failed = assert.rejects(
    transport.readable.getReader().read(),
    isError("remote-protocol"),
  );
  await server.say(`ff fa 2c ${"41 ".repeat(2000)}`.trim());
  await failed;
});

Deno.test("openRfc2217 gets an answer that stands behind more data than anybody reads", async () => {
  const [target, peer] = memoryPair();
  await using server = await serveRfc2217(target);
  await using transport = await openRfc2217("127.0.0.1", server.port);
  const sent = new Uint8Array(1024 * 1024).fill(0xff);
  const sending = send(peer.writable, sent);
  await transport.setBaudRate(921600);
  assert.equal(peer.baudRate, 921600);
  assert.deepEqual(await receive(transport.readable, sent.length), sent);
  await sending;
});
