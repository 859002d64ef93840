import assert from "node:assert/strict";
import { chipById } from "../../lib/chips/registry.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ChipError } from "../../lib/errors.ts";
import { Link } from "../../lib/loader/link.ts";
import { Loader } from "../../lib/loader/loader.ts";
import {
  hardReset,
  leaveForcedDownload,
  parseResetSequence,
  playReset,
  RESET_SEQUENCES,
  type ResetSequence,
  softReset,
  stopWatchdogs,
  transistorResets,
  watchdogReset,
} from "../../lib/loader/reset.ts";
import type { ProgressEvent } from "../../lib/progress.ts";
import { bytesOf, hexBytes, REQUESTS } from "../vectors/serial_protocol.ts";
import { ScriptedPort, type ScriptedPortOptions } from "./_scripted_port.ts";

/** Plays a sequence and tells what happened when: `100 D1 R0`. */
async function played(sequence: ResetSequence): Promise<string> {
  const clock = new ManualClock();
  const port = new ScriptedPort({ clock });
  await using link = new Link(port, { clock });
  await clock.drive(playReset(link, sequence));
  const steps = port.events.map(({ at, dtr, rts }) => {
    const lines = [
      dtr === undefined ? "" : `D${Number(dtr)}`,
      rts === undefined ? "" : `R${Number(rts)}`,
    ];
    return `${at} ${lines.join("")}`;
  });
  return `${steps.join(", ")}; ${clock.now()}`;
}

Deno.test("playReset plays the known sequences to the millisecond", async () => {
  const { tight, tightSlow, classic, classicSlow, usbJtag, hard, usbHard } =
    RESET_SEQUENCES;
  assert.equal(
    await played(tight),
    "0 D0R0, 0 D1R1, 0 D0R1, 100 D1R0, 150 D0R0, 150 D0; 150",
  );
  assert.equal(
    await played(tightSlow),
    "0 D0R0, 0 D1R1, 0 D0R1, 100 D1R0, 650 D0R0, 650 D0; 650",
  );
  assert.equal(
    await played(classic),
    "0 D0, 0 R1, 100 D1, 100 R0, 150 D0; 150",
  );
  assert.equal(
    await played(classicSlow),
    "0 D0, 0 R1, 100 D1, 100 R0, 650 D0; 650",
  );
  assert.equal(
    await played(usbJtag),
    "0 R0, 0 D0, 100 D1, 100 R0, 200 R1, 200 D0, 200 R1, 300 D0, 300 R0; 300",
  );
  assert.equal(await played(hard), "0 D0, 0 R1, 100 R0; 100");
  assert.equal(await played(usbHard), "0 D0, 0 R1, 200 R0; 400");
});

Deno.test("parseResetSequence reads every kind of step", async () => {
  assert.equal(
    await played(parseResetSequence("D0|R1|W0.1|U1,0|W.05| D0 |W2")),
    "0 D0, 0 R1, 100 D1R0, 150 D0; 2150",
  );
});

Deno.test("parseResetSequence refuses what is no step", () => {
  for (
    const text of [
      "",
      "D2",
      "D0|",
      "X1",
      "W",
      "W-1",
      "U1",
      "U1,2",
      "D0R1",
      "W1e3",
    ]
  ) {
    assert.throws(() => parseResetSequence(text), SyntaxError, text);
  }
});

Deno.test("playReset stops where its signal aborts", async () => {
  const clock = new ManualClock();
  const port = new ScriptedPort({ clock });
  await using link = new Link(port, { clock });
  const controller = new AbortController();
  const playing = playReset(link, RESET_SEQUENCES.classic, {
    signal: controller.signal,
  });
  playing.catch(() => {});
  await clock.advance(50);
  controller.abort("stop");
  await assert.rejects(playing, (reason) => reason === "stop");
  assert.equal(port.events.length, 2);
});

function loaderOn(
  options: ScriptedPortOptions,
  chip = "esp32c3",
  isStub = false,
) {
  const clock = new ManualClock();
  const port = new ScriptedPort({ ...options, clock });
  const loader = new Loader(new Link(port, { clock }), chipById(chip), {
    isStub,
  });
  return { clock, port, loader };
}

