import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parse } from "npm:csv-parse@6.2.0/sync";
import { buildImage, chipById } from "../../mod.ts";
import { inFolder, runScript } from "./_run.ts";

const PERMISSIONS = ["--allow-read", "--allow-write=."];
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What a column of a board that passed holds; those that are left out are empty or told elsewhere. */
const COLUMNS: Readonly<Record<string, RegExp>> = {
  mac: /^24:0a:c4:00:0[01]:0[12]$/,
  serial_number: /^LMP-0000\d\d$/,
  chip_id: /^0x[\da-f]{8}$/,
  chip: /^ESP32-\S.* \(revision v\d+\.\d+\)$/,
  package: /^ESP32-/,
  revision: /^v\d+\.\d+$/,
  features: /^Wi-Fi, /,
  crystal_mhz: /^40$/,
  flash_manufacturer: /^0xc8$/,
  flash_device: /^0x4016$/,
  flash_size: /^4MB$/,
  job: /^demo$/,
  job_sha256: /^[\da-f]{64}$/,
  firmware_project: /^lamp$/,
  firmware_version: /^1\.2\.0$/,
  idf_version: /^v5\.4\.1$/,
  elf_sha256: /^[\da-f]{64}$/,
  firmware_sha256: /^[\da-f]{64}( [\da-f]{64}){2}$/,
  partition_table_sha256: /^[\da-f]{64}$/,
  pool: /^demo$/,
  batch: /^demo$/,
  bom_rev: /^A$/,
  result: /^pass$/,
  failed_step: /^$/,
  error_code: /^$/,
  error: /^$/,
  started_at: ISO_TIME,
  finished_at: ISO_TIME,
  duration_ms: /^[1-9]\d*$/,
  step_ms: /^open=\d+ identify=\d+ .* boot=\d+ record=\d+$/,
  attempt: /^1$/,
  baud: /^460800$/,
  station: /^local$/,
  slot: /^sim:/,
  port: /^sim:\/\/esp32(c3)?#[12]$/,
  tool_version: /^\d+\.\d+\.\d+/,
  serial: /^LMP-/,
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
    assert.match(stdout, /^sim:\/\/esp32#1 .*write .* \d\d %/m);
    assert.match(stdout, /^4 of 4 passed$/m);
    assert.match(stdout, /deno task provision --port \/dev\/ttyUSB0/);
    const rows: Record<string, string>[] = parse(
      await Deno.readTextFile(join(cwd, "inventory.csv")),
      { columns: true },
    );
    assert.equal(rows.length, 4);
    for (const row of rows) {
      for (const [column, pattern] of Object.entries(COLUMNS)) {
        assert.match(row[column] ?? "missing", pattern, column);
      }
    }
    for (const column of ["mac", "serial_number"]) {
      assert.equal(new Set(rows.map((row) => row[column])).size, 4, column);
    }
    const names = Array.from(Deno.readDirSync(cwd), ({ name }) => name);
    assert.deepEqual(names, ["inventory.csv"]);
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
      ["--json", "--out", "out.csv", "--labels", "labels", "app.bin"],
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
    const labels = Array.from(Deno.readDirSync(join(cwd, "labels")));
    assert.equal(labels.length, 2);
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
