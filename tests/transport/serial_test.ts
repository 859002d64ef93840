import assert from "node:assert/strict";
import { TransportError } from "../../lib/errors.ts";
import { openPty, type Pty } from "../../lib/simulator/pty.ts";
import { openSerial } from "../../lib/transport/serial.ts";
import { assertNoLeak } from "./_leaks.ts";
import type { Transport } from "../../lib/transport/transport.ts";

const ignore = Deno.build.os === "windows";
const notLinux = Deno.build.os !== "linux";

/** A check of a thrown error: its class, code and message. */
function transportError(code: string, message: RegExp) {
  return (error: unknown): boolean => {
    assert(error instanceof TransportError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

/** Sends back whatever the other program writes, until the pty closes. */
async function echo(pty: Pty): Promise<void> {
  const writer = pty.writable.getWriter();
  for await (const chunk of pty.readable) await writer.write(chunk);
}

/** Writes bytes and reads as many. */
async function exchange(
  port: Transport,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const writer = port.writable.getWriter();
  const written = writer.write(bytes);
  const reply = await readBytes(port.readable, bytes.length);
  await written;
  writer.releaseLock();
  return reply;
}

async function readBytes(
  readable: ReadableStream<Uint8Array>,
  size: number,
): Promise<Uint8Array> {
  const reader = readable.getReader();
  const bytes = new Uint8Array(size);
  for (let length = 0; length < size;) {
    const { value, done } = await reader.read();
    assert(!done, "The stream ended early");
    bytes.set(value, length);
    length += value.length;
  }
  reader.releaseLock();
  return bytes;
}

Deno.test({
  name: "openSerial exchanges all byte values with the other end",
  ignore,
  async fn() {
    await using pty = await openPty();
    await using port = await openSerial(pty.path);
    const echoed = echo(pty);
    const bytes = Uint8Array.from({ length: 1024 }, (_, index) => index);
    assert.deepEqual(await exchange(port, bytes), bytes);
    const large = new Uint8Array(1_000_000).map((_, index) => index * 7);
    assert.deepEqual(await exchange(port, large), large);
    assert.equal(port.port, pty.path);
    assert.equal(port.info.kind, "serial");
    assert.equal(port.info.signals, "none");
    await port.close();
    await pty.close();
    await echoed;
  },
});

Deno.test({
  name: "openSerial and setBaudRate set any speed",
  ignore,
  async fn() {
    await using pty = await openPty();
    await using port = await openSerial(pty.path);
    assert.equal(port.baudRate, 115200);
    const table = [
      300,
      9600,
      12345,
      57600,
      74880,
      230400,
      250000,
      460800,
      921600,
      1500000,
      2000000,
      3000000,
      4000000,
    ];
    for (const baudRate of table) {
      await port.setBaudRate(baudRate);
      assert.equal(port.baudRate, baudRate);
      assert.equal(pty.baudRate(), baudRate);
    }
    await port.close();
    await using again = await openSerial(pty.path, { baudRate: 74880 });
    assert.equal(again.baudRate, 74880);
    assert.equal(pty.baudRate(), 74880);
  },
});

Deno.test({
  name:
    "openSerial refuses a port that is in use, and opens it once it is free",
  ignore,
  async fn() {
    await using pty = await openPty();
    const port = await openSerial(pty.path);
    await assert.rejects(
      openSerial(pty.path),
      transportError(
        "port-busy",
        /^Cannot open "\/dev\/.*": in use by another program$/,
      ),
    );
    await port.close();
    const shared = await openSerial(pty.path, { exclusive: false });
    await using other = await openSerial(pty.path, { exclusive: false });
    assert.equal(other.baudRate, 115200);
    await shared.close();
  },
});

Deno.test({
  name: "openSerial names what keeps a path from being opened",
  ignore,
  async fn() {
    await assert.rejects(
      openSerial("/dev/ttyNOWHERE7"),
      transportError(
        "port-not-found",
        /^Cannot open "\/dev\/ttyNOWHERE7": no such device$/,
      ),
    );
    const file = await Deno.makeTempFile();
    await assert.rejects(
      openSerial(file),
      transportError("port-open-failed", /: not a serial port$/),
    );
    await Deno.remove(file);
    await assert.rejects(openSerial(""), TypeError);
    await assert.rejects(openSerial("/dev/tty\0S0"), TypeError);
    await assert.rejects(openSerial("/dev/x", { baudRate: 0 }), RangeError);
    await assert.rejects(openSerial("/dev/x", { baudRate: 1.5 }), RangeError);
  },
});

Deno.test({
  name: "openSerial says that it needs --allow-ffi",
  permissions: { ffi: false },
  async fn() {
    await assert.rejects(
      openSerial("/dev/ttyS99"),
      transportError("port-denied", /FFI is not allowed$/),
    );
  },
});

Deno.test({
  name: "openSerial needs no permission but to use FFI",
  ignore,
  permissions: { ffi: true },
  async fn() {
    await using pty = await openPty();
    await using port = await openSerial(pty.path);
    const echoed = echo(pty);
    assert.deepEqual(
      await exchange(port, Uint8Array.of(1, 2)),
      Uint8Array.of(1, 2),
    );
    await pty.close();
    await echoed;
  },
});

Deno.test({
  name: "openSerial rejects with the reason of its signal and opens nothing",
  ignore,
  async fn() {
    await using pty = await openPty();
    const reason = new Error("Enough");
    await assert.rejects(
      openSerial(pty.path, { signal: AbortSignal.abort(reason) }),
      reason,
    );
    const controller = new AbortController();
    const opening = openSerial(pty.path, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(opening, reason);
    await using _port = await openSerial(pty.path);
  },
});

Deno.test({
  name: "a hang-up errors a pending read at once, and all that comes after",
  ignore,
  async fn() {
    const pty = await openPty();
    await using port = await openSerial(pty.path);
    const gone = transportError("port-gone", /"\/dev\/.*": the port is gone$/);
    const reader = port.readable.getReader();
    const pending = reader.read();
    await Promise.all([pty.close(), assert.rejects(pending, gone)]);
    await assert.rejects(reader.read(), gone);
    const writer = port.writable.getWriter();
    await assert.rejects(writer.write(Uint8Array.of(1)), gone);
    await assert.rejects(writer.write(Uint8Array.of(1)), gone);
    await assert.rejects(port.setBaudRate(9600), gone);
    await assert.rejects(port.flush(), gone);
    await assert.rejects(port.drain(), gone);
    await assert.rejects(
      openSerial(pty.path),
      transportError("port-not-found", /no such device/),
    );
  },
});

Deno.test({
  name: "a hang-up errors a blocked write at once",
  ignore,
  async fn() {
    const pty = await openPty();
    await using port = await openSerial(pty.path);
    const written = port.writable.getWriter().write(new Uint8Array(1_000_000));
    await Promise.all([
      pty.close(),
      assert.rejects(written, transportError("port-gone", /is gone/)),
    ]);
  },
});

Deno.test({
  name: "close ends a pending read and a blocked write",
  ignore,
  async fn() {
    await using pty = await openPty();
    const port = await openSerial(pty.path);
    const closed = transportError("port-closed", /"\/dev\/.*": the port is c/);
    const reader = port.readable.getReader();
    const pending = reader.read();
    const writer = port.writable.getWriter();
    const written = writer.write(new Uint8Array(1_000_000));
    const [, , result] = await Promise.all([
      port.close(),
      assert.rejects(written, closed),
      pending,
    ]);
    assert.equal(result.done, true);
    await port.close();
    await port[Symbol.asyncDispose]();
    assert.equal((await reader.read()).done, true);
    await assert.rejects(writer.write(Uint8Array.of(1)), closed);
    await assert.rejects(port.setSignals({ dtr: true }), closed);
    await assert.rejects(port.setBaudRate(9600), closed);
    await assert.rejects(port.drain(), closed);
    await assert.rejects(port.flush(), closed);
  },
});

Deno.test({
  name: "close lets the other end read what was written before",
  ignore: notLinux,
  async fn() {
    await using pty = await openPty();
    const port = await openSerial(pty.path);
    await port.writable.getWriter().write(Uint8Array.of(1, 2, 3));
    await port.close();
    assert.deepEqual(await readBytes(pty.readable, 3), Uint8Array.of(1, 2, 3));
  },
});

Deno.test({
  name: "flush drops input that was not read",
  ignore: notLinux,
  async fn() {
    await using pty = await openPty();
    await using port = await openSerial(pty.path);
    const writer = pty.writable.getWriter();
    const reader = port.readable.getReader();
    await writer.write(Uint8Array.of(1));
    assert.deepEqual((await reader.read()).value, Uint8Array.of(1));
    // Nobody asks for these, so they wait below the stream.
    await writer.write(new Uint8Array(8_000).fill(2));
    await port.flush("input");
    await writer.write(Uint8Array.of(9));
    assert.deepEqual((await reader.read()).value, Uint8Array.of(9));
  },
});

Deno.test({
  name:
    "a write to an end that does not read blocks nothing and can be aborted",
  ignore,
  async fn() {
    await using pty = await openPty();
    await using port = await openSerial(pty.path);
    const writer = port.writable.getWriter();
    let settled = false;
    const written = writer.write(new Uint8Array(1_000_000)).finally(() => {
      settled = true;
    });
    const reason = new Error("Enough");
    const rejected = assert.rejects(written, reason);
    for (let round = 0; round < 20; round++) await Deno.stat("/");
    assert.equal(settled, false);
    await writer.abort(reason);
    await rejected;
    const sent = Uint8Array.of(5);
    await pty.writable.getWriter().write(sent);
    assert.deepEqual(await readBytes(port.readable, 1), sent);
  },
});

Deno.test({
  name: "a port still reads after its stream of output is closed",
  ignore,
  async fn() {
    await using pty = await openPty();
    await using port = await openSerial(pty.path);
    const writer = port.writable.getWriter();
    await writer.write(Uint8Array.of(1));
    await writer.close();
    assert.deepEqual(await readBytes(pty.readable, 1), Uint8Array.of(1));
    await pty.writable.getWriter().write(Uint8Array.of(2));
    assert.deepEqual(await readBytes(port.readable, 1), Uint8Array.of(2));
  },
});

Deno.test({
  name: "1,000 ports opened and closed leave no descriptor and no thread",
  ignore: notLinux,
  fn: () => assertNoLeak("ports", 1000),
});

Deno.test({
  name: "64 ports that wait starve nothing, and all work",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const ends = [];
    for (let index = 0; index < 64; index++) {
      const pty = stack.use(await openPty());
      const port = stack.use(await openSerial(pty.path));
      ends.push({ port, pty, echoed: echo(pty) });
    }
    const replies = ends.map(({ port }) => readBytes(port.readable, 100));
    for (let round = 0; round < 5; round++) await Deno.stat("/");
    await Promise.all(ends.map(async ({ port }, index) => {
      const bytes = new Uint8Array(100).fill(index);
      const writer = port.writable.getWriter();
      await writer.write(bytes);
      assert.deepEqual(await replies[index], bytes);
    }));
    await Promise.all(ends.map(({ pty }) => pty.close()));
    await Promise.all(ends.map(({ echoed }) => echoed));
  },
});
