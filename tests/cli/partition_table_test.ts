import assert from "node:assert/strict";
import { makeBoard } from "./_boards.ts";
import { namesIn, runCli, temporaryFolder } from "./_cli.ts";

const CSV = `# Name,Type,SubType,Offset,Size,Flags
nvs,data,nvs,0x9000,16K,
otadata,data,ota,0xd000,8K,
phy,data,phy,0xf000,4K,readonly
ota_0,app,ota_0,0x10000,1M,
ota_1,app,ota_1,0x110000,1M,
`;

const SHOWN = `Name     Type  SubType  Offset    Size  Flags
nvs      data  nvs      0x9000    16K
otadata  data  ota      0xd000    8K
phy      data  phy      0xf000    4K    readonly
ota_0    app   ota_0    0x10000   1M
ota_1    app   ota_1    0x110000  1M
`;

/** The first entry and the digest's, as ESP-IDF's tool writes them. */
const FIRST =
  "aa50010200900000004000006e76730000000000000000000000000000000000";

Deno.test("partition-table show draws a file's table", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(folder.file("p.csv"), CSV);
  assert.deepEqual(
    await runCli(["partition-table", "show", folder.file("p.csv")]),
    { code: 0, stdout: SHOWN, stderr: "" },
  );
});

Deno.test("partition-table converts to binary and back", async () => {
  await using folder = await temporaryFolder();
  const [csv, bin, again] = ["p.csv", "p.bin", "again.csv"]
    .map((name) => folder.file(name));
  assert.ok(csv && bin && again);
  await Deno.writeTextFile(csv, CSV);
  const made = await runCli(["partition_table", "to-bin", csv, "-o", bin]);
  assert.deepEqual(made, {
    code: 0,
    stdout: `Wrote 5 partitions to '${bin}'.\n`,
    stderr: "",
  });
  const bytes = await Deno.readFile(bin);
  assert.equal(bytes.length, 0xc00);
  assert.equal(bytes.subarray(0, 32).toHex(), FIRST);
  assert.equal(bytes.subarray(160, 162).toHex(), "ebeb");
  await runCli(["partition-table", "to-csv", bin, "--output", again]);
  assert.equal(
    await Deno.readTextFile(again),
    "# ESP-IDF Partition Table\n# Name, Type, SubType, Offset, Size, Flags\n" +
      CSV.slice(CSV.indexOf("\n") + 1),
  );
  const shown = await runCli(["partition-table", "to-csv", bin]);
  assert.equal(shown.stdout, await Deno.readTextFile(again));
  await runCli([
    "partition-table",
    "to-bin",
    csv,
    "--disable-md5sum",
    "-o",
    bin,
  ]);
  assert.equal((await Deno.readFile(bin)).subarray(160, 162).toHex(), "ffff");
});

Deno.test("partition-table writes to a board and shows what is there", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard({ chip: "esp32" });
  const world = { boards: { bench: board }, ports: [{ path: "bench" }] };
  await Deno.writeTextFile(folder.file("p.csv"), CSV);
  const place = ["--partition-table-offset", "0xa000"];
  await Deno.writeTextFile(
    folder.file("high.csv"),
    "nvs,data,nvs,,16K\nfactory,app,factory,,1M\n",
  );
  const written = await runCli(
    ["partition-table", "write", folder.file("high.csv"), ...place, "--json"],
    world,
  );
  const report = JSON.parse(written.stdout);
  assert.equal(report.ok, true);
  assert.equal(report.result.address, 0xa000);
  assert.equal(report.result.size, 0x11_0000);
  assert.deepEqual(report.result.partitions[1], {
    name: "factory",
    type: 0,
    subtype: 0,
    offset: 0x1_0000,
    size: 0x10_0000,
    encrypted: false,
    readonly: false,
    typeName: "app",
    subtypeName: "factory",
  });
  assert.deepEqual(report.result.problems, []);
  const { stdout } = await runCli(["partition-table", "show", ...place], world);
  assert.match(stdout, /^factory +app +factory +0x10000 +1M$/m);
});

Deno.test("partition-table write refuses a table that the flash has no room for", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard({ chip: "esp32", flashSize: "1MB" });
  const boards = { bench: board };
  await Deno.writeTextFile(folder.file("p.csv"), CSV);
  const line = ["partition-table", "write", folder.file("p.csv")];
  const refused = await runCli([...line, "--port", "bench"], { boards });
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /partition "ota_0" ends at 0x110000, behind the end of the flash at 0x100000\nHint: Use --force/,
  );
  assert.deepEqual(board.flash.read(0x8000, 2), new Uint8Array([0xff, 0xff]));
  const forced = await runCli([...line, "--force", "--port", "bench"], {
    boards,
  });
  assert.equal(forced.code, 0);
  assert.equal(board.flash.read(0x8000, 32).toHex(), FIRST);
});

