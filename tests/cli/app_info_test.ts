import assert from "node:assert/strict";
import {
  encodePartitionTable,
  parsePartitionCsv,
  selectOtaSlot,
} from "../../lib/image/mod.ts";
import { makeBoard, noise } from "./_boards.ts";
import { runCli } from "./_cli.ts";

const PARTITIONS = parsePartitionCsv(`
nvs,     data, nvs, 0x9000, 0x4000
otadata, data, ota, 0xd000, 0x2000
ota_0,   app, ota_0, 0x10000, 64K
ota_1,   app, ota_1, 0x20000, 64K
`);

/** The 24 + 8 bytes of an image's headers, and an `esp_app_desc_t` as ESP-IDF 5 lays it out. */
function application(version: string): Uint8Array {
  const bytes = new Uint8Array(0x20 + 256);
  bytes[0] = 0xe9;
  const put = (offset: number, text: string) =>
    bytes.set(new TextEncoder().encode(text), 0x20 + offset);
  bytes.set([0x32, 0x54, 0xcd, 0xab, 3], 0x20);
  put(16, version);
  put(48, "lamp");
  put(80, "19:46:07");
  put(96, "Sep 13 2022");
  put(112, "v5.2");
  bytes.set(noise(32), 0x20 + 144);
  return bytes;
}

Deno.test("app-info tells each application and which one starts", async () => {
  await using board = makeBoard({ chip: "esp32" });
  board.flash.program(0x8000, encodePartitionTable(PARTITIONS));
  const erased = new Uint8Array(0x2000).fill(0xff);
  board.flash.program(0xd000, selectOtaSlot(erased, 1, 2));
  board.flash.program(0x2_0000, application("1.2.0"));
  const world = { boards: { bench: board } };
  const { stdout, code } = await runCli(["-p", "bench", "app-info"], world);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /ota_0 at 0x00010000: no application/);
  assert.match(stdout, /ota_1 at 0x00020000, which starts:\n.*lamp 1\.2\.0\n/);
  const json = await runCli(["-p", "bench", "--json", "app-info"], world);
  const { result } = JSON.parse(json.stdout);
  assert.deepEqual(result.apps[0], {
    partition: "ota_0",
    address: 0x1_0000,
    boots: false,
  });
  assert.deepEqual(result.apps[1], {
    partition: "ota_1",
    address: 0x2_0000,
    boots: true,
    project: "lamp",
    version: "1.2.0",
    date: "Sep 13 2022",
    time: "19:46:07",
    idfVersion: "v5.2",
    elfSha256: noise(32).toHex(),
    secureVersion: 3,
  });
});

Deno.test("app-info says so where there is no partition table", async () => {
  await using board = makeBoard({ chip: "esp32" });
  const { stderr, code } = await runCli(["-p", "bench", "app-info"], {
    boards: { bench: board },
  });
  assert.equal(code, 2);
  assert.match(stderr, /partition table/);
});
