import assert from "node:assert/strict";
import {
  chipById,
  chipByImageId,
  chipByMagic,
  chipBySecurityId,
  CHIPS,
  MAGIC_ADDRESS,
} from "../../lib/chips/registry.ts";
import type { ChipFamily, MemoryKind } from "../../lib/chips/family.ts";
import { EXPECTED } from "./_expected.ts";

function assertUnique(values: readonly unknown[], what: string): void {
  assert.equal(new Set(values).size, values.length, `${what}: ${values}`);
}

/** The lowest and highest address of the regions of a kind. */
function span(chip: ChipFamily, kind: MemoryKind): number[] | undefined {
  const regions = chip.memory.filter((region) => region.kind === kind);
  if (regions.length === 0) return undefined;
  return [
    Math.min(...regions.map(({ start }) => start)),
    Math.max(...regions.map(({ end }) => end)),
  ];
}

/** The MAC address that a record's bit fields take out of words. */
function macFrom(
  chip: ChipFamily,
  words: readonly (readonly [number, number])[],
): string | undefined {
  const byAddress = new Map(words);
  return chip.efuse.mac?.map(({ block, word, shift }) => {
    const address = (chip.efuse.blocks[block]?.address ?? NaN) + word * 4;
    const value = byAddress.get(address);
    assert.ok(value !== undefined, `no word at 0x${address.toString(16)}`);
    return (value >>> shift & 0xff).toString(16).padStart(2, "0");
  }).join(":");
}

Deno.test("CHIPS has the expected families, in their order", () => {
  assert.deepEqual(CHIPS.map(({ id }) => id), EXPECTED.map(({ id }) => id));
});

Deno.test("CHIPS has no two families that answer to one id, chip id or magic value", () => {
  const detections = CHIPS.map(({ detect }) => detect);
  assertUnique(CHIPS.map(({ id }) => id), "id");
  assertUnique(CHIPS.map(({ name }) => name), "name");
  assertUnique(
    CHIPS.flatMap(({ imageChipId }) => imageChipId ?? []),
    "image chip id",
  );
  assertUnique(
    // The ESP32-E22 has no UF2 family of its own, and goes by the ESP32's.
    CHIPS.flatMap(({ id, image }) =>
      id === "esp32e22" ? [] : image.uf2FamilyId
    ),
    "UF2 family id",
  );
  assertUnique(
    detections.flatMap((one) => one.kind === "magic" ? one.values : []),
    "magic value",
  );
  assertUnique(
    detections.flatMap((one) => one.kind === "chip-id" ? one.id : []),
    "chip id",
  );
});

Deno.test("CHIPS are ids and names that chipById takes for the same family", () => {
  assert.ok(Object.isFrozen(CHIPS));
  for (const chip of CHIPS) {
    assert.match(chip.id, /^esp[0-9a-z]+$/);
    for (const text of [chip.id, chip.name, chip.name.toLowerCase()]) {
      assert.equal(chipById(text), chip);
    }
  }
});

Deno.test("chipById names the families it knows when it finds none", () => {
  assert.throws(() => chipById("esp32x9"), (error) => {
    assert.ok(error instanceof RangeError);
    assert.match(error.message, /"esp32x9": known are esp8266, esp32, /);
    return true;
  });
  assert.throws(() => chipById(""), RangeError);
});

Deno.test("chipByMagic, chipBySecurityId and chipByImageId find nothing for strange numbers", () => {
  assert.equal(MAGIC_ADDRESS, 0x4000_1000);
  assert.equal(chipByMagic(0), undefined);
  assert.equal(chipBySecurityId(0), undefined, "an image's id is another");
  assert.equal(chipByImageId(0xffff), undefined);
  assert.equal(chipByMagic(0x1b31_506f), undefined, "told by its chip id");
});

