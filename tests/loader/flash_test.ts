import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";
import { chipById } from "../../lib/chips/registry.ts";
import { concatBytes, xorChecksum } from "../../lib/bytes.ts";
import { ManualClock } from "../../lib/clock.ts";
import { CommandError, TimeoutError, VerifyError } from "../../lib/errors.ts";
import { encodeFrame } from "../../lib/framing/slip.ts";
import { deflate, InflateMeter } from "../../lib/loader/_deflate.ts";
import {
  attachFlash,
  type AttachFlashOptions,
  eraseRegion,
  flashMd5,
  readFlash,
  writeFlash,
} from "../../lib/loader/flash.ts";
import { Link } from "../../lib/loader/link.ts";
import { Loader } from "../../lib/loader/loader.ts";
import type { ProgressEvent } from "../../lib/progress.ts";
import type { RequestPacket } from "../../lib/protocol/packet.ts";
import { fakeDevice, type FakeHandler, wordOf } from "./_fake_rom.ts";
import { ScriptedPort } from "./_scripted_port.ts";

function setUp(
  handler: FakeHandler,
  { chip = "esp32", isStub = false }: { chip?: string; isStub?: boolean } = {},
) {
  const clock = new ManualClock();
  const requests: RequestPacket[] = [];
  const statusBytes = isStub ? 2 : chipById(chip).rom.statusBytes;
  const port = new ScriptedPort({
    clock,
    onWrite: fakeDevice(statusBytes, (request) => {
      requests.push(request);
      return handler(request);
    }),
  });
  const loader = new Loader(new Link(port, { clock }), chipById(chip), {
    isStub,
  });
  /** The requests so far: opcode, and the number of a data packet. */
  const log = () =>
    requests.map((request) => {
      const { opcode } = request;
      const number = opcode === 0x03 || opcode === 0x11
        ? `#${wordOf(request, 1)}`
        : "";
      return `${opcode.toString(16).padStart(2, "0")}${number}`;
    }).join(" ");
  return { clock, port, loader, requests, log };
}

/** Answers with a status the first times that a data packet has this number. */
function failing(
  sequence: number,
  status: number | undefined,
  times = 1,
): FakeHandler {
  let left = times;
  return (request) => {
    if (request.opcode === 0x08) return { value: 0 };
    const hit = (request.opcode === 0x03 || request.opcode === 0x11) &&
      wordOf(request, 1) === sequence;
    if (!hit || left-- <= 0) return {};
    return status === undefined ? undefined : { status };
  };
}

const DATA = Uint8Array.from({ length: 0x1800 }, (_, i) => i * 7 + (i >> 8));
const PLAIN = { compress: false } as const;

Deno.test("writeFlash pads the last packet with 0xFF and ends a stub's write", async () => {
  const { clock, loader, requests, log } = setUp(() => ({}), { isStub: true });
  const data = new Uint8Array(0x4001).fill(0x11);
  const result = await clock.drive(
    writeFlash(loader, { address: 0x1_0000, data }, PLAIN),
  );
  assert.equal(log(), "02 03#0 03#1 04");
  assert.deepEqual(result, { bytes: 0x4001, wireBytes: 0x8000, ms: 0 });
  const last = requests[2];
  assert.equal(last?.body.length, 16 + 0x4000);
  assert.equal(last.body[16], 0x11);
  assert.ok(last.body.subarray(17).every((byte) => byte === 0xff));
  assert.equal(last.checksum, xorChecksum(last.body.subarray(16)));
  assert.equal(wordOf(requests[0] as RequestPacket, 0), 0x4001);
  await loader.close();
});

Deno.test("writeFlash does not end a ROM's write, which would start the application", async () => {
  const { clock, loader, log } = setUp(() => ({}));
  await clock.drive(writeFlash(loader, { address: 0, data: DATA }, PLAIN));
  assert.equal(log(), "02 03#0 03#1 03#2 03#3 03#4 03#5");
  await loader.close();
});

Deno.test("writeFlash opens a ROM's flash again at the sector before a packet that failed", async () => {
  const { clock, loader, log, requests } = setUp(failing(5, 0x0107));
  const events: ProgressEvent[] = [];
  await clock.drive(writeFlash(loader, { address: 0x2000, data: DATA }, {
    ...PLAIN,
    onProgress: (event) => events.push(event),
  }));
  assert.equal(
    log(),
    "02 03#0 03#1 03#2 03#3 03#4 03#5 02 03#0 03#1",
  );
  const again = requests[7] as RequestPacket;
  assert.deepEqual([0, 1, 2, 3].map((word) => wordOf(again, word)), [
    0x800,
    2,
    0x400,
    0x3000,
  ]);
  const notes = events.filter((event) => event.kind === "note");
  assert.equal(
    notes[0]?.message,
    "Writing at 0x0000_2000 tries packet 5 of 6 again: Cannot run FLASH_DATA: device answered status 0x0107 (checksum mismatch)",
  );
  const done = events.flatMap((event) =>
    event.kind === "write" ? [event.done] : []
  );
  assert.equal(done.at(-1), DATA.length);
  await loader.close();
});

