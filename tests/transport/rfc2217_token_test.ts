import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { ManualClock } from "../../lib/clock.ts";
import { openTransport } from "../../lib/device/open.ts";
import { memoryPair, type MemoryPeer } from "../../lib/transport/memory.ts";
import {
  type ServerEvent,
  serveRfc2217,
} from "../../lib/transport/rfc2217_server.ts";
import { receive, send } from "./_contract.ts";
import { hex } from "./_scripted_server.ts";

interface Bench {
  readonly url: string;
  readonly port: number;
  readonly device: MemoryPeer;
  readonly clock: ManualClock;
  /** What the server has told, without the clients' addresses. */
  readonly events: readonly string[];
}

async function withServer(
  token: string,
  test: (bench: Bench) => Promise<void>,
): Promise<void> {
  const [target, device] = memoryPair();
  const clock = new ManualClock();
  const events: string[] = [];
  const onEvent = ({ kind }: ServerEvent) => void events.push(kind);
  {
    await using server = await serveRfc2217(target, { token, clock, onEvent });
    await test({ url: server.url, port: server.port, device, clock, events });
  }
  await target.close();
}

/** A client of another maker, agreed on COM-PORT-OPTION; told the challenge's text. */
async function connectPlain(
  port: number,
): Promise<{ conn: Deno.TcpConn; challenge: string }> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await receive(conn.readable, 12);
  await write(conn, "ff fd 00 ff fb 00 ff fd 03 ff fb 03 ff fb 2c");
  // DO COM-PORT, NOTIFY-MODEMSTATE, SIGNATURE with text.
  const answer = Buffer.from(await receive(conn.readable, 3 + 4 + 58 + 2 + 7));
  const [, challenge = ""] = /,d(espline asks for a token: [0-9a-f]{32})/.exec(
    answer.toString("latin1"),
  ) ??
    [];
  return { conn, challenge };
}

async function write(conn: Deno.TcpConn, text: string): Promise<void> {
  const writer = conn.writable.getWriter();
  await writer.write(hex(text));
  writer.releaseLock();
}

/** Reads until the server hangs up. */
async function rest(conn: Deno.TcpConn): Promise<string> {
  const chunks = await Array.fromAsync(conn.readable);
  return Buffer.concat(chunks).toString("latin1");
}

Deno.test("serveRfc2217 lets a client in that has the token, which may be any text", async () => {
  const token = "pä ß@/:%w0rd";
  await withServer(token, async ({ url, device, events }) => {
    const target = url.replace("://", `://${encodeURIComponent(token)}@`);
    await using port = await openTransport(target);
    assert.equal(port.port, url, "the token is not shown");
    await send(port.writable, Uint8Array.of(1, 2, 255));
    assert.deepEqual(
      await receive(device.readable, 3),
      Uint8Array.of(1, 2, 255),
    );
    await send(device.writable, Uint8Array.of(7));
    assert.deepEqual(await receive(port.readable, 1), Uint8Array.of(7));
    await port.setSignals({ dtr: true });
    assert.equal(device.signals.dtr, true);
    assert.deepEqual(events, ["client"]);
  });
});

Deno.test("openRfc2217 says that the server wants a token", async () => {
  await withServer("secret", async ({ url }) => {
    await assert.rejects(openTransport(url), {
      code: "remote-refused",
      message: `Cannot use ${url}: the server wants a token`,
      hint: "Put the server's token into the URL: rfc2217://TOKEN@host:port",
    });
  });
});

Deno.test("serveRfc2217 refuses a wrong token, and says so", async () => {
  await withServer("secret", async ({ url, events }) => {
    await assert.rejects(openTransport(url.replace("://", "://wrong@")), {
      code: "remote-refused",
      message: `Cannot use ${url}: the server refuses the token`,
    });
    assert.deepEqual(events.slice(0, 2), ["client", "denied"]);
  });
});

Deno.test("serveRfc2217 keeps device and lines from a client without the token", async () => {
  await withServer("secret", async ({ port, device, clock, events }) => {
    const { conn, challenge } = await connectPlain(port);
    assert.match(challenge, /^espline asks/);
    await write(
      conn,
      "61 62 ff fa 2c 05 08 ff f0 ff fa 2c 01 00 00 25 80 ff f0",
    );
    await send(device.writable, Uint8Array.of(1, 2, 3));
    await clock.advance(3000);
    assert.equal(await rest(conn), "Port wants a token, and none came\r\n");
    assert.equal(device.signals.dtr, false);
    assert.equal(device.baudRate, 115_200);
    assert.ok(events.includes("denied"));
    // What comes next is the first that the device gets.
    const reading = receive(device.readable, 1);
    await using _port = await openTransport(
      `rfc2217://secret@127.0.0.1:${port}`,
    );
    await send(_port.writable, Uint8Array.of(9));
    assert.deepEqual(await reading, Uint8Array.of(9));
  });
});

Deno.test("serveRfc2217 obeys what came before the token, in its order", async () => {
  await withServer("secret", async ({ port, device }) => {
    const { conn, challenge } = await connectPlain(port);
    await write(conn, "ff fa 2c 05 08 ff f0 61 62");
    const mac = createHmac("sha256", "secret").update(challenge).digest("hex");
    const answer = Buffer.from(`espline answers: ${mac}`).toString("hex");
    await write(conn, `ff fa 2c 00 ${answer.match(/../g)?.join(" ")} ff f0`);
    assert.deepEqual(
      Buffer.from(await receive(conn.readable, 7)).toString("hex"),
      "fffa2c6908fff0",
    );
    assert.deepEqual(
      await receive(device.readable, 2),
      Uint8Array.of(0x61, 0x62),
    );
    assert.equal(device.signals.dtr, true);
    conn.close();
  });
});

Deno.test("serveRfc2217 hears no more than a little before the token", async () => {
  await withServer("secret", async ({ port }) => {
    const { conn } = await connectPlain(port);
    await write(conn, "61 ".repeat(5000));
    assert.equal(await rest(conn), "Port wants a token before data\r\n");
  });
});

Deno.test("serveRfc2217 refuses a client's name for an answer, and an old answer", async () => {
  await withServer("secret", async ({ port }) => {
    for (const text of ["pyserial", `espline answers: ${"0".repeat(64)}`]) {
      const { conn } = await connectPlain(port);
      const name = Buffer.from(text).toString("hex").match(/../g)?.join(" ");
      await write(conn, `ff fa 2c 00 ${name} ff f0`);
      assert.match(await rest(conn), /this is not the right one\r\n$/);
    }
  });
});

Deno.test("serveRfc2217 refuses an empty token", async () => {
  const [target] = memoryPair();
  await assert.rejects(serveRfc2217(target, { token: "" }), RangeError);
  await target.close();
});

Deno.test("openTransport refuses a token where there is none, or that cannot be read", async () => {
  await assert.rejects(
    openTransport("socket://token@127.0.0.1:1"),
    SyntaxError,
  );
  await assert.rejects(openTransport("rfc2217://%zz@127.0.0.1:1"), SyntaxError);
});
