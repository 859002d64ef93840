import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { parseBehavior } from "../../lib/simulator/mod.ts";
import { makeBoard } from "./_boards.ts";
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
  const value = await runCli(["-b", "fast", "read-mac"]);
  assert.match(value.stderr, /\nHint: Try "espline help read-mac"\.\n$/);
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

Deno.test("main asks for a port when there is none", async () => {
  const none = await runCli(["read-mac"]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /No serial port was found\nHint: .*--port/);
  const ports = [{ path: "/dev/ttyUSB0" }];
  const other = await runCli(["--port-filter", "name=ACM", "read-mac"], {
    ports,
  });
  assert.equal(other.code, 2);
  assert.match(other.stderr, /None of the 1 serial ports .*--port-filter/);
});

/** Ports in the order that they are listed in, which is not the one that they are tried in. */
const PORTS = [
  { path: "/dev/ttyS0" },
  { path: "/dev/ttyUSB0", usbVendorId: 0x10c4, usbProductId: 0xea60 },
  { path: "/dev/ttyUSB1", usbVendorId: 0x1a86, usbProductId: 0x7523 },
  { path: "/dev/ttyACM0", usbVendorId: 0x303a, usbProductId: 0x1001 },
];

Deno.test("main tries all ports until a board answers, the most likely first", async () => {
  await using mute = makeBoard({ behaviors: [parseBehavior("no-sync")] });
  await using board = makeBoard();
  const boards = { "/dev/ttyACM0": mute, "/dev/ttyUSB1": board };
  const args = ["--connect-attempts", "1", "read-mac"];
  const { code, stdout } = await runCli(args, { ports: PORTS, boards });
  assert.equal(code, 0, stdout);
  assert.deepEqual(stdout.match(/^(Found|Serial port|.* failed to) .*/gm), [
    "Found 4 serial ports...",
    "Serial port /dev/ttyACM0:",
    stdout.match(/^\/dev\/ttyACM0 failed to connect: .*/m)?.[0],
    "Serial port /dev/ttyUSB0:",
    stdout.match(/^\/dev\/ttyUSB0 failed to connect: .*/m)?.[0],
    "Serial port /dev/ttyUSB1:",
  ]);
  const json = await runCli([...args, "--json"], { ports: PORTS, boards });
  assert.equal(JSON.parse(json.stdout).port, "/dev/ttyUSB1");
});

Deno.test("main says of each port why no board was found there", async () => {
  const args = ["--port-filter", "name=usb", "read-mac"];
  const { code, stderr } = await runCli(args, { ports: PORTS });
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^A fatal error occurred: Could not connect to an Espressif device on any of the 2 available serial ports:\n .*ttyUSB0.*\n .*ttyUSB1.*\nHint: .*ESPLINE_PORT/,
  );
});

Deno.test("main shows its own error for the only port there is", async () => {
  const args = ["--port-filter", "vid=4292", "--port-filter", "pid=0xea60"];
  const { code, stdout, stderr } = await runCli([...args, "read-mac"], {
    ports: PORTS,
  });
  assert.equal(code, 1);
  assert.match(stdout, /^Serial port \/dev\/ttyUSB0:\n/);
  assert.match(stderr, /ttyUSB0/);
});

Deno.test("main says nothing but errors with --silent, and more with --verbose", async () => {
  await using board = makeBoard();
  const boards = { bench: board };
  const run = (...args: string[]) =>
    runCli(["-p", "bench", ...args, "read-mac"], { boards });
  const silent = await run("--silent");
  assert.deepEqual(silent, { code: 0, stdout: "", stderr: "" });
  assert.match((await run("-v")).stdout, /^Connecting, attempt 1 of 7, reset/m);
  const refused = await runCli(["-p", "x", "-s", "read-mac"], {});
  assert.equal(refused.stdout, "");
  assert.match(refused.stderr, /^A fatal error occurred: /);
  for (const other of ["--verbose", "--trace"]) {
    const { code, stderr } = await run("--silent", other);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`--silent and ${other} exclude`));
  }
});

Deno.test("main traces the wire on stderr, so that --json stays clean", async () => {
  await using board = makeBoard({ chip: "esp32" });
  const args = ["-p", "bench", "--trace", "--json", "--no-stub", "read-mac"];
  const { code, stdout, stderr } = await runCli(args, {
    boards: { bench: board },
  });
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).ok, true);
  assert.match(stderr, /^TRACE \+0\.\d{3} Set lines: DTR=0/);
  // SYNC as the serial protocol's documentation has it.
  assert.match(
    stderr,
    /^TRACE \+\d+\.\d{3} Command SYNC \(0x08\), 36 bytes of data\nTRACE \+\d+\.\d{3} Write 46 bytes:\n {4}c000082400000000 0007071220555555 \| \.\.\.\$\.\.\.\.\.\.\.\. UUU\n( {4}.*\n){2}/m,
  );
  assert.match(stderr, /^TRACE .* Read \d+ bytes: *(c0|\n)/m);
  assert.match(stderr, /^TRACE .* Received full packet, 12 bytes: 0108/m);
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
