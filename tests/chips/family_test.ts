import assert from "node:assert/strict";
import { esp32c3 } from "../../lib/chips/esp32c3.ts";
import {
  type BitField,
  type ChipFamily,
  defineChip,
} from "../../lib/chips/family.ts";
import { CHIPS } from "../../lib/chips/registry.ts";

type Mutable<T> = { -readonly [Key in keyof T]: Mutable<T[Key]> };

/** A good record, changed. */
function changed(change: (chip: Mutable<ChipFamily>) => void): ChipFamily {
  const chip = structuredClone(esp32c3) as Mutable<ChipFamily>;
  change(chip);
  return chip;
}

/** A good record with a field of these bits. */
function withField(bits: Partial<BitField>): ChipFamily {
  const field = { block: "block1", word: 0, shift: 0, width: 1, ...bits };
  return changed((chip) => chip.efuse.fields["extra"] = { bits: [field] });
}

/** A good record with these regions. */
function withMemory(...regions: [start: number, end: number][]): ChipFamily {
  return changed((chip) => {
    chip.memory = regions.map(([start, end]) => ({ kind: "dram", start, end }));
  });
}

function assertFrozen(value: unknown, path: string): void {
  if (typeof value !== "object" || value === null) return;
  assert.ok(Object.isFrozen(value), `${path} is frozen`);
  for (const [key, child] of Object.entries(value)) {
    assertFrozen(child, `${path}.${key}`);
  }
}

Deno.test("defineChip returns the record that it is given, frozen to its leaves", () => {
  const record = changed((chip) => chip.id = "copy");
  assert.equal(defineChip(record), record);
  assertFrozen(record, "copy");
  for (const chip of CHIPS) assertFrozen(chip, chip.id);
});

Deno.test("defineChip freezes what stands in a part that is frozen already", () => {
  const record = changed((chip) => {
    chip.flash = Object.freeze({ ...chip.flash, sizes: { "4MB": 2 } });
  });
  assertFrozen(defineChip(record), "record");
});

const GOOD: readonly [why: string, record: ChipFamily][] = [
  ["regions that touch", withMemory([0x1000, 0x2000], [0x2000, 0x3000])],
  [
    "regions of two kinds in one place",
    changed(({ memory }) =>
      memory.push({ kind: "rtc", start: 0x3fc8_0000, end: 0x3fc8_1000 })
    ),
  ],
  ["a field that fills its word", withField({ shift: 0, width: 32 })],
  ["a field in the last word's top bit", withField({ word: 5, shift: 31 })],
  ["no watchdog", changed((chip) => delete chip.registers.watchdog)],
  ["no MAC address", changed((chip) => delete chip.efuse.mac)],
];

for (const [why, record] of GOOD) {
  Deno.test(`defineChip takes ${why}`, () => {
    assert.equal(defineChip(record), record);
  });
}

