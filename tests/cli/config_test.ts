import assert from "node:assert/strict";
import { loadConfig } from "../../lib/cli/config.ts";
import { parseSection } from "../../lib/cli/ini.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import { DEFAULT_TIMEOUTS } from "../../mod.ts";
import { makeBoard } from "./_boards.ts";
import { runCli, temporaryFolder } from "./_cli.ts";

type Env = Readonly<Record<string, string>>;

function load(env: Env) {
  return loadConfig((name) => env[name]);
}

Deno.test("parseSection reads one section as Python's configparser does", () => {
  const text = "junk before\n[a]\nx = 1\n[esptool]\n# comment\n; another\n" +
    "Timeout = 5\r\nsync_timeout: 0.2\ncustom =\n  D0|R1\n  |W1\nempty =\n" +
    "[b]\nnot a key\n[esptool]\nmore=a=b\n";
  assert.deepEqual([...parseSection(text, "esptool") ?? []], [
    ["timeout", "5"],
    ["sync_timeout", "0.2"],
    ["custom", "D0|R1\n|W1"],
    ["empty", ""],
    ["more", "a=b"],
  ]);
  assert.equal(parseSection(text, "other"), undefined);
});

Deno.test("parseSection names the line that it cannot read", () => {
  assert.throws(() => parseSection("[e]\nwhat\n", "e"), /line 2 is not "key/);
  assert.throws(() => parseSection("[e]\na=1\nA=2", "e"), /line 3 says "a"/);
});

const EVERYTHING = `[esptool]
timeout = 5
sync_timeout = .2
chip_erase_timeout = 1e2
max_timeout = 300
mem_end_rom_timeout = 0.4
md5_timeout_per_mb = 9
erase_region_timeout_per_mb = 50
erase_write_timeout_per_mb = 60
serial_write_timeout = 7
connect_attempts = 3
open_port_attempts = 4
write_block_attempts = 5
reset_delay = 0.25
custom_reset_sequence = D0|R1|W0.1
custom_hard_reset_sequence = R1|W0.2|R0
colour = red
`;

Deno.test("loadConfig reads every key, in milliseconds", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("my.cfg");
  await Deno.writeTextFile(path, EVERYTHING);
  const expected = {
    path,
    timeouts: {
      default: 5_000,
      sync: 200,
      chipErase: 100_000,
      max: 300_000,
      memEndRom: 400,
      md5PerMb: 9_000,
      eraseRegionPerMb: 50_000,
      eraseWritePerMb: 60_000,
    },
    writeTimeout: 7_000,
    connectAttempts: 3,
    openAttempts: 4,
    writeAttempts: 5,
    resetDelay: 250,
    reset: "D0|R1|W0.1",
    hardReset: "R1|W0.2|R0",
    unknown: ["colour"],
  };
  assert.deepEqual(await load({ ESPTOOL_CFGFILE: path }), expected);
  const env = { ESPLINE_CFGFILE: path, ESPTOOL_CFGFILE: "/none" };
  assert.deepEqual(
    await load({ ...env, ESPTOOL_OPEN_PORT_ATTEMPTS: "-1" }),
    { ...expected, openAttempts: -1 },
  );
});

Deno.test("loadConfig looks into the home folders, in the first file that has the section", async () => {
  await using home = await temporaryFolder();
  const variable = Deno.build.os === "windows" ? "USERPROFILE" : "HOME";
  const env = { [variable]: home.path };
  assert.deepEqual(await load(env), {
    timeouts: DEFAULT_TIMEOUTS,
    unknown: [],
  });
  await Deno.writeTextFile(home.file("tox.ini"), "[esptool]\ntimeout = 1\n");
  assert.equal((await load(env)).path, home.file("tox.ini"));
  await Deno.writeTextFile(home.file("esptool.cfg"), "[other]\n[x\n");
  await Deno.writeTextFile(home.file("setup.cfg"), "[esptool]\n");
  assert.equal((await load(env)).path, home.file("setup.cfg"));
  const own = Deno.build.os === "windows"
    ? "AppData/Local/esptool"
    : ".config/esptool";
  await Deno.mkdir(home.file(own), { recursive: true });
  await Deno.writeTextFile(home.file(`${own}/esptool.cfg`), "[esptool]\n");
  assert.equal((await load(env)).path, home.file(`${own}/esptool.cfg`));
});

Deno.test("loadConfig names the file and the key of a value that it cannot read", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("esptool.cfg");
  const cases: ReadonlyArray<readonly [string, RegExp]> = [
    ["timeout = soon", /"timeout" in ".*esptool.cfg": "soon" is not a number/],
    ["timeout = 0", /"timeout" in .* above 0/],
    ["sync_timeout = -1", /"sync_timeout" in /],
    ["sync_timeout = Infinity", /"sync_timeout" in /],
    ["connect_attempts = 1.5", /"connect_attempts" in /],
    ["write_block_attempts = 0", /"write_block_attempts" in .* above 0/],
    ["custom_reset_sequence = D0|Q1", /"custom_reset_sequence" in .*"Q1"/],
    ["what", /Cannot read the configuration ".*esptool.cfg": line 2/],
  ];
  for (const [line, message] of cases) {
    await Deno.writeTextFile(path, `[esptool]\n${line}\n`);
    await assert.rejects(load({ ESPTOOL_CFGFILE: path }), (error) => {
      assert(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  }
  await Deno.writeTextFile(path, "[other]\n");
  await assert.rejects(
    load({ ESPTOOL_CFGFILE: path }),
    /ESPTOOL_CFGFILE names ".*", which has no section \[esptool\]/,
  );
  await assert.rejects(load({ ESPLINE_CFGFILE: "/none" }), /"\/none"/);
  await assert.rejects(
    load({ ESPTOOL_OPEN_PORT_ATTEMPTS: "x" }),
    /the variable ESPTOOL_OPEN_PORT_ATTEMPTS: "x"/,
  );
});

Deno.test("a verb for a board heeds the configuration, says so and warns of unknown keys", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard();
  const path = folder.file("esptool.cfg");
  await Deno.writeTextFile(path, EVERYTHING);
  const env = { ESPTOOL_CFGFILE: path };
  const args = ["-p", "bench", "--trace", "--no-stub", "read-mac"];
  const { code, stdout, stderr } = await runCli(args, {
    boards: { bench: board },
    env,
  });
  // The sequence leaves the chip in reset, and three attempts are made.
  assert.equal(code, 2, stderr);
  assert.match(stdout, /^Loaded custom configuration from .*esptool.cfg\n/);
  assert.match(stdout, /Warning: ".*esptool.cfg" has unknown keys: colour\n/);
  assert.match(stdout, /^Connecting.{5}$/m);
  assert.equal(stderr.match(/Set lines: DTR=0/g)?.length, 3);
  const version = await runCli(["version"], { env: { ESPTOOL_CFGFILE: "/x" } });
  assert.equal(version.code, 0, "a verb without a board needs none");
});
