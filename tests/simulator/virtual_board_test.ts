import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ManualClock } from "../../lib/clock.ts";
import { TransportError } from "../../lib/errors.ts";
import { encodeUint32 } from "../../lib/bytes.ts";
import { encodeFrame } from "../../lib/framing/slip.ts";
import { Traffic } from "../../lib/simulator/traffic.ts";
import { virtualBoardFromUrl } from "../../lib/simulator/url.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";
import { latin1, plugIn, type RawHost } from "./_host.ts";

const READ_MAGIC = "c0000a0400000000000010" + "0040c0";

function writeReg(address: number, value: number): Uint8Array {
  return encodeFrame(
    Uint8Array.of(0, 9, 16, 0, 0, 0, 0, 0),
    encodeUint32(address, value, 0xffff_ffff, 0),
  );
}

async function enterDownload(host: RawHost): Promise<void> {
  for (const [dtr, rts] of [[false, true], [true, false], [false, false]]) {
    await host.port.setSignals({ dtr, rts });
  }
  await host.settle();
}

Deno.test("VirtualBoard runs its application, enters download mode by DTR and RTS, and leaves it by RTS", async () => {
  await using board = new VirtualBoard({ chip: "esp32" });
  assert.equal(board.state, "off");
  await using host = await plugIn(board);
  assert.match(latin1(await host.settle()), /boot:0x13/);
  assert.equal(board.state, "app");
  assert.equal((await host.exchange(READ_MAGIC)).length, 0);
  await enterDownload(host);
  assert.equal(board.state, "rom");
  assert.equal((await host.exchange(READ_MAGIC)).length, 14);
  await host.port.setSignals({ rts: true });
  await host.port.setSignals({ rts: false });
  assert.match(latin1(await host.settle()), /boot:0x13/);
  assert.deepEqual(
    board.traffic.entries.filter(({ kind }) => kind === "reset").map((entry) =>
      entry.kind === "reset" && `${entry.cause} ${entry.mode}`
    ),
    ["power-on run", "enable-pin download", "enable-pin run"],
  );
});

Deno.test("VirtualBoard goes on as it was left when a host comes again, and starts anew after its plug was pulled", async () => {
  await using board = new VirtualBoard({ chip: "esp32c3" });
  const first = await plugIn(board);
  await enterDownload(first);
  await assert.rejects(
    board.open(),
    (error: TransportError) => error.code === "port-busy",
  );
  await first[Symbol.asyncDispose]();
  assert.equal(board.state, "rom");
  const second = await plugIn(board);
  assert.equal((await second.exchange(READ_MAGIC)).length, 14);
  board.unplug();
  assert.equal(board.state, "off");
  const error = await second.ended;
  assert.ok(error instanceof TransportError && error.code === "port-gone");
  await using third = await plugIn(board);
  assert.match(latin1(await third.settle()), /boot:0xc/);
  await board.close();
  await assert.rejects(
    board.open(),
    (error: TransportError) => error.code === "port-closed",
  );
  await second.port.close();
});

Deno.test("VirtualBoard with its boot button held is in download mode after every reset", async () => {
  await using board = new VirtualBoard({ chip: "esp8266", strap: "download" });
  await using host = await plugIn(board);
  await host.settle();
  assert.equal(board.state, "rom");
  board.reset();
  await host.settle();
  assert.equal(board.state, "rom");
});

Deno.test("VirtualBoard on USB-Serial/JTAG follows its controller, at any speed", async () => {
  await using board = new VirtualBoard({ chip: "esp32s3", usb: "jtag" });
  await using host = await plugIn(board, { baudRate: 9600 });
  assert.equal(host.port.info.usbVendorId, 0x303a);
  assert.equal(host.port.info.usbProductId, 0x1001);
  await host.port.setSignals({ dtr: true, rts: false });
  await host.port.setSignals({ rts: true });
  await host.port.setSignals({ dtr: false });
  assert.match(latin1(await host.settle()), /rst:0x15 .*boot:0x0 /);
  assert.equal((await host.exchange(READ_MAGIC)).length, 14);
});

