import assert from "node:assert/strict";
import { parseBehavior } from "../../lib/simulator/mod.ts";
import { makeBoard, noise } from "./_boards.ts";
import { namesIn, runCli, temporaryFolder, type World } from "./_cli.ts";

const MACS = ["5c:cf:7f:00:00:01", "24:0a:c4:00:00:02"];

/** Two boards on /dev/ttyUSB0 and 1; on the third port nothing answers. */
function bench() {
  const [first, second] = MACS;
  const boards = {
    "/dev/ttyUSB0": makeBoard({ mac: first ?? "" }),
    "/dev/ttyUSB1": makeBoard({ chip: "esp32", mac: second ?? "" }),
    "/dev/ttyUSB2": makeBoard({ behaviors: [parseBehavior("no-sync")] }),
  };
  return {
    ...boards,
    run: (line: string, world: World = {}) =>
      runCli(line.split(" "), { boards, ...world }),
    async [Symbol.asyncDispose]() {
      for (const board of Object.values(boards)) await board.close();
    },
  };
}

const TWO = "-p /dev/ttyUSB0 -p /dev/ttyUSB1";
const THREE = `${TWO} -p /dev/ttyUSB2 --connect-attempts 1`;

Deno.test("a verb on several boards says of each line which board it is about", async () => {
  await using boards = bench();
  const { code, stdout, stderr } = await boards.run(`${TWO} read-mac`);
  assert.equal(code, 0, stderr);
  for (const [i, mac] of MACS.entries()) {
    assert.match(
      stdout,
      new RegExp(`^\\[/dev/ttyUSB${i}\\] Connected to ESP\\w+ on `, "m"),
    );
    assert.match(
      stdout,
      new RegExp(`^\\[/dev/ttyUSB${i}\\] MAC: +${mac}$`, "m"),
    );
  }
  const [first, second] = MACS;
  assert(
    stdout.endsWith(
      `/dev/ttyUSB0  done    ${first}\n/dev/ttyUSB1  done    ${second}\n` +
        "2 of 2 boards done.\n",
    ),
    stdout,
  );
  assert(stdout.split("\n").every((line) => !/^\[[^\]]+\] $/.test(line)));
});

