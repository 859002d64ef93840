import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { resample, uartClkDiv } from "../../lib/simulator/_uart.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";
import { latin1, plugIn } from "./_host.ts";

Deno.test("resample reads bytes as they were sent while the speeds differ by less than a receiver bears", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const ratio of [1, 1.01, 0.97, 1.03]) {
    assert.deepEqual(resample(bytes, 115200 * ratio, 115200), bytes);
  }
});

Deno.test("resample makes the garbage that a UART would", () => {
  // 0x55 is a square wave: half as fast, every pair of its bits is one.
  const half = resample(Uint8Array.of(0x55), 115200, 57600);
  assert.equal(half.length, 1);
  assert.notEqual(half[0], 0x55);
  // 0x00 at a fifth of the speed: 45 low bits, four bytes of zeros and most of a fifth.
  const slow = resample(Uint8Array.of(0x00), 23040, 115200);
  assert.deepEqual([...slow], [0, 0, 0, 0, 0xc0]);
});

Deno.test("resample ends, is deterministic and never makes more bytes than fit", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 300, max: 3_000_000 }),
      fc.integer({ min: 300, max: 3_000_000 }),
      (bytes, from, to) => {
        const heard = resample(bytes, from, to);
        assert.deepEqual(resample(bytes, from, to), heard);
        assert.ok(heard.length <= bytes.length * 10 * to / from / 9 + 1);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("uartClkDiv reads as the silicon's divider", () => {
  assert.equal(uartClkDiv(40e6, 460800, true), 0x00c0_0056);
  assert.equal(uartClkDiv(40e6, 921600, true), 0x0060_002b);
  assert.equal(uartClkDiv(52e6, 115200, false), 451);
});

Deno.test("VirtualBoard prints the ESP8266's boot log at 74880 baud, which is garbage at 115200", async () => {
  for (
    const [baudRate, readable] of [[74880, true], [115200, false]] as const
  ) {
    await using board = new VirtualBoard({ chip: "esp8266" });
    await using host = await plugIn(board, { baudRate });
    const heard = latin1(await host.take(1));
    assert.equal(heard.includes("ets Jan  8 2013,rst cause:1"), readable);
    assert.ok(heard.length > 10);
  }
});

const SYNC = "c00008240000000000" + "07071220" + "55".repeat(32) + "c0";

Deno.test("VirtualBoard in download mode takes the line's speed from SYNC, at any speed", async () => {
  for (const baudRate of [9600, 74880, 115200, 2_000_000]) {
    await using board = new VirtualBoard({
      chip: "esp8266",
      strap: "download",
    });
    await using host = await plugIn(board, { baudRate });
    await host.settle();
    const reply = await host.exchange(SYNC, 8 * 12);
    assert.equal(
      reply.toHex(),
      "c0010802000707122000 00c0".replace(" ", "").repeat(8),
    );
    assert.equal(board.baudRate, baudRate);
  }
});

Deno.test("VirtualBoard does not understand a host at another speed", async () => {
  await using board = new VirtualBoard({ chip: "esp32", strap: "download" });
  await using host = await plugIn(board);
  await host.settle();
  await host.exchange(SYNC, 8 * 14);
  await host.port.setBaudRate(921600);
  const heard = await host.exchange("c0000a04000000000000100040c0");
  assert.equal(heard.length, 0);
  await host.port.setBaudRate(115200);
  await host.write("c0c0");
  await host.settle();
  const reply = await host.exchange("c0000a04000000000000100040c0", 14);
  assert.match(reply.toHex(), /c0010a0400831df000/);
});
