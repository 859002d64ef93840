/** How the loader deals with what is peculiar to chips and boards, on virtual ones. */

import assert from "node:assert/strict";
import { resetAfter } from "../../lib/device/after_mode.ts";
import { ChipError } from "../../lib/errors.ts";
import { connectLoader } from "../../lib/loader/connect.ts";
import {
  attachFlash,
  eraseRegion,
  flashMd5,
  readFlash,
  writeFlash,
} from "../../lib/loader/flash.ts";
import { readFlashId } from "../../lib/loader/spi_flash.ts";
import { publishedStub, runStub } from "../../lib/loader/stub.ts";
import {
  VirtualBoard,
  type VirtualBoardOptions,
} from "../../lib/simulator/mod.ts";
import type { Transport } from "../../lib/transport/transport.ts";

async function plugged(options: VirtualBoardOptions) {
  // Only an application with a USB console has to be brought into the loader.
  const isOtg = options.usb === "otg";
  const board = new VirtualBoard({
    strap: isOtg ? "auto" : "download",
    ...options,
  });
  const loader = await connectLoader(await board.open(), {
    before: isOtg ? "default-reset" : "no-reset",
    readBootLog: false,
  });
  return {
    board,
    loader,
    async [Symbol.asyncDispose]() {
      await loader.close();
      await board.close();
    },
  };
}

/** The parameters of a command, as words. */
function words(board: VirtualBoard, name: string): number[][] {
  return board.traffic.requests(name).map(({ body }) => {
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    return Array.from(
      { length: body.length >> 2 },
      (_, i) => view.getUint32(4 * i, true),
    );
  });
}

Deno.test("changeBaudRate asks a ROM for the speed that goes with the crystal that it believes in", async () => {
  const c5 = (mhz: number) => ({ 0x6009_6110: mhz << 24 });
  const rows: [VirtualBoardOptions, number][] = [
    [{ chip: "esp32c2", crystalMhz: 26 }, 354_461],
    [{ chip: "esp32c2", crystalMhz: 40 }, 230_400],
    [{ chip: "esp32c5", crystalMhz: 48 }, 230_400],
    [{ chip: "esp32c5", crystalMhz: 48, registers: c5(40) }, 192_000],
    [{ chip: "esp32c5", crystalMhz: 40, registers: c5(48) }, 276_480],
    [{ chip: "esp32c3" }, 230_400],
  ];
  for (const [options, asked] of rows) {
    await using rom = await plugged(options);
    await rom.loader.changeBaudRate(230_400);
    await rom.loader.sync();
    assert.deepEqual(words(rom.board, "CHANGE_BAUDRATE"), [[asked, 0]]);
    assert.ok(Math.abs(rom.board.baudRate / 230_400 - 1) < 0.001);
    const stub = await runStub(rom.loader);
    await stub.changeBaudRate(460_800);
    await stub.sync();
    assert.deepEqual(words(rom.board, "CHANGE_BAUDRATE")[1], [
      460_800,
      230_400,
    ]);
  }
});

Deno.test("connectLoader brings an application with a USB console into the loader over USB-OTG, and resetAfter out of it", async () => {
  for (const chip of ["esp32s2", "esp32s3", "esp32p4"]) {
    await using otg = await plugged({ chip, usb: "otg" });
    const { board, loader } = otg;
    assert.equal(loader.usbMode, "otg");
    assert.deepEqual([loader.ramBlockSize, loader.flashBlockSize], [
      0x800,
      0x400,
    ]);
    const stub = await runStub(loader);
    assert.deepEqual([stub.usbMode, stub.ramBlockSize], ["otg", 0x800]);
    await resetAfter(stub, "hard-reset", {});
    assert.equal(board.state, "app");
  }
});

Deno.test("a chip that keeps FORCE_DOWNLOAD_BOOT comes back into the loader if nobody clears it", async () => {
  await using otg = await plugged({ chip: "esp32s3", usb: "otg" });
  await resetAfter(otg.loader, "watchdog-reset", {});
  assert.equal(otg.board.state, "rom");
});

Deno.test("connectLoader asks the ROM for its USB port where a port's ids are not known", async () => {
  const rows = [
    ["esp32s2", "otg"],
    ["esp32s3", "otg"],
    ["esp32s3", "jtag"],
    ["esp32p4", "otg"],
    ["esp32p4", "jtag"],
    ["esp32c6", "jtag"],
    ["esp32h2", "jtag"],
    ["esp32s3", "bridge"],
    ["esp32c3", "bridge"],
  ] as const;
  for (const [chip, usb] of rows) {
    await using board = new VirtualBoard({ chip, usb, strap: "download" });
    const port = await board.open({ link: "stream" });
    const loader = await connectLoader(nameless(port));
    assert.equal(loader.usbMode, usb === "bridge" ? undefined : usb, chip);
    await loader.close();
  }
});

