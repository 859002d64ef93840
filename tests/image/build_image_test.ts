import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "npm:fast-check@4.10.2";
import type { ChipFamily } from "../../lib/chips/family.ts";
import { chipById, CHIPS } from "../../lib/chips/registry.ts";
import { ImageError } from "../../lib/errors.ts";
import {
  buildImage,
  buildImageFiles,
  buildImageFilesAsync,
} from "../../lib/image/build_image.ts";
import { parseElf } from "../../lib/image/elf.ts";
import { isDigestValid, parseImage } from "../../lib/image/esp_image.ts";
import {
  type BuildImageOptions,
  uselessImageOptions,
} from "../../lib/image/image_options.ts";
import { buildElf, type ElfBuilderSection } from "./_elf_builder.ts";

const [esp8266, esp32, esp32c2, esp32c6, esp32s31] = [
  ...["esp8266", "esp32", "esp32c2", "esp32c6", "esp32s31"],
].map(chipById) as [
  ChipFamily,
  ChipFamily,
  ChipFamily,
  ChipFamily,
  ChipFamily,
];

function section(
  address: number,
  size: number,
  fill: number,
  name = ".x",
): ElfBuilderSection {
  return { name, address, data: new Uint8Array(size).fill(fill) };
}

/** Addresses and sizes of an image's segments, in hexadecimal. */
function layout(image: Uint8Array, chip: ChipFamily): string[] {
  return parseImage(image, chip).segments.map(({ address, data }) =>
    `${address.toString(16)}+${data.length.toString(16)}`
  );
}

function layoutOf(
  sections: readonly ElfBuilderSection[],
  options: BuildImageOptions,
): string[] {
  return layout(buildImage(buildElf({ sections }), options), options.chip);
}

Deno.test("buildImage makes of an ELF file what esptool 5.6 made of it", () => {
  const elf = buildElf({
    entry: 0x4008_0000,
    sections: [section(0x4008_0000, 5, 1)],
  });
  const body = "e901000000000840ee0000000000000000ffff0000000001" +
    "00000840080000000101010101000000" + "00000000000000ee";
  assert.equal(
    buildImage(elf, { chip: esp32 }).toHex(),
    body + "d0dc0b44ea4edc04b34da73cb077de641f31afa5a49c2218afe9e2861d4d5f9e",
  );
});

Deno.test("buildImageFilesAsync makes the same digests, of shared memory too", async () => {
  const elf = buildElf({
    sections: [
      section(0x4010_0000, 5, 1),
      section(0x3f40_0020, 256, 0, ".flash.appdesc"),
    ],
  });
  const shared = new Uint8Array(new SharedArrayBuffer(elf.length));
  shared.set(elf);
  const cases: readonly BuildImageOptions[] = [
    { chip: esp32 },
    { chip: esp32, elfDigestOffset: 0x30 },
    { chip: esp8266 },
    { chip: esp8266, version: 3 },
  ];
  for (const options of cases) {
    const files = buildImageFiles(elf, options);
    assert.deepEqual(await buildImageFilesAsync(elf, options), files);
    assert.deepEqual(await buildImageFilesAsync(shared, options), files);
  }
  await assert.rejects(
    buildImageFilesAsync(elf.slice(0, 40), { chip: esp32 }),
    ImageError,
  );
});

/** As esptool 5.6 made them, of the program below. */
const ESP8266_RAM =
  "e9020020040010400080fe3f1c000000010101010101010101010101010101010101000003030303030300000000104024000000" +
  "04".repeat(33) + "00".repeat(10) + "eb";
const ESP8266_PROGRAM = buildElf({
  entry: 0x4010_0004,
  sections: [
    section(0x3ffe_8000, 18, 1, ".data"),
    section(0x3ffe_8014, 6, 3, ".rodata"),
    section(0x4021_0010, 100, 2, ".irom0.text"),
    section(0x4010_0000, 33, 4, ".text"),
  ],
});

Deno.test("buildImageFiles makes the ESP8266's two files of version 1", () => {
  const files = buildImageFiles(ESP8266_PROGRAM, { chip: esp8266 });
  assert.deepEqual(
    files.map(({ address, data }) => [address, data.toHex()]),
    [[0, ESP8266_RAM], [0x1_0010, "02".repeat(100)]],
  );
  assert.throws(() => buildImage(ESP8266_PROGRAM, { chip: esp8266 }), {
    name: "ImageError",
    message: /a file of its own in version 1/,
  });
});

