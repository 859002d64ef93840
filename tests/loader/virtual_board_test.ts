import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chipById, CHIPS as ALL_CHIPS } from "../../lib/chips/registry.ts";
import { ManualClock, systemClock } from "../../lib/clock.ts";
import { ChipError, CommandError, EspError } from "../../lib/errors.ts";
import type { ProgressEvent } from "../../lib/progress.ts";
import { DEFAULT_TIMEOUTS } from "../../lib/protocol/timeouts.ts";
import {
  connectLoader,
  type ConnectOptions,
} from "../../lib/loader/connect.ts";
import {
  attachFlash,
  eraseFlash,
  eraseRegion,
  flashMd5,
  readFlash,
  writeFlash,
} from "../../lib/loader/flash.ts";
import { readIdentity } from "../../lib/loader/identity.ts";
import type { Loader } from "../../lib/loader/loader.ts";
import { dumpMem, loadRam } from "../../lib/loader/ram.ts";
import { hardReset, softReset } from "../../lib/loader/reset.ts";
import {
  readFlashId,
  readFlashStatus,
  readSfdp,
  writeFlashStatus,
} from "../../lib/loader/spi_flash.ts";
import { runStub } from "../../lib/loader/stub.ts";
import {
  badMd5,
  type Behavior,
  bootLoop,
  dropBytes,
  flipBytes,
  noSync,
  refuseCommand,
  unplugAt,
  wrongChip,
} from "../../lib/simulator/behaviors.ts";
import {
  VirtualBoard,
  type VirtualBoardOptions,
} from "../../lib/simulator/virtual_board.ts";

const CHIPS = ["esp8266", "esp32", "esp32s3", "esp32c3"] as const;

interface BoardSetup extends VirtualBoardOptions {
  readonly stub?: boolean;
  readonly connect?: ConnectOptions;
}

/**
 * Connects to a new board, with or without stub, and does `work`. No time
 * passes, unless a clock is given: zlib does its work outside the manual one.
 */
async function onBoard<T>(
  options: BoardSetup,
  work: (loader: Loader, board: VirtualBoard) => Promise<T>,
): Promise<T> {
  if (options.clock === undefined) {
    const clock = new ManualClock();
    return await clock.drive(onBoard({ ...options, clock }, work));
  }
  await using board = new VirtualBoard(options);
  const connect = { ...options.connect, clock: options.clock };
  await using rom = await connectLoader(await board.open(), connect);
  const loader = options.stub ? await runStub(rom) : rom;
  return await work(loader, board);
}

/** Bytes that compress somewhat, the same every time. */
function firmware(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let index = 0; index < size; index++) {
    state = (state * 1103515245 + 12345) & 0x7fff_ffff;
    bytes[index] = index % 3 === 0 ? state >> 16 : index >> 8;
  }
  return bytes;
}

function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let start = 0; start < size; start += 32) {
    const digest = createHash("sha256").update(`${start}`).digest();
    bytes.set(digest.subarray(0, Math.min(32, size - start)), start);
  }
  return bytes;
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** What the board's flash holds. */
function held(board: VirtualBoard, address: number, size: number): string {
  return md5(board.flash.read(address, size));
}

/** The crystal that most boards of a family have, in megahertz, where it is not 40. */
const CRYSTALS: Readonly<Record<string, number>> = {
  ...{ esp8266: 26, esp32c2: 26, esp32c5: 48 },
  ...{ esp32h2: 32, esp32h21: 32, esp32h4: 32 },
};
/** Families with IEEE 802.15.4, but for the ESP32-S31, of which esptool 5.6 tells no EUI-64 either. */
const WITH_EUI64 = ["esp32c6", "esp32h2", "esp32c5", "esp32h21", "esp32h4"];

for (const { id } of ALL_CHIPS) {
  Deno.test(`readIdentity tells a virtual ${id}'s addresses and crystal`, () =>
    onBoard({ chip: id, mac: "02:11:22:33:44:55" }, async (loader) => {
      const { mac, macExtension, eui64, crystalMhz } = await readIdentity(
        loader,
      );
      assert.equal(loader.chip.id, id);
      assert.equal(mac, "02:11:22:33:44:55");
      assert.equal(crystalMhz, CRYSTALS[id] ?? 40);
      const expected = WITH_EUI64.includes(id)
        ? ["ff:fe", "02:11:22:ff:fe:33:44:55"]
        : [undefined, undefined];
      assert.deepEqual([macExtension, eui64], expected);
    }));
}

