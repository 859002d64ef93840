import assert from "node:assert/strict";
import { chipById } from "../../lib/chips/registry.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ChipError, TimeoutError, TransportError } from "../../lib/errors.ts";
import {
  connectLoader,
  type ConnectOptions,
} from "../../lib/loader/connect.ts";
import { parseResetSequence } from "../../lib/loader/reset.ts";
import type { ProgressEvent } from "../../lib/progress.ts";
import type { TransportInfo } from "../../lib/transport/transport.ts";
import {
  fakeDevice,
  type FakeHandler,
  syncReplies,
  wordOf,
} from "./_fake_rom.ts";
import { ScriptedPort, type ScriptedPortOptions } from "./_scripted_port.ts";

const MAGIC_ADDRESS = 0x4000_1000;

/** A ROM with this magic value that answers SYNC, from the nth one on. */
function rom(
  magic: number,
  options: { from?: number; statusBytes?: 2 | 4 } = {},
): FakeHandler {
  const { from = 1, statusBytes = 4 } = options;
  let syncs = 0;
  return (request) => {
    if (request.opcode === 0x08) {
      return ++syncs < from ? undefined : syncReplies(0x2012_0707, statusBytes);
    }
    if (request.opcode === 0x0a && wordOf(request, 0) === MAGIC_ADDRESS) {
      return { value: magic };
    }
    if (request.opcode === 0x14) return { status: 0xff00 };
    return undefined;
  };
}

/** A C3 with this chip id. */
function secured(id: number, length = 20): FakeHandler {
  return (request) => {
    if (request.opcode === 0x08) return syncReplies(0x2012_0707, 4);
    if (request.opcode === 0x14) {
      const data = new Uint8Array(20);
      data[12] = id;
      return { data: data.subarray(0, length) };
    }
    return request.opcode === 0x0a ? { value: 0x0000_07c6 } : undefined;
  };
}

async function connecting(
  port: ScriptedPortOptions & { clock?: ManualClock },
  options: ConnectOptions = {},
) {
  const clock = port.clock ?? new ManualClock();
  const events: ProgressEvent[] = [];
  const device = new ScriptedPort({ ...port, clock });
  const work = connectLoader(device, {
    clock,
    onProgress: (event) => events.push(event),
    ...options,
  });
  const outcome = await clock.drive(
    work.then((loader) => ({ loader }), (error) => ({ error })),
  );
  if ("loader" in outcome) await outcome.loader.close();
  return {
    clock,
    device,
    events,
    loader: "loader" in outcome ? outcome.loader : undefined,
    error: "error" in outcome ? outcome.error : undefined,
  };
}

Deno.test("connectLoader resets, synchronises, detects, and tells of it", async () => {
  const { loader, events, device } = await connecting({
    onWrite: fakeDevice(4, rom(0x00f0_1d83)),
  });
  assert.equal(loader?.chip.id, "esp32");
  assert.equal(loader?.isStub, false);
  assert.deepEqual(events, [
    {
      kind: "connect",
      port: "test://port",
      attempt: 1,
      attempts: 7,
      reset: "tight",
    },
    { kind: "identify", port: "test://port", chip: "ESP32" },
  ]);
  assert.equal(device.closes, 1);
});

Deno.test("connectLoader takes all eight replies to SYNC off the line", async () => {
  const { loader, clock } = await connecting({
    onWrite: fakeDevice(2, rom(0xfff0_c101, { statusBytes: 2 })),
  }, { chip: chipById("esp8266") });
  assert.equal(loader?.chip.id, "esp8266");
  // The reset and the quiet after it: no wait for a reply that came already.
  assert.equal(clock.now(), 170);
});

const CYCLES: ReadonlyArray<
  readonly [string, Partial<TransportInfo>, ConnectOptions, string[]]
