import assert from "node:assert/strict";
import { chipById, CHIPS } from "../../lib/chips/registry.ts";
import { concatBytes } from "../../lib/bytes.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ChipError, CommandError } from "../../lib/errors.ts";
import { connectLoader } from "../../lib/loader/connect.ts";
import { Link } from "../../lib/loader/link.ts";
import { Loader } from "../../lib/loader/loader.ts";
import {
  importStub,
  publishedStub,
  runStub,
  type StubImage,
  stubRanges,
} from "../../lib/loader/stub.ts";
import type { ProgressEvent } from "../../lib/progress.ts";
import type { RequestPacket } from "../../lib/protocol/packet.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";
import { hexBytes } from "../vectors/serial_protocol.ts";
import { fakeDevice, wordOf } from "./_fake_rom.ts";
import { ScriptedPort } from "./_scripted_port.ts";

const STUB: StubImage = {
  entry: 0x4010_0010,
  text: new Uint8Array(0x1900).fill(1).toBase64(),
  text_start: 0x4010_0000,
  data: new Uint8Array(8).fill(2).toBase64(),
  data_start: 0x3fff_0000,
  bss_start: 0x3ffe_8000,
};
const MEM_END_REPLY = "c0 01 06 0200 00000000 0000 c0";

/** A ROM that answers MEM_END with these bytes. */
function setUp(onMemEnd: string) {
  const clock = new ManualClock();
  const requests: RequestPacket[] = [];
  const port = new ScriptedPort({
    clock,
    onWrite: fakeDevice(2, (request) => {
      requests.push(request);
      return request.opcode === 0x06 ? hexBytes(onMemEnd) : {};
    }),
  });
  const loader = new Loader(new Link(port, { clock }), chipById("esp8266"), {
    isStub: false,
  });
  return { clock, loader, requests };
}

Deno.test("runStub loads text, then data, and waits for the greeting", async () => {
  const { clock, loader, requests } = setUp(MEM_END_REPLY + "c0 4f484149 c0");
  const events: ProgressEvent[] = [];
  const stub = await clock.drive(
    runStub(loader, { stub: STUB, onProgress: (event) => events.push(event) }),
  );
  assert.equal(stub.isStub, true);
  assert.equal(stub.link, loader.link);
  assert.deepEqual(requests.map(({ opcode }) => opcode), [5, 7, 7, 5, 7, 6]);
  const words = (index: number) =>
    [0, 1, 2, 3].map((word) => wordOf(requests[index] as RequestPacket, word));
  assert.deepEqual(words(0), [0x1900, 2, 0x1800, 0x4010_0000]);
  assert.deepEqual(words(3), [8, 1, 0x1800, 0x3fff_0000]);
  assert.deepEqual(requests[2]?.body.length, 16 + 0x100);
  assert.deepEqual(
    events.map((event) => event.kind === "stub" && [event.done, event.total]),
    [[0x1800, 0x1900], [0x1900, 0x1900], [8, 8]],
  );
  await loader.close();
});

Deno.test("runStub takes the greeting of a ROM that did not answer", async () => {
  const { clock, loader } = setUp("c0 4f484149 c0");
  assert.equal(
    (await clock.drive(runStub(loader, { stub: STUB }))).isStub,
    true,
  );
  await loader.close();
});

Deno.test("runStub refuses silence and any other greeting", async () => {
  const cases = [
    ["", "Cannot run the stub: no greeting came from 0x4010_0010 in 3000 ms"],
    [
      MEM_END_REPLY,
      "Cannot run the stub: no greeting came from 0x4010_0010 in 3000 ms",
    ],
    [MEM_END_REPLY + "c0 4f484f c0", 'Cannot run the stub: it says "OHO"'],
    ["c0 68656c6c6f c0", 'Cannot run the stub: it says "hello"'],
    [MEM_END_REPLY + MEM_END_REPLY, 'Cannot run the stub: it says "'],
  ] as const;
  for (const [bytes, message] of cases) {
    const { clock, loader } = setUp(bytes);
    await assert.rejects(
      clock.drive(runStub(loader, { stub: STUB })),
      (error) =>
        error instanceof ChipError && error.code === "stub-failed" &&
        error.message.startsWith(message),
    );
    await loader.close();
  }
});

Deno.test("runStub hands on a refusal to jump", async () => {
  const { clock, loader } = setUp("c0 01 06 0200 00000000 0106 c0");
  await assert.rejects(
    clock.drive(runStub(loader, { stub: STUB })),
    (error) =>
      error instanceof CommandError && error.status === 0x0106 &&
      error.message ===
        "Cannot run the stub on test://port: device answered status 0x0106 (failed to act on the message)",
  );
  await loader.close();
});

Deno.test("importStub has every stub that a record names, and each fits into the chip's RAM", async () => {
  const named = CHIPS.flatMap((chip) =>
    [chip.stub?.file, chip.stub?.earlier?.file].flatMap((file) =>
      file === undefined ? [] : { chip, file }
    )
  );
  assert.equal(named.length, 14);
  for (const { chip, file } of named) {
    const stub = await importStub(file);
    for (const { start, end } of stubRanges(stub)) {
      assert.ok(start < end);
      assert.ok(
        chip.memory.some((region) =>
          region.start <= start && end <= region.end
        ),
        `${chip.name}: ${start.toString(16)} to ${end.toString(16)}`,
      );
    }
    const text = Uint8Array.fromBase64(stub.text);
    assert.ok(stub.entry >= stub.text_start);
    assert.ok(stub.entry < stub.text_start + text.length);
  }
});

Deno.test("importStub refuses a name that it does not have", async () => {
  await assert.rejects(importStub("esp9000"), { code: "stub-missing" });
});

Deno.test("publishedStub is the one that runs on the chip's revision", async () => {
  const textStart = async (chip: string, revision?: string) => {
    const clock = new ManualClock();
    await using board = new VirtualBoard({ chip, revision, clock });
    return await clock.drive((async () => {
      await using rom = await connectLoader(await board.open(), { clock });
      return (await publishedStub(rom))?.text_start;
    })());
  };
  assert.equal(await textStart("esp32p4", "0.0"), 0x4ff1_0000);
  assert.equal(await textStart("esp32p4", "2.15"), 0x4ff1_0000);
  assert.equal(await textStart("esp32p4", "3.0"), 0x4ff5_0000);
  assert.equal(await textStart("esp32c2", "0.0"), undefined, "none runs");
  assert.equal(await textStart("esp32c2", "0.1"), 0x4038_0000);
  assert.equal(await textStart("esp32h21"), undefined, "none is published");
});

Deno.test("stubRanges counts the memory between bss and data as the stub's", () => {
  assert.deepEqual(stubRanges(STUB), [
    { start: 0x4010_0000, end: 0x4010_1900 },
    { start: 0x3ffe_8000, end: 0x3fff_0008 },
  ]);
  const { entry, text, text_start } = STUB;
  assert.equal(stubRanges({ entry, text, text_start }).length, 1);
});

Deno.test("runStub leaves the line usable after concatenated chunks", async () => {
  const { clock, loader } = setUp(
    concatBytes([hexBytes(MEM_END_REPLY), hexBytes("c04f484149c0")]).toHex(),
  );
  const stub = await clock.drive(runStub(loader, { stub: STUB }));
  await clock.drive(stub.readReg(0));
  await loader.close();
});