for (const chip of CHIPS) {
  for (const stub of [false, true]) {
    const where = `${chip} ${stub ? "stub" : "ROM"}`;

    Deno.test(`loader identifies a virtual ${where}`, () =>
      onBoard({ chip, stub }, async (loader, board) => {
        assert.equal(loader.chip.id, chip);
        assert.equal(loader.isStub, stub);
        const identity = await readIdentity(loader);
        assert.equal(identity.mac, board.mac);
        assert.equal(identity.crystalMhz, chip === "esp8266" ? 26 : 40);
        assert.equal(
          identity.chipId & 0xff_ffff,
          parseInt(board.mac.replaceAll(":", "").slice(6), 16),
        );
      }));

    for (
      const [kind, data] of [
        ["compressible", firmware(70_001)],
        ["incompressible", noise(40_000)],
      ] as const
    ) {
      Deno.test(`writeFlash writes ${kind} data to a virtual ${where}`, () =>
        onBoard({
          chip,
          stub,
          flash: new Uint8Array(0x6_0000),
          clock: systemClock,
        }, async (loader, board) => {
          await attachFlash(loader, { size: 0x40_0000 });
          const done: number[] = [];
          const result = await writeFlash(loader, { address: 0x1_0000, data }, {
            onProgress: (event) =>
              event.kind === "write" && done.push(event.done),
          });
          assert.equal(result.bytes, data.length);
          assert.equal(held(board, 0x1_0000, data.length), md5(data));
          // What was zero before and behind stays so, but for the rest of the last sector.
          assert.ok(board.flash.read(0xf000, 0x1000).every((b) => b === 0));
          const end = 0x1_0000 + Math.ceil(data.length / 0x1000) * 0x1000;
          assert.ok(
            board.flash.read(end + 0x1000, 0x1000).every((b) => b === 0),
          );
          assert.equal(done.at(-1), data.length);
          assert.deepEqual(done, done.toSorted((a, b) => a - b));
          const compressed = kind === "compressible" &&
            (stub || chip !== "esp8266");
          assert.equal(result.wireBytes < data.length, compressed);
          if (stub || chip !== "esp8266") {
            assert.equal(
              await flashMd5(loader, 0x1_0000, data.length),
              md5(data),
            );
          }
        }));
    }

    Deno.test(`readFlash reads what a virtual ${where} holds`, () =>
      onBoard({ chip, stub, flash: firmware(0x3000) }, async (loader) => {
        await attachFlash(loader, { size: 0x40_0000 });
        const reading = readFlash(loader, 0x101, 0x1e03);
        if (chip === "esp8266" && !stub) {
          await assert.rejects(reading, { code: "chip-lacks" });
        } else {
          assert.equal(
            md5(await reading),
            md5(firmware(0x3000).subarray(0x101, 0x101 + 0x1e03)),
          );
        }
      }));

    Deno.test(`eraseRegion and eraseFlash erase a virtual ${where}`, () =>
      onBoard({ chip, stub, flash: new Uint8Array(0x6_0000) }, async (
        loader,
        board,
      ) => {
        await attachFlash(loader, { size: 0x40_0000 });
        await eraseRegion(loader, 0x1_e000, 0x1_4000);
        const erased = board.flash.read(0x1_e000, 0x1_4000);
        assert.ok(erased.every((byte) => byte === 0xff));
        assert.ok(board.flash.read(0x1_d000, 0x1000).every((b) => b === 0));
        assert.ok(board.flash.read(0x3_3000, 0x1000).every((b) => b === 0));
        if (stub) {
          await eraseFlash(loader);
          assert.ok(board.flash.read(0, 0x6_0000).every((b) => b === 0xff));
        } else {
          await assert.rejects(eraseFlash(loader), { code: "chip-lacks" });
        }
      }));

    Deno.test(`the flash of a virtual ${where} answers id, status and SFDP`, () =>
      onBoard({ chip, stub, flashSize: "2MB" }, async (loader) => {
        await attachFlash(loader);
        const id = await readFlashId(loader);
        assert.equal(id.manufacturer, 0xc8);
        assert.equal(id.size, 0x20_0000);
        assert.equal(await readSfdp(loader, 0, 4), 0x5044_4653);
        const before = await readFlashStatus(loader, 2);
        await writeFlashStatus(loader, 0x021c, 2, { nonVolatile: true });
        assert.equal(await readFlashStatus(loader, 2) & 0x021c, 0x021c);
        await writeFlashStatus(loader, before, 2);
        assert.equal(await readFlashStatus(loader, 2), before);
      }));

    Deno.test(`changeBaudRate speeds a virtual ${where} up`, () =>
      onBoard(
        { chip, stub, flash: firmware(0x8000) },
        async (loader, board) => {
          if (chip === "esp8266" && !stub) {
            await assert.rejects(loader.changeBaudRate(460_800), {
              code: "chip-lacks",
            });
            return;
          }
          await loader.changeBaudRate(460_800);
          assert.ok(Math.abs(board.baudRate / 460_800 - 1) < 0.02);
          await attachFlash(loader, { size: 0x40_0000 });
          const data = noise(5000);
          await writeFlash(loader, { address: 0x2000, data });
          assert.equal(held(board, 0x2000, 5000), md5(data));
        },
      ));

    Deno.test(`loadRam puts a program into a virtual ${where}`, () =>
      onBoard({ chip, stub, ramText: "program runs" }, async (loader) => {
        const dram = loader.chip.memory.find(({ kind }) => kind === "dram");
        const free = chip === "esp8266" ? 0x3fff_c000 : undefined;
        const address = free ?? (dram?.start ?? 0) + 0x100;
        const data = firmware(7000);
        await loadRam(loader, [{ address, data }], 0);
        const back = await dumpMem(loader, address, 501);
        assert.equal(md5(back), md5(data.subarray(0, 501)));
        await loadRam(loader, [{ address, data }], address);
        await loader.link.drain(20);
        const text = new TextDecoder().decode(loader.link.recent());
        assert.match(text, /program runs/);
      }));
  }

  Deno.test(`runStub finds a virtual ${chip}'s stub again after no-reset`, () =>
    onBoard({ chip, stub: true }, async (loader, board) => {
      await loader.close();
      await using again = await connectLoader(await board.open(), {
        before: "no-reset",
        clock: loader.link.clock,
      });
      assert.equal(again.isStub, true);
      assert.equal(await runStub(again), again);
    }));

  Deno.test(`hardReset starts a virtual ${chip}'s application`, () =>
    onBoard({ chip, stub: true }, async (loader, board) => {
      await hardReset(loader.link);
      assert.equal(board.state, "app");
    }));
}