for (const row of EXPECTED) {
  const chip = CHIPS.find(({ id }) => id === row.id);
  assert.ok(chip !== undefined, `${row.id} is in the registry`);

  Deno.test(`${row.id} is found by what tells it`, () => {
    assert.equal(chip.name, row.name);
    const { magic, securityId, imageId } = row;
    assert.ok(magic !== undefined || securityId !== undefined);
    if (magic !== undefined) assert.equal(chipByMagic(magic), chip);
    if (securityId !== undefined) {
      assert.equal(chipBySecurityId(securityId), chip);
    }
    assert.equal(chip.imageChipId, imageId);
    if (imageId !== undefined) assert.equal(chipByImageId(imageId), chip);
  });

  Deno.test(`${row.id} has its flash controller's registers where they are`, () => {
    const { spi } = chip.registers;
    const offset = (address: number) => address - row.spiBase;
    const [usr, w0] = row.spiOffsets;
    assert.equal(offset(spi.cmd), 0);
    assert.equal(offset(spi.addr), 4);
    assert.deepEqual(
      [spi.usr, spi.usr1, spi.usr2, spi.w0].map(offset),
      [usr, usr + 4, usr + 8, w0],
    );
    const lengths = [spi.mosiDlen, spi.misoDlen].flatMap((one) => one ?? []);
    assert.deepEqual(lengths.map(offset), row.spiLengths ?? []);
  });

  Deno.test(`${row.id} encodes flash parameters and addresses as its ROM does`, () => {
    assert.equal(chip.flash.bootloaderOffset, row.bootOffset);
    assert.deepEqual(chip.flash.sizes, row.sizes);
    assert.deepEqual(chip.flash.frequencies, row.frequencies);
    assert.equal(chip.flash.beyond16MB, row.beyond16MB);
    assert.deepEqual(span(chip, "irom"), row.irom);
    assert.deepEqual(span(chip, "drom"), row.drom);
  });

  Deno.test(`${row.id} has images as its tools make them`, () => {
    const { uf2FamilyId, mmuPageSizes, memoryTypes } = chip.image;
    assert.equal(uf2FamilyId, row.uf2);
    assert.deepEqual(mmuPageSizes?.map((size) => size / 1024), row.pages);
    for (const { kind, start } of chip.memory) {
      if (kind !== "iram" && kind !== "dram") continue;
      const names = memoryTypes.filter((type) =>
        type.start <= start && start < type.end
      ).map(({ name }) => name);
      // The ESP32's IRAM begins with what can be its caches.
      const expected = start === 0x4007_0000 ? "CACHE_PRO" : kind.toUpperCase();
      assert.ok(names.includes(expected), `${kind} at ${start.toString(16)}`);
    }
  });

  Deno.test(`${row.id} has the loader that its ROM is`, () => {
    const { rom, stub, usb, registers } = chip;
    assert.equal(rom.statusBytes, row.statusBytes);
    assert.equal(rom.encryptedFlag, row.fiveWords);
    assert.equal(rom.flashBlockSize, 0x400);
    assert.equal(rom.ramBlockSize, 0x1800);
    for (let opcode = 0x02; opcode <= 0x14; opcode++) {
      // 0B tells an ESP8266's ROM something else, and 0C is nobody's.
      if (opcode === 0x0b || opcode === 0x0c) continue;
      const known = rom.opcodes.includes(opcode);
      assert.equal(known, !row.lacks.includes(opcode), `opcode ${opcode}`);
    }
    assert.ok(rom.opcodes.every((opcode) => opcode <= 0x14), "stub opcodes");
    assertUnique(rom.opcodes, "opcodes");
    assert.deepEqual(
      [stub?.file, stub?.earlier?.file].filter((file) => file !== undefined),
      row.stubs,
    );
    assert.deepEqual([usb?.jtagProductId, usb?.otgProductId], row.usb);
    assert.equal(usb?.otgBlockSize, row.usb[1] && 0x800);
    assert.equal(registers.watchdog?.resets === true, row.watchdogReset);
    assert.equal(
      registers.superWatchdog !== undefined,
      row.usb[0] !== undefined,
      "what USB-Serial/JTAG needs stopped",
    );
  });

  Deno.test(`${row.id} has its MAC address where it is`, () => {
    const blocks = Object.values(chip.efuse.blocks);
    assert.ok(
      blocks.some(({ address, words }) =>
        address <= row.macRegister && row.macRegister < address + words * 4
      ),
    );
    assert.equal(
      row.macSample && macFrom(chip, row.macSample.words),
      row.macSample?.mac,
    );
    const byQuirk = chip.quirks.includes("esp8266-otp-mac");
    assert.equal(chip.efuse.mac === undefined, byQuirk);
    assert.equal(row.macSample === undefined, byQuirk);
  });
}
