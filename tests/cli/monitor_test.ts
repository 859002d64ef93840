import assert from "node:assert/strict";
import { makeBoard, makeImage } from "./_boards.ts";
import { namesIn, runCli, temporaryFolder, type World } from "./_cli.ts";
import { Keyboard } from "./_keyboard.ts";
import { memoryPair } from "../../lib/transport/memory.ts";
import type { PortInfo, PortSource } from "../../mod.ts";

const LOG = [
  "\x1b[0;32mI (31) boot: ESP-IDF v5.2\x1b[0m",
  "W (40) wifi: no beacon",
  "E (41) wifi: lost",
  "I (50) main: ready, id=42",
].join("\r\n") + "\r\n";

/** A board with a program that prints a log. */
function board(appText = LOG) {
  return makeBoard({ flash: makeImage("esp8266"), appText });
}

/** Runs the monitor until a line is seen, with the options of a line of words. */
async function watch(words: string, world: World = {}, appText = LOG) {
  await using bench = board(appText);
  return await runCli(
    ["--chip", "esp8266", "-p", "bench", "monitor", ...words.split(" ")],
    { boards: { bench }, ...world },
  );
}

const TO_END = "--expect ready --timeout 5";

Deno.test("monitor shows the boot log at the chip's speed, with what it means, in plain text", async () => {
  const { code, stdout, stderr } = await watch(TO_END);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^ ets Jan {2}8 2013,rst cause:1, boot mode:\(3,6\)$/m);
  assert.match(stdout, /^--- The chip was reset because the power came on/m);
  assert.match(stdout, /^I \(31\) boot: ESP-IDF v5\.2$/m);
  // deno-lint-ignore no-control-regex -- none of them must be left
  assert.doesNotMatch(stdout, /[\x1b\r]/);
});

Deno.test("monitor keeps colours on a terminal, and leaves them out if told so", async () => {
  const terminal = { terminal: true };
  const colored = await watch(TO_END, terminal);
  assert.ok(
    colored.stdout.includes("\x1b[0;32mI (31) boot: ESP-IDF v5.2\x1b[0m\n"),
  );
  for (
    const { stdout } of [
      await watch(`--no-color ${TO_END}`, terminal),
      await watch(TO_END, { ...terminal, env: { NO_COLOR: "1" } }),
    ]
  ) {
    assert.match(stdout, /^I \(31\) boot: ESP-IDF v5\.2$/m);
    assert.ok(!stdout.includes("\x1b"));
  }
});

Deno.test("monitor opens no port with a reset, unless it is asked to", async () => {
  await using bench = board();
  const resets = () =>
    bench.traffic.entries.filter(({ kind }) => kind === "reset").length;
  const words = ["--chip", "esp8266", "-p", "bench", "monitor"];
  const world = { boards: { bench } };
  await runCli([...words, "--expect", "ready"], world);
  assert.equal(resets(), 1, "power on");
  const quiet = await runCli([...words, "--timeout", "0.05"], world);
  assert.equal(resets(), 1);
  assert.equal(quiet.stdout, "");
  const again = await runCli([...words, "--reset", "--expect", "ready"], world);
  assert.equal(resets(), 2);
  assert.match(again.stdout, /rst cause:2/);
});

Deno.test("monitor takes its speed from --baud, wherever it stands, and not from esptool's variable", async () => {
  const speeds: number[] = [];
  const source: PortSource = {
    port: "bench",
    open: (options) => {
      speeds.push(options?.baudRate ?? 0);
      return Promise.resolve(memoryPair()[0]);
    },
  };
  const world = {
    boards: { bench: source },
    env: { ESPTOOL_BAUD: "921600" },
  };
  const end = ["--timeout", "0.01"];
  for (
    const words of [
      ["monitor"],
      ["--chip", "esp8266", "monitor"],
      ["--chip", "esp32c3", "monitor"],
      ["--baud", "9600", "monitor"],
      ["-b", "9600", "--chip", "esp8266", "monitor", "-b", "19200"],
    ]
  ) {
    const { code, stderr } = await runCli(
      ["-p", "bench", ...words, ...end],
      world,
    );
    assert.equal(code, 0, stderr);
  }
  assert.deepEqual(speeds, [115200, 74880, 115200, 9600, 19200]);
});

