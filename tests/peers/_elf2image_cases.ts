/** What `elf2image` is compared with real esptool on: a case is a line of a table. */

import { type ChipFamily, CHIPS } from "../../mod.ts";
import {
  buildElf,
  type ElfBuilderSection,
  type ElfBuilderSegment,
} from "../image/_elf_builder.ts";

/** A command line, and the ELF that it is for. */
export interface Elf2imageCase {
  readonly chip: string;
  /** Name of the ELF, for messages. */
  readonly elf: string;
  readonly bytes: Uint8Array;
  /** Options between `elf2image` and the file. */
  readonly args: readonly string[];
  /** Where esptool is not followed. */
  readonly excuse?: Excuse;
}

/** A difference that is meant. */
export interface Excuse {
  /** What esptool does. */
  readonly esptool: "accepts" | "refuses";
  /** What espline does instead; `accepts` is other bytes, if esptool accepts too. */
  readonly espline: "accepts" | "refuses";
  /** Why. */
  readonly reason: string;
}

/** Bytes that do not repeat, and the same each time. */
function noise(size: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  });
}

function start(chip: ChipFamily, kind: string): number {
  return chip.memory.find((region) => region.kind === kind)?.start ?? 0;
}

/** An app descriptor as ESP-IDF's linker makes it: room for the digest, and the page size at its end. */
function appDescriptor(pagePower: number): Uint8Array {
  const bytes = new Uint8Array(256);
  new DataView(bytes.buffer).setUint32(0, 0xabcd_5432, true);
  bytes.set(new TextEncoder().encode("1.2.3"), 16);
  bytes[180] = pagePower;
  return bytes;
}

function withSegments(
  sections: readonly ElfBuilderSection[],
  entry: number,
): Uint8Array {
  const segments: ElfBuilderSegment[] = sections.flatMap((
    { address = 0, data },
  ) => data === undefined ? [] : [{ address, data }]);
  return buildElf({ entry, sections, segments });
}

/** Sections side by side, as a linker places them. */
function sideBySide(
  address: number,
  parts: readonly (readonly [name: string, data: Uint8Array])[],
): ElfBuilderSection[] {
  let next = address;
  return parts.map(([name, data]) => {
    const section = { name, address: next, data };
    next += Math.ceil(data.length / 4) * 4;
    return section;
  });
}

/** An application: app descriptor and constants, code in flash, code and data in RAM. */
function application(chip: ChipFamily, pagePower = 0): Uint8Array {
  const [drom, irom] = [start(chip, "drom"), start(chip, "irom")];
  const iram = start(chip, "iram");
  const dram = start(chip, "dram") + 0x1000;
  return withSegments([
    ...sideBySide(iram, [
      [".iram0.vectors", noise(0x400, 1)],
      [".iram0.text", noise(0x1235, 2)],
    ]),
    ...sideBySide(dram + 0x4000, [[".dram0.data", noise(0x302, 3)]]),
    { name: ".dram0.bss", type: 8, address: dram + 0x5000, size: 0x1000 },
    ...sideBySide(drom + 0x20, [
      [".flash.appdesc", appDescriptor(pagePower)],
      [".flash.rodata", noise(0x813, 4)],
    ]),
    ...sideBySide(irom + (drom === irom ? 0x1_0000 : 0) + 0x1_0020, [
      [".flash.text", noise(0x2001, 5)],
    ]),
    { name: ".debug_info", flags: 0, data: noise(100, 6) },
  ], iram + 4);
}

/** A bootloader: all of it in RAM, its descriptor not in the lowest place. */
function bootloader(chip: ChipFamily): Uint8Array {
  const iram = start(chip, "iram");
  const descriptor = noise(80, 7).fill(0x50, 0, 1);
  return withSegments([
    ...sideBySide(iram, [[".iram.text", noise(0x123, 8)]]),
    ...sideBySide(iram + 0x4000, [
      [".dram0.bootdesc", descriptor],
      [".dram0.rodata", noise(0x44, 9)],
    ]),
    {
      name: ".init_array",
      type: 14,
      address: iram + 0x2000,
      data: noise(8, 1),
    },
  ], iram + 8);
}