Deno.test("one board's failure stops no other, and decides the exit code", async () => {
  await using boards = bench();
  const { code, stdout, stderr } = await boards.run(`${THREE} read-mac`);
  assert.equal(code, 2);
  assert.match(stdout, /^\/dev\/ttyUSB2 {2}failed$/m);
  assert.match(stdout, /2 of 3 boards done\.\n$/);
  assert.match(stderr, /^\[\/dev\/ttyUSB2\] A fatal error occurred: /);
  assert.match(stderr, /^\[\/dev\/ttyUSB2\] Hint: /m);
  assert(!/^[^[]/m.test(stderr), "every line says which board");
  const serial = await boards.run(`${TWO} -p /dev/espline-none read-mac`);
  assert.equal(serial.code, 1);
});

Deno.test("--json has one object per board, in the order of the ports", async () => {
  await using boards = bench();
  const { code, stdout, stderr } = await boards.run(`${THREE} --json read-mac`);
  assert.equal(code, 2);
  assert.equal(stderr, "");
  const { ok, command, boards: list } = JSON.parse(stdout);
  assert.deepEqual([ok, command], [false, "read-mac"]);
  assert.deepEqual(
    list.map((board: Record<string, unknown>) => [
      board.ok,
      board.command,
      board.port,
      board.result,
      typeof board.error,
    ]),
    [
      [true, "read-mac", "/dev/ttyUSB0", { mac: MACS[0] }, "undefined"],
      [true, "read-mac", "/dev/ttyUSB1", { mac: MACS[1] }, "undefined"],
      [false, "read-mac", "/dev/ttyUSB2", undefined, "object"],
    ],
  );
});

Deno.test("--port all is every port that is let through, even if it is one", async () => {
  await using boards = bench();
  const ports = Object.keys(boards).slice(0, 3).map((path) => ({ path }));
  const all = "--port all --port-filter name=usb1 --json read-mac";
  const { code, stdout } = await boards.run(all, { ports });
  assert.equal(code, 0);
  const { boards: list } = JSON.parse(stdout);
  assert.deepEqual(list.map(({ port }: { port: string }) => port), [
    "/dev/ttyUSB1",
  ]);
  const none = await boards.run(all);
  assert.match(JSON.parse(none.stdout).error.message, /No serial port/);
});

Deno.test("a verb on several boards refuses a port twice, and verbs that cannot do it", async () => {
  await using boards = bench();
  const twice = await boards.run(`${TWO} -p /dev/ttyUSB0 read-mac`);
  assert.equal(twice.code, 2);
  assert.match(twice.stderr, /"\/dev\/ttyUSB0" is named twice/);
  const json = await boards.run(`${TWO} --json version`);
  assert.equal(JSON.parse(json.stdout).command, "version");
  const version = await boards.run(`${TWO} version`);
  assert.equal(version.code, 2);
  assert.match(version.stderr, /"version" cannot be done on several boards/);
});

Deno.test("write-flash writes to several boards at once", async () => {
  await using boards = bench();
  await using folder = await temporaryFolder();
  const data = noise(9000);
  await Deno.writeFile(folder.file("app"), data);
  const line = `${TWO} write-flash 0x10000 ${folder.file("app")}`;
  const { code, stdout } = await boards.run(line);
  assert.equal(code, 0, stdout);
  for (const port of ["/dev/ttyUSB0", "/dev/ttyUSB1"] as const) {
    assert.deepEqual(boards[port].flash.read(0x1_0000, 9000), data);
    assert(stdout.includes(`[${port}] Writing at 0x00010000... (100 %)`));
    assert(stdout.includes(`[${port}] Hash of data verified.`));
  }
});

Deno.test("read-flash gives each board's data a file of its own, or refuses", async () => {
  await using boards = bench();
  await using folder = await temporaryFolder();
  boards["/dev/ttyUSB1"].flash.program(0, Uint8Array.of(1, 2, 3, 4));
  const read = (name: string) =>
    boards.run(`${TWO} read-flash 0 4 ${folder.file(name)}`);
  const refused = await read("same.bin");
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /Several boards cannot all write ".*same\.bin"/);
  assert.deepEqual(await namesIn(folder.path), []);
  const { code, stdout } = await read("{mac}-{port}.bin");
  assert.equal(code, 0);
  assert.match(stdout, /to '.*\/240ac4000002-ttyUSB1\.bin'/);
  assert.deepEqual(await namesIn(folder.path), [
    "240ac4000002-ttyUSB1.bin",
    "5ccf7f000001-ttyUSB0.bin",
  ]);
  assert.deepEqual(
    await Deno.readFile(folder.file("240ac4000002-ttyUSB1.bin")),
    Uint8Array.of(1, 2, 3, 4),
  );
});

Deno.test("two boards with the same MAC address do not overwrite each other's file", async () => {
  await using folder = await temporaryFolder();
  await using a = makeBoard();
  await using b = makeBoard();
  const line = `-p a -p b read-flash 0 4 ${folder.file("{mac}.bin")}`;
  const { code, stderr } = await runCli(line.split(" "), { boards: { a, b } });
  assert.equal(code, 2);
  assert.match(stderr, /Two boards would write ".*5ccf7f010203\.bin"/);
  assert.deepEqual(await namesIn(folder.path), ["5ccf7f010203.bin"]);
});

Deno.test("one board's MAC address goes into a file's name as well", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard();
  const line = `-p bench --json read-flash 0 4 ${folder.file("{mac}.bin")}`;
  const { stdout } = await runCli(line.split(" "), {
    boards: { bench: board },
  });
  assert.equal(
    JSON.parse(stdout).result.file,
    folder.file("5ccf7f010203.bin"),
  );
});