Deno.test("monitor filters by tag and level, and still finds what it expects", async () => {
  const { code, stdout } = await watch(`--filter wifi:E ${TO_END}`);
  assert.equal(code, 0);
  assert.equal(stdout, "E (41) wifi: lost\n");
  const { stdout: others } = await watch(`--print-filter *:W ${TO_END}`);
  assert.match(others, /rst cause/);
  assert.match(others, /W \(40\)/);
  assert.doesNotMatch(others, /I \(/);
});

Deno.test("monitor shows the time before each line", async () => {
  const { stdout } = await watch(`--timestamps --no-explain ${TO_END}`);
  const lines = stdout.trimEnd().split("\n");
  assert.ok(lines.length > 5);
  for (const line of lines) {
    assert.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} /);
  }
});

Deno.test("monitor saves what it shows, without colours", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("board.log");
  await Deno.writeTextFile(path, "old");
  const { stdout } = await watch(`--save-log ${path} ${TO_END}`, {
    terminal: true,
    env: { NO_COLOR: "1" },
  });
  assert.equal(await Deno.readTextFile(path), stdout);
  assert.deepEqual(await namesIn(folder.path), ["board.log"]);
});

Deno.test("monitor that cannot save opens no port", async () => {
  const { code, stderr } = await watch("--save-log /nowhere/board.log");
  assert.equal(code, 2);
  assert.match(stderr, /Cannot write "\/nowhere\/board.log"/);
});

Deno.test("monitor --expect tells the line and its groups in JSON, and nothing else on stdout", async () => {
  const { code, stdout } = await watch(
    String.raw`--json --expect id=(?<id>\d)(\d)(x)?`,
  );
  assert.equal(code, 0);
  const report = JSON.parse(stdout);
  assert.equal(report.ok, true);
  assert.equal(report.port, "bench");
  assert.deepEqual(report.result.matched, {
    line: "I (50) main: ready, id=42",
    groups: ["4", "2", ""],
    named: { id: "4" },
  });
  assert.ok(report.result.lines > 5);
});

Deno.test("monitor --expect ends with 2 when the time is over", async () => {
  const { code, stdout, stderr } = await watch("--expect never --timeout 0.2");
  assert.equal(code, 2);
  assert.match(stdout, /ready/);
  assert.match(
    stderr,
    /Cannot find \/never\/u in what the board on bench says: it did not come in 0.2 s/,
  );
  const json = await watch("--json --expect never --timeout 0.05");
  assert.equal(JSON.parse(json.stdout).error.code, "timeout");
});

Deno.test("monitor --expect finds a prompt, which has no line end", async () => {
  const { code, stdout } = await watch(
    "--json --expect name:\\s$ --timeout 5",
    {},
    "Your name: ",
  );
  assert.equal(code, 0, stdout);
  assert.equal(JSON.parse(stdout).result.matched.line, "Your name: ");
});

Deno.test("monitor --timeout alone ends with 0", async () => {
  const { code, stdout } = await watch("--timeout 0.1");
  assert.equal(code, 0);
  assert.match(stdout, /ready/);
});

Deno.test("Ctrl-C ends the monitor in a pipe, with the port closed and the log whole", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("log");
  for (const [words, expected] of [["", 0], ["--expect never", 2]] as const) {
    await using bench = board();
    const controller = new AbortController();
    const { code, stdout } = await runCli(
      [
        "--chip",
        "esp8266",
        "-p",
        "bench",
        "monitor",
        "--save-log",
        path,
        ...words.split(" ").filter(Boolean),
      ],
      {
        boards: { bench },
        signal: controller.signal,
        onOutput: (text) => {
          if (text.includes("ready")) {
            controller.abort(new DOMException("Interrupted", "AbortError"));
          }
        },
      },
    );
    assert.equal(code, expected);
    assert.equal(await Deno.readTextFile(path), stdout);
    assert.match(stdout, /ready, id=42\n$/);
    await (await bench.open()).close(); // nobody else is plugged in
  }
});