/** A flash whose application is one segment of four bytes. */
function runnableFlash(): Uint8Array {
  const flash = new Uint8Array(0x2000).fill(0xff);
  const header = "e9010220 00000840 ee00000000000000000000ffff000000";
  flash.set(Uint8Array.fromHex(header.replaceAll(" ", "")), 0x1000);
  flash.set(Uint8Array.fromHex("0000084004000000deadbeef"), 0x1018);
  return flash;
}

Deno.test("softReset starts a virtual ESP32's application from the ROM", () =>
  onBoard({ chip: "esp32", flash: runnableFlash() }, async (loader, board) => {
    await attachFlash(loader);
    await softReset(loader);
    await loader.link.drain(20);
    assert.equal(board.state, "app");
  }));

Deno.test("softReset says that the stub cannot leave", () =>
  onBoard({ chip: "esp8266", stub: true }, async (loader) => {
    await assert.rejects(softReset(loader), { code: "chip-lacks" });
  }));

Deno.test("loadRam refuses to overwrite the stub that loads it", () =>
  onBoard({ chip: "esp32", stub: true }, async (loader) => {
    await assert.rejects(
      loadRam(
        loader,
        [{ address: 0x400a_7fff, data: new Uint8Array(2) }],
        0x400a_7fff,
      ),
      (error) => error instanceof ChipError && error.code === "ram-overlap",
    );
    await loadRam(
      loader,
      [{ address: 0x400a_7ff0, data: new Uint8Array(16) }],
      0,
    );
  }));

Deno.test("writeFlash survives bytes that flip on their way to a stub", () =>
  onBoard({
    chip: "esp32",
    stub: true,
    behaviors: [flipBytes({ at: 60_000, direction: "to-board" })],
  }, async (loader, board) => {
    const events: ProgressEvent[] = [];
    const data = noise(100_000);
    await writeFlash(loader, { address: 0, data }, {
      compress: false,
      onProgress: (event) => events.push(event),
    });
    assert.equal(held(board, 0, data.length), md5(data));
    assert.ok(events.some(({ kind }) => kind === "note"));
  }));

/** Loses one byte of the nth FLASH_DATA packet, or of the reply to it. */
function loseIn(packet: number, direction: "to-board" | "to-host"): Behavior {
  return {
    name: "lose",
    start: () => {
      let [data, replies] = [0, 0];
      const lose = (bytes: Uint8Array, count: number) =>
        count === packet ? bytes.subarray(1) : bytes;
      return direction === "to-board"
        ? {
          receive: (bytes) =>
            bytes.length > 0x400 && bytes[2] === 0x03
              ? lose(bytes, ++data)
              : bytes,
        }
        : {
          send: (bytes) => bytes[2] === 0x03 ? lose(bytes, ++replies) : bytes,
        };
    },
  };
}

