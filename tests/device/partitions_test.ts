import assert from "node:assert/strict";
import {
  checkPartitionFit,
  loadPartitionTable,
  readPartitionTable,
  resolvePartition,
  selectBootSlot,
} from "../../lib/device/partitions.ts";
import { parseOtaData } from "../../lib/image/ota_data.ts";
import {
  encodePartitionTable,
  type Partition,
} from "../../lib/image/partition_table.ts";
import type { ProgressEvent } from "../../lib/progress.ts";
import { withDevice } from "./_board.ts";

const CSV = `
nvs,      data, nvs,     0x9000,  0x4000
otadata,  data, ota,     0xd000,  0x2000
phy_init, data, phy,     0xf000,  0x1000, readonly
ota_0,    app,  ota_0,   , 64K
ota_1,    app,  ota_1,   , 64K
`;

async function withFile(
  content: string | Uint8Array<ArrayBuffer>,
  test: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeFile(path, content);
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

async function partitionsOf(csv: string): Promise<readonly Partition[]> {
  let partitions: readonly Partition[] = [];
  await withFile(csv, async (path) => {
    partitions = await loadPartitionTable(path);
  });
  return partitions;
}

Deno.test("loadPartitionTable reads CSV and binary", async () => {
  const partitions = await partitionsOf(CSV);
  assert.equal(partitions.length, 5);
  await withFile(encodePartitionTable(partitions), async (path) => {
    assert.deepEqual(await loadPartitionTable(path), partitions);
  });
});

Deno.test("loadPartitionTable refuses what is neither, and what is not there", async () => {
  await withFile(Uint8Array.fromHex("e9020200ff"), async (path) => {
    await assert.rejects(loadPartitionTable(path), {
      code: "file-invalid",
      message: /it is no partition table, neither binary nor text$/,
    });
  });
  await assert.rejects(loadPartitionTable("/no/such/file"), {
    code: "file-invalid",
    message: /^Cannot read "\/no\/such\/file": /,
  });
  await withFile("nvs,data", async (path) => {
    await assert.rejects(loadPartitionTable(path), SyntaxError);
  });
});

Deno.test("resolvePartition finds a partition in the board's own table, wherever that is", async () => {
  const partitions = await partitionsOf(CSV);
  await withDevice({ chip: "esp32" }, async (device) => {
    await device.writeFlash({ 0xa000: encodePartitionTable(partitions) });
    const found = await resolvePartition(device, "ota_1", {
      tableOffset: 0xa000,
    });
    assert.deepEqual([found.offset, found.size], [0x2_0000, 0x1_0000]);
    await assert.rejects(
      resolvePartition(device, "factory", { tableOffset: 0xa000 }),
      { code: "partition-unknown" },
    );
    await assert.rejects(readPartitionTable(device), {
      name: "ImageError",
      offset: 0x8000,
      message:
        `Cannot read the partition table at 0x0000_8000 on "${device.port}": it has no entry`,
    });
  });
});

Deno.test("resolvePartition takes a table that is given, and reads no flash", async () => {
  const partitions = await partitionsOf(CSV);
  await withDevice({ chip: "esp32c3" }, async (device) => {
    const events: ProgressEvent[] = [];
    const found = await resolvePartition(device, "nvs", {
      partitions,
      onProgress: (event) => events.push(event),
    });
    assert.equal(found.offset, 0x9000);
    assert.deepEqual(events, []);
  });
});

Deno.test("checkPartitionFit refuses what is too large, and readonly without force", async () => {
  const [nvs, , phy] = await partitionsOf(CSV);
  assert.ok(nvs && phy);
  checkPartitionFit(nvs, 0x4000);
  assert.throws(() => checkPartitionFit(nvs, 0x4001, { force: true }), {
    code: "partition-too-small",
    message: 'Cannot write 16385 bytes to partition "nvs": it has 16384',
  });
  assert.throws(() => checkPartitionFit(phy, 1), {
    code: "partition-readonly",
  });
  checkPartitionFit(phy, 1, { force: true });
});

for (const chip of ["esp32", "esp8266"]) {
  Deno.test(`selectBootSlot writes only the copy that does not count, on an ${chip}`, async () => {
    const partitions = await partitionsOf(CSV);
    await withDevice({ chip }, async (device, { board }) => {
      await device.writeFlash({ 0x8000: encodePartitionTable(partitions) });
      const active = () => parseOtaData(board.flash.read(0xd000, 0x2000));
      const chosen = await selectBootSlot(device, 1);
      assert.equal(chosen?.name, "ota_1");
      assert.deepEqual([active().active, active().copies[0].sequence], [0, 2]);
      const written: number[] = [];
      await selectBootSlot(device, 0, {
        state: "new",
        onProgress(event) {
          if (event.kind === "write") written.push(event.address);
        },
      });
      assert.deepEqual(new Set(written), new Set([0xe000]));
      const { copies } = active();
      assert.deepEqual(
        copies.map(({ sequence, state }) => [sequence, state]),
        [[2, "undefined"], [3, "new"]],
      );
      await assert.rejects(selectBootSlot(device, 2), RangeError);
    });
  });
}

Deno.test("selectBootSlot refuses flash that holds something else", async () => {
  const partitions = await partitionsOf(CSV);
  await withDevice({ chip: "esp32" }, async (device, { board }) => {
    const cipher = new Uint8Array(0x2000).fill(0x5a);
    await device.writeFlash({ 0xd000: cipher });
    await assert.rejects(selectBootSlot(device, 1, { partitions }), {
      name: "ImageError",
    });
    assert.deepEqual(board.flash.read(0xd000, 0x2000), cipher);
  });
});
