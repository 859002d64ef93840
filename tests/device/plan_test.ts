import assert from "node:assert/strict";
import { connect } from "../../lib/device/plan.ts";
import { esp32 } from "../../lib/chips/esp32.ts";
import { isFree, noise, withBoard } from "./_board.ts";

Deno.test("connect does nothing before it is awaited", async () => {
  await withBoard({ chip: "esp8266" }, async ({ board, clock }) => {
    const plan = connect(board, { clock }).sync().readMac();
    assert.equal(board.state, "off");
    await plan;
    assert.equal(board.state, "app");
  });
});

Deno.test("Plan yields the results of its steps, typed", async () => {
  await withBoard(
    { chip: "esp8266", mac: "ac:d0:74:0a:0b:0c" },
    async ({ board, clock }) => {
      const results = await connect(board, { baud: 921_600, clock })
        .sync()
        .writeFlash({ 0x0: noise(0x800), 0x1_0000: noise(0x800, 3) }, {
          flashMode: "dio",
        })
        .writeFlash({ 0x2_0000: noise(16) })
        .readMac()
        .chipId()
        .flashId()
        .readReg(0x3ff0_0050)
        .readReg(0x3ff0_0054)
        .readFlash(0x1_0000, 0x800);
      const mac: string = results.mac;
      const chipId: number = results.chipId;
      assert.equal(mac, "ac:d0:74:0a:0b:0c");
      // The OTP word's bits 16 to 23, which select the prefix, are part of the chip id.
      assert.equal(chipId, 0x010a_0b0c);
      assert.deepEqual(results.written.map(({ address }) => address), [
        0,
        0x1_0000,
        0x2_0000,
      ]);
      assert.equal((results.registers[0x3ff0_0050] ?? 0) >>> 24, 0x0c);
      assert.equal((results.registers[0x3ff0_0054] ?? 0) & 0xffff, 0x0a0b);
      assert.equal(results.flashId.size, 0x40_0000);
      assert.deepEqual(results.flash, noise(0x800, 3));
    },
  );
});

Deno.test("Plan never changes: steps make a new one", async () => {
  await withBoard({ chip: esp32.id }, async ({ board, clock }) => {
    const base = connect(board, { clock });
    const withMac = base.readMac();
    const withId = base.readIdentity();
    assert.deepEqual(Object.keys(await base), []);
    assert.deepEqual(Object.keys(await withMac), ["mac"]);
    assert.deepEqual(Object.keys(await withId), ["identity"]);
    assert.deepEqual(
      Object.keys(await withMac),
      ["mac"],
      "and can be run again",
    );
  });
});

Deno.test("Plan closes the port when a step fails, and does no later step", async () => {
  await withBoard({ chip: "esp32" }, async ({ board, clock }) => {
    let reached = false;
    const plan = connect(board, { clock })
      .use(() => Promise.reject(new Error("mine")))
      .use(() => Promise.resolve(reached = true));
    await assert.rejects(plan.run(), { message: "mine" });
    assert.equal(reached, false);
    assert.equal(board.state, "app");
    assert.ok(await isFree(board));
  });
});

Deno.test("Plan's time limit and signal hold for the whole run", async () => {
  await withBoard(
    { chip: "esp32", timing: "clocked" },
    async ({ board, clock }) => {
      const plan = connect(board, { clock, timeout: 3000 }).writeFlash({
        0: noise(0x1_0000),
      });
      await assert.rejects(plan.run(), {
        name: "TimeoutError",
        ms: 3000,
        message: /finish the plan on "sim:\/\/esp32"/,
      });
      assert.ok(await isFree(board));
      const signal = AbortSignal.abort(new Error("stop"));
      await assert.rejects(connect(board, { clock, signal }).readMac().run(), {
        message: "stop",
      });
      assert.ok(await isFree(board));
    },
  );
});
