import assert from "node:assert/strict";
import { TransportError } from "../../lib/errors.ts";
import { openPty } from "../../lib/simulator/pty.ts";
import { assertNoLeak } from "../transport/_leaks.ts";

const ignore = Deno.build.os !== "linux";

/** Runs a shell command and returns what it prints. */
async function shell(command: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", command],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name: "Pty receives what another program writes to its path, unchanged",
  ignore,
  async fn() {
    await using pty = await openPty();
    const reader = pty.readable.getReader();
    await shell(`printf 'a\\r\\n\\003\\377\\000b' > ${pty.path}`);
    const { value } = await reader.read();
    assert.deepEqual(value, Uint8Array.of(97, 13, 10, 3, 255, 0, 98));
    // The program has gone, and another can come.
    await shell(`printf 'c' > ${pty.path}`);
    assert.deepEqual((await reader.read()).value, Uint8Array.of(99));
  },
});

Deno.test({
  name: "Pty sends what another program reads, and echoes nothing",
  ignore,
  async fn() {
    await using pty = await openPty();
    await pty.writable.getWriter().write(
      Uint8Array.of(0x68, 0x0a, 0x0d, 0x04, 0xff),
    );
    const text = await shell(
      `head -c 5 < ${pty.path} | od -An -tx1; printf x > ${pty.path}`,
    );
    assert.equal(text.trim(), "68 0a 0d 04 ff");
    const { value } = await pty.readable.getReader().read();
    assert.deepEqual(value, Uint8Array.of(0x78));
  },
});

Deno.test({
  name: "Pty.baudRate tells the speed that the other program has set",
  ignore,
  async fn() {
    await using pty = await openPty();
    for (const baudRate of [9600, 115200, 921600]) {
      await shell(`stty ${baudRate} < ${pty.path}`);
      assert.equal(pty.baudRate(), baudRate);
    }
  },
});

Deno.test({
  name: "Pty.close takes the path away and is idempotent",
  ignore,
  async fn() {
    const pty = await openPty();
    const writer = pty.writable.getWriter();
    await pty.close();
    await pty.close();
    await pty[Symbol.asyncDispose]();
    await assert.rejects(Deno.stat(pty.path), Deno.errors.NotFound);
    const isClosed = (error: unknown) =>
      error instanceof TransportError && error.code === "port-closed";
    assert.throws(() => pty.baudRate(), isClosed);
    await assert.rejects(writer.write(Uint8Array.of(1)), isClosed);
  },
});

Deno.test({
  name: "200 ptys opened and closed leave no descriptor",
  ignore,
  fn: () => assertNoLeak("ptys", 200),
});