Deno.test("buildImageFiles makes the ESP8266's version 2, with its own CRC", () => {
  const [file, ...more] = buildImageFiles(ESP8266_PROGRAM, {
    chip: esp8266,
    version: 2,
  });
  assert.deepEqual(more, []);
  assert.equal(file?.address, 0x1_0000);
  assert.equal(
    file?.data.toHex(),
    "ea040020040010400000000070000000" + "02".repeat(100) + "00".repeat(12) +
      ESP8266_RAM + "20f06611",
  );
});

Deno.test("buildImage makes the ESP8266's version 3, with the ESP32's flash sizes", () => {
  const image = buildImage(ESP8266_PROGRAM, { chip: esp8266, version: 3 });
  assert.equal(
    image.toHex(),
    "e9030000040010401000214064000000" + "02".repeat(100) +
      "0080fe3f1c000000010101010101010101010101010101010101000003030303030300000000104024000000" +
      "04".repeat(33) + "00".repeat(14) + "eb" +
      "f166e4c32d0b40355ddb9298288f604a1037c4fd7c701361ae067692ea76d7ae",
  );
});

/** Layouts as esptool 5.6 made them. */
const LAYOUTS: readonly [
  name: string,
  chip: ChipFamily,
  sections: readonly ElfBuilderSection[],
  segments: readonly string[],
][] = [
  [
    "puts segments for RAM, then zeros, before what is mapped to the next page",
    esp32,
    [
      section(0x4008_0000, 8, 1),
      section(0x400d_0018, 8, 3),
      section(0x3ffb_0000, 8, 2),
      section(0x3f40_0020, 8, 4),
    ],
    ["3f400020+8", "3ffb0000+8", "40080000+8", "0+ffc0", "400d0018+c"],
  ],
  [
    "cuts a segment for RAM to fit",
    esp32c6,
    [
      section(0x4280_0020, 0x40, 1),
      section(0x4200_0020, 0x40, 2),
      section(0x4080_0000, 0x1_8000, 3),
    ],
    ["42000020+40", "40800000+ffb0", "42800020+40", "4080ffb0+8050"],
  ],
  [
    "adds nothing where the next segment is in its place",
    esp32,
    [section(0x3f40_0020, 8, 4), section(0x400d_0030, 0x40, 3)],
    ["3f400020+8", "400d0030+40"],
  ],
  [
    "makes the last page of an ESP32's segment longer",
    esp32,
    [section(0x400d_0018, 0xfff0, 3)],
    ["0+fff0", "400d0018+1000c"],
  ],
  [
    "merges neighbours of one kind",
    esp32,
    [
      section(0x4008_0000, 5, 1),
      section(0x4008_0008, 8, 2),
      section(0x4007_fff8, 8, 3),
    ],
    ["4007fff8+8", "40080000+10"],
  ],
  [
    "puts the app descriptor first",
    esp32,
    [
      section(0x3f40_0020, 16, 4),
      section(0x400d_0020, 16, 4),
      section(0x3f41_0020, 256, 0, ".flash.appdesc"),
    ],
    ["3f410020+100", "0+fef0", "3f400020+10", "0+ffe0", "400d0020+10"],
  ],
  [
    "puts the bootloader's descriptor first",
    esp32,
    [
      section(0x3ffb_0000, 16, 4),
      section(0x3fff_0000, 80, 1, ".dram0.bootdesc"),
      section(0x3fff_0050, 16, 4),
    ],
    ["3fff0000+60", "3ffb0000+10"],
  ],
];

for (const [name, chip, sections, segments] of LAYOUTS) {
  Deno.test(`buildImage ${name}`, () => {
    assert.deepEqual(layoutOf(sections, { chip }), segments);
  });
}

Deno.test("buildImage loads program headers where they are asked for, to where they are loaded", () => {
  const elf = buildElf({
    sections: [section(0x4008_0000, 8, 9)],
    segments: [
      {
        address: 0x3ffb_0000,
        physicalAddress: 0x3ffb_1000,
        data: new Uint8Array(8),
      },
      { address: 0x4008_0000, data: new Uint8Array(6), type: 2 },
      { address: 0x4009_0000, data: new Uint8Array(6), memorySize: 20 },
    ],
  });
  const image = buildImage(elf, { chip: esp32, useSegments: true });
  assert.deepEqual(layout(image, esp32), ["3ffb1000+8", "40090000+8"]);
});

