import assert from "node:assert/strict";
import { openTransport } from "../../lib/device/open.ts";
import { open } from "../../lib/device/open_device.ts";
import { serveTcp } from "../../lib/transport/tcp_server.ts";
import { serveRfc2217 } from "../../lib/transport/rfc2217_server.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";

Deno.test("openTransport refuses what is no port", async () => {
  for (
    const [target, message] of [
      ["http://localhost:80", /known schemes are socket, rfc2217 and sim/],
      ["socket://localhost", /should be like scheme:\/\/host:port/],
      ["socket://localhost:1?logging=debug", /option "logging" is not known/],
      ["rfc2217://localhost:1?poll_modem", /option "poll_modem" is not known/],
      ["rfc2217://:2217", /should be like scheme:\/\/host:port/],
    ] as const
  ) {
    await assert.rejects(openTransport(target), {
      name: "SyntaxError",
      message,
    });
  }
  await assert.rejects(openTransport("/dev/no-such-tty"), {
    name: "TransportError",
    code: "port-not-found",
  });
  await assert.rejects(openTransport("socket://127.0.0.1:1"), {
    name: "TransportError",
    code: "remote-refused",
  });
  await assert.rejects(openTransport("sim://esp9000"), RangeError);
});

Deno.test("openTransport opens a virtual board by URL", async () => {
  await using port = await openTransport("sim://esp32c3?mac=a0:76:4e:00:00:07");
  assert.equal(port.info.kind, "memory");
});

Deno.test("open talks to a board over socket://, which has no modem lines", async () => {
  await using board = new VirtualBoard({ chip: "esp32", strap: "download" });
  await using server = await serveTcp(await board.open({ link: "stream" }));
  const notes: string[] = [];
  await using device = await open(server.url, {
    onProgress: (event) => event.kind === "note" && notes.push(event.message),
  });
  assert.equal(device.chip.id, "esp32");
  assert.match(notes.join(), /no DTR and RTS/);
});

Deno.test("open resets a board over rfc2217://", async () => {
  await using board = new VirtualBoard({ chip: "esp8266" });
  await using server = await serveRfc2217(await board.open());
  await using device = await open(server.url, { baud: 460_800 });
  assert.equal(device.chip.id, "esp8266");
  assert.equal(board.baudRate, 460_800);
});