Deno.test("in a terminal each board has a row, and its lines come at the end", async () => {
  await using boards = bench();
  const { code, stdout } = await boards.run(`${THREE} flash-id`, {
    terminal: true,
  });
  assert.equal(code, 2);
  assert(stdout.includes("\x1b[3F/dev/ttyUSB0  "), "the rows are redrawn");
  const end = stdout.slice(stdout.lastIndexOf("\x1b[3F") + 4);
  assert.match(
    end,
    /^\/dev\/ttyUSB0\n {2}Serial port \/dev\/ttyUSB0:\n(?: {2}.*\n)* {2}Detected flash size: 4MB\n(?: {2}.*\n)*\/dev\/ttyUSB1\n/,
  );
  assert.match(end, /\n2 of 3 boards done\.\n$/);
});

Deno.test("Ctrl-C ends the verb on every board", async () => {
  await using boards = bench();
  await using folder = await temporaryFolder();
  await Deno.writeFile(folder.file("app"), noise(200_000));
  const controller = new AbortController();
  const { code, stdout, stderr } = await boards.run(
    `${TWO} write-flash -u 0x10000 ${folder.file("app")}`,
    {
      signal: controller.signal,
      onOutput: (text) => {
        if (!/Writing at .*\(20 %\)/.test(text)) return;
        controller.abort(new DOMException("Interrupted", "AbortError"));
      },
    },
  );
  assert.equal(code, 2);
  assert.match(stdout, /0 of 2 boards done\.\n$/);
  for (const port of ["USB0", "USB1"]) {
    assert.match(
      stderr,
      new RegExp(
        `^\\[/dev/tty${port}\\] A fatal error occurred: Interrupted$`,
        "m",
      ),
    );
    assert.match(stderr, new RegExp(`^\\[/dev/tty${port}\\] The flash `, "m"));
  }
});

const TABLE = `nvs,data,nvs,0x9000,0x6000
otadata,data,ota,0xf000,0x2000
ota_0,app,ota_0,0x20000,0x10000
ota_1,app,ota_1,0x30000,0x10000
`;

Deno.test("verbs for partitions work on several boards, and give each a file of its own", async () => {
  await using boards = bench();
  await using folder = await temporaryFolder();
  const table = folder.file("table.csv");
  await Deno.writeTextFile(table, TABLE);
  const lines = [
    `partition-table write ${table}`,
    `partition-table to-bin -o ${folder.file("{mac}.bin")}`,
    "ota select ota_1",
    "nvs set wifi ssid string Workshop",
    `nvs set wifi ssid string Other --backup ${folder.file("{port}.nvs")}`,
    `nvs show --csv ${folder.file("{port}.csv")}`,
    "reset --into download",
    "hold-in-reset --for 0.01",
  ];
  for (const line of lines) {
    const { code, stdout } = await boards.run(`--json ${TWO} ${line}`);
    assert.equal(code, 0, `${line}: ${stdout}`);
  }
  assert.deepEqual(
    await namesIn(folder.path),
    [
      ...["240ac4000002.bin", "5ccf7f000001.bin", "table.csv"],
      ...["ttyUSB0.csv", "ttyUSB0.nvs", "ttyUSB1.csv", "ttyUSB1.nvs"],
    ],
  );
  const csv = await Deno.readTextFile(folder.file("ttyUSB1.csv"));
  assert.match(csv, /^ssid,data,string,Other$/m);
});

Deno.test("work on a file is not done once for each of several boards", async () => {
  await using boards = bench();
  for (
    const line of [
      "nvs show nvs.bin",
      "nvs set --file nvs.bin a b u8 1",
      "nvs generate-key keys.bin",
      "ota show --file otadata.bin",
      "partition-table show table.csv",
    ]
  ) {
    const { code, stderr } = await boards.run(`${TWO} ${line}`);
    assert.equal(code, 2, line);
    assert.match(stderr, /cannot be done on several boards/, line);
  }
});