> = [
  ["lines that move together", { signals: "together" }, {}, [
    "tight",
    "tight-slow",
    "classic",
    "classic-slow",
    "tight",
  ]],
  ["lines that move one by one", { signals: "separate" }, {}, [
    "classic",
    "classic-slow",
    "classic",
    "classic-slow",
    "classic",
  ]],
  ["no lines", { signals: "none" }, {}, [
    "none",
    "none",
    "none",
    "none",
    "none",
  ]],
  [
    "a USB-Serial/JTAG port",
    { usbVendorId: 0x303a, usbProductId: 0x1001 },
    {},
    [
      "usb-jtag",
      "usb-jtag",
      "usb-jtag",
      "usb-jtag",
      "usb-jtag",
    ],
  ],
  ["usb-reset", {}, { before: "usb-reset" }, new Array(5).fill("usb-jtag")],
  [
    "a custom reset",
    {},
    { reset: parseResetSequence("R1|R0") },
    new Array(5).fill("custom"),
  ],
  ["no-reset", {}, { before: "no-reset" }, new Array(5).fill("none")],
];

for (const [what, info, options, resets] of CYCLES) {
  Deno.test(`connectLoader cycles through the resets for ${what}`, async () => {
    const { events, error, device } = await connecting({ info }, {
      attempts: 5,
      ...options,
    });
    assert.deepEqual(
      events.flatMap((event) => event.kind === "connect" ? [event.reset] : []),
      resets,
    );
    assert.ok(error instanceof ChipError && error.code === "no-serial-data");
    const notes = events.filter(({ kind }) => kind === "note").length;
    assert.equal(notes, info.signals === "none" ? 1 : 0);
    if (resets[0] === "none") assert.deepEqual(device.events, []);
    assert.equal(device.closes, 0);
    assert.equal(device.readable.locked, false);
  });
}

Deno.test("connectLoader sends five SYNCs in an attempt, 150 ms apart", async () => {
  const { device, clock } = await connecting({}, {
    attempts: 2,
    before: "no-reset",
  });
  assert.equal(device.writes.length, 10);
  assert.equal(clock.now(), 1500);
});

Deno.test("connectLoader goes on for as long as it is told", async () => {
  for (const attempts of [0, -1, Infinity]) {
    const { loader, events } = await connecting({
      onWrite: fakeDevice(4, rom(0x00f0_1d83, { from: 200 })),
    }, { attempts });
    assert.equal(loader?.chip.id, "esp32");
    const last = events.findLast((event) => event.kind === "connect");
    assert.deepEqual([last?.attempt, last?.attempts], [40, Infinity]);
  }
});

Deno.test("connectLoader ends by its timeout or its signal, and gives the port back", async () => {
  const { error, device } = await connecting({}, {
    attempts: 0,
    timeout: 1234,
  });
  assert.ok(error instanceof TimeoutError && error.ms === 1234);
  assert.equal(
    error.message,
    "Cannot connect to test://port: it is not done in 1234 ms",
  );
  assert.equal(device.writable.locked, false);
  const clock = new ManualClock();
  const controller = new AbortController();
  clock.schedule(() => controller.abort("stop"), 500);
  const stopped = await connecting({ clock }, {
    attempts: 0,
    signal: controller.signal,
  });
  assert.equal(stopped.error, "stop");
  assert.equal(clock.now(), 500);
});

Deno.test("connectLoader fails at once when the port goes", async () => {
  const { error, clock } = await connecting({
    onWrite: (_bytes, port) => port.unplug(),
  });
  assert.ok(error instanceof TransportError && error.code === "port-gone");
  assert.equal(clock.now(), 170);
});