/** Several segments of each kind, in no order, some of them on the edge of what fits. */
function scattered(chip: ChipFamily): Uint8Array {
  const [drom, irom] = [start(chip, "drom"), start(chip, "irom")];
  const iram = start(chip, "iram");
  const data = (size: number) => noise(size, size);
  return withSegments([
    { name: ".a", address: irom + 0x8_0018, data: data(4) },
    { name: ".b", address: drom + 0x3_0020, data: data(0x100) },
    { name: ".c", address: iram + 0x100, data: data(0x20) },
    { name: ".d", address: irom + 0x9_fff8, data: data(0x13) },
    { name: ".e", address: drom + 0x4_0130, data: data(0x55) },
    { name: ".f", address: iram, data: data(0x99) },
    { name: ".g", address: iram + 0x140, data: data(0x1_0000 - 0x200) },
  ], iram);
}

function esp8266Program(irom: number): Uint8Array {
  return withSegments([
    { name: ".data", address: 0x3ffe_8000, data: noise(0x3a2, 1) },
    { name: ".rodata", address: 0x3ffe_83a4, data: noise(0x29, 2) },
    { name: ".bss", type: 8, address: 0x3ffe_9000, size: 0x1000 },
    { name: ".text", address: 0x4010_0000, data: noise(0x1fe, 3) },
    { name: ".irom0.text", address: irom, data: noise(0x777, 4) },
  ], 0x4010_0004);
}

/** Options for every chip that has an extended header. */
const OPTIONS: readonly string[] = [
  "",
  "--use-segments",
  "--dont-append-digest",
  "--ram-only-header",
  "--secure-pad",
  "--secure-pad-v2",
  "--secure-pad --secure-pad-v2",
  "-r 3 --min-rev-full 103 --max-rev-full 199",
  "--min-rev 255 --min-rev-full 65535 --max-rev-full 0",
  "--pad-to-size 4KB",
  "--fill-flash-size 1MB",
  "--flash-mmu-page-size 64KB",
  "--flash-mmu-page-size 32KB",
  "--flash-mmu-page-size 16KB --secure-pad-v2",
  "--flash-mmu-page-size 8KB --ram-only-header",
  "-fm dout -fs 16MB",
  "--flash_mode dio --flash_size 4MB",
  "--flash-mode qout --flash-size 128MB -o named.bin",
  "-e 2",
];

const ESP8266_OPTIONS: readonly string[] = [
  "",
  "-o prefix-",
  "-o prefix.bin",
  "-ff 26m -fm dout -fs 4MB",
  "--use-segments",
  "--pad-to-size 1MB",
  "--secure-pad --secure-pad-v2",
  "--ram-only-header",
  "--dont-append-digest",
  "--min-rev 1 --min-rev-full 1 --max-rev-full 2",
  "--flash-mmu-page-size 32KB",
];

function words(text: string): string[] {
  return text.split(" ").filter(Boolean);
}

function chipCases(chip: ChipFamily): Elf2imageCase[] {
  const elfs = {
    application: application(chip),
    bootloader: bootloader(chip),
    scattered: scattered(chip),
  };
  const on = (elf: keyof typeof elfs, args: string) => ({
    ...{ chip: chip.id, elf, bytes: elfs[elf], args: words(args) },
  });
  return [
    ...OPTIONS.map((args) => on("application", args)),
    ...["", "--secure-pad-v2", "--ram-only-header", "--elf-sha256-offset 0x48"]
      .map((args) => on("bootloader", args)),
    ...["", "--use-segments", "--ram-only-header"]
      .map((args) => on("scattered", args)),
    ...Object.keys(chip.flash.frequencies)
      .map((name) => on("bootloader", `-ff ${name}`)),
    ...[13, 14, 15, 16, 18].map((power) => ({
      ...on("application", ""),
      elf: `application with pages of 2 ** ${power}`,
      bytes: application(chip, power),
    })),
  ];
}

