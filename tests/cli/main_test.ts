import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { runCli } from "./_cli.ts";

Deno.test("main tells the version on the last line", async () => {
  const { code, stdout, stderr } = await runCli(["version"]);
  assert.equal(code, 0);
  assert.equal(stdout, `espline v${config.version}\n${config.version}\n`);
  assert.equal(stderr, "");
});

Deno.test("main shows the same help for help, --help and -h", async () => {
  const texts = [["help"], ["--help"], ["-h"], ["-h", "read-mac"]];
  const [first, ...others] = await Promise.all(
    texts.map((args) => runCli(args)),
  );
  assert.match(first?.stdout ?? "", /^Usage: espline/);
  for (const other of others) assert.deepEqual(other, first);
  assert.equal(first?.code, 0);
  const verb = await runCli(["help", "write_flash"]);
  assert.deepEqual(await runCli(["write_flash", "--help"]), verb);
  assert.match(verb.stdout, /^Usage: espline write-flash/);
});

Deno.test("main ends a wrong command line with 2, and says on stderr what is wrong", async () => {
  const { code, stdout, stderr } = await runCli(["reed-mac"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^Usage error: .*"reed-mac"\nHint: .*read-mac/);
});

Deno.test("main colours errors for a person, unless NO_COLOR is set", async () => {
  const args = ["reed-mac"];
  const colored = await runCli(args, { terminal: true });
  assert(colored.stderr.startsWith("\x1b[31mUsage error\x1b[0m: "));
  const env = { NO_COLOR: "1" };
  const plain = await runCli(args, { terminal: true, env });
  assert(plain.stderr.startsWith("Usage error: "));
});

Deno.test("main answers in JSON even if the command line is wrong", async () => {
  for (const args of [["--json", "reed-mac"], ["read-mem", "010", "--json"]]) {
    const { code, stdout, stderr } = await runCli(args);
    assert.equal(code, 2);
    assert.equal(stderr, "");
    const { ok, error } = JSON.parse(stdout);
    assert.equal(ok, false);
    assert.equal(error.code, "usage");
    assert.equal(typeof error.message, "string");
  }
});

Deno.test("main puts help, version and list-ports into JSON", async () => {
  const ports = [{ path: "/dev/ttyUSB0", usbVendorId: 0x1a86 }];
  const json = async (...args: string[]) => {
    const { code, stdout } = await runCli([...args, "--json"], { ports });
    assert.equal(code, 0);
    assert.equal(stdout.indexOf("\n"), stdout.length - 1);
    return JSON.parse(stdout);
  };
  assert.deepEqual(await json("version"), {
    ok: true,
    command: "version",
    result: { version: config.version },
  });
  assert.deepEqual(await json("list-ports"), {
    ok: true,
    command: "list-ports",
    result: { ports },
  });
  for (const args of [["help"], ["--help"], ["read-mac", "-h"]]) {
    const { ok, command, result } = await json(...args);
    assert.deepEqual([ok, command], [true, "help"]);
    assert.match(result.text, /^Usage: /);
  }
});

Deno.test("main lists ports with what is known of them", async () => {
  const ports = [
    { path: "/dev/ttyS0" },
    {
      path: "/dev/ttyUSB0",
      usbVendorId: 0x1a86,
      usbProductId: 0x7523,
      manufacturer: "QinHeng",
      product: "CH340",
      serialNumber: "A1",
      location: "1-2.3",
    },
  ];
  const { stdout } = await runCli(["list-ports"], { ports });
  assert.equal(
    stdout,
    "/dev/ttyS0\n" +
      "/dev/ttyUSB0  1a86:7523, QinHeng, CH340, serial A1, at 1-2.3\n",
  );
  const none = await runCli(["list_ports"]);
  assert.equal(none.stdout, "No serial port was found.\n");
});

Deno.test("main asks for a port when there is none or more than one", async () => {
  const none = await runCli(["read-mac"]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /No serial port was found\nHint: .*--port/);
  const ports = [{ path: "/dev/ttyUSB0", product: "CH340" }, { path: "COM3" }];
  const two = await runCli(["read-mac"], { ports });
  assert.equal(two.code, 2);
  assert.match(
    two.stderr,
    /2 serial ports.*\n {2}\/dev\/ttyUSB0 {2}CH340\n {2}COM3\n/,
  );
  assert.match(two.stderr, /ESPLINE_PORT/);
});

Deno.test("main ends with 1 if the port cannot be opened", async () => {
  const port = "/dev/espline-no-such-port";
  const plain = await runCli(["-p", port, "read-mac"]);
  assert.equal(plain.code, 1);
  assert.match(plain.stderr, /^A fatal error occurred: .*espline-no-such-port/);
  const json = await runCli(["-p", port, "read-mac", "--json"]);
  assert.equal(json.code, 1);
  const { ok, command, error } = JSON.parse(json.stdout);
  assert.deepEqual([ok, command, error.code], [
    false,
    "read-mac",
    "port-not-found",
  ]);
});

Deno.test("main opens no port for a file that cannot be read or written", async () => {
  const port = ["--port", "/dev/espline-no-such-port"];
  const lines = [
    ["write-flash", "0", "/espline/none.bin"],
    ["verify-flash", "0", "/espline/none.bin"],
    ["read-flash", "0", "4k", "/espline/none.bin"],
    ["dump-mem", "0", "4k", "/espline/none.bin"],
  ];
  for (const line of lines) {
    const { code, stderr } = await runCli([...port, ...line]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /A fatal error occurred: Cannot (read|write) "\/esp/);
  }
});

Deno.test("main refuses --compress together with --no-compress", async () => {
  const args = ["--port", "/dev/x", "write-flash", "-z", "-u", "0", "a"];
  const { code, stderr } = await runCli(args);
  assert.equal(code, 2);
  assert.match(stderr, /--compress and --no-compress/);
});

Deno.test("main does nothing once it is interrupted", async () => {
  const signal = AbortSignal.abort(new DOMException("Stop", "AbortError"));
  const { code, stderr } = await runCli(["version"], { signal });
  assert.equal(code, 2);
  assert.equal(
    stderr,
    "A fatal error occurred: Interrupted\nThe flash is unchanged.\n",
  );
});

Deno.test("main needs no permission to be imported and to say its version", async () => {
  const path = new URL("../../lib/cli/main.ts", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", path.href, "version"],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, decoder.decode(stderr));
  assert.match(decoder.decode(stdout), /^espline v/);
});
