import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { CHIPS } from "../../lib/chips/registry.ts";
import { esp8266 } from "../../lib/chips/esp8266.ts";
import { esp32 } from "../../lib/chips/esp32.ts";
import { esp32c3 } from "../../lib/chips/esp32c3.ts";
import { open } from "../../lib/device/open_device.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import { isDigestValid, parseImage } from "../../lib/image/esp_image.ts";
import type { ProgressEvent } from "../../lib/progress.ts";
import { badMd5, unplugAt } from "../../lib/simulator/behaviors.ts";
import { isFree, noise, withBoard, withDevice } from "./_board.ts";

function bootloader(chip: typeof esp32): Uint8Array {
  const data = noise(5000);
  return buildImage({
    entry: 0x4008_0400,
    segments: [{ address: 0x4008_0400, data }],
  }, {
    chip,
    flashMode: "dio",
    flashSize: "1MB",
  });
}

for (const chip of CHIPS.map(({ id }) => id)) {
  for (const stub of [true, false]) {
    const loader = stub ? "stub" : "ROM";
    Deno.test(`Device writes several files to an ${chip} by its ${loader}`, async () => {
      await withDevice({ chip, open: { stub } }, async (device, { board }) => {
        const [small, large] = [noise(100), noise(40_000, 7)];
        const written = await device.writeFlash({
          "0x20000": small,
          0x3_0000: large,
        });
        assert.deepEqual(written.map(({ address, size }) => [address, size]), [
          [0x2_0000, 100],
          [0x3_0000, 40_000],
        ]);
        assert.deepEqual(board.flash.read(0x2_0000, 100), small);
        assert.deepEqual(board.flash.read(0x3_0000, 40_000), large);
        assert.equal(
          written[1]?.md5,
          createHash("md5").update(large).digest("hex"),
        );
        const hasMd5 = stub || chip !== "esp8266";
        assert.ok(written.every(({ verified }) => verified === hasMd5));
      });
    });
  }
}

Deno.test("Device.writeFlash keeps the flash parameters of a bootloader unless told", async () => {
  await withDevice({ chip: "esp32" }, async (device, { board }) => {
    const image = bootloader(esp32);
    await device.writeFlash({ 0x1000: image });
    assert.deepEqual(board.flash.read(0x1000, image.length), image);
  });
});

Deno.test("Device.writeFlash puts flash parameters into a bootloader and makes its digest anew", async () => {
  await withDevice(
    { chip: "esp32", flashSize: "8MB" },
    async (device, { board }) => {
      const image = bootloader(esp32);
      await device.writeFlash({ 0x1000: image, 0x1_0000: image }, {
        flashMode: "qout",
        flashFrequency: "80m",
        flashSize: "detect",
      });
      const patched = board.flash.read(0x1000, image.length);
      assert.equal(patched.subarray(0, 4).toHex(), "e901013f");
      assert.equal(isDigestValid(patched, parseImage(patched, esp32)), true);
      assert.deepEqual(
        board.flash.read(0x1_0000, image.length),
        image,
        "an application is left alone",
      );
      await device.verifyFlash({ 0x1000: image }, {
        flashMode: "qout",
        flashFrequency: "80m",
        flashSize: "detect",
      });
      await assert.rejects(device.verifyFlash({ 0x1000: image }), {
        code: "verify-failed",
        address: 0x1000,
      });
    },
  );
});

Deno.test("Device.writeFlash leaves what is no image as it is, and says so", async () => {
  const notes: string[] = [];
  const onProgress = (event: ProgressEvent) =>
    event.kind === "note" && notes.push(event.message);
  await withDevice({ chip: "esp8266" }, async (device, { board }) => {
    const data = noise(64);
    await device.writeFlash({ 0: data }, { flashMode: "dout", onProgress });
    assert.deepEqual(board.flash.read(0, 64), data);
    assert.match(notes.join(), /Flash parameters are left as they are/);
  });
});

