import assert from "node:assert/strict";
import { TransportError } from "../../lib/errors.ts";
import { memoryPair } from "../../lib/transport/memory.ts";
import { openTcp } from "../../lib/transport/tcp.ts";
import { serveTcp } from "../../lib/transport/tcp_server.ts";
import { isError, receive, send, testTransportContract } from "./_contract.ts";
import { memoryDevice } from "./_devices.ts";

testTransportContract("openTcp to serveTcp", async () => {
  const [target, peer] = memoryPair();
  const server = await serveTcp(target);
  const transport = await openTcp("127.0.0.1", server.port);
  return {
    transport,
    device: memoryDevice(peer),
    async [Symbol.asyncDispose]() {
      await transport.close();
      await server.close();
    },
  };
}, {
  baudRate: "raw TCP carries no speed",
  signals: "raw TCP carries no modem lines",
});

Deno.test("openTcp says what it is", async () => {
  const [target] = memoryPair();
  await using server = await serveTcp(target);
  assert.equal(server.url, `socket://127.0.0.1:${server.port}`);
  await using plain = await openTcp("127.0.0.1", server.port);
  assert.equal(plain.port, server.url);
  assert.deepEqual(plain.info, { kind: "tcp", signals: "none" });
  await plain.setSignals({ dtr: true });
  await plain.setBaudRate(74880);
  assert.equal(plain.baudRate, 74880);
  await plain.close();
  const options = { label: "bench 2", baudRate: 9600 };
  await using named = await openTcp("127.0.0.1", server.port, options);
  assert.deepEqual([named.port, named.baudRate], ["bench 2", 9600]);
});

Deno.test("openTcp tells a refused connection with its URL and a hint", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assert.rejects(openTcp("127.0.0.1", port), (error) => {
    assert.ok(error instanceof TransportError);
    assert.equal(error.code, "remote-refused");
    assert.match(error.message, new RegExp(`socket://127.0.0.1:${port}`));
    assert.match(error.hint ?? "", /running/);
    return true;
  });
});

Deno.test("openTcp tells an unknown host", async () => {
  await assert.rejects(
    openTcp("no-such-host.invalid", 1),
    isError("port-not-found"),
  );
});

Deno.test({
  name: "openTcp tells a missing permission",
  permissions: { net: false },
  fn: () => assert.rejects(openTcp("127.0.0.1", 1), isError("port-denied")),
});

Deno.test("openTcp refuses a port that is none", async () => {
  await assert.rejects(openTcp("127.0.0.1", 70000), RangeError);
});

Deno.test("openTcp gives up with the signal's reason", async () => {
  const reason = new Error("enough");
  const [target] = memoryPair();
  await using server = await serveTcp(target);
  await assert.rejects(
    openTcp("127.0.0.1", server.port, { signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
  const stop = new AbortController();
  const opening = openTcp("127.0.0.1", server.port, { signal: stop.signal });
  stop.abort(reason);
  await assert.rejects(opening, (error) => error === reason);
});

Deno.test("openTcp lets bytes be read that came before the peer closed", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using transport = await openTcp("127.0.0.1", listener.addr.port);
  const conn = await listener.accept();
  await conn.write(Uint8Array.of(1, 2));
  conn.close();
  const reader = transport.readable.getReader();
  assert.deepEqual((await reader.read()).value, Uint8Array.of(1, 2));
  await assert.rejects(reader.read(), isError("port-gone"));
});

Deno.test("serveTcp tells a second client that the port is in use", async () => {
  const [target] = memoryPair();
  await using server = await serveTcp(target);
  await using first = await openTcp("127.0.0.1", server.port);
  const second = await Deno.connect({ port: server.port });
  const text = await new Response(second.readable).text();
  assert.match(text, /^Port is in use by 127\.0\.0\.1:\d+\r\n$/);
  await send(first.writable, Uint8Array.of(1));
});

Deno.test("serveTcp serves one client after the other, the target staying open", async () => {
  const [target, device] = memoryPair();
  await using server = await serveTcp(target);
  for (let client = 0; client < 20; client++) {
    await using transport = await openTcp("127.0.0.1", server.port);
    await send(transport.writable, Uint8Array.of(client));
    assert.deepEqual(
      await receive(device.readable, 1),
      Uint8Array.of(client),
    );
  }
  await server.close();
  await send(target.writable, Uint8Array.of(99));
  assert.deepEqual(await receive(device.readable, 1), Uint8Array.of(99));
  await send(device.writable, Uint8Array.of(98));
  assert.deepEqual(await receive(target.readable, 1), Uint8Array.of(98));
});

Deno.test("serveTcp drops what the device sends to nobody", async () => {
  const [target, device] = memoryPair({ capacity: 16 });
  await using server = await serveTcp(target);
  for (let chunk = 0; chunk < 10; chunk++) {
    await send(device.writable, new Uint8Array(64));
  }
  await using transport = await openTcp("127.0.0.1", server.port);
  await send(transport.writable, Uint8Array.of(1));
  await receive(device.readable, 1);
  await send(device.writable, Uint8Array.of(7));
  assert.deepEqual(await receive(transport.readable, 1), Uint8Array.of(7));
});

Deno.test("serveTcp closes although the device takes nothing", async () => {
  const [target] = memoryPair({ capacity: 1 });
  const server = await serveTcp(target);
  await using transport = await openTcp("127.0.0.1", server.port);
  await send(transport.writable, new Uint8Array(1000));
  await server.close();
  await server.close();
  await assert.rejects(
    transport.readable.getReader().read(),
    isError("port-gone"),
  );
});

Deno.test("serveTcp ends with its signal, and with its target", async () => {
  const stop = new AbortController();
  const [target] = memoryPair();
  await using server = await serveTcp(target, { signal: stop.signal });
  stop.abort();
  await server.close();
  await assert.rejects(
    openTcp("127.0.0.1", server.port),
    isError("remote-refused"),
  );
  await assert.rejects(
    serveTcp(target, { signal: AbortSignal.abort(new Error("early")) }),
    /early/,
  );
  const [other, device] = memoryPair();
  await using second = await serveTcp(other);
  await using client = await openTcp("127.0.0.1", second.port);
  await send(client.writable, Uint8Array.of(1));
  await receive(device.readable, 1);
  device.unplug();
  await assert.rejects(
    client.readable.getReader().read(),
    isError("port-gone"),
  );
  await assert.rejects(
    openTcp("127.0.0.1", second.port),
    isError("remote-refused"),
  );
});

Deno.test("serveTcp tells a port that is taken", async () => {
  const [first] = memoryPair();
  const [second] = memoryPair();
  await using server = await serveTcp(first);
  await assert.rejects(
    serveTcp(second, { port: server.port }),
    isError("port-busy"),
  );
  assert.equal(second.readable.locked, false);
});
