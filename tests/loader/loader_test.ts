import assert from "node:assert/strict";
import { chipById } from "../../lib/chips/registry.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ChipError, TimeoutError } from "../../lib/errors.ts";
import { Link } from "../../lib/loader/link.ts";
import { Loader } from "../../lib/loader/loader.ts";
import { decodeSecurityInfo } from "../../lib/loader/security.ts";
import {
  bytesOf,
  REPLIES,
  REQUESTS,
  type WireVector,
} from "../vectors/serial_protocol.ts";
import { fakeDevice, type FakeHandler, wordOf } from "./_fake_rom.ts";
import { ScriptedPort, type ScriptedPortOptions } from "./_scripted_port.ts";

interface Setup {
  readonly chip?: string;
  readonly isStub?: boolean;
  readonly statusBytes?: 2 | 4;
  readonly handler?: FakeHandler;
  readonly port?: ScriptedPortOptions;
}

function setUp(setup: Setup = {}) {
  const { chip = "esp32", isStub = false, handler = () => ({}) } = setup;
  const clock = new ManualClock();
  const port = new ScriptedPort({
    clock,
    onWrite: fakeDevice(setup.statusBytes ?? (isStub ? 2 : 4), handler),
    ...setup.port,
  });
  const loader = new Loader(new Link(port, { clock }), chipById(chip), {
    isStub,
  });
  return { clock, port, loader };
}

const RANGE = { address: 0x3_0000, size: 0x1000 };
const FOUR_BYTES = Uint8Array.of(0xc0, 0xdb, 0x01, 0x02);

const CASES: ReadonlyArray<
  readonly [
    vector: WireVector,
    setup: Setup,
    call: (loader: Loader) => Promise<unknown>,
  ]
> = [
  [REQUESTS.sync, {}, (l) => l.sync()],
  [REQUESTS.readReg, {}, (l) => l.readReg(0x4000_1000)],
  [REQUESTS.writeReg, {}, (l) => l.writeReg(0x3ff4_202c, 0x17)],
  [
    REQUESTS.writeRegMasked,
    {},
    (l) => l.writeReg(0x3ffe_8000, 0x1122_3344, { mask: 0xffff_00ff }),
  ],
  [
    REQUESTS.writeRegDelayed,
    {},
    (l) => l.writeReg(0x6000_8090, 1, { delayUs: 100 }),
  ],
  [
    REQUESTS.flashBegin,
    {},
    (l) =>
      l.flashBegin({
        size: 4096,
        blocks: 4,
        blockSize: 0x400,
        offset: 0x5_0000,
      }),
  ],
  [
    REQUESTS.flashBeginPlain,
    { isStub: true },
    (l) =>
      l.flashBegin({
        size: 4096,
        blocks: 1,
        blockSize: 0x4000,
        offset: 0x3_0000,
      }),
  ],
  [
    REQUESTS.flashData,
    {},
    (l) => l.flashData({ data: FOUR_BYTES, sequence: 7 }),
  ],
  [REQUESTS.flashEndStay, {}, (l) => l.flashEnd({ reboot: false })],
  [REQUESTS.flashEndReboot, {}, (l) => l.flashEnd({ reboot: true })],
  [
    REQUESTS.memBegin,
    {},
    (l) =>
      l.memBegin({
        size: 0x17fc,
        blocks: 1,
        blockSize: 0x1800,
        address: 0x400a_8000,
      }),
  ],
  [
    REQUESTS.memData,
    {},
    (l) =>
      l.memData({
        data: Uint8Array.from({ length: 16 }, (_, i) => i),
        sequence: 0,
      }),
  ],
  [REQUESTS.memEndRun, {}, (l) => l.memEnd({ entry: 0x400a_9074 })],
  [REQUESTS.memEndStay, {}, (l) => l.memEnd({ entry: 0 })],
  [REQUESTS.spiSetParams, {}, (l) => l.spiSetParams(0x40_0000)],
  [REQUESTS.spiAttachRom, {}, (l) => l.spiAttach(0)],
  [REQUESTS.spiAttachStub, { isStub: true }, (l) => l.spiAttach(1)],
  [REQUESTS.readFlashSlow, {
    handler: () => ({ data: new Uint8Array(64) }),
  }, (l) => l.readFlashSlow({ address: 0x1_0000, size: 64 })],
  [
    REQUESTS.changeBaudRom,
    { chip: "esp32c3" },
    (l) => l.changeBaudRate(460_800),
  ],
  [REQUESTS.changeBaudStub, { isStub: true }, (l) => l.changeBaudRate(921_600)],
  [
    REQUESTS.flashDeflBegin,
    {},
    (l) =>
      l.flashDeflBegin({
        size: 4096,
        blocks: 1,
        blockSize: 0x400,
        offset: 0x2_0000,
      }),
  ],
  [
    REQUESTS.flashDeflBeginPlain,
    { chip: "esp32c3" },
    (l) =>
      l.flashDeflBegin({
        size: 4096,
        blocks: 1,
        blockSize: 0x400,
        offset: 0x2_0000,
      }),
  ],
  [REQUESTS.flashDeflEndStay, {}, (l) => l.flashDeflEnd({ reboot: false })],
  [REQUESTS.spiFlashMd5, {
    handler: () => ({ data: new Uint8Array(32).fill(0x30) }),
  }, (l) => l.spiFlashMd5(RANGE)],
  [REQUESTS.getSecurityInfo, {
    chip: "esp32c3",
    handler: () => ({ data: new Uint8Array(20) }),
  }, (l) => l.getSecurityInfo()],
  [REQUESTS.eraseFlash, { isStub: true }, (l) => l.eraseFlash()],
  [REQUESTS.eraseRegion, { isStub: true }, (l) => l.eraseRegion(RANGE)],
  [REQUESTS.runUserCode, { isStub: true }, (l) => l.runUserCode()],
];

