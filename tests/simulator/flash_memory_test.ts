import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import {
  FlashMemory,
  SECTOR_SIZE,
  STATUS1,
} from "../../lib/simulator/flash_memory.ts";

const MB = 1024 * 1024;

Deno.test("FlashMemory is erased when it is new and answers a GD25Q's id for its size", () => {
  for (
    const [size, id] of [[MB / 2, 0xc84013], [MB, 0xc84014], [
      16 * MB,
      0xc84018,
    ]] as const
  ) {
    const flash = new FlashMemory({ size });
    assert.equal(flash.jedecId, id);
    assert.ok(flash.isErased(0, size));
  }
  assert.throws(() => new FlashMemory({ size: 3 * MB }), RangeError);
  assert.throws(
    () => new FlashMemory({ size: MB, content: new Uint8Array(MB + 1) }),
    RangeError,
  );
});

Deno.test("FlashMemory only clears bits when it is programmed and sets them by sector when it is erased", () => {
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.integer({ min: 0, max: 3 * SECTOR_SIZE }),
    (first, second, address) => {
      const flash = new FlashMemory({ size: MB });
      flash.program(address, first);
      flash.program(address, second);
      const expected = new Uint8Array(300).fill(0xff);
      first.forEach((byte, i) => expected[i] = byte);
      second.forEach((byte, i) => expected[i] = (expected[i] ?? 0) & byte);
      assert.deepEqual(flash.read(address, 300).slice(), expected);
      flash.erase(0, 4 * SECTOR_SIZE);
      assert.ok(flash.isErased(0, MB));
    },
  ));
});

Deno.test("FlashMemory erases nothing but whole sectors inside itself", () => {
  const flash = new FlashMemory({ size: MB, content: new Uint8Array(MB) });
  flash.erase(SECTOR_SIZE, SECTOR_SIZE);
  assert.equal(flash.read(SECTOR_SIZE - 1, 1)[0], 0);
  assert.ok(flash.isErased(SECTOR_SIZE, SECTOR_SIZE));
  assert.equal(flash.read(2 * SECTOR_SIZE, 1)[0], 0);
  assert.throws(() => flash.erase(1, SECTOR_SIZE), RangeError);
  assert.throws(() => flash.erase(MB, SECTOR_SIZE), RangeError);
  assert.throws(() => flash.program(MB - 1, new Uint8Array(2)), RangeError);
});

Deno.test("FlashMemory keeps what its status register protects until it is unlocked", () => {
  // bits, first protected address, first address behind them
  const rows: [number, number, number][] = [
    [0x04, MB - MB / 64, MB],
    [0x18, MB / 2, MB],
    [STATUS1.BOTTOM | 0x18, 0, MB / 2],
    [STATUS1.SECTOR | 0x04, MB - SECTOR_SIZE, MB],
    [0x1c, 0, MB],
  ];
  for (const [bits, start, end] of rows) {
    const flash = new FlashMemory({ size: MB });
    flash.writeStatus(0, bits, true);
    flash.program(start, Uint8Array.of(0));
    flash.program(end - 1, Uint8Array.of(0));
    assert.ok(flash.isErased(start, end - start), bits.toString(16));
    if (start > 0) {
      flash.program(start - 1, Uint8Array.of(0));
      assert.equal(flash.read(start - 1, 1)[0], 0);
    }
    flash.unlock();
    flash.program(start, Uint8Array.of(0));
    assert.equal(flash.read(start, 1)[0], 0);
  }
});

Deno.test("FlashMemory forgets volatile status bits without power, and locks its registers by SRP1", () => {
  const flash = new FlashMemory({ size: MB });
  flash.writeStatus(1, 0x02, true);
  flash.writeStatus(0, 0x04, false);
  assert.deepEqual([...flash.status], [0x04, 0x02, 0]);
  flash.reset();
  assert.deepEqual([...flash.status], [0, 0x02, 0]);
  flash.writeStatus(1, 0x01, false);
  flash.writeStatus(0, 0x1c, true);
  assert.deepEqual([...flash.status], [0, 0x01, 0]);
});

Deno.test("FlashMemory shows a worn sector only when it is read back", () => {
  const flash = new FlashMemory({ size: MB });
  flash.wearOut(0x1234);
  flash.program(0xfff, Uint8Array.of(0x10, 0x10, 0x10));
  assert.deepEqual([...flash.read(0xfff, 3)], [0x10, 0x11, 0x11]);
});
