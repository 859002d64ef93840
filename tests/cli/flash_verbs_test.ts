/** The verbs about flash: partitions, builds, and what they answer in JSON. */

import assert from "node:assert/strict";
import { buildImage } from "../../lib/image/mod.ts";
import { chipById } from "../../mod.ts";
import { buildElf } from "../image/_elf_builder.ts";
import { makeBoard, makeImage, noise } from "./_boards.ts";
import { runCli, temporaryFolder } from "./_cli.ts";

const CSV = `nvs,data,nvs,0x9000,16K,
phy,data,phy,0xf000,4K,readonly
app,app,factory,0x10000,64K,
`;

/** Runs a verb on a board and yields its result, or its failure. */
async function json(board: ReturnType<typeof makeBoard>, words: string[]) {
  const args = ["--port", "bench", "--json", ...words];
  const { stdout } = await runCli(args, { boards: { bench: board } });
  return JSON.parse(stdout);
}

Deno.test("every verb that takes an address takes a partition too", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard({ chip: "esp32" });
  const [table, file, out] = ["p.csv", "nvs.bin", "out.bin"]
    .map((name) => folder.file(name)) as [string, string, string];
  await Deno.writeTextFile(table, CSV);
  await Deno.writeFile(file, noise(0x3000));
  const nvs = ["--partition", "nvs", "--partition-table", table];
  const written = await json(board, ["write-flash", ...nvs, file]);
  assert.equal(written.result.files[0].address, 0x9000);
  assert.deepEqual(board.flash.read(0x9000, 0x3000), noise(0x3000));
  assert.equal((await json(board, ["verify-flash", ...nvs, file])).ok, true);
  const read = await json(board, ["read-flash", ...nvs, out]);
  assert.deepEqual([read.result.address, read.result.size], [0x9000, 0x4000]);
  assert.deepEqual(
    (await Deno.readFile(out)).subarray(0, 0x3000),
    noise(0x3000),
  );
  const erased = await json(board, ["erase-region", ...nvs]);
  assert.deepEqual([erased.result.address, erased.result.size], [
    0x9000,
    0x4000,
  ]);
  assert.ok(board.flash.isErased(0x9000, 0x4000));
});

Deno.test("write-flash refuses a file that its partition has no room or no leave for", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard({ chip: "esp32" });
  const table = ["--partition-table", folder.file("p.csv")];
  await Deno.writeTextFile(folder.file("p.csv"), CSV);
  await Deno.writeFile(folder.file("big"), noise(0x4001));
  await Deno.writeFile(folder.file("small"), noise(16));
  const write = (name: string, file: string, ...more: string[]) =>
    json(board, [
      "write-flash",
      "--partition",
      name,
      ...table,
      ...more,
      folder.file(file),
    ]);
  assert.equal((await write("nvs", "big")).error.code, "partition-too-small");
  assert.equal((await write("phy", "small")).ok, false);
  assert.equal((await write("phy", "small", "--force")).ok, true);
  assert.equal((await write("none", "small")).ok, false);
});

Deno.test("write-flash --from writes a build for the chip that is there, and more files", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard({ chip: "esp32" });
  const build = {
    flash_settings: {
      flash_mode: "dout",
      flash_size: "2MB",
      flash_freq: "80m",
    },
    flash_files: { "0x1000": "boot.bin", "0x10000": "app.bin" },
    extra_esptool_args: { chip: "esp32" },
  };
  await Deno.writeTextFile(folder.file("b.json"), JSON.stringify(build));
  await Deno.writeFile(folder.file("boot.bin"), makeImage("esp32"));
  await Deno.writeFile(folder.file("app.bin"), noise(5000));
  await Deno.writeFile(folder.file("data.bin"), noise(100, 3));
  const words = ["write-flash", "--from", folder.file("b.json")];
  const more = ["0x30000", folder.file("data.bin")];
  const { result } = await json(board, [...words, ...more]);
  assert.deepEqual(
    result.files.map(({ address }: { address: number }) => address),
    [0x1000, 0x1_0000, 0x3_0000],
  );
  // Mode dout is 3, 2MB is 1, 80m is 15.
  assert.equal(result.files[0].flashParameters, 0x031f);
  assert.deepEqual([...board.flash.read(0x1002, 2)], [3, 0x1f]);
  assert.equal(
    (await json(board, ["verify-flash", ...words.slice(1)])).ok,
    true,
  );
  await using other = makeBoard({ chip: "esp32c3" });
  assert.equal((await json(other, words)).error.code, "image-mismatch");
});