function esp8266Cases(): Elf2imageCase[] {
  const program = esp8266Program(0x4021_0010);
  const ramOnly = buildElf({
    entry: 0x4010_0000,
    sections: [{ name: ".text", address: 0x4010_0000, data: noise(20, 1) }],
  });
  const on = (elf: string, bytes: Uint8Array, args: string) => ({
    ...{ chip: "esp8266", elf, bytes, args: words(args) },
  });
  return ["1", "2", "3"].flatMap((version) => [
    ...ESP8266_OPTIONS.map((args) =>
      on("program", program, `-e ${version} ${args}`)
    ),
    on("RAM only", ramOnly, `--version ${version}`),
    on("flash at 0x8010", esp8266Program(0x4020_8010), `-e ${version}`),
    ...["256KB", "512KB", "2MB-c1", "16MB", "32MB"]
      .map((size) => on("RAM only", ramOnly, `-e ${version} -fs ${size}`)),
  ]).concat(
    on("program", program, "-e 2 --elf-sha256-offset 0x20"),
    on(
      "room for a digest",
      buildElf({
        sections: [{
          name: ".irom0.text",
          address: 0x4021_0010,
          data: new Uint8Array(100),
        }],
      }),
      "-e 2 --elf-sha256-offset 0x20",
    ),
    on("two in flash", twoInFlash(), "-e 1"),
    on("two in flash", twoInFlash(), "-e 2"),
    on("two in flash", twoInFlash(), "-e 3"),
  );
}

function twoInFlash(): Uint8Array {
  return withSegments([
    { name: ".irom0.text", address: 0x4021_0010, data: noise(20, 1) },
    { name: ".irom1.text", address: 0x4022_0010, data: noise(20, 2) },
  ], 0);
}

/** Command lines and files that esptool refuses. */
function refusals(): Elf2imageCase[] {
  const esp32 = CHIPS.find(({ id }) => id === "esp32") as ChipFamily;
  const bytes = application(esp32);
  const boot = bootloader(esp32);
  const ram = (count: number) =>
    withSegments(
      Array.from({ length: count }, (_, i) => ({
        name: `.s${i}`,
        address: 0x3ffb_0000 + i * 0x100,
        data: noise(8, i),
      })),
      0,
    );
  const flash = (...places: [address: number, size: number][]) =>
    withSegments(
      places.map(([address, size], i) => ({
        name: `.f${i}`,
        address,
        data: noise(size, i),
      })),
      0,
    );
  const files: Record<string, Uint8Array> = {
    "17 segments": ram(17),
    "two on one page": flash([0x400d_0020, 16], [0x400d_8000, 16]),
    "16 MB in one segment": flash([0x400d_0020, 0x100_0000]),
    "an ELF for ARM": buildElf({ machine: 40 }),
    "the start of an ELF": bytes.subarray(0, 50),
    "an ELF cut off": bytes.subarray(0, 2000),
    "no ELF": new Uint8Array(100).fill(0xe9),
    nothing: new Uint8Array(),
  };
  const options = [
    ...["-ff 60m", "-ff 41m", "-fs 512KB", "-fs 3MB", "-fs keep", "-fm keep"],
    ...["-fm QIO", "-fs detect", "-ff keep", "-e 4", "-e 0"],
    ...["--min-rev 256", "--min-rev-full 65536", "--max-rev-full 65536"],
    ...["--min-rev-full -1", "--min-rev x", "--max-rev-full 0x10"],
    ...[
      "--secure-pad --dont-append-digest",
      "--secure-pad-v2 --ram-only-header",
    ],
    ...["--secure-pad-v2 --dont-append-digest", "--pad-to-size 64"],
    ...["--pad-to-size 1GB", "--pad-to-size KB", "--pad-to-size 1.5MB"],
    ...["--flash-mmu-page-size 4KB", "--flash-mmu-page-size 65536"],
    ...["--elf-sha256-offset abc"],
    ...["--elf-sha256-offset 0x18", "--elf-sha256-offset 0x200", "--nonsense"],
    ...["--secure_pad", "--output", "-o"],
  ];
  const c2 = CHIPS.find(({ id }) => id === "esp32c2") as ChipFamily;
  return [
    ...Object.entries(files).map(([elf, bytes]) => ({
      ...{ chip: "esp32", elf, bytes, args: [] },
    })),
    ...options.map((args) => ({
      ...{ chip: "esp32", elf: "application", bytes, args: words(args) },
    })),
    ...["", "-e 2"].map((args) => ({
      ...{ chip: "auto", elf: "bootloader", bytes: boot, args: words(args) },
    })),
    ...["8KB", "64KB"].map((size) => ({
      ...{ chip: "esp32c2", elf: "application", bytes: application(c2) },
      args: ["--flash-mmu-page-size", size],
    })),
  ];
}

