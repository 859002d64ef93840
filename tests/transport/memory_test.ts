import assert from "node:assert/strict";
import { memoryPair } from "../../lib/transport/memory.ts";
import type { MemorySignals } from "../../lib/transport/memory.ts";
import { isError, receive, send, testTransportContract } from "./_contract.ts";
import { memoryDevice } from "./_devices.ts";

testTransportContract("memoryPair", () => {
  const [transport, peer] = memoryPair();
  return Promise.resolve({
    transport,
    device: memoryDevice(peer),
    [Symbol.asyncDispose]: () => transport.close(),
  });
});

Deno.test("memoryPair tells the device of lines and speed before the call returns", () => {
  const seen: (MemorySignals | number | string)[] = [];
  const [host] = memoryPair({
    baudRate: 74880,
    onSignals: (signals) => void seen.push(signals),
    onBaudRate: (baudRate) => void seen.push(baudRate),
    onClose: () => void seen.push("closed"),
  });
  assert.equal(host.baudRate, 74880);
  host.setSignals({ rts: true });
  host.setSignals({ rts: false, dtr: true });
  host.setBaudRate(921600);
  host.close();
  host.close();
  assert.deepEqual(seen, [
    { dtr: false, rts: true, break: false },
    { dtr: true, rts: false, break: false },
    921600,
    "closed",
  ]);
});

Deno.test("memoryPair makes a writer wait at its capacity, each way", async () => {
  const [host, device] = memoryPair({ capacity: 4 });
  const ways = [
    [host.writable, device.readable],
    [device.writable, host.readable],
  ] as const;
  for (const [writable, readable] of ways) {
    await send(writable, new Uint8Array(4));
    let settled = false;
    const blocked = send(writable, Uint8Array.of(7)).then(() => settled = true);
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(settled, false);
    assert.deepEqual(
      await receive(readable, 5),
      Uint8Array.of(0, 0, 0, 0, 7),
    );
    await blocked;
  }
});

Deno.test("memoryPair copies what is written, so that the writer may reuse it", async () => {
  const [host, device] = memoryPair();
  const bytes = Uint8Array.of(1, 2, 3);
  await send(host.writable, bytes);
  bytes.fill(0);
  assert.deepEqual(await receive(device.readable, 3), Uint8Array.of(1, 2, 3));
});

Deno.test("memoryPair flushes output, input or both", async () => {
  const [host, device] = memoryPair();
  const fill = async () => {
    await send(host.writable, Uint8Array.of(1));
    await send(device.writable, Uint8Array.of(2));
  };
  await fill();
  await host.flush("output");
  await fill();
  await host.flush("input");
  assert.deepEqual(await receive(device.readable, 1), Uint8Array.of(1));
  await fill();
  await host.flush();
  await send(host.writable, Uint8Array.of(3));
  await send(device.writable, Uint8Array.of(4));
  assert.deepEqual(await receive(device.readable, 1), Uint8Array.of(3));
  assert.deepEqual(await receive(host.readable, 1), Uint8Array.of(4));
});

Deno.test("MemoryPeer.flush drops what the host has sent", async () => {
  const [host, device] = memoryPair();
  await send(host.writable, Uint8Array.of(1));
  device.flush();
  await send(host.writable, Uint8Array.of(2));
  assert.deepEqual(await receive(device.readable, 1), Uint8Array.of(2));
});

Deno.test("MemoryPeer.unplug loses what waits; MemoryPeer.close lets it be read", async () => {
  for (const way of ["unplug", "close"] as const) {
    const [host, device] = memoryPair({ port: "sim://esp32" });
    await send(device.writable, Uint8Array.of(1));
    await device[way]();
    const reader = host.readable.getReader();
    if (way === "close") {
      assert.deepEqual((await reader.read()).value, Uint8Array.of(1));
    }
    await assert.rejects(reader.read(), isError("port-gone"));
    await assert.rejects(reader.read(), /sim:\/\/esp32/);
    assert.equal((await device.readable.getReader().read()).done, true);
  }
});

Deno.test("MemoryPeer's streams end when the host closes", async () => {
  const [host, device] = memoryPair();
  await send(host.writable, Uint8Array.of(5));
  await host.close();
  const reader = device.readable.getReader();
  assert.deepEqual((await reader.read()).value, Uint8Array.of(5));
  assert.equal((await reader.read()).done, true);
  await assert.rejects(
    send(device.writable, Uint8Array.of(1)),
    isError("port-closed"),
  );
});

Deno.test("memoryPair drains once the device has taken the bytes", async () => {
  const [host, device] = memoryPair();
  await send(host.writable, Uint8Array.of(1));
  let drained = false;
  const draining = host.drain().then(() => drained = true);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(drained, false);
  await receive(device.readable, 1);
  await draining;
});

Deno.test("memoryPair goes on after its readable was cancelled", async () => {
  const [host, device] = memoryPair({ capacity: 1 });
  await host.readable.cancel();
  await send(device.writable, new Uint8Array(100));
  await send(host.writable, Uint8Array.of(1));
  assert.deepEqual(await receive(device.readable, 1), Uint8Array.of(1));
  await host.close();
});

Deno.test("memoryPair refuses a speed that is none", () => {
  assert.throws(() => memoryPair({ baudRate: 0 }), RangeError);
});
