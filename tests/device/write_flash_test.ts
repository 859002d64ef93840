import assert from "node:assert/strict";
import { encodeUf2, formatIntelHex } from "../../lib/image/mod.ts";
import { chipById } from "../../lib/chips/registry.ts";
import type { ProgressEvent } from "../../lib/progress.ts";
import { open } from "../../lib/device/open_device.ts";
import { unplugAt } from "../../lib/simulator/behaviors.ts";
import { noise, withBoard, withDevice } from "./_board.ts";

function changedAt(data: Uint8Array, at: number): Uint8Array {
  const copy = data.slice();
  copy[at] = ~(copy[at] ?? 0);
  return copy;
}

Deno.test("Device.writeFlash writes the sectors that differ, and verifies all of the file", async () => {
  await withDevice({ chip: "esp32" }, async (device, { board }) => {
    const previous = noise(0x8000);
    board.flash.load(0x1_0000, previous);
    const data = changedAt(previous, 0x3000);
    const [written] = await device.writeFlash([
      [0x1_0000, { data, previous }],
    ]);
    assert.deepEqual(
      written?.ranges.map(({ address, size }) => [address, size]),
      [[0x1_3000, 0x1000]],
    );
    assert.equal(written?.verified, true);
    assert.deepEqual(board.flash.read(0x1_0000, 0x8000), data);
  });
});

Deno.test("Device.writeFlash writes all of a file if the flash is not what the older file was", async () => {
  await withDevice({ chip: "esp32" }, async (device, { board }) => {
    const previous = noise(0x8000);
    const data = changedAt(previous, 0x3000);
    const notes: string[] = [];
    const onProgress = (event: ProgressEvent) => {
      if (event.kind === "note") notes.push(event.message);
    };
    const [written] = await device.writeFlash([
      [0x1_0000, { data, previous }],
    ], { onProgress });
    assert.deepEqual(written?.ranges.map(({ size }) => size), [0x1000, 0x8000]);
    assert.match(notes.join(), /all of it is written/);
    assert.deepEqual(board.flash.read(0x1_0000, 0x8000), data);
  });
});

Deno.test("Device.writeFlash looks whether an unchanged file is there, unless it is trusted", async () => {
  await withDevice({ chip: "esp32" }, async (device, { board }) => {
    const data = noise(0x2000);
    const file = [[0x1_0000, { data, previous: data }]] as const;
    const [trusted] = await device.writeFlash(file, {
      trustFlashContent: true,
    });
    assert.deepEqual([trusted?.skipped, trusted?.verified], [true, false]);
    assert.ok(board.flash.isErased(0x1_0000, 0x2000));
    const [looked] = await device.writeFlash(file);
    assert.deepEqual([looked?.skipped, looked?.verified], [false, true]);
    const [again] = await device.writeFlash(file);
    assert.deepEqual([again?.skipped, again?.verified], [true, true]);
  });
});

Deno.test("Device.writeFlash compresses each file for itself", async () => {
  await withDevice({ chip: "esp32" }, async (device) => {
    const written = await device.writeFlash({
      0x1_0000: new Uint8Array(10_000),
      0x2_0000: noise(10_000),
      0x3_0000: new Uint8Array(10_000),
    });
    assert.deepEqual(
      written.map(({ size, wireBytes }) => wireBytes < size),
      [true, false, true],
    );
  });
});

Deno.test("Device.writeFlash begins a file again after the port was lost", async () => {
  await withBoard(
    { chip: "esp32", behaviors: [unplugAt(30_000)] },
    async ({ board, clock }) => {
      const notes: string[] = [];
      await using device = await open(board, {
        clock,
        onProgress(event) {
          if (event.kind === "note") notes.push(event.message);
        },
      });
      const data = noise(0x1_0000);
      const [written] = await device.writeFlash({ 0x1_0000: data });
      assert.equal(written?.verified, true);
      assert.deepEqual(board.flash.read(0x1_0000, data.length), data);
      assert.equal(notes.length, 1);
      assert.match(
        notes[0] ?? "",
        /^The port is lost and will be opened again/,
      );
    },
  );
});

Deno.test("Device.writeFlash does not write encrypted data twice", async () => {
  const fields = { flashCryptCount: 1, keyPurpose0: 4 };
  await withBoard(
    { chip: "esp32c3", fields, behaviors: [unplugAt(30_000)] },
    async ({ board, clock }) => {
      await assert.rejects(async () => {
        await using device = await open(board, { clock });
        await device.writeFlash({ 0x1_0000: noise(0x1_0000) }, {
          encrypt: true,
        });
      }, { name: "TransportError", code: "port-gone" });
    },
  );
});

Deno.test("Device.writeFlash puts an Intel HEX and a UF2 file where they say, by their paths only", async () => {
  const folder = await Deno.makeTempDir({ prefix: "espline-write-" });
  try {
    const segments = [
      { address: 0x1_0000, data: noise(100) },
      { address: 0x3_0000, data: noise(5000, 2) },
    ];
    const hex = formatIntelHex(segments);
    const { familyId } = { familyId: chipById("esp32").image.uf2FamilyId };
    const uf2 = encodeUf2(segments, { familyId });
    await Deno.writeFile(`${folder}/a.hex`, hex);
    await Deno.writeFile(`${folder}/a.uf2`, uf2);
    for (const name of ["a.hex", "a.uf2"]) {
      await withDevice({ chip: "esp32" }, async (device, { board }) => {
        const written = await device.writeFlash({ 0: `${folder}/${name}` });
        assert.equal(written.length, 2, name);
        for (const { address, data } of segments) {
          assert.deepEqual(board.flash.read(address, data.length), data, name);
        }
        await device.verifyFlash({ 0: `${folder}/${name}` });
        // Bytes are bytes.
        await device.writeFlash({ 0x4_0000: hex });
        assert.deepEqual(board.flash.read(0x4_0000, hex.length), hex);
      });
    }
    await withDevice({ chip: "esp32c3" }, async (device) => {
      await assert.rejects(device.writeFlash({ 0: `${folder}/a.uf2` }), {
        code: "image-mismatch",
      });
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Device finds a flash at other pins, and the chip's own there only", async () => {
  const connection = { clk: 6, q: 17, d: 8, hd: 11, cs: 16 };
  const board = { chip: "esp32", flashPins: "6,17,8,11,16" };
  await withDevice(
    { ...board, open: { spiConnection: connection } },
    async (device, { board: { flash } }) => {
      await device.writeFlash({ 0x1_0000: noise(64) });
      assert.deepEqual(flash.read(0x1_0000, 64), noise(64));
    },
  );
  await withDevice(board, async (device) => {
    await assert.rejects(device.eraseFlash(), { code: "flash-unknown" });
  });
});
