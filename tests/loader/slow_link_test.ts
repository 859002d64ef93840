import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { connectLoader } from "../../lib/loader/connect.ts";
import { runStub } from "../../lib/loader/stub.ts";
import { lateReplies } from "../../lib/simulator/behaviors.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";

for (const chip of ["esp8266", "esp32", "esp32c3"]) {
  Deno.test(`connectLoader finds an ${chip} whose replies are up to 600 ms late`, async () => {
    for (let late = 20; late <= 600; late += 20) {
      const clock = new ManualClock();
      const behaviors = [lateReplies(late)];
      await using board = new VirtualBoard({ chip, clock, behaviors });
      await clock.drive((async () => {
        const loader = await connectLoader(await board.open(), { clock });
        assert.equal(loader.chip.id, chip, `${late} ms late`);
        assert.equal(loader.isStub, false);
        await loader.close();
      })());
    }
  });
}

Deno.test("connectLoader tells an ESP8266's stub from its ROM without a SYNC", async () => {
  for (const isStub of [true, false]) {
    const clock = new ManualClock();
    await using board = new VirtualBoard({ chip: "esp8266", clock });
    await clock.drive((async () => {
      const rom = await connectLoader(await board.open(), { clock });
      if (isStub) await runStub(rom);
      await rom.close();
      const again = await connectLoader(await board.open(), {
        clock,
        before: "no-reset-no-sync",
      });
      assert.equal(again.isStub, isStub);
      assert.equal(again.chip.id, "esp8266");
      await again.close();
    })());
  }
});

Deno.test("Link finds a stub again that was busy when it was left", async () => {
  for (const ms of [300, 1050, 1300, 2100, 2600, 3000]) {
    const clock = new ManualClock();
    await using board = new VirtualBoard({
      chip: "esp32",
      clock,
      timing: "clocked",
      flashTiming: { page: 0.6, sector: ms, block: ms, status: 5 },
    });
    await clock.drive((async () => {
      const rom = await connectLoader(await board.open(), { clock });
      const stub = await runStub(rom);
      await stub.spiSetParams(0x40_0000);
      const range = { address: 0x1000, size: 0x1000 };
      const left = stub.eraseRegion(range, { timeout: 50 });
      await assert.rejects(left, { name: "TimeoutError" });
      assert.equal(await stub.readReg(0x4000_1000), 0x00f0_1d83, `${ms} ms`);
      await stub.close();
    })());
  }
});