Deno.test("writeFlash sends a damaged packet to a stub once more, where it is", async () => {
  const { clock, loader, log } = setUp(failing(1, 0xc100), { isStub: true });
  const data = new Uint8Array(0x1_0000);
  await clock.drive(writeFlash(loader, { address: 0, data }, PLAIN));
  assert.equal(log(), "02 03#0 03#1 03#1 03#2 03#3 04");
  await loader.close();
});

Deno.test("writeFlash begins a zlib stream anew when a reply is lost", async () => {
  const { clock, loader, log } = setUp(failing(1, undefined), { isStub: true });
  const data = crypto.getRandomValues(new Uint8Array(0x1_0000))
    .map((byte) => byte & 0x7f);
  await clock.drive(writeFlash(loader, { address: 0, data }));
  assert.equal(log(), "10 11#0 11#1 08 10 11#0 11#1 11#2 11#3 12");
  await loader.close();
});

Deno.test("writeFlash gives up after a packet failed three times, and says where", async () => {
  const { clock, loader, log } = setUp(failing(0, 0x0108, 9));
  await assert.rejects(
    clock.drive(writeFlash(loader, { address: 0x1_0000, data: DATA }, PLAIN)),
    (error) =>
      error instanceof CommandError && error.status === 0x0108 &&
      error.command === "FLASH_DATA" &&
      error.message ===
        "Cannot write flash at 0x0001_0000: device answered status 0x0108 (flash write failed)",
  );
  assert.equal(log(), "02 03#0 02 03#0 02 03#0");
  await loader.close();
});

Deno.test("writeFlash does not repeat what is refused at the start", async () => {
  const { clock, loader, log } = setUp(() => ({ status: 0x0106 }));
  await assert.rejects(
    clock.drive(writeFlash(loader, { address: 0x7f_0000, data: DATA }, PLAIN)),
    CommandError,
  );
  assert.equal(log(), "02");
  await loader.close();
});

Deno.test("writeFlash learns of a stub's last packet by FLASH_END, and repeats it", async () => {
  let ends = 0;
  const { clock, loader, log } = setUp(
    ({ opcode }) => opcode === 0x04 && ends++ === 0 ? { status: 0xc400 } : {},
    { isStub: true },
  );
  const data = new Uint8Array(0xc000);
  await clock.drive(writeFlash(loader, { address: 0, data }, PLAIN));
  assert.equal(log(), "02 03#0 03#1 03#2 04 02 03#0 04");
  await loader.close();
});

Deno.test("writeFlash ends within its timeout and by its signal", async () => {
  const slow = setUp(failing(0, undefined, 99));
  await assert.rejects(
    slow.clock.drive(
      writeFlash(slow.loader, { address: 0, data: DATA }, {
        ...PLAIN,
        timeout: 4000,
      }),
    ),
    (error) =>
      error instanceof TimeoutError && error.ms === 4000 &&
      error.message ===
        "Cannot write flash at 0x0000_0000: it is not done in 4000 ms",
  );
  assert.equal(slow.clock.now(), 4000);
  const controller = new AbortController();
  const stopped = setUp(({ opcode }) => {
    if (opcode === 0x03) controller.abort("stop");
    return {};
  });
  await assert.rejects(
    stopped.clock.drive(
      writeFlash(stopped.loader, { address: 0, data: DATA }, {
        ...PLAIN,
        signal: controller.signal,
      }),
    ),
    (reason) => reason === "stop",
  );
  await slow.loader.close();
  await stopped.loader.close();
});

Deno.test("writeFlash takes a stream that was made before, and only one that is shorter", async () => {
  const data = new Uint8Array(0x2000).fill(7);
  const deflated = await deflate(data);
  const { clock, loader, requests } = setUp(() => ({}), { isStub: true });
  const result = await clock.drive(
    writeFlash(loader, { address: 0, data, deflated }),
  );
  assert.equal(result.wireBytes, deflated.length);
  assert.equal(
    requests[1]?.body.subarray(16).toHex(),
    deflated.toHex(),
  );
  const long = await clock.drive(
    writeFlash(loader, { address: 0, data: Uint8Array.of(1, 2, 3, 4) }),
  );
  assert.equal(long.wireBytes, 0x4000);
  await loader.close();
});

