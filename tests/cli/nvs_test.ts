import assert from "node:assert/strict";
import { buildNvs, encodeNvsKeys, parseNvs, u8 } from "../../lib/image/mod.ts";
import type { VirtualBoard } from "../../lib/simulator/mod.ts";
import { makeBoard } from "./_boards.ts";
import { namesIn, runCli, temporaryFolder } from "./_cli.ts";

const CSV = `key,type,encoding,value
wifi,namespace,,
ssid,data,string,workshop
psk,data,string,hunter22
chan,data,u8,6
id,data,u64,18446744073709551615
tok,data,hex2bin,010203
`;

const SHOWN = `Namespace  Key   Type    Value
wifi       ssid  string  "workshop"
wifi       psk   string  "hunter22"
wifi       chan  u8      6
wifi       id    u64     18446744073709551615
wifi       tok   blob    010203 (3 bytes)

Version 2, 3 pages, 10 of 378 entries written.
`;

const PARTITIONS = `nvs,data,nvs,0x9000,12K,
cfg,data,nvs,0xc000,12K,readonly
factory,app,factory,0x10000,1M,
`;

const NVS_ADDRESS = 0x9000;

const KEYS = {
  encryptionKey: new Uint8Array(32).fill(1),
  tweakKey: new Uint8Array(32).fill(2),
};

/** A folder with the CSV and the partition that `nvs build` makes of it. */
async function builtFolder() {
  const folder = await temporaryFolder();
  await Deno.writeTextFile(folder.file("n.csv"), CSV);
  const made = await runCli(
    ["nvs", "build", folder.file("n.csv"), folder.file("n.bin"), "12k"],
  );
  assert.deepEqual(made, {
    code: 0,
    stdout: `Wrote 12288 bytes to '${folder.file("n.bin")}'.\n`,
    stderr: "",
  });
  return folder;
}

Deno.test("nvs build and show", async () => {
  await using folder = await builtFolder();
  const shown = await runCli(["nvs", "show", folder.file("n.bin")]);
  assert.deepEqual(shown, { code: 0, stdout: SHOWN, stderr: "" });
  const redacted = await runCli(
    ["nvs", "show", "--file", folder.file("n.bin"), "--redact", "--pages"],
  );
  assert.doesNotMatch(redacted.stdout, /hunter22|workshop|0103/);
  assert.match(redacted.stdout, /^wifi +psk +string +\(not shown\)$/m);
  assert.match(redacted.stdout, /^0x00000000 +active +0 +10 +0$/m);
  await runCli(
    ["nvs", "show", folder.file("n.bin"), "--csv", folder.file("again.csv")],
  );
  assert.equal(await Deno.readTextFile(folder.file("again.csv")), CSV);
});

Deno.test("nvs show --json", async () => {
  await using folder = await builtFolder();
  const line = ["nvs", "show", folder.file("n.bin"), "--json"];
  const { result } = JSON.parse((await runCli(line)).stdout);
  assert.deepEqual(
    result.entries.map((entry: Record<string, unknown>) => entry.value),
    ["workshop", "hunter22", 6, "18446744073709551615", "010203"],
  );
  assert.deepEqual(result.entries[2], {
    namespace: "wifi",
    key: "chan",
    type: "u8",
    value: 6,
  });
  assert.equal(result.version, 2);
  assert.equal(result.pages.length, 3);
  const redacted = await runCli([...line, "--redact"]);
  assert.doesNotMatch(redacted.stdout, /hunter22|"value"/);
});

Deno.test("nvs show lets no value command the terminal", async () => {
  await using folder = await temporaryFolder();
  const partition = buildNvs({ w: { k: "\x1b[31m\x9b\u202eabc" } }, {
    size: 0x1000,
  });
  await Deno.writeFile(folder.file("n.bin"), partition);
  const { stdout } = await runCli(["nvs", "show", folder.file("n.bin")]);
  assert.match(stdout, /"\\u001b\[31m\\u009b\\u202eabc"/);
});

