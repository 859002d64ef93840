/** Real esptool and pyserial as the clients of a port that espline serves. */

import assert from "node:assert/strict";
import { servePort } from "../../lib/device/serve_port.ts";
import { VirtualBoard } from "../../lib/simulator/mod.ts";
import type { ServerEvent } from "../../lib/transport/rfc2217_server.ts";
import { peerTest } from "./_peers.ts";

/** Runs a program to its end. */
async function run(path: string, args: string[]): Promise<[number, string]> {
  const { code, stdout, stderr } = await new Deno.Command(path, {
    args,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return [code, decoder.decode(stdout) + decoder.decode(stderr)];
}

/** The resets that a server has told of. */
function resetsOf(events: readonly ServerEvent[]): string[] {
  return events.flatMap((event) => event.kind === "reset" ? [event.mode] : []);
}

for (
  const [chip, query] of [["esp32", ""], [
    "esp8266",
    "?ign_set_control",
  ]] as const
) {
  peerTest(
    `servePort resets an ${chip} for esptool's rfc2217://${query}, at the first attempt`,
    "esptool",
    async ({ esptool }) => {
      await using board = new VirtualBoard({ chip });
      const events: ServerEvent[] = [];
      await using server = await servePort(board, {
        onEvent: (event) => events.push(event),
      });
      const port = ["--port", server.url + query, "--connect-attempts", "1"];
      const modes = ["--before", "default-reset", "--after", "hard-reset"];
      const [code, text] = await run(esptool, [
        ...port,
        ...modes,
        "read-mac",
      ]);
      assert.equal(code, 0, text);
      assert.ok(text.includes(board.mac), text);
      assert.deepEqual(resetsOf(events), ["download", "run"]);
    },
  );
}

peerTest(
  "servePort lets no pyserial in that has no token",
  "python",
  async ({ python }) => {
    await using board = new VirtualBoard({ chip: "esp32" });
    const events: string[] = [];
    await using server = await servePort(board, {
      token: "secret",
      onEvent: ({ kind }) => events.push(kind),
    });
    const script = `
import serial, sys
try:
    port = serial.serial_for_url(sys.argv[1], timeout=1)
    port.write(b"hello")
    port.read(1)
except Exception as error:
    print("refused:", error)
`;
    const url = server.url.replace("://", "://secret@");
    const [, text] = await run(python, ["-c", script, url]);
    assert.match(text, /^refused:/);
    assert.deepEqual(events, ["client", "denied", "left"]);
  },
);
