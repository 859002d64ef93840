import assert from "node:assert/strict";
import { finishPorts } from "../../lib/transport/_listed_port.ts";
import { findPort, listPorts } from "../../lib/transport/list_ports.ts";

Deno.test("finishPorts sorts paths by their numbers", () => {
  const paths = ["COM11", "COM2", "/dev/ttyUSB10", "/dev/ttyUSB2"];
  assert.deepEqual(
    finishPorts(paths.map((path) => ({ info: { path } })))
      .map(({ path }) => path),
    ["/dev/ttyUSB2", "/dev/ttyUSB10", "COM2", "COM11"],
  );
});

const MODULE = new URL("../../lib/transport/list_ports.ts", import.meta.url);

async function runListing(...flags: string[]): Promise<string> {
  const script = `import { listPorts } from "${MODULE}";
    try {
      console.log(JSON.stringify({ ports: await listPorts() }));
    } catch (error) {
      console.log(JSON.stringify({ code: error.code }));
    }`;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...flags, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { stdout, stderr } = await child.output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

Deno.test("listPorts needs --allow-ffi and nothing else", async () => {
  const { ports } = JSON.parse(await runListing("--allow-ffi"));
  assert.ok(Array.isArray(ports));
  assert.deepEqual(ports, JSON.parse(JSON.stringify(await listPorts())));
});

Deno.test("listPorts fails with port-denied without --allow-ffi", async () => {
  assert.deepEqual(JSON.parse(await runListing()), { code: "port-denied" });
});

Deno.test({
  name: "listPorts lists a real UART of this machine and no virtual console",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const paths = (await listPorts()).map(({ path }) => path);
    const real = [...Deno.readDirSync("/sys/class/tty")]
      .map(({ name }) => name)
      .filter((name) => /^tty(S|USB|ACM|AMA)\d+$/.test(name))
      .filter((name) => readType(name) !== "0");
    for (const name of real) assert.ok(paths.includes(`/dev/${name}`), name);
    assert.ok(!paths.includes("/dev/tty0"));
    assert.ok(!paths.includes("/dev/ptmx"));
  },
});

Deno.test({
  name: "findPort finds a port by its path and by a link to it",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      for (const port of await listPorts()) {
        const link = `${folder}/link`;
        await Deno.symlink(port.path, link);
        assert.deepEqual(await findPort(link), port);
        assert.deepEqual(await findPort(port.path), port);
        await Deno.remove(link);
      }
      assert.equal(await findPort(`${folder}/none`), undefined);
      assert.equal(await findPort("/dev/null"), undefined);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

function readType(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/sys/class/tty/${name}/type`).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
