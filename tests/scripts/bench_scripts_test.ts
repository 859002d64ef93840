/** The scripts that look after single boards and benches. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatInventory } from "../../lib/provision/mod.ts";
import {
  encodePartitionTable,
  parsePartitionCsv,
} from "../../lib/image/mod.ts";
import { serveVirtualBoard, VirtualBoard } from "../../lib/simulator/mod.ts";
import { testImage } from "../provision/_images.ts";
import { inFolder, runScript } from "./_run.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts/", import.meta.url));

/** Runs `work` with virtual boards that other programs can open. */
async function withServed(
  boards: readonly VirtualBoard[],
  work: (urls: string[]) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const urls: string[] = [];
  for (const board of boards) {
    stack.use(board);
    urls.push(stack.use(await serveVirtualBoard(board, { rfc2217: 0 })).url);
  }
  await work(urls);
}

Deno.test("every script is short, says what it may do, and helps", async () => {
  const names = Array.from(Deno.readDirSync(SCRIPTS), ({ name }) => name)
    .filter((name) => !name.startsWith("_"));
  assert.ok(names.length >= 10);
  await Promise.all(names.map(async (name) => {
    const text = await Deno.readTextFile(join(SCRIPTS, name));
    assert.ok(text.split("\n").length <= 60, `${name} is too long`);
    if (name === "run_virtual_board.ts") return;
    assert.match(text, /Least permissions:/, name);
    const script = name.replace(".ts", "");
    const { code, stdout, stderr } = await runScript(script, ["--help"]);
    assert.equal(code, 0, `${name}: ${stderr}`);
    assert.match(stdout, /^Usage: [^]*--json[^]*Exit code: /, name);
    assert.equal((await runScript(script, ["--frob"])).code, 2, name);
  }));
});

Deno.test("backup_board saves all of a board's flash, and restores it", async () => {
  const flash = testImage("esp32c3", 5000);
  const one = new VirtualBoard({ chip: "esp32c3", flash, flashSize: "512KB" });
  const other = new VirtualBoard({ chip: "esp32c3", flashSize: "512KB" });
  await inFolder(async (cwd) => {
    await withServed([one, other], async ([from = "", to = ""]) => {
      const run = (...args: string[]) =>
        runScript("backup_board", args, {
          cwd,
          permissions: ["--allow-net", "--allow-read", "--allow-write=."],
        });
      const saved = await run("--port", from, "--save", "a.bin", "--json");
      assert.equal(saved.code, 0, saved.stderr);
      assert.equal(JSON.parse(saved.stdout).size, 0x8_0000);
      const again = await run("--port", from, "--save", "a.bin");
      assert.equal(again.code, 2);
      assert.match(again.stderr, /exists/);
      assert.deepEqual(
        await Deno.readFile(join(cwd, "a.bin")),
        one.flash.read(),
      );
      const restored = await run("--port", to, "--restore", "a.bin");
      assert.equal(restored.code, 0, restored.stderr);
      assert.deepEqual(other.flash.read(), one.flash.read());
      await Deno.writeFile(join(cwd, "b.bin"), flash);
      const wrong = await run("--port", to, "--restore", "b.bin");
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, /no backup of 524288 bytes/);
    });
  });
});

Deno.test("clone_board copies to boards of the same kind, and to no others", async () => {
  const flash = testImage("esp32c3", 5000);
  const board = (index: number, chip = "esp32c3") =>
    new VirtualBoard({
      chip,
      index,
      flashSize: "512KB",
      ...(index === 0 && { flash }),
    });
  const boards = [board(0), board(1), board(2), board(3, "esp8266")];
  await withServed(boards, async ([from = "", ...to]) => {
    const { code, stdout } = await runScript(
      "clone_board",
      ["--from", from, ...to.flatMap((port) => ["--to", port])],
      { permissions: ["--allow-net", "--allow-read"] },
    );
    assert.equal(code, 1);
    assert.match(stdout, /2 of 3 passed/);
    assert.match(stdout, /it is an ESP8266, the job has firmware for ESP32-C3/);
    for (const copy of boards.slice(1, 3)) {
      assert.deepEqual(copy.flash.read(), boards[0]!.flash.read());
    }
  });
});

