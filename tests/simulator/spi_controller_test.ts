import assert from "node:assert/strict";
import { esp32 } from "../../lib/chips/esp32.ts";
import { esp32s3 } from "../../lib/chips/esp32s3.ts";
import { esp8266 } from "../../lib/chips/esp8266.ts";
import type { ChipFamily } from "../../lib/chips/family.ts";
import { ManualClock } from "../../lib/clock.ts";
import { FlashMemory } from "../../lib/simulator/flash_memory.ts";
import { MemoryMap } from "../../lib/simulator/memory_map.ts";
import {
  SpiController,
  type SpiControllerOptions,
} from "../../lib/simulator/spi_controller.ts";
import { GD25Q32C_TIMING } from "../../lib/simulator/timing.ts";

interface Transfer {
  readonly command: number;
  readonly address?: number;
  readonly send?: number;
  readonly sendBits?: number;
  readonly receiveBits?: number;
}

function makeRig(
  chip: ChipFamily,
  clock?: ManualClock,
  options: Partial<SpiControllerOptions> = {},
) {
  const memory = new MemoryMap(chip.memory);
  const flash = new FlashMemory({ size: 0x40_0000 });
  const registers = chip.registers.spi;
  const timing = GD25Q32C_TIMING;
  const spi = new SpiController({
    ...{ registers, memory, flash, usrReset: 0, timing, clock },
    ...options,
  });
  spi.attach(0);
  const transfer = (t: Transfer): number => {
    const { address, send, sendBits = 0, receiveBits = 0 } = t;
    const later = chip === esp32s3;
    memory.writeWord(
      registers.usr,
      (2 ** 31 + (address === undefined ? 0 : 1 << 30) +
        (receiveBits > 0 ? 1 << 28 : 0) + (sendBits > 0 ? 1 << 27 : 0)) >>> 0,
    );
    const bits = (n: number) => Math.max(0, n - 1);
    let usr1 = 23 << 26;
    if (registers.mosiDlen !== undefined && registers.misoDlen !== undefined) {
      memory.writeWord(registers.mosiDlen, bits(sendBits));
      memory.writeWord(registers.misoDlen, bits(receiveBits));
    } else {
      usr1 |= bits(sendBits) << 17 | bits(receiveBits) << 8;
    }
    memory.writeWord(registers.usr1, usr1 >>> 0);
    memory.writeWord(registers.usr2, 0x7000_0000 | t.command);
    memory.writeWord(
      registers.addr,
      ((address ?? 0) * (later ? 1 : 256)) >>> 0,
    );
    memory.writeWord(registers.w0, send ?? 0);
    memory.writeWord(registers.cmd, 1 << 18);
    assert.equal(memory.readWord(registers.cmd), 0);
    return memory.readWord(registers.w0);
  };
  return { memory, flash, spi, transfer };
}

const WREN = { command: 0x06 };
const RDSR = { command: 0x05, receiveBits: 8 };

for (const chip of [esp8266, esp32, esp32s3]) {
  Deno.test(`SpiController of the ${chip.name} passes the flash chip's commands on`, () => {
    const { flash, transfer } = makeRig(chip);
    assert.equal(transfer({ command: 0x9f, receiveBits: 24 }), 0x1640c8);
    const sfdp = { command: 0x5a, receiveBits: 32 };
    assert.equal(transfer({ ...sfdp, address: 0 }), 0x5044_4653);
    assert.equal(transfer({ ...sfdp, address: 0x34 }), 0x1ff_ffff);
    flash.load(0x2000, Uint8Array.of(1, 2, 3, 4));
    const read = { command: 0x03, address: 0x2000, receiveBits: 32 };
    assert.equal(transfer(read), 0x0403_0201);
    transfer({ command: 0x20, address: 0x2000 });
    assert.equal(transfer(read), 0x0403_0201, "erased without WREN");
    transfer(WREN);
    assert.equal(transfer(RDSR), 0x02);
    transfer({ command: 0x20, address: 0x2000 });
    assert.equal(transfer(RDSR), 0x00);
    assert.equal(transfer(read), 0xffff_ffff);
    transfer(WREN);
    transfer({
      ...{ command: 0x02, address: 0x20ff, send: 0x2211, sendBits: 16 },
    });
    assert.equal(flash.read(0x20ff, 1)[0], 0x11);
    assert.equal(flash.read(0x2000, 1)[0], 0x22, "wraps inside the page");
  });
}

Deno.test("SpiController writes status registers after WREN, and volatile ones after 50h", () => {
  const { flash, transfer } = makeRig(esp32);
  transfer({ command: 0x01, send: 0x0204, sendBits: 16 });
  assert.deepEqual([...flash.status], [0, 0, 0]);
  transfer(WREN);
  transfer({ command: 0x01, send: 0x0204, sendBits: 16 });
  assert.deepEqual([...flash.status], [0x04, 0x02, 0]);
  transfer({ command: 0x50 });
  transfer({ command: 0x11, send: 0x60, sendBits: 8 });
  assert.deepEqual([...flash.status], [0x04, 0x02, 0x60]);
  transfer({ command: 0x66 });
  transfer({ command: 0x99 });
  assert.deepEqual([...flash.status], [0x04, 0x02, 0]);
});

Deno.test("SpiController reads a floating line until the pins are connected", () => {
  const { spi, transfer } = makeRig(esp32);
  spi.reset();
  assert.equal(transfer({ command: 0x9f, receiveBits: 24 }), 0xff_ffff);
});

Deno.test("SpiController finds the flash chip at the pins that it is wired to only", () => {
  const { spi, transfer } = makeRig(esp32, undefined, {
    namedPins: { spi: [6, 7, 8, 9, 11], hspi: [14, 12, 13, 4, 15] },
    flashPins: [6, 17, 8, 11, 16],
  });
  const rdid = { command: 0x9f, receiveBits: 24 };
  for (const other of [0, 1, 0x0b40_8447]) {
    spi.attach(other);
    assert.equal(transfer(rdid), 0xff_ffff);
  }
  // What esptool sends for `--spi-connection 6,17,8,11,16`.
  spi.attach(0x0b40_8446);
  assert.equal(transfer(rdid), 0x16_40c8);
});

Deno.test("SpiController shows the chip busy while it erases, by the clock", async () => {
  const clock = new ManualClock();
  const { transfer } = makeRig(esp32, clock);
  transfer(WREN);
  transfer({ command: 0x20, address: 0 });
  assert.equal(transfer(RDSR), 0x01);
  await clock.advance(GD25Q32C_TIMING.sector);
  assert.equal(transfer(RDSR), 0x00);
});
