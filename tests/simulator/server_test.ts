import assert from "node:assert/strict";
import { serveVirtualBoard } from "../../lib/simulator/server.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";
import { openTcp } from "../../lib/transport/tcp.ts";
import { RawHost } from "./_host.ts";

const READ_MAGIC = "c0000a0400000000000010" + "0040c0";

Deno.test("serveVirtualBoard offers a board by TCP, in download mode, again and again", async () => {
  await using board = new VirtualBoard({ chip: "esp32" });
  await using server = await serveVirtualBoard(board, { tcp: 0 });
  assert.match(server.url, /^socket:\/\/127\.0\.0\.1:\d+$/);
  const port = Number(new URL(server.url).port);
  for (let i = 0; i < 2; i++) {
    const host = new RawHost(await openTcp("127.0.0.1", port));
    await host.write(READ_MAGIC);
    while (board.traffic.requests().length <= i) await host.settle();
    while (host.waiting < 14) await new Promise((done) => setImmediate(done));
    assert.match(host.takeNow().toHex(), /c0010a0400831df00000000000c0$/);
    await host[Symbol.asyncDispose]();
  }
});

Deno.test("serveVirtualBoard ends with its board", async () => {
  const board = new VirtualBoard({ chip: "esp32" });
  await using server = await serveVirtualBoard(board, { tcp: 0 });
  const { port } = new URL(server.url);
  await board.close();
  await server.close();
  await assert.rejects(openTcp("127.0.0.1", Number(port)));
});

Deno.test("serveVirtualBoard wants exactly one way", async () => {
  await using board = new VirtualBoard({ chip: "esp32" });
  await assert.rejects(serveVirtualBoard(board, {}), TypeError);
  await assert.rejects(
    serveVirtualBoard(board, { tcp: 0, rfc2217: 0 }),
    TypeError,
  );
});