Deno.test("monitor ends when nobody reads its output any more", async () => {
  const root = new URL("../../", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ..."run --no-prompt --no-check --lock=deno.lock --frozen -A".split(" "),
      ..."lib/cli/main.ts -p sim://esp32?fault=boot-loop monitor".split(" "),
    ],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  await child.stdout.cancel();
  assert.equal((await child.status).code, 0);
});

Deno.test("monitor waits for a board that comes back, and says so", async () => {
  await using bench = board();
  const controller = new AbortController();
  let boots = 0;
  const { code, stdout } = await runCli(
    "--chip esp8266 -p bench monitor".split(" "),
    {
      boards: { bench },
      signal: controller.signal,
      onOutput: (text) => {
        if (!text.includes("ready")) return;
        if (++boots === 1) bench.unplug();
        else controller.abort(new DOMException("Interrupted", "AbortError"));
      },
    },
  );
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^--- .*unplugged; waiting for it to come back\n--- The port is back\n[^]*rst cause:1[^]*ready/m,
  );
});

Deno.test("monitor finds a board that comes back under another path by its place", async () => {
  await using first = board();
  await using second = board("back again\r\n");
  const at = (path: string): PortInfo => ({ path, location: "1-2.3" });
  const ports = [at("/dev/ttyACM0")];
  const { code, stdout, stderr } = await runCli(
    [
      ..."--chip esp8266 -p /dev/ttyACM0 monitor --reset".split(" "),
      ..."--expect again --timeout 10".split(" "),
    ],
    {
      boards: { "/dev/ttyACM0": first, "/dev/ttyACM1": second },
      ports,
      onOutput: (text) => {
        if (!text.includes("ready")) return;
        ports[0] = at("/dev/ttyACM1");
        first.unplug();
      },
    },
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /The port is back\n[^]*back again/);
});

Deno.test("monitor --no-reconnect ends with 1 when the port goes", async () => {
  await using bench = board();
  const { code, stderr } = await runCli(
    [..."--chip esp8266 -p bench monitor --no-reconnect".split(" ")],
    {
      boards: { bench },
      onOutput: (text) => {
        if (text.includes("ready")) bench.unplug();
      },
    },
  );
  assert.equal(code, 1);
  assert.match(stderr, /unplugged/);
});

Deno.test("monitor says that noise may be another speed, once", async () => {
  await using bench = board();
  const { stdout } = await runCli(
    [..."-p bench monitor --timeout 0.2".split(" ")],
    { boards: { bench } },
  );
  assert.equal(stdout.split("looks like another speed").length, 2, stdout);
});

/** Runs the monitor in a terminal, and presses keys when a text is seen. */
async function type(
  steps: readonly (readonly [seen: RegExp, keys: string])[],
  words = "",
) {
  await using bench = board();
  const stdin = new Keyboard();
  let text = "";
  let next = 0;
  const outcome = await runCli(
    [
      ..."--chip esp8266 -p bench monitor --no-color --timeout 5".split(" "),
      ...words.split(" ").filter(Boolean),
    ],
    {
      boards: { bench },
      stdin,
      terminal: true,
      onOutput: (more) => {
        text += more;
        const [seen, keys] = steps[next] ?? [];
        if (seen === undefined || !seen.test(text)) return;
        next++;
        text = "";
        stdin.press(keys ?? "");
      },
    },
  );
  assert.equal(next, steps.length, outcome.stdout);
  assert.deepEqual(stdin.raw, [true, false]);
  return { ...outcome, traffic: bench.traffic, state: bench.state };
}