const REFUSALS = [
  ["a file past the end", { 0x3f_f000: noise(0x2000) }, {
    code: "flash-too-small",
  }],
  ["two files in one sector", { 0x1_0000: noise(10), 0x1_0800: noise(10) }, {
    name: "RangeError",
  }],
  ["an empty file", { 0x1_0000: new Uint8Array(0) }, { code: "file-invalid" }],
  ["a file that is not there", { 0x1_0000: "/no/such/file.bin" }, {
    code: "file-invalid",
  }],
  ["an address that is none", { "0x1g": noise(10) }, { name: "RangeError" }],
  ["an image for another chip", { 0x1_0000: bootloader(esp32c3) }, {
    code: "image-mismatch",
  }],
  [
    "an image for a later revision",
    {
      0x1_0000: buildImage({ entry: 0, segments: [] }, {
        chip: esp32,
        minRevision: 1000,
      }),
    },
    { code: "image-mismatch", message: /from v10\.0 on/ },
  ],
] as const;

for (const [what, files, expected] of REFUSALS) {
  Deno.test(`Device.writeFlash refuses ${what}, and erases nothing`, async () => {
    await withDevice(
      { chip: "esp32", flash: noise(0x1000) },
      async (device, { board }) => {
        await assert.rejects(
          device.writeFlash({ 0: noise(16), ...files }, { eraseAll: true }),
          expected,
        );
        assert.deepEqual(board.flash.read(0, 0x1000), noise(0x1000));
        assert.deepEqual(board.traffic.requests("FLASH_DEFL_BEGIN"), []);
        assert.deepEqual(board.traffic.requests("ERASE_FLASH"), []);
      },
    );
  });
}

Deno.test("Device.writeFlash writes an image for another chip if forced", async () => {
  await withDevice({ chip: "esp32" }, async (device, { board }) => {
    const image = bootloader(esp32c3);
    await device.writeFlash({ 0x1_0000: image }, { force: true });
    assert.deepEqual(board.flash.read(0x1_0000, image.length), image);
  });
});

Deno.test("Device.writeFlash erases everything first if told", async () => {
  await withDevice(
    { chip: "esp32", flash: noise(0x1000) },
    async (device, { board }) => {
      await device.writeFlash({ 0x1_0000: noise(16) }, { eraseAll: true });
      assert.ok(board.flash.isErased(0, 0x1000));
    },
  );
});

Deno.test("Device.writeFlash skips what the flash holds already", async () => {
  const data = noise(0x3000);
  await withDevice(
    { chip: "esp32c3", flash: data },
    async (device, { board }) => {
      const [same, other] = await device.writeFlash(
        { 0: data, 0x1_0000: data },
        { skipFlashed: true },
      );
      assert.equal(same?.skipped, true);
      assert.equal(other?.skipped, false);
      assert.equal(
        board.traffic.requests().filter(({ name }) =>
          /BEGIN/.test(name) && /FLASH/.test(name)
        ).length,
        1,
      );
    },
  );
});

Deno.test("Device.writeFlash takes a stream that was compressed before", async () => {
  const { deflateSync } = await import("node:zlib");
  const data = new Uint8Array(0x4000).fill(0x45);
  const deflated = deflateSync(data, { level: 1 });
  await withDevice({ chip: "esp32" }, async (device, { board }) => {
    const [written] = await device.writeFlash({
      0x1_0000: { data, deflated, name: "app" },
    });
    assert.equal(written?.wireBytes, deflated.length);
    assert.equal(written?.name, "app");
    assert.deepEqual(board.flash.read(0x1_0000, data.length), data);
  });
});

Deno.test("Device.writeFlash reports a digest that does not match", async () => {
  await withDevice({ chip: "esp32", behaviors: [badMd5()] }, async (device) => {
    await assert.rejects(device.writeFlash({ 0x1_0000: noise(100) }), {
      name: "VerifyError",
      code: "verify-failed",
      address: 0x1_0000,
      expected: createHash("md5").update(noise(100)).digest("hex"),
    });
  });
});

Deno.test("Device.readFlash saves a file when all of it is there, and none before", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = noise(0x1_0000);
    await withDevice({ chip: "esp8266", flash: data }, async (device) => {
      await device.readFlash(0x100, 0x2345, `${folder}/flash.bin`);
      assert.deepEqual(
        await Deno.readFile(`${folder}/flash.bin`),
        data.slice(0x100, 0x2445),
      );
    });
    await withDevice({
      chip: "esp8266",
      flash: data,
      behaviors: [unplugAt(14_000)],
    }, async (device) => {
      await assert.rejects(device.readFlash(0, "all", `${folder}/half.bin`), {
        code: "port-gone",
      });
    });
    assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name), [
      "flash.bin",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Device.verifyFlash by a ROM compares a file that begins inside a sector with itself alone", async () => {
  const flash = noise(0x2000);
  await withDevice(
    { chip: "esp32", flash, open: { stub: false } },
    async (device) => {
      const file = flash.slice(0x1100, 0x1200);
      const [verified] = await device.verifyFlash({ 0x1100: file });
      assert.equal(verified?.address, 0x1100);
      assert.equal(verified?.size, file.length);
      await assert.rejects(device.verifyFlash({ 0x1104: file }), {
        code: "verify-failed",
      });
    },
  );
});