/** Where esptool is not followed, each with its reason. */
function excused(): Elf2imageCase[] {
  const esp32 = CHIPS.find(({ id }) => id === "esp32") as ChipFamily;
  const zeros = (size: number, address = 0x3ffb_0000) =>
    withSegments([{ name: ".x", address, data: new Uint8Array(size) }], 0);
  const sixteen = withSegments(
    [0x400d_0018, ...Array.from({ length: 15 }, (_, i) => 0x3ffb_0000 + i * 64)]
      .map((address, i) => ({ name: `.s${i}`, address, data: noise(8, i) })),
    0,
  );
  const samePage = withSegments([
    { name: ".flash.appdesc", address: 0x400d_0100, data: appDescriptor(0) },
    { name: ".rodata", address: 0x3f40_0020, data: noise(8, 1) },
    { name: ".text", address: 0x400d_0020, data: noise(8, 2) },
  ], 0);
  const table: readonly [
    chip: string,
    elf: string,
    bytes: Uint8Array,
    args: string,
    esptool: Excuse["esptool"],
    espline: Excuse["espline"],
    reason: string,
  ][] = [
    [
      ...["esp32", "application", application(esp32)] as const,
      ...[
        "--pad-to-size 4KB --dont-append-digest",
        "accepts",
        "accepts",
      ] as const,
      "esptool pads from where it stopped writing, which without a digest is the header: the image is overwritten with 0xff from its third byte on",
    ],
    [
      ...["esp32", "bootloader", bootloader(esp32)] as const,
      ...["--pad-to-size 4KB --ram-only-header", "accepts", "accepts"] as const,
      "as without a digest: esptool overwrites the image from its third byte on",
    ],
    [
      ...["esp32", "16 segments and padding", sixteen, "", "accepts"] as const,
      ...["refuses"] as const,
      "esptool counts segments before it adds padding; no ROM or bootloader loads the 17 of its image",
    ],
    [
      ...["esp32", "nothing to load", buildElf(), "", "accepts"] as const,
      ...["refuses"] as const,
      "an image without segments starts code that is not there",
    ],
    [
      ...["esp32", "zeros", zeros(64)] as const,
      ...["--elf-sha256-offset 0x1000", "accepts", "refuses"] as const,
      "esptool leaves the digest out without a word if no segment is there",
    ],
    [
      ...["esp32", "zeros", zeros(64)] as const,
      ...["--elf-sha256-offset 0x40", "refuses", "accepts"] as const,
      "the digest fits: esptool counts a segment's header as part of its length, and misses its last eight bytes",
    ],
    [
      ...["esp32", "two on one page, a third between", samePage, ""] as const,
      ...["accepts", "refuses"] as const,
      "esptool compares neighbours in the file only; the bootloader can map one of the two",
    ],
    [
      ...["esp8266", "flash at 0x100", esp8266Program(0x4020_0100)] as const,
      ...["", "accepts", "refuses"] as const,
      "the two files overlap in flash: the one for RAM is longer than 0x100 bytes",
    ],
    [
      ...["esp8266", "an app descriptor"] as const,
      withSegments([
        { name: ".flash.appdesc", address: 0x4021_0010, data: noise(20, 1) },
      ], 0),
      ...["", "refuses", "accepts"] as const,
      "esptool ends with an AttributeError",
    ],
  ];
  return table.map(([chip, elf, bytes, args, esptool, espline, reason]) => ({
    ...{ chip, elf, bytes, args: words(args) },
    excuse: { esptool, espline, reason },
  }));
}

/** Every case with an ELF that is made here. */
export function madeCases(): Elf2imageCase[] {
  const extended = CHIPS.filter(({ imageChipId }) => imageChipId !== undefined);
  return [
    ...extended.flatMap(chipCases),
    ...esp8266Cases(),
    ...refusals(),
    ...excused(),
  ];
}

/** Options on an ELF that somebody else made. */
export function casesOn(
  chip: string,
  elf: string,
  bytes: Uint8Array,
): Elf2imageCase[] {
  const options = chip === "esp8266"
    ? ["-e 1", "-e 2", "-e 3", "-e 1 --use-segments -fs 4MB"]
    : [
      ...["", "--use-segments", "--ram-only-header", "--secure-pad-v2"],
      ...["--dont-append-digest -ff 80m -fm dio -fs 8MB", "--secure-pad"],
    ].slice(0, chip === "esp32c2" || chip.startsWith("esp32h") ? 4 : 6);
  return options.map((args) => ({ chip, elf, bytes, args: words(args) }));
}