function descriptor(pagePower: number): ElfBuilderSection {
  const data = new Uint8Array(256);
  new DataView(data.buffer).setUint32(0, 0xabcd_5432, true);
  data[180] = pagePower;
  return { name: ".flash.appdesc", address: 0x4280_0020, data };
}

Deno.test("buildImage takes the page size that was asked for, then the app descriptor's, then the chip's", () => {
  const code = section(0x4200_0020, 64, 1);
  const gaps = [
    [layoutOf([descriptor(14), code], { chip: esp32c6 })[1], "0+3ef0"],
    [
      layoutOf([descriptor(14), code], {
        chip: esp32c6,
        mmuPageSize: 0x8000,
      })[1],
      "0+7ef0",
    ],
    [layoutOf([descriptor(0), code], { chip: esp32c6 })[1], "0+fef0"],
  ];
  for (const [actual, expected] of gaps) assert.equal(actual, expected);
  assert.throws(
    () => layoutOf([descriptor(17), code], { chip: esp32c6 }),
    { name: "ImageError", message: /ESP32-C6 has no pages of 131072 bytes/ },
  );
  // An ESP32-S31's descriptor without a size means the largest, no descriptor the default.
  const places = [section(0x4000_0020, 256, 0), section(0x4010_0020, 64, 1)];
  assert.equal(layoutOf(places, { chip: esp32s31 })[1], "0+fef0");
  const { data = new Uint8Array() } = descriptor(0);
  const described = { ...descriptor(0), address: 0x4000_0020, data };
  const [, second = section(0, 1, 0)] = places;
  assert.equal(
    layoutOf([described, second], { chip: esp32s31 })[1],
    "0+3fef0",
  );
});

Deno.test("buildImage puts the ELF file's digest into the app descriptor, or where it is told", () => {
  const sections = [
    section(0x3f40_0020, 256, 0, ".flash.appdesc"),
    section(0x3f40_0120, 64, 0),
  ];
  const elf = buildElf({ sections });
  const digest = createHash("sha256").update(elf).digest("hex");
  for (const elfDigestOffset of [undefined, 0xb0, 0x130]) {
    const image = buildImage(elf, { chip: esp32, elfDigestOffset });
    const at = elfDigestOffset ?? 0xb0;
    assert.equal(image.subarray(at, at + 32).toHex(), digest);
    const parsed = parseImage(image, esp32);
    assert.equal(parsed.checksum, parsed.expectedChecksum);
    assert.equal(isDigestValid(image, parsed), true);
  }
  for (const elfDigestOffset of [0x18, 0x141, 0x160, 0x1000]) {
    assert.throws(() => buildImage(elf, { chip: esp32, elfDigestOffset }), {
      name: "ImageError",
      message: /does not fit in a segment/,
      offset: elfDigestOffset,
    });
  }
  const full = buildElf({
    sections: [section(0x3f40_0020, 256, 1, ".flash.appdesc")],
  });
  assert.throws(() => buildImage(full, { chip: esp32 }), {
    name: "ImageError",
    message: /there are no zeros for the ELF file's digest at 176/,
  });
});

Deno.test("buildImage shows a ROM only what is for RAM", () => {
  const elf = buildElf({
    sections: [
      section(0x3f40_0020, 64, 1),
      section(0x400d_0020, 64, 2),
      section(0x3ffb_0000, 16, 4),
      section(0x4008_0000, 32, 5),
    ],
  });
  const image = buildImage(elf, { chip: esp32, ramOnlyHeader: true });
  const parsed = parseImage(image, esp32);
  assert.deepEqual(layout(image, esp32), ["3ffb0000+10", "40080000+20"]);
  assert.equal(parsed.checksum, parsed.expectedChecksum);
  assert.equal(parsed.extended?.hasDigest, false);
  // As esptool 5.6 made it: zeros, then the last segment, mapped once the image is at 0x1000.
  assert.equal(image.subarray(0x60, 0x68).toHex(), "00000000b0ef0000");
  assert.equal(image.subarray(0xf018, 0xf020).toHex(), "20000d4040000000");
  assert.equal(image.subarray(0x1_f018, 0x1_f020).toHex(), "2000403f40000000");
  assert.equal(image.length, 0x1_f060);
});