Deno.test("VirtualBoard is reset by its watchdog, which samples the straps", async () => {
  await using board = new VirtualBoard({ chip: "esp32c3" });
  await using host = await plugIn(board);
  await enterDownload(host);
  const { watchdog } = board.chip.registers;
  assert.ok(watchdog !== undefined);
  const armed = 0x8000_0000 + 0x5000_0000 + 0x102;
  await host.exchange(writeReg(watchdog.config0, armed));
  await host.exchange(writeReg(watchdog.writeProtect, 0));
  assert.equal(board.state, "rom", "the registers were locked");
  await host.exchange(writeReg(watchdog.writeProtect, watchdog.key));
  await host.exchange(writeReg(watchdog.config1, 2000));
  await host.exchange(writeReg(watchdog.config0, armed));
  const text = latin1(await host.exchange(writeReg(watchdog.writeProtect, 0)));
  assert.match(text, /rst:0x10 .*boot:0xc/);
  assert.equal(board.state, "app");
});

Deno.test("VirtualBoard takes a line's and a flash chip's time by its clock", async () => {
  const clock = new ManualClock();
  await using board = new VirtualBoard({
    ...{ chip: "esp8266", strap: "download" as const },
    ...{ clock, timing: "clocked" as const },
    flash: new Uint8Array(0x2000),
  });
  await using host = await plugIn(board, { baudRate: 74880 });
  await clock.advance(100);
  await host.settle();
  const begin = encodeFrame(
    Uint8Array.of(0, 2, 16, 0, 0, 0, 0, 0),
    encodeUint32(0x1000, 4, 0x400, 0),
  );
  const start = clock.now();
  const reply = host.take(1);
  await clock.drive((async () => {
    await host.write(begin);
    await reply;
  })());
  // The ESP8266 erases two sectors for one. 26 bytes to it, 12 back.
  const line = (26 + 12) * 10_000 / 74880;
  assert.ok(clock.now() - start >= 100 + 26 * 10_000 / 74880);
  assert.ok(clock.now() - start <= 100 + line + 1);
  await clock.advance(10);
});