Deno.test("nvs set and erase-key change a file, and say no value", async () => {
  await using folder = await builtFolder();
  const file = folder.file("n.bin");
  await Deno.writeTextFile(folder.file("ca.pem"), "two\nlines\n");
  const lines: [words: string[], changed: string][] = [
    [["set", "wifi", "psk", "string", "new secret"], "1 of 3 sectors."],
    [["set", "wifi", "psk", "string", "new secret"], "Nothing"],
    [["set", "wifi", "temp", "i8", "-5"], "1 of 3 sectors."],
    [
      ["set", "tls", "ca", "string", "--value-file", folder.file("ca.pem")],
      "1 of 3 sectors.",
    ],
    [["erase_key", "wifi", "id"], "1 of 3 sectors."],
  ];
  for (const [words, changed] of lines) {
    const { code, stdout, stderr } = await runCli(
      ["nvs", ...words, "--file", file],
    );
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(changed), stdout);
    assert.doesNotMatch(stdout, /secret/);
  }
  const { contents } = parseNvs(await Deno.readFile(file));
  assert.deepEqual([...contents.get("wifi")?.keys() ?? []], [
    "ssid",
    "chan",
    "tok",
    "psk",
    "temp",
  ]);
  assert.equal(contents.get("tls")?.get("ca")?.value, "two\nlines\n");
  assert.deepEqual(await namesIn(folder.path), ["ca.pem", "n.bin", "n.csv"]);
});

Deno.test("nvs generates keys, encrypts, decrypts and changes what is encrypted", async () => {
  await using folder = await builtFolder();
  const [plain, secret, back, keys] = ["n.bin", "e.bin", "d.bin", "k.bin"]
    .map((name) => folder.file(name));
  assert.ok(plain && secret && back && keys);
  const ok = async (...words: string[]) => {
    const { code, stderr } = await runCli(["nvs", ...words]);
    assert.equal(code, 0, stderr);
  };
  await ok("generate-key", keys);
  await ok("encrypt", plain, secret, "--keys", keys);
  await ok("decrypt", secret, back, "--keys", keys);
  assert.deepEqual(await Deno.readFile(back), await Deno.readFile(plain));
  await ok("build", folder.file("n.csv"), back, "12k", "--keys", keys);
  assert.deepEqual(await Deno.readFile(back), await Deno.readFile(secret));
  await ok("set", "wifi", "chan", "u8", "1", "--file", secret, "--keys", keys);
  const shown = await runCli(["nvs", "show", secret, "--keys", keys]);
  assert.match(shown.stdout, /^wifi +chan +u8 +1$/m);
  const without = await runCli(["nvs", "show", secret]);
  assert.match(without.stderr, /no entry can be read\nHint: It may be encryp/);
  const twice = await runCli(["nvs", "encrypt", secret, back, "--keys", keys]);
  assert.equal(twice.code, 2);
  await Deno.writeFile(folder.file("hmac.bin"), new Uint8Array(32));
  await ok("generate-key", keys, "--hmac-key", folder.file("hmac.bin"));
  await ok("encrypt", plain, secret, "--hmac-key", folder.file("hmac.bin"));
  await ok("show", secret, "--keys", keys);
});

/** A board with partitions, of which `nvs` holds something. */
async function boardWithNvs(
  folder: { file(name: string): string },
): Promise<VirtualBoard> {
  const board = makeBoard({ chip: "esp32" });
  await Deno.writeTextFile(folder.file("p.csv"), PARTITIONS);
  await Deno.writeFile(
    folder.file("nvs.bin"),
    buildNvs({ wifi: { ssid: "old", psk: "hunter22" } }, { size: 0x3000 }),
  );
  const boards = { bench: board };
  for (
    const words of [
      ["partition-table", "write", folder.file("p.csv")],
      ["write-flash", `${NVS_ADDRESS}`, folder.file("nvs.bin")],
      ["write-flash", "0xc000", folder.file("nvs.bin")],
    ]
  ) {
    const { code, stderr } = await runCli([...words, "--port", "bench"], {
      boards,
    });
    assert.equal(code, 0, stderr);
  }
  return board;
}

Deno.test("nvs changes a board's partition: the sector concerned, and no other key", async () => {
  await using folder = await temporaryFolder();
  await using board = await boardWithNvs(folder);
  const world = { boards: { bench: board }, ports: [{ path: "bench" }] };
  const before = board.flash.read(0, 0x2_0000).slice();
  const backup = folder.file("backup.bin");
  const set = await runCli(
    ["nvs", "set", "wifi", "ssid", "string", "new", "--backup", backup],
    world,
  );
  assert.equal(set.code, 0, set.stderr);
  assert.match(set.stdout, /^Changed partition "nvs": 1 of 3 sectors\.$/m);
  const after = board.flash.read(0, 0x2_0000).slice();
  const sector = [NVS_ADDRESS, NVS_ADDRESS + 0x1000] as const;
  assert.notDeepEqual(after.slice(...sector), before.slice(...sector));
  after.set(before.slice(...sector), NVS_ADDRESS);
  assert.deepEqual(after, before);
  assert.deepEqual(
    await Deno.readFile(backup),
    before.slice(NVS_ADDRESS, NVS_ADDRESS + 0x3000),
  );
  const shown = await runCli(["nvs", "show"], world);
  assert.match(shown.stdout, /^wifi +psk +string +"hunter22"$/m);
  assert.match(shown.stdout, /^wifi +ssid +string +"new"$/m);
  const erased = await runCli(
    ["nvs", "erase-key", "wifi", "psk", "--json"],
    world,
  );
  assert.deepEqual(JSON.parse(erased.stdout).result, {
    changed: true,
    sectors: [0],
  });
});