const BAD: readonly [why: string, record: ChipFamily, message: RegExp][] = [
  ["an empty region", withMemory([0x1000, 0x1000]), /dram at .* is empty/],
  ["a region that ends before it starts", withMemory([0x1000, 0xfff]), /empty/],
  [
    "regions of one kind that overlap",
    withMemory([0x2000, 0x3000], [0x1000, 0x2001]),
    /dram at 0x0000_2000 overlaps 0x0000_1000/,
  ],
  [
    "a region inside another of its kind",
    withMemory([0x1000, 0x3000], [0x1800, 0x2000]),
    /overlaps/,
  ],
  [
    "a register off the word",
    changed((chip) => chip.registers.uartDate = 0x6000_007e),
    /0x6000_007e is no register address/,
  ],
  [
    "a flash register off the word",
    changed((chip) => chip.registers.spi.w0 += 1),
    /no register address/,
  ],
  [
    "a watchdog register off the word",
    changed((chip) => {
      if (chip.registers.watchdog) chip.registers.watchdog.config1 += 2;
    }),
    /no register address/,
  ],
  [
    "a register past 32 bits",
    changed((chip) => chip.registers.uartClkDiv = 0x1_0000_0000),
    /no register address/,
  ],
  [
    "a negative register",
    changed((chip) => chip.registers.uartClkDiv = -4),
    /no register address/,
  ],
  [
    "a super watchdog register off the word",
    changed((chip) => {
      if (chip.registers.superWatchdog) chip.registers.superWatchdog.config++;
    }),
    /no register address/,
  ],
  [
    "a strap register off the word",
    changed((chip) => chip.registers.strap = { address: 0x3ff4_4039, mask: 8 }),
    /0x3ff4_4039 is no register address/,
  ],
  [
    "a UF2 family id past 32 bits",
    changed((chip) => chip.image.uf2FamilyId = 0x1_0000_0000),
    /4294967296 is no UF2 family id/,
  ],
  [
    "a page size that is no power of two",
    changed((chip) => chip.image.mmuPageSizes = [0x1_0000, 0x3000]),
    /\[65536,12288\] are no page sizes/,
  ],
  [
    "a list of no page sizes",
    changed((chip) => chip.image.mmuPageSizes = []),
    /\[\] are no page sizes/,
  ],
  [
    "a name for no memory",
    changed((chip) =>
      chip.image.memoryTypes.push({ name: "NONE", start: 8, end: 8 })
    ),
    /NONE at 0x0000_0008 is empty/,
  ],
  [
    "an extension of the MAC address of one byte",
    changed((chip) =>
      chip.efuse.macExtension = [
        { block: "block1", word: 1, shift: 24, width: 8 },
      ]
    ),
    /extension is not two bytes/,
  ],
  [
    "a rule that never holds",
    changed((chip) =>
      chip.efuse.description.unshift({
        when: { package: { min: 2, max: 1 } },
        text: "Never",
      })
    ),
    /"Never" never holds/,
  ],
  [
    "labels of no field",
    changed((chip) => chip.efuse.labels = { colour: { other: "grey" } }),
    /labels of no field: "colour"/,
  ],
  [
    "an eFuse block off the word",
    changed((chip) => {
      chip.efuse.blocks["block1"] = { address: 0x6000_8845, words: 6 };
    }),
    /no register address/,
  ],
  ["a field past its word", withField({ shift: 30, width: 3 }), /"extra" goes/],
  ["a field before its word", withField({ shift: -1 }), /"extra" goes/],
  ["a field of no bits", withField({ width: 0 }), /"extra" goes/],
  ["a field past its block", withField({ word: 6 }), /"extra" goes/],
  ["a field before its block", withField({ word: -1 }), /"extra" goes/],
  ["a field between words", withField({ word: 0.5 }), /"extra" goes/],
  ["a field of no block", withField({ block: "block9" }), /"extra" goes/],
  [
    "a MAC address of five bytes",
    changed((chip) => chip.efuse.mac?.pop()),
    /not six bytes/,
  ],
  [
    "a MAC address of nibbles",
    changed((chip) => chip.efuse.mac?.forEach((byte) => byte.width = 4)),
    /not six bytes/,
  ],
  [
    "a MAC address past its block",
    changed((chip) => chip.efuse.mac?.forEach((byte) => byte.word = 9)),
    /"mac" goes/,
  ],
  [
    "a description that asks for no field",
    changed((chip) =>
      chip.efuse.description.unshift({ when: { colour: 1 }, text: "Red" })
    ),
    /"Red" names no field: "colour"/,
  ],
  [
    "a feature whose text names no field",
    changed((chip) => chip.efuse.features.push([{ text: "Flash {colour}" }])),
    /"Flash \{colour\}" names no field: "colour"/,
  ],
];

for (const [why, record, message] of BAD) {
  Deno.test(`defineChip refuses ${why}`, () => {
    assert.throws(() => defineChip(record), (error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, /^Cannot define ESP32-C3: /);
      assert.match(error.message, message);
      return true;
    });
  });
}