Deno.test("writeFlash refuses what is no place, and compression that is not there", async () => {
  const { loader } = setUp(() => ({}));
  for (const address of [-4096, 1.5, 2 ** 32, 0x1100]) {
    await assert.rejects(
      writeFlash(loader, { address, data: DATA }),
      RangeError,
    );
  }
  const old = setUp(() => ({}), { chip: "esp8266" });
  await assert.rejects(
    writeFlash(old.loader, { address: 0, data: DATA }, { compress: true }),
    { code: "chip-lacks" },
  );
  await loader.close();
  await old.loader.close();
});

Deno.test("deflate makes a zlib stream of any size, and InflateMeter counts it", async () => {
  for (const size of [0, 1, 0x3fff, 0x4000, 300_000]) {
    const data = Uint8Array.from({ length: size }, (_, i) => (i * i) >> 9);
    const stream = await deflate(data);
    assert.deepEqual(new Uint8Array(inflateSync(stream)), data);
    using meter = new InflateMeter();
    let counted = 0;
    for (let start = 0; start < stream.length; start += 1000) {
      counted += await meter.push(stream.subarray(start, start + 1000));
    }
    assert.ok(size - counted < 0x8000 && counted <= size, `${counted}`);
  }
});

Deno.test("InflateMeter refuses what is no zlib stream", async () => {
  using meter = new InflateMeter();
  await assert.rejects(async () => {
    await meter.push(new Uint8Array(100).fill(0xaa));
    await meter.push(new Uint8Array(100).fill(0xaa));
  }, TypeError);
});

Deno.test("readFlash refuses packets of another size and digests that differ", async () => {
  const stub = (...frames: Uint8Array[]): FakeHandler => ({ opcode }) =>
    opcode === 0xd2
      ? concatBytes([
        Uint8Array.fromHex("c001d20200000000000000c0"),
        ...frames.map((frame) => encodeFrame(frame)),
      ])
      : undefined;
  const short = setUp(stub(new Uint8Array(15)), { isStub: true });
  await assert.rejects(short.clock.drive(readFlash(short.loader, 0x8000, 16)), {
    code: "reply-invalid",
    message: "Cannot read flash at 0x0000_8000: a packet has 15 bytes, not 16",
  });
  const wrong = setUp(stub(new Uint8Array(32), new Uint8Array(16)), {
    isStub: true,
  });
  await assert.rejects(
    wrong.clock.drive(readFlash(wrong.loader, 0x8000, 32)),
    (error) =>
      error instanceof VerifyError && error.address === 0x8000 &&
      error.expected === "0".repeat(32) &&
      error.actual === "70bc8f4b72a86921468bf8e8441dce51",
  );
  await short.loader.close();
  await wrong.loader.close();
});

Deno.test("attachFlash does what each loader needs", async () => {
  const attached = async (
    options: { chip?: string; isStub?: boolean },
    attach: AttachFlashOptions = {},
  ) => {
    const { clock, loader, log } = setUp(() => ({}), options);
    await clock.drive(attachFlash(loader, attach));
    await loader.close();
    return log();
  };
  assert.equal(await attached({ chip: "esp8266" }, { size: 1 }), "02");
  assert.equal(
    await attached({ chip: "esp8266", isStub: true }, { size: 1 }),
    "0b",
  );
  assert.equal(await attached({}, { size: 1 }), "0d 0b");
  assert.equal(await attached({ isStub: true }), "");
  assert.equal(await attached({ isStub: true }, { connection: "HSPI" }), "0d");
  await assert.rejects(attached({ chip: "esp8266" }, { connection: "HSPI" }), {
    code: "chip-lacks",
  });
});

Deno.test("eraseRegion demands whole sectors, and erases none for none", async () => {
  const { clock, loader, log } = setUp(() => ({}), { isStub: true });
  await assert.rejects(eraseRegion(loader, 0x100, 0x1000), RangeError);
  await assert.rejects(eraseRegion(loader, 0x1000, 0x100), RangeError);
  await clock.drive(eraseRegion(loader, 0x1000, 0));
  assert.equal(log(), "");
  await loader.close();
});

Deno.test("flashMd5 gives a digest time by its size", async () => {
  const { clock, loader } = setUp(() => undefined, { isStub: true });
  await assert.rejects(
    clock.drive(flashMd5(loader, 0, 4_000_000)),
    (error) => error instanceof TimeoutError && error.ms === 32_000,
  );
  await loader.close();
});
