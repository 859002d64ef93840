import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { TransportError } from "../../lib/errors.ts";
import {
  BEHAVIOR_NAMES,
  parseBehavior,
} from "../../lib/simulator/behavior_text.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";
import { latin1, plugIn } from "./_host.ts";

const SYNC = "c00008240000000000" + "07071220" + "55".repeat(32) + "c0";
const READ_MAGIC = "c0000a0400000000000010" + "0040c0";
const MD5 = "c00013100000000000" + "00000000" + "00100000" +
  "0000000000000000c0";
const ATTACH = "c0000d0800000000000000000000000000c0";

async function faulty(fault: string, chip = "esp32", clock?: ManualClock) {
  const board = new VirtualBoard({
    ...{ chip, strap: "download" as const, clock },
    behaviors: [parseBehavior(fault)],
  });
  const host = await plugIn(board);
  const close = async () => {
    await host[Symbol.asyncDispose]();
    await board.close();
  };
  return { board, host, [Symbol.asyncDispose]: close };
}

Deno.test("parseBehavior names what it knows, and refuses the rest", () => {
  const samples: Record<string, string> = {
    "late-replies": "late-replies@200",
    "drop-bytes": "drop-bytes@0.01,seed=3",
    "flip-bytes": "flip-bytes@7,to-board",
    "insert-bytes": "insert-bytes@0x10",
    "wrong-chip": "wrong-chip@esp8266",
    "failing-sector": "failing-sector@0x10000",
    "brown-out": "brown-out@100",
    "unplug": "unplug@4096",
    "refuse": "refuse@FLASH_DATA=0108",
  };
  for (const name of BEHAVIOR_NAMES) {
    assert.equal(parseBehavior(samples[name] ?? name).name, name);
  }
  for (
    const text of [
      ...["", "toString", "no-sync@1", "unplug", "unplug@x", "late-replies@-1"],
      ...["drop-bytes@1,seed=x", "refuse@NOTHING=01", "refuse@SYNC"],
    ]
  ) {
    assert.throws(() => parseBehavior(text), SyntaxError, text);
  }
});

Deno.test("noSync leaves SYNC unanswered and the rest alone", async () => {
  await using rig = await faulty("no-sync");
  assert.match(latin1(await rig.host.take(1)), /waiting for download/);
  assert.equal((await rig.host.exchange(SYNC)).length, 0);
  assert.equal((await rig.host.exchange(READ_MAGIC)).length, 14);
});

Deno.test("lateReplies waits by the board's clock", async () => {
  const clock = new ManualClock();
  await using rig = await faulty("late-replies@300", "esp32", clock);
  await rig.host.settle();
  assert.equal((await rig.host.exchange(READ_MAGIC)).length, 0);
  await clock.advance(299);
  assert.equal((await rig.host.settle()).length, 0);
  await clock.advance(1);
  assert.equal((await rig.host.settle()).length, 14);
});

Deno.test("dropBytes, flipBytes and insertBytes spoil bytes where they are told to", async () => {
  const healthy = await (async () => {
    await using rig = await faulty("no-sync");
    const log = await rig.host.settle();
    return { log, reply: await rig.host.exchange(READ_MAGIC) };
  })();
  const at = healthy.log.length + 5;
  const rows: [string, number, number][] = [
    [`drop-bytes@${at}`, -1, -1],
    [`flip-bytes@${at}`, 0, 1],
    [`insert-bytes@${at}`, 1, -1],
  ];
  for (const [fault, longer, differing] of rows) {
    await using rig = await faulty(fault);
    assert.deepEqual(await rig.host.settle(), healthy.log);
    const reply = await rig.host.exchange(READ_MAGIC);
    assert.equal(reply.length, healthy.reply.length + longer, fault);
    const count = reply.filter((byte, i) => byte !== healthy.reply[i]).length;
    if (differing >= 0) assert.equal(count, differing, fault);
  }
  await using deaf = await faulty("drop-bytes@1,to-board");
  await deaf.host.settle();
  assert.equal((await deaf.host.exchange(READ_MAGIC)).length, 0);
});