Deno.test("VirtualBoard survives whatever bytes and levels come", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("esp8266", "esp32", "esp32s3", "esp32c3"),
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.tuple(
            fc.constantFrom(...[
              2,
              3,
              4,
              5,
              7,
              9,
              10,
              11,
              13,
              14,
              15,
              16,
              17,
              18,
              19,
              20,
            ]),
            fc.array(
              fc.constantFrom(0, 1, 4, 64, 0x1000, 0x40_0000, 0xffff_ffff),
              { maxLength: 5 },
            ),
          ),
          fc.boolean(),
        ),
        { maxLength: 12 },
      ),
      async (chip, steps) => {
        await using board = new VirtualBoard({
          chip,
          strap: "download",
          flashSize: "256KB",
        });
        await using host = await plugIn(board, { link: "stream" });
        for (const step of steps) {
          if (typeof step === "boolean") board.reset();
          else if (step instanceof Uint8Array) await host.write(step);
          else {
            const [opcode, words] = step;
            const size = words.length * 4;
            await host.write(
              encodeFrame(
                Uint8Array.of(0, opcode, size, 0, 0, 0, 0, 0),
                encodeUint32(...words),
              ),
            );
          }
          await host.settle();
        }
        board.reset();
        await host.settle();
        await host.write("c0c0c0");
        const reply = await host.exchange(READ_MAGIC);
        assert.ok(reply.length >= 12, chip);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("VirtualBoard counts addresses up in a series and tells boards apart by name", () => {
  const at = (index: number) =>
    new VirtualBoard({
      chip: "ESP32-C3",
      mac: "a0:76:4e:00:00:ff",
      index,
      name: "x",
    });
  assert.equal(at(0).mac, "a0:76:4e:00:00:ff");
  assert.equal(at(2).mac, "a0:76:4e:00:01:01");
  assert.equal(at(0).port, "sim://esp32c3#x");
});

Deno.test("virtualBoardFromUrl reads every parameter, and refuses what it does not know", async () => {
  await using board = virtualBoardFromUrl(
    "sim://esp8266?mac=18:fe:34:00:00:01&index=1&flash-size=1MB&flash-id=0xef4014&strap=download" +
      "&crystal=40&timing=instant&usb=bridge&app=hi&fault=no-sync&fault=unplug@9#left",
  );
  assert.equal(board.port, "sim://esp8266#left");
  assert.equal(board.mac, "18:fe:34:00:00:02");
  assert.equal(board.flash.size, 1024 * 1024);
  assert.equal(board.flash.jedecId, 0xef4014);
  assert.ok(virtualBoardFromUrl("sim://esp32?revision=1.0"));
  const secured =
    "sim://esp32s3?usb=otg&secure-download&secure-boot=true&flash-encryption=false";
  assert.ok(virtualBoardFromUrl(secured));
  for (
    const url of [
      ...["tcp://esp32", "sim://esp32?colour=red", "sim://esp32?strap=up"],
      ...[
        "sim://esp32?fault=bad",
        "sim://esp32?mac=1",
        "sim://esp32?crystal=x",
        "sim://esp32s3?secure-download=maybe",
        "sim://esp32s3?usb=cable",
      ],
    ]
  ) {
    assert.throws(() => virtualBoardFromUrl(url), SyntaxError, url);
  }
  for (
    const url of [
      "sim://esp99",
      "sim://esp32?flash-size=3MB",
      "sim://esp32?flash-size=big",
      "sim://esp32?secure-download",
      "sim://esp8266?secure-boot",
      "sim://esp8266?flash-encryption",
    ]
  ) {
    assert.throws(() => virtualBoardFromUrl(url), RangeError, url);
  }
});

Deno.test("VirtualBoard with an ESP32-C2 logs at 74,880 baud with a crystal of 26 MHz", async () => {
  for (const [crystalMhz, speed] of [[26, 74_880], [40, 115_200]] as const) {
    await using board = new VirtualBoard({
      chip: "esp32c2",
      crystalMhz,
      strap: "download",
    });
    await using host = await plugIn(board, { baudRate: speed });
    assert.match(latin1(await host.take(40)), /^ESP-ROM:esp8684-api2/);
    assert.equal(board.baudRate, speed);
  }
});

Deno.test("VirtualBoard on USB-OTG heeds its lines while its application runs, and not in the loader", async () => {
  await using board = new VirtualBoard({ chip: "esp32s3", usb: "otg" });
  await using host = await plugIn(board);
  const set = (dtr: boolean, rts: boolean) =>
    host.port.setSignals({ dtr, rts });
  assert.equal(board.state, "app");
  await set(false, true);
  await set(true, false);
  await host.settle();
  assert.equal(board.state, "rom");
  await set(false, true);
  await set(false, false);
  await host.settle();
  assert.equal(board.state, "rom");
  board.reset();
  await host.settle();
  assert.equal(board.state, "app");
});

Deno.test("Traffic is bounded, names commands and forgets the oldest first", () => {
  const traffic = new Traffic({ maxBytes: 1000 });
  for (let opcode = 0; opcode < 40; opcode++) {
    traffic.record({
      kind: "request",
      loader: "rom",
      opcode,
      name: String(opcode),
      body: new Uint8Array(20),
    });
  }
  assert.ok(traffic.entries.length <= 1000 / 84);
  assert.equal(traffic.requests().at(-1)?.opcode, 39);
  assert.equal(traffic.requests("0").length, 0);
  traffic.clear();
  assert.equal(traffic.entries.length, 0);
});