Deno.test("Device.eraseRegion erases whole sectors and refuses the rest", async () => {
  await withDevice(
    { chip: "esp8266", flash: noise(0x4000) },
    async (device, { board }) => {
      await device.eraseRegion(0x1000, 0x2000);
      assert.ok(board.flash.isErased(0x1000, 0x2000));
      assert.deepEqual(
        board.flash.read(0x3000, 0x1000),
        noise(0x4000).slice(0x3000),
      );
      await assert.rejects(device.eraseRegion(0x1000, 0x80), RangeError);
      await assert.rejects(device.eraseRegion(0, 0x1000_0000), RangeError);
      await device.eraseRegion(0, "all");
      assert.ok(board.flash.isErased(0, board.flash.size));
    },
  );
});

Deno.test("Device.eraseRegion says what an ESP8266's ROM erases beyond", async () => {
  const notes: string[] = [];
  const onProgress = (event: ProgressEvent) =>
    event.kind === "note" && notes.push(event.message);
  const options = {
    chip: "esp8266",
    flash: noise(0x8000),
    open: { stub: false },
  };
  await withDevice(options, async (device, { board }) => {
    await device.eraseRegion(0x5000, 0x1000, { onProgress });
    assert.ok(board.flash.isErased(0x5000, 0x2000));
    assert.match(notes.join(), /4096 bytes more.*from 0x0000_6000 on/);
    notes.length = 0;
    await device.eraseRegion(0x2000, 0x2000, { onProgress });
    assert.deepEqual(notes, []);
    assert.ok(!board.flash.isErased(0x4000, 0x1000));
  });
});

Deno.test("Device reads and writes registers and memory", async () => {
  await withDevice({ chip: "esp32" }, async (device) => {
    await device.writeReg(0x3ffe_8000, 0x1122_3344);
    await device.writeReg(0x3ffe_8000, 0xffff_ffff, { mask: 0xff00 });
    assert.equal(await device.readReg(0x3ffe_8000), 0x1122_ff44);
    assert.equal(
      (await device.dumpMem(0x3ffe_8000, 8)).toHex(),
      "44ff221100000000",
    );
  });
});

Deno.test("Device's operations take turns", async () => {
  await withDevice(
    { chip: "esp8266", mac: "18:fe:34:11:22:33" },
    async (device) => {
      const [mac, flash, chipId] = await Promise.all([
        device.readMac(),
        device.flashId(),
        device.chipId(),
      ]);
      assert.equal(mac, "18:fe:34:11:22:33");
      assert.equal(flash.size, 0x40_0000);
      assert.equal(chipId, 0x11_2233);
    },
  );
});

Deno.test("open raises the speed after the stub runs", async () => {
  await withDevice(
    { chip: "esp8266", open: { baud: 921_600 } },
    async (device, { board }) => {
      assert.equal(device.baudRate, 921_600);
      assert.equal(board.baudRate, 921_600);
      await device.writeFlash({ 0: noise(0x1_0000) });
    },
  );
});

Deno.test("open keeps the speed of an ESP8266 ROM, which cannot change it, and says so", async () => {
  const notes: string[] = [];
  const onProgress = (event: ProgressEvent) =>
    event.kind === "note" && notes.push(event.message);
  await withDevice({
    chip: "esp8266",
    open: { baud: 921_600, stub: false, onProgress },
  }, async (device) => {
    assert.equal(device.baudRate, 115_200);
    assert.equal(notes.length, 1);
    await device.readMac();
  });
});