Deno.test("Ctrl-] ends the monitor, and so does Ctrl-C", async () => {
  for (const keys of ["^]", "^C", "^Tx"]) {
    const { code, stdout } = await type([[/ready/, keys]]);
    assert.equal(code, 0);
    assert.match(stdout, /^--- Monitor on bench at 74880 baud\. Quit: Ctrl-\]/);
  }
});

Deno.test("Ctrl-T Ctrl-R shows the boot log again", async () => {
  const { stdout } = await type([[/ready/, "^T^R"], [/ready/, "^]"]]);
  assert.match(stdout, /rst cause:1[^]*ready[^]*rst cause:2[^]*ready/);
});

Deno.test("Ctrl-T Ctrl-P brings the board into download mode", async () => {
  const { stdout, state } = await type([
    [/ready/, "^T^P"],
    [/waits for a download; Ctrl-T Ctrl-R/, "^]"],
  ]);
  assert.match(stdout, /boot mode:\(1,6\)/);
  assert.equal(state, "rom");
});

Deno.test("other keys go to the board", async () => {
  const { traffic } = await type([[/ready/, "at^M^T^]^]"]]);
  assert.equal(traffic.bytesFromHost, 4);
});

Deno.test("Ctrl-T with an unknown key says so, and Ctrl-T Ctrl-H shows the keys", async () => {
  const { stdout } = await type([
    [/ready/, "^T^Q"],
    [/Ctrl-Q does nothing behind Ctrl-T/, "^T^H"],
    [/All other keys go to the board/, "^]"],
  ]);
  assert.match(stdout, /^--- Ctrl-T Ctrl-R {2}reset the board/m);
});

Deno.test("Ctrl-T Ctrl-Y stops the output and goes on with it", async () => {
  await type([
    [/ready/, "^T^Y"],
    [/Output stopped/, "^T^Y"],
    [/Output goes on; 0 lines were not shown/, "^]"],
  ]);
});

Deno.test("Ctrl-T Ctrl-I shows the time from then on", async () => {
  const { stdout } = await type([
    [/ready/, "^T^I"],
    [/Timestamps on/, "^T^R"],
    [/\d{3} I \(50\) main: ready/, "^]"],
  ]);
  assert.match(stdout, /^I \(50\)[^]*^\d{4}-\d\d-\d\d [\d:.]+ I \(50\)/m);
});

Deno.test("Ctrl-T Ctrl-L stops saving", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("log");
  await type([
    [/ready/, "^T^L"],
    [/No longer saving/, "^T^R"],
    [/rst cause:2/, "^]"],
  ], `--save-log ${path}`);
  const saved = await Deno.readTextFile(path);
  assert.match(saved, /rst cause:1/);
  assert.doesNotMatch(saved, /rst cause:2/);
});

Deno.test("no key is read where nobody types", async () => {
  for (
    const [stdin, terminal] of [
      [new Keyboard({ isTerminal: false }), true],
      [new Keyboard(), false],
    ] as const
  ) {
    const { code } = await watch(TO_END, { stdin, terminal });
    assert.equal(code, 0);
    assert.deepEqual(stdin.raw, []);
    assert.ok(!stdin.readable.locked);
  }
});

const REFUSED: readonly [words: string, message: RegExp][] = [
  ["--filter wifi:X", /--filter: "wifi:X" is no rule/],
  ["--expect (", /--expect: "\(" is no regular expression/],
  ["--timeout 0", /--timeout: "0" is not a number of seconds/],
  ["--timeout -1", /./],
  ["--eol nl", /--eol: "nl" is not one of cr, lf, crlf/],
  ["--baud 0", /--baud: /],
  ["--elf nowhere.elf", /Cannot read "nowhere.elf"/],
];

for (const [words, message] of REFUSED) {
  Deno.test(`monitor refuses ${words}`, async () => {
    const { code, stderr } = await watch(words);
    assert.equal(code, 2);
    assert.match(stderr, message);
  });
}
