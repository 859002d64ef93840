import assert from "node:assert/strict";
import { chipById } from "../../lib/chips/registry.ts";
import { ManualClock } from "../../lib/clock.ts";
import { TimeoutError } from "../../lib/errors.ts";
import { Link } from "../../lib/loader/link.ts";
import { Loader } from "../../lib/loader/loader.ts";
import {
  readFlashId,
  readFlashStatus,
  readSfdp,
  writeFlashStatus,
} from "../../lib/loader/spi_flash.ts";
import { fakeDevice, type FakeHandler, wordOf } from "./_fake_rom.ts";
import { ScriptedPort } from "./_scripted_port.ts";

function setUp(handler: FakeHandler) {
  const clock = new ManualClock();
  const port = new ScriptedPort({ clock, onWrite: fakeDevice(2, handler) });
  const chip = chipById("esp8266");
  const loader = new Loader(new Link(port, { clock }), chip, { isStub: false });
  return { clock, loader };
}

/** A flash controller of the ESP8266: answers `word` to a transfer. */
function controller(word: number) {
  const writes: string[] = [];
  const handler: FakeHandler = (request) => {
    if (request.opcode === 0x09) {
      const hex = (index: number) => wordOf(request, index).toString(16);
      writes.push(`${hex(0)}=${hex(1)}`);
      return {};
    }
    const address = wordOf(request, 0);
    return {
      value: address === 0x6000_0240 ? word : address === 0x6000_021c ? 5 : 0,
    };
  };
  return { writes, handler };
}

Deno.test("readFlashId puts the lengths into an ESP8266's USR1", async () => {
  const { writes, handler } = controller(0xff16_40c8);
  const { clock, loader } = setUp(handler);
  assert.deepEqual(await clock.drive(readFlashId(loader)), {
    manufacturer: 0xc8,
    device: 0x4016,
    size: 0x40_0000,
  });
  assert.deepEqual(writes, [
    "60000220=1700",
    "6000021c=90000000",
    "60000224=7000009f",
    "60000240=0",
    "60000200=40000",
    "6000021c=5",
    "60000224=0",
  ]);
  await loader.close();
});

Deno.test("readSfdp sends an ESP8266's address from the top bit down", async () => {
  const { writes, handler } = controller(0x5044_4653);
  const { clock, loader } = setUp(handler);
  assert.equal(await clock.drive(readSfdp(loader, 0x10, 4)), 0x5044_4653);
  assert.deepEqual(writes.slice(0, 4), [
    "60000220=5c001f07",
    "6000021c=f0000000",
    "60000224=7000005a",
    "60000204=1000",
  ]);
  await assert.rejects(readSfdp(loader, 0, 5), RangeError);
  await assert.rejects(readSfdp(loader, -1, 4), RangeError);
  await loader.close();
});

Deno.test("writeFlashStatus enables, writes both registers in both ways, and disables", async () => {
  const { writes, handler } = controller(0);
  const { clock, loader } = setUp(handler);
  await clock.drive(
    writeFlashStatus(loader, 0x0240, 2, { nonVolatile: true }),
  );
  const commands = writes.filter((write) => write.startsWith("60000224=7"))
    .map((write) => write.slice(-2));
  assert.deepEqual(commands, [
    ...["06", "01", "05"],
    ...["06", "01", "05"],
    ...["06", "31", "05"],
    "04",
  ]);
  const sent = writes.filter((write) => write.startsWith("60000240="))
    .map((write) => write.slice(9)).filter((word) => word !== "0");
  assert.deepEqual(sent, ["240", "40", "2"]);
  await assert.rejects(readFlashStatus(loader, 4), RangeError);
  await loader.close();
});

Deno.test("writeFlashStatus gives up on a flash that stays busy", async () => {
  const { handler } = controller(1);
  const { clock, loader } = setUp(handler);
  await assert.rejects(
    clock.drive(writeFlashStatus(loader, 0, 1)),
    (error) => error instanceof TimeoutError && error.ms === 1000,
  );
  await loader.close();
});

Deno.test("readFlashId knows capacities of every kind", async () => {
  const cases = [
    [0x12, 0x4_0000],
    [0x19, 0x200_0000],
    [0x20, 0x400_0000],
    [0x22, 0x1000_0000],
    [0x32, 0x4_0000],
    [0x3a, 0x400_0000],
    [0x00, undefined],
    [0xff, undefined],
  ] as const;
  for (const [code, size] of cases) {
    const { handler } = controller(code << 16 | 0x40ef);
    const { clock, loader } = setUp(handler);
    assert.equal((await clock.drive(readFlashId(loader))).size, size);
    await loader.close();
  }
});
