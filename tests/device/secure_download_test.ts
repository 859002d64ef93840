/** A board in secure download mode: what is left works, and the rest is refused before anything is sent. */

import assert from "node:assert/strict";
import { VirtualBoard } from "../../lib/simulator/mod.ts";
import {
  ChipError,
  type Device,
  EspError,
  open,
  type ProgressEvent,
} from "../../mod.ts";
import { makeImage, noise } from "../cli/_boards.ts";
import { runCli } from "../cli/_cli.ts";

const CHIPS = ["esp32s2", "esp32s3", "esp32c2", "esp32c5", "esp32p4"];

/** The opcodes that ESP-IDF's documentation leaves in this mode, and no others. */
const LEFT = [
  ...["SYNC", "GET_SECURITY_INFO", "CHANGE_BAUDRATE"],
  ...["SPI_ATTACH", "SPI_SET_PARAMS", "FLASH_BEGIN", "FLASH_DATA"],
  ...["FLASH_DEFL_BEGIN", "FLASH_DEFL_DATA"],
];

function secured(chip: string): VirtualBoard {
  return new VirtualBoard({
    chip,
    secureDownload: true,
    flashSize: "16MB",
    flash: noise(0x6000),
  });
}

for (const chip of CHIPS) {
  Deno.test(`Device writes and erases an ${chip} in secure download mode by what is left`, async () => {
    await using board = secured(chip);
    const data = noise(5000, 7);
    {
      await using device = await open(board, { baud: 460_800 });
      assert.equal(device.chip.id, chip);
      assert.deepEqual([device.secureDownload, device.isStub], [true, false]);
      const [file] = await device.writeFlash([[0x90_0000, data]]);
      assert.equal(file?.verified, false);
      await device.eraseRegion(0x1000, 0x2000);
      const { flags } = await device.getSecurityInfo();
      assert.equal(flags & 4, 4);
    }
    assert.deepEqual(board.flash.read(0x90_0000, 5000), data);
    assert.ok(board.flash.isErased(0x1000, 0x2000));
    assert.deepEqual(
      board.flash.read(0x3000, 0x3000),
      noise(0x6000).slice(0x3000),
    );
    const names = new Set(board.traffic.requests().map(({ name }) => name));
    assert.deepEqual([...names].filter((name) => !LEFT.includes(name)), []);
  });
}

Deno.test("Device keeps the speed of an ESP32-C2 and C5 in secure download mode, whose crystal cannot be known", async () => {
  for (
    const [chip, speed] of [["esp32c2", 115_200], ["esp32c5", 115_200], [
      "esp32s3",
      460_800,
    ]] as const
  ) {
    await using board = secured(chip);
    const events: ProgressEvent[] = [];
    await using device = await open(board, {
      baud: 460_800,
      onProgress: (event) => void events.push(event),
    });
    assert.equal(device.baudRate, speed);
    const notes = events.flatMap((event) =>
      event.kind === "note" ? event.message : []
    );
    assert.equal(
      notes.some((note) => /cannot change its speed in secure/.test(note)),
      speed === 115_200,
    );
  }
});

const REFUSED: Readonly<Record<string, (device: Device) => Promise<unknown>>> =
  {
    readIdentity: (device) => device.readIdentity(),
    readMac: (device) => device.readMac(),
    chipId: (device) => device.chipId(),
    readReg: (device) => device.readReg(0x6000_0000),
    writeReg: (device) => device.writeReg(0x6000_0000, 0),
    dumpMem: (device) => device.dumpMem(0x6000_0000, 4),
    flashId: (device) => device.flashId(),
    readFlashStatus: (device) => device.readFlashStatus(),
    writeFlashStatus: (device) => device.writeFlashStatus(0),
    readSfdp: (device) => device.readSfdp(0, 4),
    readFlash: (device) => device.readFlash(0, 16),
    flashMd5: (device) => device.flashMd5(0, 16),
    verifyFlash: (device) => device.verifyFlash([[0, noise(16)]]),
    eraseFlash: (device) => device.eraseFlash(),
    loadRam: (device) => device.loadRam(makeImage("esp32s3")),
    run: (device) => device.run(),
  };

Deno.test("Device refuses what secure download mode does not have, before anything is sent", async (t) => {
  await using board = secured("esp32s3");
  await using device = await open(board);
  const before = board.traffic.requests().length;
  for (const [name, call] of Object.entries(REFUSED)) {
    await t.step(name, async () => {
      await assert.rejects(
        call(device),
        (error) =>
          error instanceof ChipError && error.code === "security-active" &&
          /secure download mode/.test(error.message) &&
          error.hint !== undefined,
      );
    });
  }
  assert.equal(board.traffic.requests().length, before);
});

Deno.test("Device writes no stub's commands and past no 16 MB in secure download mode", async () => {
  await using board = secured("esp32s3");
  await using device = await open(board);
  await assert.rejects(
    device.writeFlash([[0x1000, noise(16)]], { eraseAll: true }),
    (error) => error instanceof EspError && error.code === "security-active",
  );
  await assert.rejects(
    device.eraseRegion(0x100_0000, 0x1000),
    (error) => error instanceof EspError && error.code === "chip-lacks",
  );
  await assert.rejects(
    open(secured("esp32s3"), { stub: { entry: 4, text: "", text_start: 0 } }),
    { code: "security-active" },
  );
  assert.deepEqual(board.flash.read(0, 0x6000), noise(0x6000));
});

Deno.test("write-flash leaves a bootloader's parameters alone in secure download mode, and --json tells the rest", async () => {
  await using board = secured("esp32s3");
  const image = makeImage("esp32s3");
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, image);
    const words = ["--json", "--port", "bench", "write-flash", "-fs", "8MB"];
    const { code, stdout } = await runCli([...words, "0", file], {
      boards: { bench: board },
    });
    assert.equal(code, 0, stdout);
    assert.equal(JSON.parse(stdout).chip, undefined);
    assert.deepEqual(board.flash.read(0, image.length), image);
  } finally {
    await Deno.remove(file);
  }
});