Deno.test("nvs leaves a readonly partition alone without --force", async () => {
  await using folder = await temporaryFolder();
  await using board = await boardWithNvs(folder);
  const world = { boards: { bench: board }, ports: [{ path: "bench" }] };
  const line = ["nvs", "set", "wifi", "ssid", "string", "x"]
    .concat("--partition", "cfg");
  const refused = await runCli(line, world);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /partition "cfg": it is readonly/);
  assert.equal((await runCli([...line, "--force"], world)).code, 0);
  const missing = await runCli(["nvs", "show", "--partition", "none"], world);
  assert.match(missing.stderr, /"none"/);
});

const REFUSED: readonly [what: string, words: string[], message: RegExp][] = [
  ["an unknown action", ["list"], /"list" is not one of show, set/],
  ["too few words", ["set", "wifi"], /needs NAMESPACE KEY TYPE \[VALUE\]/],
  ["too many words", ["erase-key", "a", "b", "c"], /needs NAMESPACE KEY/],
  [
    "no value",
    ["set", "w", "k", "u8", "--file", "n.bin"],
    /needs a VALUE or --value-file/,
  ],
  [
    "an unreadable value",
    ["set", "w", "k", "u8", "secret", "--file", "n.bin"],
    /Cannot read VALUE: the value is not a whole number/,
  ],
  [
    "an unknown type",
    ["set", "w", "k", "float", "secret", "--file", "n.bin"],
    /encoding "float" is none of u8/,
  ],
  [
    "an option of another action",
    ["show", "n.bin", "--backup", "x.bin"],
    /nvs show has no --backup/,
  ],
  [
    "a backup of a file",
    ["erase-key", "w", "k", "--file", "n.bin", "--backup", "x.bin"],
    /--backup is for a board/,
  ],
  ["no keys", ["encrypt", "n.bin", "x.bin"], /No keys were given/],
  [
    "two kinds of keys",
    ["encrypt", "n.bin", "x.bin", "--keys", "k.bin", "--hmac-key", "k.bin"],
    /exclude each other/,
  ],
  [
    "what is no partition",
    ["erase-key", "w", "k", "--file", "n.csv"],
    /bytes are not one or more pages/,
  ],
  ["a bad size", ["build", "n.csv", "x.bin", "5000"], /multiple of 4096/],
  ["a bad CSV", ["build", "n.bin", "x.bin", "4k"], /no text in UTF-8/],
  [
    "contents that do not fit",
    ["build", "big.csv", "x.bin", "4k"],
    /do not fit 4096 bytes/,
  ],
  [
    "a row of a missing file",
    ["build", "file.csv", "x.bin", "4k"],
    /none\.pem/,
  ],
];

for (const [what, words, message] of REFUSED) {
  Deno.test(`nvs refuses ${what}, changes nothing and leaves no half file`, async () => {
    await using folder = await temporaryFolder();
    const files: Record<string, string | Uint8Array> = {
      "n.csv": CSV,
      "n.bin": buildNvs({ w: { k: u8(1) } }, { size: 0x3000 }),
      "k.bin": encodeNvsKeys(KEYS),
      "big.csv": `${CSV}big,data,blob_fill(5000;0x00),\n`,
      "file.csv": `${CSV}ca,file,string,${folder.file("none.pem")}\n`,
    };
    for (const [name, data] of Object.entries(files)) {
      await Deno.writeFile(
        folder.file(name),
        typeof data === "string" ? new TextEncoder().encode(data) : data,
      );
    }
    const paths = words.map((word) =>
      /\.(bin|csv)$/.test(word) ? folder.file(word) : word
    );
    const outcome = await runCli(["nvs", ...paths]);
    assert.equal(outcome.code, 2, outcome.stdout);
    assert.match(outcome.stderr, message);
    assert.doesNotMatch(outcome.stderr, /secret/);
    assert.deepEqual(
      await namesIn(folder.path),
      Object.keys(files).sort(),
    );
    assert.deepEqual(
      await Deno.readFile(folder.file("n.bin")),
      files["n.bin"],
    );
  });
}