Deno.test("factory_reset keeps the identity, applications and what it takes to start", async () => {
  const rows = `nvs, data, nvs, 0x9000, 0x6000
phy_init, data, phy, 0xf000, 0x1000
app, app, factory, 0x10000, 0x10000
who, data, nvs, 0x20000, 0x3000
nvs_keys, data, nvs_keys, 0x23000, 0x1000
files, data, spiffs, 0x24000, 0x4000
`;
  const flash = new Uint8Array(0x3_0000).fill(0x5a);
  flash.set(encodePartitionTable(parsePartitionCsv(rows)), 0x8000);
  const options = { chip: "esp32c3", flash, flashSize: "512KB" };
  const board = new VirtualBoard(options);
  const empty = new VirtualBoard({
    ...options,
    flash: new Uint8Array(),
    index: 1,
  });
  await withServed([board, empty], async (urls) => {
    const run = (...args: string[]) =>
      runScript("factory_reset", args, {
        permissions: ["--allow-net", "--allow-read"],
      });
    const ports = urls.flatMap((url) => ["--port", url]);
    const before = board.flash.read();
    const dry = await run(...ports.slice(0, 2), "--keep", "who", "--dry-run");
    assert.equal(dry.code, 0, dry.stderr);
    assert.deepEqual(board.flash.read(), before);
    const unknown = await run(...ports.slice(0, 2), "--keep", "whom");
    assert.equal(unknown.code, 1);
    assert.deepEqual(board.flash.read(), before);
    const { code, stdout, stderr } = await run(
      ...ports,
      "--keep",
      "who",
      "--json",
    );
    assert.equal(code, 1, "one board has no table");
    assert.match(stderr, /partition table/);
    assert.deepEqual(JSON.parse(stdout).erased, ["nvs", "files"]);
    const after = before.slice().fill(0xff, 0x9000, 0xf000)
      .fill(0xff, 0x2_4000, 0x2_8000);
    assert.deepEqual(board.flash.read(), after);
  });
});

Deno.test("wait_for_board runs a command with what it found, or gives up", async () => {
  await withServed(
    [new VirtualBoard({ chip: "esp32c3" })],
    async ([url = ""]) => {
      const permissions = ["--allow-net", "--allow-run"];
      const run = (...args: string[]) =>
        runScript("wait_for_board", args, { permissions });
      const script = "console.log(Deno.args[0]); Deno.exit(7)";
      const command = ["--", Deno.execPath(), "eval", script, "x={chip}/{mac}"];
      const found = await run("--port", url, ...command);
      assert.equal(found.code, 7, found.stderr);
      assert.match(found.stdout, /^x=ESP32-C3\/([\da-f]{2}:){5}[\da-f]{2}$/m);
      const none = await run(
        "--port",
        "socket://127.0.0.1:1",
        "--timeout",
        "0",
      );
      assert.equal(none.code, 1);
      assert.match(none.stderr, /127\.0\.0\.1:1/);
    },
  );
});

Deno.test("burn_in counts the rounds of each board", async () => {
  await inFolder(async (cwd) => {
    await Deno.writeFile(join(cwd, "app.bin"), testImage("esp8266"));
    const good = new VirtualBoard({ chip: "esp8266", appText: "ready 1\r\n" });
    const bad = new VirtualBoard({
      chip: "esp8266",
      index: 1,
      appText: "panic\r\n",
    });
    await withServed([good, bad], async ([one = "", other = ""]) => {
      const { code, stdout, stderr } = await runScript("burn_in", [
        ...["--port", one, "--port", other, "--expect", "ready \\d"],
        ...[
          "--fail",
          "panic",
          "--times",
          "2",
          "--log-baud",
          "74880",
          "app.bin",
        ],
      ], { cwd, permissions: ["--allow-net", "--allow-read"] });
      assert.equal(code, 1, stderr);
      assert.ok(stdout.includes(`${one}  2 of 2 rounds passed`), stdout);
      assert.ok(stdout.includes(`${other}  0 of 2 rounds passed`), stdout);
    });
  });
});

Deno.test("merge_inventories makes one table of several, and complains", async () => {
  await inFolder(async (cwd) => {
    const mac = (last: number) => `24:0a:c4:00:00:0${last}`;
    const table = (station: string, last: number, serial: string) =>
      Deno.writeTextFile(
        join(cwd, `${station}.csv`),
        formatInventory([{
          ...{ mac: mac(last), port: "COM1", serial_number: serial, station },
          ...{ result: "pass", finished_at: "2026-01-01T00:00:00.000Z" },
        }]),
      );
    await table("a", 1, "L1");
    await table("b", 2, "L3");
    const run = (...args: string[]) =>
      runScript("merge_inventories", args, {
        cwd,
        permissions: ["--allow-read", "--allow-write=."],
      });
    const gap = await run("a.csv", "b.csv", "--out", "all.csv");
    assert.equal(gap.code, 1, gap.stderr);
    assert.match(gap.stderr, /^serial-gap: No board has L2/);
    await table("b", 2, "L2");
    const good = await run("a.csv", "b.csv", "--json");
    assert.equal(good.code, 0, good.stderr);
    assert.equal(JSON.parse(good.stdout).devices.length, 2);
    const typo = await run("a.csv", "c.csv");
    assert.equal(typo.code, 2);
    assert.match(typo.stderr, /c\.csv/);
    assert.equal((await run("a.csv", "--check-digit", "crc")).code, 2);
  });
});
