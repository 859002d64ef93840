import assert from "node:assert/strict";
import { esp32 } from "../../lib/chips/esp32.ts";
import { esp8266 } from "../../lib/chips/esp8266.ts";
import { open } from "../../lib/device/open_device.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import type { ProgressEvent } from "../../lib/progress.ts";
import { unplugAt } from "../../lib/simulator/behaviors.ts";
import { noise, withBoard, withDevice } from "./_board.ts";

const CHIPS = [esp8266, esp32];

function bootable(chip: typeof esp32): Uint8Array {
  const code = { address: 0x4010_0000, data: noise(64) };
  const address = chip === esp32 ? 0x4008_0000 : code.address;
  const program = { entry: address, segments: [{ ...code, address }] };
  const image = buildImage(program, { chip });
  const flash = new Uint8Array(chip.flash.bootloaderOffset + image.length);
  flash.set(image, chip.flash.bootloaderOffset);
  return flash;
}

for (const chip of CHIPS) {
  for (const stub of [true, false]) {
    const loader = stub ? "stub" : "ROM";
    Deno.test(`Device.run leaves an ${chip.id} ${loader} for the application`, async () => {
      const board = { chip: chip.id, flash: bootable(chip) };
      await withDevice(
        { ...board, open: { stub } },
        async (device, { board }) => {
          await device.run();
          assert.equal(board.state, "app");
          await device.close();
          assert.equal(board.state, "app");
        },
      );
    });
  }
}

Deno.test("Device soft-resets a ROM whose flash was not used", async () => {
  const board = { chip: "esp32", flash: bootable(esp32) };
  await withBoard(board, async ({ board, clock }) => {
    const device = await open(board, {
      clock,
      stub: false,
      after: "soft-reset",
    });
    await device.readMac();
    await device.close();
    assert.equal(board.state, "app");
  });
});

Deno.test("Device resets a chip whose port was opened with both lines asserted", async () => {
  await withBoard(
    { chip: "esp32", strap: "download" },
    async ({ board, clock }) => {
      const port = await board.open();
      await port.setSignals({ dtr: true, rts: true });
      const device = await open(port, {
        clock,
        before: "no-reset",
        stub: false,
      });
      board.traffic.clear();
      await device.close();
      const resets = board.traffic.entries.filter(({ kind }) =>
        kind === "reset"
      );
      assert.equal(resets.length, 1);
    },
  );
});

Deno.test("Device.close does not hide why an operation failed", async () => {
  for (const after of ["soft-reset", "hard-reset"] as const) {
    await withBoard(
      { chip: "esp32", behaviors: [unplugAt(9000)] },
      async ({ board, clock }) => {
        await assert.rejects(async () => {
          await using device = await open(board, { clock, after });
          await device.dumpMem(0x4000_0000, 0x2000);
        }, { name: "TransportError", code: "port-gone" });
      },
    );
  }
});

Deno.test("Device refuses a flash that does not answer", async () => {
  for (const flashId of [0, 0xff_ffff]) {
    await withDevice({ chip: "esp32", flashId }, async (device, { board }) => {
      assert.equal((await device.flashId()).size, undefined);
      await assert.rejects(device.writeFlash({ 0: noise(16) }), {
        code: "flash-unknown",
      });
      await assert.rejects(device.eraseFlash(), { code: "flash-unknown" });
      assert.deepEqual(board.traffic.requests("ERASE_FLASH"), []);
    });
  }
});

Deno.test("Device.writeFlash refuses data whose last word goes past the end", async () => {
  await withDevice({ chip: "esp32", flashSize: "1MB" }, async (device) => {
    const write = device.writeFlash({ 0xf_fffb: noise(5) });
    await assert.rejects(write, { code: "flash-too-small" });
  });
});

Deno.test("open raises the speed of an ESP32 ROM with either crystal", async () => {
  for (const crystalMhz of [26, 40]) {
    const opening = { stub: false, baud: 460_800 };
    await withDevice(
      { chip: "esp32", crystalMhz, open: opening },
      async (device) => {
        assert.equal((await device.readIdentity()).crystalMhz, crystalMhz);
        assert.equal(device.baudRate, 460_800);
      },
    );
  }
});

Deno.test("Device falls back to the EN line where chip or stub lacks a reset, and says so", async () => {
  for (const after of ["soft-reset", "watchdog-reset"] as const) {
    const notes: string[] = [];
    const onProgress = (event: ProgressEvent) =>
      event.kind === "note" && notes.push(event.message);
    await withBoard(
      { chip: "esp8266", flash: bootable(esp8266) },
      async ({ board, clock }) => {
        const device = await open(board, { clock, after, onProgress });
        await device.close();
        assert.equal(board.state, "app");
        assert.match(
          notes.join(),
          new RegExp(`no ${after}: the chip is reset by its EN line`),
        );
      },
    );
  }
});

Deno.test("Device refuses registers, times and modes that are none", async () => {
  await withDevice({ chip: "esp32" }, async (device, { board, clock }) => {
    board.traffic.clear();
    for (const address of [NaN, -4, 1.5, 2, Infinity, 2 ** 32]) {
      await assert.rejects(device.readReg(address), RangeError, `${address}`);
      await assert.rejects(device.writeReg(address, 0), RangeError);
    }
    for (const value of [NaN, 1.5, Infinity, 2 ** 32]) {
      await assert.rejects(device.writeReg(0x3ffe_8000, value), RangeError);
    }
    assert.deepEqual(board.traffic.requests(), []);
    await assert.rejects(device.readMac({ timeout: NaN }), RangeError);
    await assert.rejects(device.readMac({ timeout: -1 }), RangeError);
    const parameters = [{ flashSize: "3MB" }, { flashFrequency: "41m" }];
    for (const wrong of parameters) {
      await assert.rejects(
        device.writeFlash({ 0x1_0000: noise(16) }, wrong),
        RangeError,
      );
    }
    for (const wrong of [{ attempts: NaN }, { baud: 0 }, { baud: 1.5 }]) {
      await assert.rejects(
        open("sim://esp32", { clock, ...wrong }),
        RangeError,
      );
    }
  });
});

Deno.test("A virtual board leaves timers their turn, however fast it answers", async () => {
  await using device = await open("sim://esp32", { stub: false });
  const dump = device.dumpMem(0x4000_0000, 0x8_0000, undefined, {
    timeout: 100,
  });
  await assert.rejects(dump, { name: "TimeoutError", ms: 100 });
});