Deno.test("flipBytes at a rate picks the same bytes for the same seed", async () => {
  const hear = async (seed: number) => {
    await using rig = await faulty(`flip-bytes@0.2,seed=${seed}`);
    return (await rig.host.settle()).toHex();
  };
  assert.equal(await hear(3), await hear(3));
  assert.notEqual(await hear(3), await hear(4));
});

Deno.test("wrongChip answers as another chip than the board is said to have", async () => {
  await using rig = await faulty("wrong-chip@esp8266");
  await rig.host.settle();
  assert.equal(rig.board.chip.id, "esp32");
  await rig.host.exchange(SYNC);
  const reply = await rig.host.exchange(READ_MAGIC);
  assert.equal(reply.toHex(), "c0010a020001c1f0ff0000c0");
});

Deno.test("badMd5 answers a digest that is off by a bit", async () => {
  const ask = async (fault: string) => {
    await using rig = await faulty(fault);
    await rig.host.settle();
    await rig.host.exchange(ATTACH);
    return latin1((await rig.host.exchange(MD5)).subarray(9, 41));
  };
  const [good, bad] = [await ask("no-sync"), await ask("bad-md5")];
  assert.match(good, /^[0-9a-f]{32}$/);
  assert.equal(bad.slice(0, 31), good.slice(0, 31));
  assert.notEqual(bad, good);
});

Deno.test("failingSector loses bits that only reading back shows", async () => {
  await using rig = await faulty("failing-sector@0x2000");
  rig.board.flash.program(0x2000, Uint8Array.of(0, 0));
  assert.deepEqual([...rig.board.flash.read(0x1fff, 3)], [0xff, 1, 1]);
});

Deno.test("refuseCommand refuses with the status it is given", async () => {
  await using rig = await faulty("refuse@READ_REG=0108");
  await rig.host.settle();
  const reply = await rig.host.exchange(READ_MAGIC);
  assert.equal(reply.toHex(), "c0010a0400000000000108" + "0000c0");
});

Deno.test("brownOutAt resets the chip, which then runs what is in flash", async () => {
  await using board = new VirtualBoard({
    chip: "esp32",
    behaviors: [parseBehavior("brown-out@20")],
  });
  await using host = await plugIn(board);
  await host.port.setSignals({ dtr: false, rts: true });
  await host.port.setSignals({ dtr: true, rts: false });
  await host.settle();
  assert.equal(board.state, "rom");
  assert.equal((await host.exchange(READ_MAGIC)).length, 14);
  const text = latin1(await host.exchange(READ_MAGIC));
  assert.match(text, /Brownout detector was triggered/);
  assert.match(text, /rst:0xf .*boot:0x13/);
  assert.equal(board.state, "app");
});

Deno.test("unplugAt takes the port away in the middle of a frame", async () => {
  await using rig = await faulty("unplug@20");
  await rig.host.exchange(READ_MAGIC);
  await rig.host.exchange(READ_MAGIC);
  const error = await rig.host.ended;
  assert.ok(error instanceof TransportError && error.code === "port-gone");
  assert.equal(rig.board.state, "off");
});

Deno.test("bootLoop shows reset after reset and reaches no loader", async () => {
  await using rig = await faulty("boot-loop");
  const text = latin1(await rig.host.settle());
  assert.equal(text.split("rst:0x10").length - 1, 4);
  assert.equal((await rig.host.exchange(SYNC)).length, 0);
});

Deno.test("Behaviors are stacked: the last that decides about a request is obeyed", async () => {
  await using board = new VirtualBoard({
    ...{ chip: "esp32", strap: "download" as const },
    behaviors: ["refuse@SYNC=0105", "no-sync"].map(parseBehavior),
  });
  await using host = await plugIn(board);
  await host.settle();
  assert.equal((await host.exchange(SYNC)).length, 0);
});
