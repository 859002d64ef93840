import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parse } from "npm:csv-parse@6.2.0/sync";
import { buildImage, chipById } from "../../mod.ts";
import { inFolder, runScript } from "./_run.ts";

const PERMISSIONS = ["--allow-read", "--allow-write=."];
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What a column of a board that passed may hold. */
const COLUMNS: Readonly<Record<string, RegExp>> = {
  mac: /^24:0a:c4:00:0[01]:0[12]$/,
  chip_id: /^0x[\da-f]{8}$/,
  chip: /^ESP(8266EX|32-\S+ \(revision v\d+\.\d+\))$/,
  revision: /^(v\d+\.\d+)?$/,
  flash_manufacturer: /^0xc8$/,
  flash_device: /^0x4016$/,
  flash_size: /^4MB$/,
  firmware_sha256: /^[\da-f]{64}$/,
  result: /^pass$/,
  duration_ms: /^[1-9]\d*$/,
  finished_at: ISO_TIME,
  started_at: ISO_TIME,
  job: /^demo$/,
  port: /^sim:\/\/esp(8266|32)#[12]$/,
  failed_step: /^$/,
  error_code: /^$/,
  error: /^$/,
  features: /^Wi-Fi, /,
  crystal_mhz: /^(26|40)$/,
  tool_version: /^\d+\.\d+\.\d+/,
};

Deno.test("demo provisions four virtual boards in under 10 s and records them", async () => {
  await inFolder(async (cwd) => {
    const started = performance.now();
    const { code, stdout, stderr } = await runScript("demo", [], {
      cwd,
      permissions: PERMISSIONS,
    });
    const seconds = (performance.now() - started) / 1000;
    assert.equal(code, 0, stderr);
    assert.ok(seconds < 10, `it took ${seconds} s`);
    assert.match(stdout, /^sim:\/\/esp8266#1 .*write .* 5\d %/m);
    assert.match(stdout, /^4 of 4 passed$/m);
    assert.match(stdout, /deno task provision --port \/dev\/ttyUSB0/);
    const [header, ...rows]: string[][] = parse(
      await Deno.readTextFile(join(cwd, "inventory.csv")),
    );
    assert.deepEqual(header, Object.keys(COLUMNS));
    assert.equal(rows.length, 4);
    for (const row of rows) {
      Object.entries(COLUMNS).forEach(([column, pattern], index) =>
        assert.match(row[index] ?? "", pattern, column)
      );
    }
    assert.equal(new Set(rows.map(([mac]) => mac)).size, 4);
    const hash = Object.keys(COLUMNS).indexOf("firmware_sha256");
    assert.equal(new Set(rows.map((row) => row[hash])).size, 2);
  });
});

Deno.test("demo flashes given images to boards of their family", async () => {
  await inFolder(async (cwd) => {
    const segments = [{ address: 0x4038_0000, data: new Uint8Array(100) }];
    const image = buildImage({ entry: 0x4038_0000, segments }, {
      chip: chipById("esp32c3"),
    });
    await Deno.writeFile(join(cwd, "app.bin"), image);
    const { code, stdout, stderr } = await runScript(
      "demo",
      ["--json", "--out", "out.csv", "app.bin"],
      { cwd, permissions: PERMISSIONS },
    );
    assert.equal(code, 0, stderr);
    const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const results = events.filter(({ kind }) => kind === "finish")
      .map(({ result }) => result);
    assert.deepEqual(
      results.map(({ port, identity }) => [port, identity.chip]).toSorted(),
      [["sim://esp32c3#1", "ESP32-C3"], ["sim://esp32c3#2", "ESP32-C3"]],
    );
    const sha256 = createHash("sha256").update(image).digest("hex");
    assert.equal(results[0].files[0].sha256, sha256);
    const table = await Deno.readTextFile(join(cwd, "out.csv"));
    assert.equal(table.split(sha256).length, 3);
  });
});

Deno.test("demo prints help and refuses what it does not know", async () => {
  const help = await runScript("demo", ["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Usage: deno task demo/);
  const unknown = await runScript("demo", ["--frob"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /--frob/);
  const missing = await runScript("demo", ["none.bin"], {
    permissions: PERMISSIONS,
  });
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /none\.bin cannot be read: there is no such/);
});
