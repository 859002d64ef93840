import assert from "node:assert/strict";
import { loadCommands, VERBS } from "../../lib/cli/commands.ts";
import { helpText, parseCommandLine } from "../../lib/cli/parse.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";

const COMMANDS = await loadCommands();

type Env = Readonly<Record<string, string>>;

function grammar(env: Env = {}) {
  return {
    verbs: VERBS,
    env: (name: string) => env[name],
    columns: 80,
  };
}

async function parse(line: string, env: Env = {}) {
  const words = line.split(" ").filter((word) => word !== "");
  const parsed = await parseCommandLine(words, grammar(env));
  assert(parsed.kind === "call");
  return { ...parsed, name: parsed.command.name };
}

const DEFAULTS = {
  chip: "auto",
  ports: [],
  portFilters: [],
  baud: 115_200,
  before: "default-reset",
  after: "hard-reset",
  noStub: false,
  connectAttempts: undefined,
  vddSdio: undefined,
  stubVersion: undefined,
  trace: false,
  verbose: false,
  silent: false,
  json: false,
};

Deno.test("parseCommandLine fills in what was not typed", async () => {
  const { name, globals } = await parse("read-mac");
  assert.equal(name, "read-mac");
  assert.deepEqual(globals, DEFAULTS);
});

const GLOBALS = "-c ESP32-C3 -p /dev/x -b 921600 --before no_reset " +
  "-a soft-reset --no-stub --connect-attempts -1 -t -v -s --json " +
  "--override-vddsdio 1.9V --stub-version 2";
const GIVEN = {
  chip: "esp32c3",
  ports: ["/dev/x"],
  portFilters: [],
  baud: 921_600,
  before: "no-reset",
  after: "soft-reset",
  noStub: true,
  connectAttempts: -1,
  vddSdio: "1.9V",
  stubVersion: "2",
  trace: true,
  verbose: true,
  silent: true,
  json: true,
};

Deno.test("parseCommandLine takes global options before the verb and behind it", async () => {
  assert.deepEqual((await parse(`${GLOBALS} read-mac`)).globals, GIVEN);
  assert.deepEqual((await parse(`read-mac ${GLOBALS}`)).globals, GIVEN);
  assert.deepEqual((await parse(`read-mem ${GLOBALS} 0x10`)).globals, GIVEN);
  const mixed = await parse(
    "-c esp32 --no-stub read-mem 0x10 --port=/dev/y -b9600",
  );
  assert.deepEqual(mixed.globals, {
    ...DEFAULTS,
    chip: "esp32",
    noStub: true,
    ports: ["/dev/y"],
    baud: 9600,
  });
});

Deno.test("parseCommandLine lets the later of two options win", async () => {
  assert.equal((await parse("-b 9600 read-mac -b 300")).globals.baud, 300);
  assert.equal((await parse("read-mac -b 9600 --baud 300")).globals.baud, 300);
});

Deno.test("parseCommandLine collects what can be given several times", async () => {
  const { globals } = await parse(
    "-p a --port-filter vid=0x10c4 read-mac --port=b --port-filter name=USB",
    { ESPLINE_PORT: "c" },
  );
  assert.deepEqual(globals.ports, ["a", "b"]);
  assert.deepEqual(globals.portFilters.map(({ key }) => key), ["vid", "name"]);
});

Deno.test("parseCommandLine gives -p and -s of write-flash to the verb", async () => {
  const line = "-p /dev/x write-flash -p -s -e -z --force 0x0 a 4096 b";
  const { globals, options, arguments: values } = await parse(line);
  assert.deepEqual(globals.ports, ["/dev/x"]);
  const { eraseAll, compress, noCompress, skipFlashed, noProgress } = options;
  assert(eraseAll && compress && skipFlashed && noProgress && options.force);
  assert(!noCompress);
  assert.deepEqual(values, {
    files: [{ address: 0, path: "a" }, { address: 4096, path: "b" }],
  });
});

for (
  const spelling of [
    "-fm dio -ff 40m -fs 2MB-c1",
    "-fm=dio -ff=40m -fs=2MB-c1",
    "--flash-mode dio --flash-freq 40m --flash-size 2MB-c1",
    "--flash_mode=dio --flash_freq 40m --flash_size=2MB-c1",
  ]
) {
  Deno.test(`parseCommandLine reads ${spelling}`, async () => {
    for (const verb of ["write_flash", "verify-flash"]) {
      const { options } = await parse(`${verb} ${spelling} 0 a`);
      assert.equal(options.flashMode, "dio");
      assert.equal(options.flashFrequency, "40m");
      assert.equal(options.flashSize, "2MB-c1");
    }
  });
}

Deno.test("parseCommandLine takes ESPLINE_ before ESPTOOL_, and an option before both", async () => {
  const env = {
    ESPTOOL_PORT: "/dev/tool",
    ESPTOOL_BAUD: "460800",
    ESPTOOL_CHIP: "ESP8266",
    ESPLINE_PORT: "/dev/line",
    ESPLINE_AFTER: "no-reset",
    ESPLINE_CHIP: "",
  };
  const { globals } = await parse("read-mac -b 9600", env);
  assert.deepEqual(globals, {
    ...DEFAULTS,
    ports: ["/dev/line"],
    baud: 9600,
    chip: "esp8266",
    after: "no-reset",
  });
});