for (const [vector, setup, call] of CASES) {
  Deno.test(`Loader sends ${vector.note}`, async () => {
    const { clock, port, loader } = setUp(setup);
    await clock.drive(call(loader));
    assert.equal(port.writes.at(-1)?.toHex(), bytesOf(vector).toHex());
    await loader.close();
  });
}

Deno.test("Loader refuses what its ROM lacks, and sends nothing", async () => {
  const lacks: ReadonlyArray<
    readonly [string, boolean, (loader: Loader) => Promise<unknown>, string]
  > = [
    [
      "esp8266",
      false,
      (l) => l.changeBaudRate(460_800),
      "the ESP8266 ROM has no such command",
    ],
    [
      "esp8266",
      false,
      (l) => l.spiFlashMd5(RANGE),
      "the ESP8266 ROM has no such command",
    ],
    [
      "esp8266",
      false,
      (l) => l.readFlashSlow(RANGE),
      "the ESP8266 ROM has no such command",
    ],
    [
      "esp32",
      false,
      (l) => l.eraseFlash(),
      "the ESP32 ROM has no such command",
    ],
    [
      "esp32",
      false,
      (l) => l.runUserCode(),
      "the ESP32 ROM has no such command",
    ],
    [
      "esp32",
      false,
      (l) => l.getSecurityInfo(),
      "the ESP32 ROM has no such command",
    ],
    [
      "esp32",
      true,
      (l) => l.readFlashSlow(RANGE),
      "the ESP32 stub has no such command",
    ],
  ];
  for (const [chip, isStub, call, why] of lacks) {
    const { port, loader } = setUp({ chip, isStub });
    await assert.rejects(
      call(loader),
      (error) =>
        error instanceof ChipError && error.code === "chip-lacks" &&
        error.message.endsWith(why),
    );
    assert.deepEqual(port.writes, []);
    await loader.close();
  }
});

Deno.test("Loader reads digests as a ROM and as a stub send them", async () => {
  for (
    const [vector, digest] of [
      [REPLIES.md5Rom, "8b8130dd2354d29eeb357f68912b0ba6".length],
      [REPLIES.md5Stub, 32],
    ] as const
  ) {
    const { loader } = setUp({ port: { onWrite: () => bytesOf(vector) } });
    const answer = await loader.spiFlashMd5(RANGE);
    assert.match(answer, /^[0-9a-f]+$/);
    assert.equal(answer.length, digest);
    await loader.close();
  }
});

