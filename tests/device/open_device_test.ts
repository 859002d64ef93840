import assert from "node:assert/strict";
import { open } from "../../lib/device/open_device.ts";
import { TransportError } from "../../lib/errors.ts";
import { parseBehavior } from "../../lib/simulator/behavior_text.ts";
import { noise, withBoard } from "./_board.ts";

Deno.test("open tries a port again that is yet to appear, and no longer than it is told", async () => {
  await withBoard({ chip: "esp32" }, async ({ board, clock }) => {
    let left = 3;
    const port = {
      port: "late",
      open: (options: Parameters<typeof board.open>[0]) => {
        if (left-- > 0) {
          throw new TransportError("Cannot open late: no such port", {
            code: "port-not-found",
          });
        }
        return board.open(options);
      },
    };
    await assert.rejects(open(port, { clock }), { code: "port-not-found" });
    await assert.rejects(open(port, { clock, openAttempts: 1 }));
    const start = clock.now();
    await using device = await open(port, { clock, openAttempts: 0 });
    assert.equal(device.chip.id, "esp32");
    assert(clock.now() - start >= 100, "there is a pause between attempts");
  });
});

Deno.test("open refuses a reset that it cannot read before it opens the port", async () => {
  for (const name of ["reset", "hardReset"]) {
    const port = {
      port: "untouched",
      open: () => assert.fail("the port is not opened"),
    };
    await assert.rejects(open(port, { [name]: "D0|Q1" }), SyntaxError);
  }
});

Deno.test("open plays resets of one's own, into the loader and out of it", async () => {
  await withBoard({ chip: "esp32" }, async ({ board, clock }) => {
    const signals: unknown[] = [];
    {
      await using _device = await open(board, {
        clock,
        reset: "D0|R1|W0.1|D1|R0|W0.07|D0",
        hardReset: "R1|W0.3|R0",
        onTrace: (event) => {
          if (event.kind === "signals") signals.push(event.signals);
        },
      });
    }
    assert.deepEqual(signals, [
      { dtr: false },
      { rts: true },
      { dtr: true },
      { rts: false },
      { dtr: false },
      { rts: true },
      { rts: false },
    ]);
  });
});

Deno.test("open lets a packet be sent as often as it is told", async () => {
  const fault = parseBehavior("refuse@FLASH_DATA=c201");
  for (const writeAttempts of [1, 4]) {
    await withBoard(
      { chip: "esp32", behaviors: [fault] },
      async ({ board, clock }) => {
        let tries = 1;
        await using device = await open(board, {
          clock,
          writeAttempts,
          onProgress: (event) => {
            if (event.kind === "note" && /again/.test(event.message)) tries++;
          },
        });
        await assert.rejects(
          device.writeFlash({ 0x1_0000: noise(5000) }, { compress: false }),
        );
        assert.equal(tries, writeAttempts);
      },
    );
  }
});