const REFUSED: readonly [string, string[], RegExp][] = [
  ["an unknown action", ["sow"], /"sow" is not one of show, to-csv, to-bin/],
  ["to-bin without a place", ["to-bin", "CSV"], /needs --output FILE/],
  ["show with a place", ["show", "CSV", "-o", "x"], /show has no --output/],
  ["write without a file", ["write"], /write needs a FILE/],
  ["too small a flash", ["show", "CSV", "--flash-size", "2MB"], /"ota_1" ends/],
  ["a missing file", ["show", "/none.csv"], /Cannot read "\/none.csv"/],
  [
    "a broken line",
    ["to-bin", "BAD", "-o", "out"],
    /line 2: "dota" is no type/,
  ],
];

for (const [name, words, message] of REFUSED) {
  Deno.test(`partition-table refuses ${name}, and leaves no half file`, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(folder.file("CSV"), CSV);
    await Deno.writeTextFile(folder.file("BAD"), "\nnvs,dota,nvs,,16K");
    const paths = words.map((word) =>
      /^(CSV|BAD|out|x)$/.test(word) ? folder.file(word) : word
    );
    const outcome = await runCli(["partition-table", ...paths]);
    assert.equal(outcome.code, 2);
    assert.match(outcome.stderr, message);
    assert.deepEqual(await namesIn(folder.path), ["BAD", "CSV"]);
  });
}

Deno.test("partition-table knows where a named chip's bootloader is", async () => {
  await using folder = await temporaryFolder();
  const csv = folder.file("p.csv");
  await Deno.writeTextFile(csv, "boot,bootloader,primary,N/A,N/A\n" + CSV);
  const shown = await runCli(["partition-table", "show", csv, "-c", "esp32"]);
  assert.match(shown.stdout, /^boot +bootloader +primary +0x1000 +28K$/m);
  const unsaid = await runCli(["partition-table", "show", csv]);
  assert.match(unsaid.stderr, /line 1: .*bootloader/);
});

Deno.test("ota selects, shows and erases on a board", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard({ chip: "esp32c3" });
  const world = { boards: { bench: board }, ports: [{ path: "bench" }] };
  await Deno.writeTextFile(folder.file("p.csv"), CSV);
  await runCli(["partition-table", "write", folder.file("p.csv")], world);
  const boots = async (...words: string[]) => {
    const { code, stdout, stderr } = await runCli(
      ["ota", ...words, "--json"],
      world,
    );
    assert.equal(code, 0, stderr + stdout);
    const { boots, slots, active } = JSON.parse(stdout).result;
    assert.deepEqual(slots, ["ota_0", "ota_1"]);
    return [boots, active];
  };
  assert.deepEqual(await boots("show"), ["ota_0", undefined]);
  assert.deepEqual(await boots("select", "1"), ["ota_1", 0]);
  assert.deepEqual(await boots("select", "ota_0"), ["ota_0", 1]);
  assert.deepEqual(await boots("show"), ["ota_0", 1]);
  assert.deepEqual(await boots("erase"), ["ota_0", undefined]);
  assert.ok(board.flash.read(0xd000, 0x2000).every((byte) => byte === 0xff));
  const unknown = await runCli(["ota", "select", "2"], world);
  assert.equal(unknown.code, 2);
  assert.match(
    unknown.stderr,
    /There is no OTA slot "2"\nHint: .*ota_0, ota_1/,
  );
});

Deno.test("ota works on a file, with a partition table in a file", async () => {
  await using folder = await temporaryFolder();
  const [csv, data] = [folder.file("p.csv"), folder.file("otadata.bin")];
  await Deno.writeTextFile(csv, CSV);
  const file = ["--file", data];
  const table = ["--partition-table", csv];
  assert.equal((await runCli(["ota", "erase", ...file])).code, 0);
  assert.equal((await Deno.readFile(data)).length, 0x2000);
  const selected = await runCli(["ota", "select", "ota_1", ...file, ...table]);
  assert.deepEqual(selected, {
    code: 0,
    stdout: "Copy 0: sequence 2, application undefined, which counts\n" +
      "Copy 1: erased\nStarts: ota_1\n",
    stderr: "",
  });
  assert.equal(
    (await Deno.readFile(data)).subarray(0, 32).toHex(),
    "02000000" + "ff".repeat(24) + "7437f655",
  );
  const shown = await runCli(["ota", "show", ...file]);
  assert.doesNotMatch(shown.stdout, /Starts/);
  const unsaid = await runCli(["ota", "select", "1", ...file]);
  assert.match(unsaid.stderr, /Hint: .*--partition-table partitions.csv/);
  assert.match((await runCli(["ota", "select"])).stderr, /needs a SLOT/);
  assert.match((await runCli(["ota", "show", "1"])).stderr, /has no SLOT/);
  assert.deepEqual(await namesIn(folder.path), ["otadata.bin", "p.csv"]);
});