/** A port as a network has it: of the USB ids nothing is known. */
function nameless(port: Transport): Transport {
  const { usbVendorId: _vendor, usbProductId: _product, ...info } = port.info;
  return new Proxy(port, {
    get: (target, name) => {
      if (name === "info") return info;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("connectLoader stops both watchdogs over USB-Serial/JTAG, and none over a bridge", async () => {
  const chips = ["esp32s3", "esp32c3", "esp32c5", "esp32c6", "esp32c61"];
  for (const chip of [...chips, "esp32h2", "esp32h21", "esp32h4", "esp32p4"]) {
    await using usb = await plugged({ chip, usb: "jtag" });
    const { watchdog, superWatchdog } = usb.loader.chip.registers;
    assert(watchdog !== undefined && superWatchdog !== undefined);
    assert.deepEqual(
      words(usb.board, "WRITE_REG").map(([address, value]) => [address, value]),
      [
        [watchdog.writeProtect, watchdog.key],
        [watchdog.config0, 0],
        [watchdog.writeProtect, 0],
        [superWatchdog.writeProtect, superWatchdog.key],
        [superWatchdog.config, superWatchdog.autoFeed],
        [superWatchdog.writeProtect, 0],
      ],
    );
    await using bridge = await plugged({ chip });
    assert.deepEqual(words(bridge.board, "WRITE_REG"), []);
  }
});

Deno.test("connectLoader switches the flash of an ESP32-P4 on where that comes up off, and nowhere else", async () => {
  const fuse = { 0x5012_d034: 0x1_0000 };
  const rows: [VirtualBoardOptions, number][] = [
    [{ chip: "esp32p4", revision: "1.0" }, 0],
    [{ chip: "esp32p4", revision: "3.0" }, 0],
    [{ chip: "esp32p4", revision: "3.1" }, 8],
    [{ chip: "esp32p4", revision: "3.1", registers: fuse }, 8],
    [{ chip: "esp32p4", revision: "3.2" }, 8],
    [{ chip: "esp32p4", revision: "3.2", registers: fuse }, 0],
    [{ chip: "esp32p4", revision: "3.3" }, 0],
  ];
  for (const [options, writes] of rows) {
    await using rom = await plugged(options);
    assert.equal(words(rom.board, "WRITE_REG").length, writes);
    await attachFlash(rom.loader);
    assert.equal((await readFlashId(rom.loader)).manufacturer, 0xc8);
  }
});

Deno.test("a virtual ESP32-P4 v3.1 has no flash until its supply is on", async () => {
  await using rom = await plugged({ chip: "esp32p4", revision: "3.1" });
  await rom.loader.writeReg(0x5011_53fc, 0, { mask: 3 });
  await attachFlash(rom.loader);
  assert.notEqual((await readFlashId(rom.loader)).manufacturer, 0xc8);
});

Deno.test("runStub starts an ESP32-S3's stub through READ_FLASH_SLOW where secure boot is on", async () => {
  await using rom = await plugged({ chip: "esp32s3", secureBoot: true });
  const stub = await runStub(rom.loader);
  assert.equal(rom.board.state, "stub");
  assert.deepEqual(words(rom.board, "MEM_END"), [[1, 0]]);
  assert.deepEqual(words(rom.board, "READ_FLASH_SLOW"), [[0, 0]]);
  const entry = stub.stub?.entry;
  assert.deepEqual(words(rom.board, "WRITE_REG"), [
    [0x3fce_f688, entry, 0xffff_ffff, 0],
  ]);
});

Deno.test("publishedStub yields none where none runs: ESP32-C3 with secure boot, ESP32-C2 v0, ESP32-H21, secure download mode", async () => {
  const rows: [VirtualBoardOptions, boolean][] = [
    [{ chip: "esp32c3", secureBoot: true }, false],
    [{ chip: "esp32c3" }, true],
    [{ chip: "esp32c6", secureBoot: true }, true],
    [{ chip: "esp32c2", revision: "0.1" }, true],
    [{ chip: "esp32c2", revision: "0.0" }, false],
    [{ chip: "esp32h21" }, false],
    [{ chip: "esp32p4", secureDownload: true }, false],
  ];
  for (const [options, some] of rows) {
    await using rom = await plugged(options);
    assert.equal(await publishedStub(rom.loader) !== undefined, some);
  }
});

Deno.test("the flash behind 16 MB is reached by the stubs of some chips, by no ROM and by no other chip", async () => {
  for (
    const [chip, reaches] of [
      ["esp32s3", true],
      ["esp32c5", true],
      ["esp32c61", true],
      ["esp32p4", true],
      ["esp32s31", true],
      ["esp32c3", false],
      ["esp32s2", false],
    ] as const
  ) {
    await using rom = await plugged({ chip, flashSize: "32MB" });
    const data = new Uint8Array(5000).fill(7);
    const address = 0x100_0000 - 0x1000;
    const isRefused = (error: unknown) =>
      error instanceof ChipError && error.code === "chip-lacks" &&
      /16 MB/.test(error.message) &&
      /stub/.test(error.hint ?? "") === reaches;
    const sent = rom.board.traffic.requests().length;
    const { loader } = rom;
    await assert.rejects(writeFlash(loader, { address, data }), isRefused);
    await assert.rejects(readFlash(loader, address, 5000), isRefused);
    await assert.rejects(eraseRegion(loader, address, 0x2000), isRefused);
    await assert.rejects(flashMd5(loader, address, 5000), isRefused);
    assert.equal(rom.board.traffic.requests().length, sent);
    const stub = await runStub(loader);
    const written = writeFlash(stub, { address, data });
    if (!reaches) {
      await assert.rejects(written, { code: "chip-lacks" });
      continue;
    }
    await written;
    assert.deepEqual(await readFlash(stub, address, 5000), data);
    assert.deepEqual(rom.board.flash.read(address, 5000), data);
  }
});

Deno.test("writeFlash reaches the end of 64 MB and 128 MB by the stub", async () => {
  for (const megabytes of [64, 128]) {
    await using rom = await plugged({
      chip: "esp32p4",
      flashSize: `${megabytes}MB`,
    });
    const stub = await runStub(rom.loader);
    const address = megabytes * 0x10_0000 - 0x1000;
    const data = new Uint8Array(0x1000).fill(3);
    await writeFlash(stub, { address, data });
    assert.deepEqual(await readFlash(stub, address, 0x1000), data);
  }
});