Deno.test("buildImage ends with a page once it is signed", () => {
  const elf = buildElf({ sections: [section(0x3ffb_0000, 16, 4)] });
  const sizes = (["v1", "v2"] as const).map((securePadding) =>
    buildImage(elf, { chip: esp32, securePadding }).length
  );
  // Version 1 adds 12 zeros, 4 bytes of version and 64 of signature.
  assert.deepEqual(sizes, [0x1_0000 - 80, 0x1_0000]);
});

Deno.test("buildImage pads to a multiple with what erased flash holds", () => {
  const elf = buildElf({ sections: [section(0x3ffb_0000, 16, 4)] });
  const bare = buildImage(elf, { chip: esp32 });
  for (const appendDigest of [true, false]) {
    const image = buildImage(elf, {
      chip: esp32,
      padToSize: 1000,
      appendDigest,
    });
    assert.equal(image.length, 1000);
    assert.equal(image.at(-1), 0xff);
    assert.equal(image.subarray(24, 48).toHex(), bare.subarray(24, 48).toHex());
  }
});

const RAM = {
  entry: 0,
  segments: [{ address: 0x3ffb_0000, data: new Uint8Array(4) }],
};
const ESP8266_RAM_ONLY = {
  entry: 0,
  segments: [{ address: 0x4010_0000, data: new Uint8Array(4) }],
};

Deno.test("buildImage refuses values that the chip does not have", () => {
  const refused: readonly [BuildImageOptions, RegExp][] = [
    [{ chip: esp32, flashSize: "512KB" }, /flash size "512KB"/],
    [{ chip: esp32, flashFrequency: "48m" }, /flash frequency "48m"/],
    [{ chip: esp32, minRevision: 65_536 }, /least revision 65536/],
    [{ chip: esp32, maxRevision: -1 }, /greatest revision -1/],
    [{ chip: esp32, legacyMinRevision: 256 }, /legacy least revision 256/],
    [{ chip: esp32, padToSize: 0 }, /padToSize 0/],
    [{ chip: esp32, padToSize: 2 ** 40 }, /padToSize 1099511627776/],
    [{ chip: esp32, padToSize: NaN }, /padToSize NaN/],
    [{ chip: esp32c2, mmuPageSize: 0x2000 }, /no pages of 8192 bytes/],
    [
      { chip: esp32, securePadding: "v2", appendDigest: false },
      /secure padding needs the digest/,
    ],
    [{ chip: esp32, useSegments: true }, /for ELF files/],
    [{ chip: esp32, elfDigestOffset: 0xb0 }, /for ELF files/],
  ];
  for (const [options, message] of refused) {
    assert.throws(() => buildImage(RAM, options), {
      name: "RangeError",
      message,
    });
  }
});

Deno.test("buildImage refuses options that mean nothing to the chip", () => {
  const useless: readonly BuildImageOptions[] = [
    { chip: esp32, version: 2 },
    { chip: esp32, mmuPageSize: 0x8000 },
    { chip: esp32c6, securePadding: "v1" },
    { chip: esp8266, minRevision: 1 },
    { chip: esp8266, ramOnlyHeader: true },
    { chip: esp8266, elfDigestOffset: 0xb0 },
    { chip: esp8266, version: 2, padToSize: 1024 },
  ];
  for (const options of useless) {
    const [name, ...more] = uselessImageOptions(options);
    assert.ok(name !== undefined && more.length === 0);
    const program = options.chip === esp8266 ? ESP8266_RAM_ONLY : RAM;
    assert.throws(() => buildImage(program, options), {
      name: "RangeError",
      message: new RegExp(`has no use for ${name}`),
    });
  }
  assert.deepEqual(
    uselessImageOptions({ chip: esp32, mmuPageSize: 0x1_0000 }),
    [],
  );
});

Deno.test("buildImage refuses programs that make no image", () => {
  const refused: readonly [readonly ElfBuilderSection[], RegExp][] = [
    [[], /no sections of the ELF file are loaded/],
    [
      [section(0x400d_0020, 8, 1), section(0x400d_8000, 8, 1)],
      /0x400d_0020 and 0x400d_8000 are mapped to the same page/,
    ],
    [
      Array.from({ length: 17 }, (_, i) => section(0x3ffb_0000 + i * 16, 8, 1)),
      /it has 17 segments, 16 are allowed/,
    ],
    [[section(0x3ffb_0000, 0x100_0000, 0)], /has 16777216 bytes/],
    [[section(0x400d_0022, 8, 1)], /0x400d_0022 is mapped, but not to a word/],
  ];
  for (const [sections, message] of refused) {
    assert.throws(() => layoutOf(sections, { chip: esp32 }), {
      name: "ImageError",
      message,
    });
  }
  const low = buildElf({
    sections: [section(0x4010_0000, 64, 1), section(0x4020_0010, 8, 1)],
  });
  assert.throws(() => buildImageFiles(low, { chip: esp8266 }), {
    name: "ImageError",
    message: /0x4020_0010 overlaps the 96 bytes for RAM/,
  });
});

