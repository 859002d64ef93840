import assert from "node:assert/strict";
import { join } from "node:path";
import { parseInventory, readInventory } from "../../lib/provision/mod.ts";
import { inFolder, runScript } from "./_run.ts";

const ESP32 = "sim://esp32?mac=24:0a:c4:00:00:09&flash-size=2MB";
const GONE = "sim://esp8266?mac=5c:cf:7f:00:00:02&fault=unplug@3000";

Deno.test("inventory_boards prints CSV and needs no permission for it", async () => {
  const { code, stdout, stderr } = await runScript("inventory_boards", [
    "--port",
    ESP32,
  ]);
  assert.equal(code, 0, stderr);
  const [row, ...more] = parseInventory(stdout);
  assert.equal(more.length, 0);
  assert.equal(row?.mac, "24:0a:c4:00:00:09");
  assert.equal(row?.flash_size, "2MB");
  assert.match(row?.chip ?? "", /^ESP32-/);
  assert.equal(row?.firmware_sha256, "");
});

Deno.test("inventory_boards prints a line of JSON for each board, and tells of one it cannot read", async () => {
  const { code, stdout, stderr } = await runScript("inventory_boards", [
    ...["--json", "--port", ESP32, "--port", GONE],
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /unplugged/);
  const results = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(results.map(({ result }) => result), ["pass", "fail"]);
});

Deno.test("inventory_boards puts boards into an inventory, and keeps what a job has recorded", async () => {
  await inFolder(async (cwd) => {
    const path = join(cwd, "inventory.csv");
    await Deno.writeTextFile(
      path,
      "mac,port,firmware_sha256,result\r\n24:0a:c4:00:00:09,COM1,abc,pass\r\n",
    );
    const { code, stdout, stderr } = await runScript(
      "inventory_boards",
      ["--port", ESP32, "--out", "inventory.csv"],
      { cwd, permissions: ["--allow-read=.", "--allow-write=."] },
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /1 of 1 passed/);
    const [row, ...more] = await readInventory(path);
    assert.equal(more.length, 0);
    assert.equal(row?.firmware_sha256, "abc");
    assert.equal(row?.flash_size, "2MB");
    assert.equal(row?.port, ESP32);
  });
});

Deno.test("inventory_boards prints help and refuses a call without a port", async () => {
  const help = await runScript("inventory_boards", ["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Usage: deno task inventory/);
  const none = await runScript("inventory_boards", []);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /PORT/);
});