/** Answers as a ROM that agrees to everything. */
function agree(bytes: Uint8Array): Uint8Array {
  const opcode = bytes.subarray(2, 3).toHex();
  return hexBytes(`c001${opcode}04000000000000000000c0`);
}

Deno.test("hardReset waits longer for a chip's own USB port", async () => {
  const plain = loaderOn({});
  const events: ProgressEvent[] = [];
  await plain.clock.drive(
    hardReset(plain.loader.link, { onProgress: (event) => events.push(event) }),
  );
  assert.equal(plain.clock.now(), 100);
  assert.deepEqual(events, [{
    kind: "reset",
    port: "test://port",
    mode: "hard-reset",
  }]);
  const usb = loaderOn({ info: { usbVendorId: 0x303a, usbProductId: 0x1001 } });
  await usb.clock.drive(hardReset(usb.loader.link));
  assert.equal(usb.clock.now(), 400);
  await plain.loader.close();
  await usb.loader.close();
});

Deno.test("hardReset says that a port without lines cannot reset", async () => {
  const { loader, port } = loaderOn({ info: { signals: "none" } });
  const events: ProgressEvent[] = [];
  await hardReset(loader.link, { onProgress: (event) => events.push(event) });
  assert.deepEqual(events.map(({ kind }) => kind), ["note"]);
  assert.deepEqual(port.events, []);
  await loader.close();
});

Deno.test("softReset leaves a ROM by SPI_ATTACH, FLASH_BEGIN of nothing and FLASH_END", async () => {
  const { clock, loader, port } = loaderOn({ onWrite: agree });
  await clock.drive(softReset(loader));
  assert.deepEqual(port.writes.map((bytes) => bytes.toHex()), [
    hexBytes("c0 00 0d 0800 00000000 00000000 00000000 c0").toHex(),
    hexBytes(
      "c0 00 02 1400 00000000 00000000 00000000 00040000 00000000 00000000 c0",
    ).toHex(),
    bytesOf(REQUESTS.flashEndStay).toHex(),
  ]);
  await loader.close();
});

Deno.test("softReset of a stub is refused if the stub is still there afterwards", async () => {
  const gone = loaderOn({}, "esp8266", true);
  await gone.clock.drive(softReset(gone.loader));
  assert.equal(
    gone.port.writes[0]?.toHex(),
    bytesOf(REQUESTS.runUserCode).toHex(),
  );
  const there = loaderOn(
    {
      onWrite: (bytes) =>
        bytes[2] === 0x08 ? hexBytes("c0010802000000000000 00c0") : undefined,
    },
    "esp8266",
    true,
  );
  await assert.rejects(
    there.clock.drive(softReset(there.loader)),
    (error) => error instanceof ChipError && error.code === "chip-lacks",
  );
  await gone.loader.close();
  await there.loader.close();
});

/** The register writes among the requests: address = value & mask. */
function registerWrites(port: ScriptedPort): string[] {
  return port.writes.filter((bytes) => bytes[2] === 0x09).map((bytes) => {
    const hex = bytes.toHex().replaceAll("dbdc", "c0").replaceAll("dbdd", "db");
    const word = (index: number) =>
      Uint8Array.fromHex(hex.slice(18 + 8 * index, 26 + 8 * index)).reverse()
        .toHex();
    const mask = word(2) === "ffffffff" ? "" : ` & ${word(2)}`;
    return `${word(0)} = ${word(1)}${mask}`;
  });
}

Deno.test("watchdogReset unlocks, arms and locks an ESP32-C3's RTC watchdog, and waits", async () => {
  const { clock, loader, port } = loaderOn({ onWrite: agree });
  await clock.drive(watchdogReset(loader));
  assert.deepEqual(registerWrites(port), [
    "600080a8 = 50d83aa1",
    "60008094 = 000007d0",
    "60008090 = d0000102",
    "600080a8 = 00000000",
  ]);
  assert.equal(clock.now(), 500);
  await loader.close();
});