Deno.test("buildImage refuses a small file whose sections share their bytes", () => {
  const sections = Array.from(
    { length: 1000 },
    (_, i) => section(0x3ffb_0000 + i * 4, i === 0 ? 4000 : 4, 1),
  );
  const bytes = buildElf({ sections });
  const view = new DataView(bytes.buffer);
  const headers = view.getUint32(32, true);
  const first = view.getUint32(headers + 40 + 16, true);
  for (let i = 1; i <= 1000; i++) {
    view.setUint32(headers + i * 40 + 16, first, true);
    view.setUint32(headers + i * 40 + 20, 4000, true);
  }
  assert.throws(() => buildImage(bytes, { chip: esp32 }), {
    name: "ImageError",
    message: /sections of the ELF file share their bytes/,
  });
});

Deno.test("buildImage leaves the ELF file as it was, and views its sections", () => {
  const elf = buildElf({
    sections: [section(0x3f40_0020, 256, 0, ".flash.appdesc")],
  });
  const before = elf.toHex();
  const parsed = parseElf(elf);
  assert.deepEqual(
    buildImage(parsed, { chip: esp32 }),
    buildImage(elf, { chip: esp32 }),
  );
  assert.equal(elf.toHex(), before);
});

Deno.test("buildImage and parseImage are each other's reverse, on every chip", () => {
  const program = fc.record({
    chip: fc.constantFrom(...CHIPS),
    entry: fc.integer({ min: 0, max: 0xffff_ffff }),
    pieces: fc.array(
      fc.record({
        mapped: fc.boolean(),
        words: fc.nat(0x3000),
        data: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  });
  fc.assert(
    fc.property(program, ({ chip, entry, pieces }) => {
      const version = chip.imageChipId === undefined ? 3 as const : undefined;
      const irom = chip.memory.find(({ kind }) => kind === "irom");
      const iram = chip.memory.find(({ kind }) => kind === "iram");
      assert.ok(irom !== undefined && iram !== undefined);
      const segments = pieces.map(({ mapped, words, data }, i) => ({
        address: mapped
          ? irom.start + i * 0x2_0000 + words * 4
          : iram.start + words * 4,
        data,
      }));
      const image = buildImage({ entry, segments }, { chip, version });
      const parsed = parseImage(image, chip);
      assert.equal(parsed.entry, entry);
      assert.equal(parsed.checksum, parsed.expectedChecksum);
      // What is loaded where, whatever it was cut into.
      const loaded = new Map<number, number>();
      for (const { address, data } of parsed.segments) {
        if (address === 0) continue;
        data.forEach((byte, i) => loaded.set(address + i, byte));
      }
      // Of two that overlap, the later one counts, but only among those of one kind.
      for (const [i, { address, data }] of segments.entries()) {
        const overlapped = segments.some((other, j) =>
          i !== j && other.address < address + data.length + 3 &&
          address < other.address + other.data.length + 3
        );
        if (overlapped) continue;
        data.forEach((byte, k) => assert.equal(loaded.get(address + k), byte));
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("buildImage answers or refuses whatever ELF file it gets", () => {
  const seed = buildElf({
    sections: [
      section(0x3f40_0020, 300, 0, ".flash.appdesc"),
      section(0x400d_0020, 40, 2),
      section(0x3ffb_0000, 40, 3),
      section(0x3ffb_0028, 40, 3),
    ],
  });
  const changes = fc.array(
    fc.tuple(fc.nat(seed.length - 1), fc.nat(255)),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(fc.property(changes, fc.constantFrom(...CHIPS), (changes, chip) => {
    const bytes = seed.slice();
    for (const [at, value] of changes) bytes[at] = value;
    try {
      buildImageFiles(bytes, { chip });
    } catch (error) {
      assert.ok(error instanceof ImageError, String(error));
    }
  }));
});
