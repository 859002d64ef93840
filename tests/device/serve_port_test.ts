import assert from "node:assert/strict";
import { CHIPS } from "../../lib/chips/registry.ts";
import { open } from "../../lib/device/open_device.ts";
import { openTransport } from "../../lib/device/open.ts";
import { servePort } from "../../lib/device/serve_port.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";
import type { ServerEvent } from "../../lib/transport/rfc2217_server.ts";
import { isFree } from "./_board.ts";

/** Opens a board through a server, as somebody else in the network would. */
async function readMacThrough(
  board: VirtualBoard,
  events: ServerEvent[],
): Promise<string> {
  await using server = await servePort(board, {
    token: "secret",
    onEvent: (event) => events.push(event),
  });
  const url = server.url.replace("://", "://secret@");
  await using device = await open(url, { attempts: 1 });
  return await device.readMac();
}

for (const chip of CHIPS.map(({ id }) => id)) {
  Deno.test(`servePort lets others into the loader of an ${chip} at the first attempt`, async () => {
    await using board = new VirtualBoard({ chip });
    const events: ServerEvent[] = [];
    assert.equal(await readMacThrough(board, events), board.mac);
    const resets = events.flatMap((event) =>
      event.kind === "reset" ? [event.mode] : []
    );
    assert.deepEqual(resets, ["download", "run"]);
    assert.equal(await isFree(board), true, "closing closes the port");
  });
}

Deno.test("servePort turns a second client away, and says whom the port is with", async () => {
  await using board = new VirtualBoard({ chip: "esp32" });
  await using server = await servePort(board);
  await using _first = await openTransport(server.url);
  await assert.rejects(openTransport(server.url), {
    code: "remote-refused",
    message: /it says "Port is in use by 127\.0\.0\.1:\d+"/,
  });
});

Deno.test("servePort ends when its port is gone", async () => {
  const board = new VirtualBoard({ chip: "esp32" });
  await using server = await servePort(board);
  await board[Symbol.asyncDispose]();
  await server.ended;
});

Deno.test("servePort closes the port when it cannot listen", async () => {
  await using board = new VirtualBoard({ chip: "esp32" });
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await assert.rejects(servePort(board, { port: taken.addr.port }), {
    code: "port-busy",
  });
  assert.equal(await isFree(board), true);
});