Deno.test("write-flash makes an image of an ELF file, as elf2image does", async () => {
  await using folder = await temporaryFolder();
  const sections = [
    { name: ".iram0.text", address: 0x4008_0000, flags: 6, data: noise(600) },
    { name: ".dram0.data", address: 0x3ffb_0000, flags: 3, data: noise(96, 2) },
  ];
  const elf = buildElf({ entry: 0x4008_0000, sections });
  await Deno.writeFile(folder.file("app.elf"), elf);
  const expected = buildImage(elf, {
    chip: chipById("esp32"),
    flashSize: "4MB",
  });
  await using board = makeBoard({ chip: "esp32" });
  const words = ["-fs", "detect", "0x10000", folder.file("app.elf")];
  const { result } = await json(board, ["write-flash", ...words]);
  assert.equal(result.files[0].verified, true);
  assert.deepEqual(board.flash.read(0x1_0000, expected.length), expected);
});

for (
  const words of [
    ["write-flash", "--partition", "nvs", "0x1000", "a.bin"],
    ["write-flash", "--encrypt", "0", "a.bin", "--encrypt-files", "4096", "b"],
    ["write-flash", "-s", "0", "a.bin", "--diff-with", "b.bin"],
    ["write-flash", "--trust-flash-content", "0", "a.bin"],
    ["read-flash", "0", "4k"],
    ["read-flash", "0", "4k", "a", "b"],
    ["erase-region", "--partition", "nvs", "0"],
    ["read-flash-status", "--bytes", "4"],
    ["flash-id", "--spi-connection", "1,2,3,4"],
  ]
) {
  Deno.test(`"${words.join(" ")}" is a wrong command line, whatever board there is`, async () => {
    const { stdout } = await runCli(["--json", "--port", "none", ...words]);
    assert.equal(JSON.parse(stdout).error.code, "usage");
  });
}

Deno.test("write-flash refuses more older files than there are new ones", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard();
  await Deno.writeFile(folder.file("a"), noise(16));
  const more = ["--diff-with", "skip", "skip"];
  const { error } = await json(board, [
    "write-flash",
    "0",
    folder.file("a"),
    ...more,
  ]);
  assert.equal(error.code, "usage");
});

Deno.test("status registers, SFDP, security and supply are told in JSON", async () => {
  await using board = makeBoard({
    chip: "esp32s3",
    fields: { flashCryptCount: 1, keyPurpose0: 4, keyPurpose1: 9 },
  });
  const status = ["write-flash-status", "--bytes", "1", "0x1c"];
  assert.deepEqual((await json(board, status)).result, {
    before: 0,
    after: 0x1c,
    bytes: 1,
    nonVolatile: false,
  });
  assert.deepEqual((await json(board, ["read-flash-status"])).result, {
    status: 0x1c,
    bytes: 2,
  });
  assert.deepEqual((await json(board, ["read-flash-sfdp", "0", "4"])).result, {
    address: 0,
    bytes: [0x53, 0x46, 0x44, 0x50],
  });
  const { result } = await json(board, ["get-security-info"]);
  assert.equal(result.flashEncryption, true);
  assert.equal(result.secureBoot, false);
  assert.deepEqual(result.keyPurposes.slice(0, 3), [
    { purpose: 4, name: "XTS_AES_128_KEY" },
    { purpose: 9, name: "SECURE_BOOT_DIGEST0" },
    { purpose: 0, name: "USER/EMPTY" },
  ]);
  const { type, voltage, voltageSetBy } =
    (await json(board, ["flash-id"])).result;
  assert.deepEqual([type, voltage, voltageSetBy], ["quad", "3.3V", "strap"]);
});

Deno.test("load-ram and run leave the loader", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(folder.file("ram"), makeImage("esp32"));
  await using board = makeBoard({ chip: "esp32" });
  const { result } = await json(board, ["load-ram", folder.file("ram")]);
  assert.deepEqual(result, {
    entry: 0x4007_0000,
    segments: [{ address: 0x4007_0000, size: 600 }],
  });
  assert.equal(board.state, "app");
  assert.deepEqual((await json(board, ["run"])).result, {});
  assert.equal(board.state, "app");
});