Deno.test("connectLoader finds a stub by eight zeros, and believes no fewer", async () => {
  const stub = (replies: Uint8Array): FakeHandler => (request) =>
    request.opcode === 0x08 ? replies : rom(0x00f0_1d83)(request);
  const zeros = await connecting({
    onWrite: fakeDevice(2, stub(syncReplies(0, 2))),
  });
  assert.equal(zeros.loader?.isStub, true);
  const mixed = new Uint8Array([
    ...syncReplies(0, 2).subarray(0, 24),
    ...syncReplies(5, 2).subarray(24),
  ]);
  const some = await connecting({ onWrite: fakeDevice(2, stub(mixed)) });
  assert.equal(some.loader?.isStub, false);
});

Deno.test("connectLoader without SYNC tells a stub by its status bytes", async () => {
  for (const statusBytes of [2, 4] as const) {
    const { loader, device } = await connecting({
      onWrite: fakeDevice(statusBytes, rom(0x00f0_1d83)),
    }, { before: "no-reset-no-sync" });
    assert.equal(loader?.isStub, statusBytes === 2);
    assert.ok(device.writes.every((bytes) => bytes[2] !== 0x08));
  }
});

Deno.test("connectLoader knows betas by their chip ids, to say that they are not supported", async () => {
  for (const id of [4, 6, 7, 10, 14, 17]) {
    const { error } = await connecting({
      onWrite: fakeDevice(4, secured(id)),
    });
    assert.ok(error instanceof ChipError && error.code === "chip-unknown");
    assert.match(error.message, /chip id \d+ is an unsupported beta's$/);
  }
});

Deno.test("connectLoader detects by chip id, and by magic value where there is none", async () => {
  const found = async (handler: FakeHandler, options: ConnectOptions = {}) => {
    const { loader, error } = await connecting({
      onWrite: fakeDevice(4, handler),
    }, options);
    return loader?.chip.name ?? error.message;
  };
  assert.equal(await found(secured(9)), "ESP32-S3");
  assert.equal(
    await found(secured(5), { chip: chipById("esp32c3") }),
    "ESP32-C3",
  );
  assert.equal(
    await found(secured(11)),
    "Cannot identify the chip on test://port: no known chip has chip id 11",
  );
  assert.equal(
    await found(secured(0, 12)),
    "ESP32-S2",
  );
  assert.equal(
    await found(secured(5), { chip: chipById("esp32") }),
    "Cannot go on: the chip on test://port is an ESP32-C3, not an ESP32",
  );
  assert.equal(
    await found(rom(0x00f0_1d83), { chip: chipById("esp32c3") }),
    "Cannot go on: the chip on test://port is an ESP32, not an ESP32-C3",
  );
});

Deno.test("connectLoader explains what the boot log shows", async () => {
  const { error } = await connecting({
    onSignals: (signals, port) => {
      if (signals.rts === false && signals.dtr === true) {
        port.text(
          "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n",
        );
      }
    },
  }, { attempts: 2 });
  assert.ok(error instanceof ChipError && error.code === "wrong-boot-mode");
});

Deno.test("connectLoader listens to an ESP8266's log at 74,880 baud, and restores the speed", async () => {
  const { error, device } = await connecting({
    onSignals: (signals, port) => {
      if (signals.rts !== false || signals.dtr !== true) return;
      if (port.baudRate === 74_880) {
        port.text("\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n");
      } else {
        port.send(Uint8Array.fromHex("8efe029cf2e01c80"));
      }
    },
  }, { attempts: 1 });
  assert.ok(error instanceof ChipError && error.code === "wrong-boot-mode");
  assert.match(error.message, /wrong boot mode 0x3 \(reset cause 2\)/);
  assert.equal(device.baudRate, 115_200);
});

Deno.test("connectLoader does not look for an ESP8266's log where another chip is expected", async () => {
  const { error, device } = await connecting({
    onSignals: (_signals, port) => port.send(Uint8Array.of(0x80, 0xfe, 0x01)),
  }, { attempts: 1, chip: chipById("esp32") });
  assert.ok(error instanceof ChipError && error.code === "no-sync-reply");
  assert.ok(device.events.every(({ baud }) => baud === undefined));
});