Deno.test("watchdogReset is refused where the chip cannot", async () => {
  // The ESP32 has no such watchdog, and the ESP32-C6's does not reset it.
  for (const chip of ["esp32", "esp32c6"]) {
    const { loader, port } = loaderOn({ onWrite: agree }, chip);
    await assert.rejects(
      watchdogReset(loader),
      (error) => error instanceof ChipError && error.code === "chip-lacks",
    );
    assert.deepEqual(port.writes, []);
    await loader.close();
  }
});

Deno.test("stopWatchdogs stops both watchdogs over USB-Serial/JTAG only", async () => {
  const uart = loaderOn({ onWrite: agree });
  await stopWatchdogs(uart.loader);
  assert.deepEqual(uart.port.writes, []);
  const usb = loaderOn({
    onWrite: agree,
    info: { usbVendorId: 0x303a, usbProductId: 0x1001 },
  });
  await usb.clock.drive(stopWatchdogs(usb.loader));
  assert.deepEqual(registerWrites(usb.port), [
    "600080a8 = 50d83aa1",
    "60008090 = 00000000",
    "600080a8 = 00000000",
    "600080b0 = 8f1d312a",
    "600080ac = 80000000 & 80000000",
    "600080b0 = 00000000",
  ]);
  await uart.loader.close();
  await usb.loader.close();
});

Deno.test("stopWatchdogs finds each family's super watchdog, and its bit", async () => {
  // As real esptool 5.6 writes them.
  const expected = {
    esp32c6: [
      "600b1c18 = 50d83aa1",
      "600b1c00 = 00000000",
      "600b1c18 = 00000000",
      "600b1c20 = 50d83aa1",
      "600b1c1c = 00040000 & 00040000",
      "600b1c20 = 00000000",
    ],
    esp32h2: [
      "600b1c1c = 50d83aa1",
      "600b1c00 = 00000000",
      "600b1c1c = 00000000",
      "600b1c24 = 50d83aa1",
      "600b1c20 = 00040000 & 00040000",
      "600b1c24 = 00000000",
    ],
    esp32h4: [
      "60090064 = 50d83aa1",
      "60090048 = 00000000",
      "60090064 = 00000000",
      "600b5424 = 50d83aa1",
      "600b5420 = 00040000 & 00040000",
      "600b5424 = 00000000",
    ],
  };
  const info = { usbVendorId: 0x303a, usbProductId: 0x1001 };
  for (const [chip, writes] of Object.entries(expected)) {
    const { loader, port } = loaderOn({ onWrite: agree, info }, chip);
    await stopWatchdogs(loader);
    assert.deepEqual(registerWrites(port), writes, chip);
    await loader.close();
  }
});

Deno.test("leaveForcedDownload clears the ESP32-S3's flag over USB-OTG only", async () => {
  const info = { usbVendorId: 0x303a, usbProductId: 0x0009 };
  const otg = loaderOn({ onWrite: agree, info }, "esp32s3");
  await leaveForcedDownload(otg.loader);
  assert.deepEqual(registerWrites(otg.port), [
    "6000812c = 00000000 & 00000001",
  ]);
  const uart = loaderOn({ onWrite: agree }, "esp32s3");
  await leaveForcedDownload(uart.loader);
  assert.deepEqual(uart.port.writes, []);
  await otg.loader.close();
  await uart.loader.close();
});

Deno.test("transistorResets hold GPIO0 as long as they are told", async () => {
  const { classic, tightSlow } = transistorResets(120);
  assert.equal(
    await played(classic),
    "0 D0, 0 R1, 100 D1, 100 R0, 220 D0; 220",
  );
  assert.equal(
    await played(tightSlow),
    "0 D0R0, 0 D1R1, 0 D0R1, 100 D1R0, 720 D0R0, 720 D0; 720",
  );
});

Deno.test("hardReset plays a reset of one's own", async () => {
  const clock = new ManualClock();
  const port = new ScriptedPort({ clock });
  const own = parseResetSequence("R1|W0.3|R0");
  await using link = new Link(port, { clock, hardReset: own });
  await clock.drive(hardReset(link));
  assert.deepEqual(port.events, [{ at: 0, rts: true }, {
    at: 300,
    rts: false,
  }]);
});