Deno.test("open leaves the work to the ROM where no stub runs, and says so", async () => {
  const notes: string[] = [];
  const onProgress = (event: ProgressEvent) =>
    event.kind === "note" && notes.push(event.message);
  await withDevice(
    { chip: "esp32h21", open: { onProgress } },
    async (device) => {
      assert.equal(device.isStub, false);
      assert.deepEqual(notes, [
        "No flasher stub runs on this ESP32-H21: its ROM does the work",
      ]);
      await device.writeFlash({ 0x1000: noise(100) });
    },
  );
});

Deno.test("open refuses another chip than the one that was asked for, and closes the port", async () => {
  await withBoard({ chip: "esp32c3" }, async ({ board, clock }) => {
    await assert.rejects(open(board, { chip: "esp32", clock }), {
      name: "ChipError",
      code: "chip-mismatch",
      message: /ESP32-C3.*ESP32/,
    });
    assert.ok(await isFree(board));
  });
});

Deno.test("open gives up when its time is over, and closes the port", async () => {
  await withBoard({ chip: "esp32", strap: "run" }, async ({ board, clock }) => {
    await assert.rejects(open(board, { clock, timeout: 700, attempts: 0 }), {
      name: "TimeoutError",
      ms: 700,
    });
    assert.equal(clock.now(), 700);
    assert.ok(await isFree(board));
  });
});

Deno.test("Device closes the port after a failure, and runs the application", async () => {
  await withBoard({ chip: "esp32" }, async ({ board, clock }) => {
    await assert.rejects(async () => {
      await using device = await open(board, { clock });
      await device.readReg(0x4000_1000);
      throw new Error("mine");
    }, { message: "mine" });
    assert.equal(board.state, "app");
    assert.ok(await isFree(board));
  });
});

Deno.test("Device stops an operation by signal, and closes the port", async () => {
  await withBoard(
    { chip: "esp32", timing: "clocked" },
    async ({ board, clock }) => {
      const controller = new AbortController();
      const onProgress = (event: ProgressEvent) =>
        event.kind === "write" && event.done > 0 &&
        controller.abort(new Error("stop"));
      const device = await open(board, { clock });
      const write = device.writeFlash({ 0x1_0000: noise(0x2_0000) }, {
        signal: controller.signal,
        onProgress,
      });
      await assert.rejects(write, { message: "stop" });
      await device.close();
      assert.ok(await isFree(board));
      await assert.rejects(device.readMac(), { code: "port-closed" });
    },
  );
});

Deno.test("Device's time limit stops an operation", async () => {
  await withDevice({ chip: "esp32", timing: "clocked" }, async (device) => {
    await assert.rejects(
      device.writeFlash({ 0: noise(0x1_0000) }, { timeout: 1000 }),
      {
        name: "TimeoutError",
        ms: 1000,
        message: /write flash/,
      },
    );
  });
});

Deno.test("Device leaves the chip as the mode says", async () => {
  for (
    const [after, state] of [["hard-reset", "app"], ["no-reset", "stub"], [
      "no-reset-stub",
      "stub",
    ]] as const
  ) {
    await withBoard({ chip: "esp32" }, async ({ board, clock }) => {
      const device = await open(board, { clock, after });
      await device.close();
      await device.close();
      assert.equal(board.state, state, after);
    });
  }
  await withDevice(
    { chip: "esp32", open: { stub: false } },
    async (device, { board }) => {
      await device.writeFlash({ 0x1000: bootloader(esp32) });
      await device.run();
      assert.equal(board.state, "app");
    },
  );
});

Deno.test("Device's events carry the port", async () => {
  const ports = new Set<string>();
  await withBoard({ chip: "esp32", name: "left" }, async ({ board, clock }) => {
    await using device = await open(board, {
      clock,
      onProgress: ({ port }) => ports.add(port),
    });
    await device.writeFlash({ 0: noise(100) });
  });
  assert.deepEqual([...ports], ["sim://esp32#left"]);
});

Deno.test("Device.loadRam runs a program in RAM, which closing leaves alone", async () => {
  await withBoard({ chip: "esp8266" }, async ({ board, clock }) => {
    const device = await open(board, { clock, stub: false });
    const segments = [{ address: 0x4010_0000, data: noise(64) }];
    await device.loadRam(
      buildImage({ entry: 0x4010_0000, segments }, { chip: esp8266 }),
    );
    board.traffic.clear();
    await device.close();
    assert.equal(board.state, "app");
    assert.deepEqual(
      board.traffic.entries.filter(({ kind }) => kind === "reset"),
      [],
    );
  });
});