Deno.test("memEnd forgives a ROM that is gone, but not a stub", async () => {
  const rom = setUp({ chip: "esp8266", handler: () => undefined });
  await rom.clock.drive(rom.loader.memEnd({ entry: 0x4010_0000 }));
  assert.equal(rom.clock.now(), 200);
  const stub = setUp({ isStub: true, handler: () => undefined });
  await assert.rejects(
    stub.clock.drive(stub.loader.memEnd({ entry: 0x4010_0000 })),
    TimeoutError,
  );
  await rom.loader.close();
  await stub.loader.close();
});

Deno.test("changeBaudRate tells an ESP32's ROM a speed that fits its idea of the crystal", async () => {
  // Cycles of a 40 MHz crystal in one of the oscillator's: at 8.5 MHz there are fewer.
  const cases = [
    [1280, 80, 460_800],
    [1280, 85, 489_600],
    [1204, 80, 433_440],
    [832, 80, 460_800],
    [0, 80, 460_800],
  ] as const;
  for (const [counted, ck8m, asked] of cases) {
    const seen: number[] = [];
    const { clock, loader, port } = setUp({
      handler: (request) => {
        if (request.opcode === 0x0f) seen.push(wordOf(request, 0));
        if (request.opcode !== 0x0a) return {};
        return wordOf(request, 0) === 0x3ff5_f06c
          ? { value: counted << 7 | 0x15 }
          : { value: 0xab00 | ck8m };
      },
    });
    await clock.drive(loader.changeBaudRate(460_800));
    assert.deepEqual(seen, [asked]);
    assert.equal(port.baudRate, 460_800);
    assert.equal(clock.now(), 50);
    await loader.close();
  }
});

Deno.test("Loader fills RAM by smaller packets over USB-OTG, and flash by the usual ones", async () => {
  const otg = setUp({
    chip: "esp32s3",
    isStub: true,
    port: { info: { usbVendorId: 0x303a, usbProductId: 0x0009 } },
  });
  assert.equal(otg.loader.flashBlockSize, 0x4000);
  assert.equal(otg.loader.ramBlockSize, 0x800);
  const uart = setUp({ chip: "esp32s3" });
  assert.equal(uart.loader.flashBlockSize, 0x400);
  assert.equal(uart.loader.ramBlockSize, 0x1800);
  await otg.loader.close();
  await uart.loader.close();
});

Deno.test("flashBegin tells an ESP8266's ROM half of what it erases, and waits for all of it", async () => {
  const { clock, port, loader } = setUp({
    chip: "esp8266",
    handler: () => undefined,
  });
  const begin = loader.flashBegin({
    size: 0x2_0000,
    blocks: 128,
    blockSize: 0x400,
    offset: 0,
  });
  await assert.rejects(
    clock.drive(begin),
    (error) =>
      error instanceof TimeoutError && error.ms === 40 * 0x2_0000 / 1000,
  );
  assert.equal(
    port.writes[0]?.toHex(),
    "c000021000000000000000010080000000000400000000000" + "0c0",
  );
  await loader.close();
});

Deno.test("decodeSecurityInfo reads the long and the short form", () => {
  const long = Uint8Array.fromHex(
    "0500000003" + "00010203040506" + "05000000" + "03000000",
  );
  assert.deepEqual(decodeSecurityInfo(long), {
    flags: 5,
    flashCryptCount: 3,
    keyPurposes: [0, 1, 2, 3, 4, 5, 6],
    chipId: 5,
    apiVersion: 3,
  });
  assert.deepEqual(decodeSecurityInfo(long.subarray(0, 12)), {
    flags: 5,
    flashCryptCount: 3,
    keyPurposes: [0, 1, 2, 3, 4, 5, 6],
  });
  for (let size = 0; size < 20; size++) {
    if (size === 12) continue;
    assert.throws(() => decodeSecurityInfo(long.subarray(0, size)), {
      code: "reply-invalid",
    });
  }
});