Deno.test("parseCommandLine reads the arguments of each verb", async () => {
  const cases: ReadonlyArray<readonly [string, Record<string, unknown>]> = [
    ["read-flash 0x1000 all out", {
      place: { range: { address: 0x1000, size: "all" }, rest: ["out"] },
    }],
    ["read-flash --partition nvs out", { place: { rest: ["out"] } }],
    ["erase-region 0 1M", {
      place: { range: { address: 0, size: 0x10_0000 }, rest: [] },
    }],
    ["write-flash --partition nvs a.bin", {
      files: [{ address: 0, path: "a.bin" }],
    }],
    ["write-flash --from flasher_args.json", { files: [] }],
    ["dump-mem 0x40000000 64k f", {
      address: 0x4000_0000,
      size: 0x1_0000,
      file: "f",
    }],
    ["read-mem 0x60000078", { address: 0x6000_0078 }],
    ["write-mem 0x10 5", { address: 16, value: 5, mask: undefined }],
    ["write-mem 0x10 5 0xff", { address: 16, value: 5, mask: 255 }],
    ["help", { verb: undefined }],
    ["erase-flash", {}],
  ];
  for (const [line, values] of cases) {
    assert.deepEqual((await parse(line)).arguments, values, line);
  }
});

const WRONG: ReadonlyArray<
  readonly [line: string, message: RegExp, hint?: RegExp | undefined, env?: Env]
> = [
  ["", /No verb/],
  ["--no-stub", /No verb/],
  ["writ-flash 0 a", /"writ-flash"/, /write-flash/],
  ["--prt x read-mac", /"--prt"/, /--port/],
  ["read-mac --chp esp32", /"--chp"/, /--chip/],
  ["write-flash --comprss 0 a", /"--comprss"/, /--compress/],
  ["write-flash -fmdio 0 a", /"-fmdio"/],
  ["read-mac extra", /read-mac.*0 arguments but got 1/],
  ["read-mem", /"address"/],
  ["write-mem 0x10", /"value"/],
  ["write-flash", /"address file"/],
  ["write-flash 0", /ADDRESS FILE: "0" is an address without a file/],
  ["write-flash 1k a", /ADDRESS FILE: "1k"/],
  ["write-flash 0 a b", /"b" is not a number/],
  ["write-flash -fm qix 0 a", /--flash-mode: "qix" is not one of keep, qio/],
  ["write-flash -fs 4mb 0 a", /--flash-size: "4mb"/],
  ["write-flash -ff 41m 0 a", /--flash-freq: "41m"/],
  ["erase-region 0x1x 4k", /ADDRESS: "0x1x"/],
  ["erase-region 4k 4k", /ADDRESS: "4k"/],
  ["erase-region 0x1000 4q", /SIZE: "4q"/],
  ["read-mem 010", /ADDRESS: "010"/],
  ["write-mem 0x10 0x100000000", /VALUE: "0x100000000" does not fit/],
  ["-b fast read-mac", /--baud: "fast"/],
  ["-c esp9 read-mac", /--chip: "esp9" is not one of auto, esp8266/],
  ["--before foo read-mac", /--before: "foo" is not one of default-reset/],
  ["--after foo read-mac", /--after: "foo"/],
  ["--connect-attempts many read-mac", /--connect-attempts: "many"/],
  ["read-mac --port", /--port/],
  ["read-mac", /ESPTOOL_BAUD: "abc"/, undefined, { ESPTOOL_BAUD: "abc" }],
  ["read-mac", /ESPLINE_CHIP: "x"/, undefined, { ESPLINE_CHIP: "x" }],
];

for (const [line, message, hint, env] of WRONG) {
  Deno.test(`parseCommandLine refuses "${line}" and says ${message}`, async () => {
    const read = () =>
      parseCommandLine(line.split(" ").filter(Boolean), grammar(env));
    await assert.rejects(read, (error: unknown) => {
      assert(error instanceof UsageError);
      assert.match(error.message, message);
      if (hint !== undefined) assert.match(error.hint ?? "", hint);
      return true;
    });
  });
}

Deno.test("helpText explains every verb and every option that it has", async () => {
  const all = await helpText(undefined, grammar());
  for (const { name, summary, arguments: values, options } of COMMANDS) {
    assert(all.includes(name), name);
    const text = await helpText(name, grammar());
    assert(text.includes(summary), name);
    const parts = [...Object.values(values), ...Object.values(options)];
    for (const part of parts) {
      const shown = "flags" in part ? part.flags : part.label.slice(1, -4);
      assert(text.includes(shown), `${name}: ${shown}`);
    }
  }
  assert.match(all, /Exit codes: 0 .* 1 .* 2 /);
  assert.equal(
    await helpText("write_flash", grammar()),
    await helpText("write-flash", grammar()),
  );
  await assert.rejects(helpText("nothing", grammar()), UsageError);
});

Deno.test("helpText keeps to the width of a terminal", async () => {
  for (const verb of [undefined, ...COMMANDS.map(({ name }) => name)]) {
    const text = await helpText(verb, grammar());
    for (const line of text.split("\n")) {
      assert(line.length <= 80, `${line.length}: ${line}`);
    }
  }
});