for (const stub of [false, true]) {
  for (const direction of ["to-board", "to-host"] as const) {
    const loader = stub ? "a stub" : "a ROM";
    Deno.test(`writeFlash survives a byte lost ${direction} with ${loader}`, () =>
      onBoard({
        chip: "esp32c3",
        stub,
        connect: {
          timeouts: { ...DEFAULT_TIMEOUTS, default: 150, eraseWritePerMb: 1 },
        },
        behaviors: [loseIn(3, direction)],
      }, async (loader, board) => {
        const events: ProgressEvent[] = [];
        const data = noise(60_000);
        await attachFlash(loader);
        await writeFlash(loader, { address: 0x1000, data }, {
          compress: false,
          onProgress: (event) => events.push(event),
        });
        assert.equal(held(board, 0x1000, data.length), md5(data));
        assert.ok(events.some(({ kind }) => kind === "note"), "no retry");
      }));
  }
}

Deno.test("readFlash notices a flipped byte, and the stub can be used again", () =>
  onBoard({
    chip: "esp32",
    stub: true,
    flash: noise(0x8000),
    behaviors: [flipBytes({ at: 20_000 })],
  }, async (loader) => {
    await assert.rejects(
      readFlash(loader, 0, 0x8000),
      (error) =>
        error instanceof EspError &&
        ["verify-failed", "reply-invalid", "frame-invalid", "timeout"].includes(
          error.code,
        ),
    );
    assert.equal(md5(await readFlash(loader, 0, 0x8000)), md5(noise(0x8000)));
  }));

Deno.test("readFlash notices a lost byte, and the stub can be used again", () =>
  onBoard({
    chip: "esp32",
    stub: true,
    flash: noise(0x8000),
    connect: { timeouts: { ...DEFAULT_TIMEOUTS, default: 1500 } },
    behaviors: [dropBytes({ at: 20_000 })],
  }, async (loader) => {
    await assert.rejects(readFlash(loader, 0, 0x8000), EspError);
    assert.equal(md5(await readFlash(loader, 0, 0x8000)), md5(noise(0x8000)));
  }));

Deno.test("flashMd5 hands on what the device computes", () =>
  onBoard(
    { chip: "esp32", stub: true, behaviors: [badMd5()] },
    async (loader) => {
      const right = md5(new Uint8Array(0x1000).fill(0xff));
      assert.notEqual(await flashMd5(loader, 0, 0x1000), right);
    },
  ));

Deno.test("writeFlash names the address when the flash cannot be written", () =>
  onBoard({
    chip: "esp32",
    behaviors: [refuseCommand(0x03, 0x0108)],
  }, async (loader) => {
    await attachFlash(loader);
    await assert.rejects(
      writeFlash(loader, { address: 0x1000, data: noise(0x3000) }, {
        compress: false,
      }),
      (error) =>
        error instanceof CommandError && error.code === "command-failed" &&
        error.message.startsWith(
          "Cannot write flash at 0x0000_1000: device answered status 0x0108 (flash write failed)",
        ),
    );
  }));

const FAILURES: ReadonlyArray<
  readonly [what: string, setup: BoardSetup, code: string, message: RegExp]
> = [
  [
    "an ESP32 whose straps say flash",
    { chip: "esp32", strap: "run" },
    "wrong-boot-mode",
    /wrong boot mode 0x1[0-9a-f] \(SPI_FAST_FLASH_BOOT/,
  ],
  [
    "an ESP8266 whose straps say flash, by its log at 74,880 baud",
    {
      chip: "esp8266",
      strap: "run",
      flash: Uint8Array.fromHex("e9010200000010400000104004000000deadbeef"),
    },
    "wrong-boot-mode",
    /wrong boot mode 0x3 \(reset cause/,
  ],
  [
    "an ESP32-C3 that hears nothing",
    { chip: "esp32c3", behaviors: [noSync()] },
    "no-sync-reply",
    /in download mode, but no sync reply/,
  ],
  [
    "an ESP8266 that hears nothing",
    { chip: "esp8266", behaviors: [noSync()] },
    "no-sync-reply",
    /in download mode, but no sync reply/,
  ],
  [
    "a boot loop",
    { chip: "esp32", behaviors: [bootLoop()] },
    "boot-loop",
    /resets again and again/,
  ],
  [
    "another chip",
    {
      chip: "esp32",
      behaviors: [wrongChip("esp32c3")],
      connect: { chip: chipById("esp32") },
    },
    "chip-mismatch",
    /is an ESP32-C3, not an ESP32$/,
  ],
  [
    "a cable that is pulled",
    { chip: "esp32", behaviors: [unplugAt(50)] },
    "port-gone",
    /./,
  ],
];

for (const [what, setup, code, message] of FAILURES) {
  Deno.test(`connectLoader explains ${what}`, () =>
    assert.rejects(
      onBoard({ ...setup, connect: { attempts: 2, ...setup.connect } }, () =>
        Promise.resolve()),
      (error) =>
        error instanceof EspError && error.code === code &&
        message.test(error.message),
    ));
}
