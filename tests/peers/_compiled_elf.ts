/** Programs compiled by other people's compilers, with sections as the chips' SDKs have them. */

import { chipById } from "../../mod.ts";

const SOURCE = `
#define AT(name) __attribute__((section(name), used))
typedef unsigned int word;
struct descriptor { word magic; char room[176]; unsigned char page, reserved[75]; };
AT(".rodata_desc") const struct descriptor descriptor = { 0xABCD5432, { 0 }, 16 };
AT(".rodata.table") const word table[] = { 1, 2, 3, 5, 8, 13, 21 };
word counters[8] = { 7, 6, 5 };
word cleared[100];
AT(".flash_code") word sum(const word *values, int count) {
  word total = 0;
  for (int i = 0; i < count; i++) total += values[i] * counters[i & 7];
  return total;
}
AT(".ram_code") void start(void) {
  for (;;) cleared[sum(table, 7) & 63] += (word)descriptor.magic;
}
`;

/** Compiles the program for a chip. */
export async function compileFor(
  id: string,
  gcc: string,
): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir();
  try {
    const isEsp8266 = id === "esp8266";
    await Deno.writeTextFile(`${folder}/a.c`, SOURCE);
    await Deno.writeTextFile(
      `${folder}/a.ld`,
      isEsp8266 ? ESP8266_SCRIPT : riscvScript(id),
    );
    const machine = isEsp8266 ? ["-mlongcalls"] : [
      ...["-march=rv32imc", "-mabi=ilp32", "-msmall-data-limit=0"],
    ];
    const { success, stderr } = await new Deno.Command(gcc, {
      cwd: folder,
      args: [
        ...machine,
        ...["-Os", "-g", "-ffreestanding", "-nostdlib", "-Wl,--build-id=none"],
        ...["-T", "a.ld", "a.c", "-o", "a.elf"],
      ],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return await Deno.readFile(`${folder}/a.elf`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const ESP8266_SCRIPT = `
ENTRY(start)
SECTIONS {
  .data 0x3ffe8000 : { *(.data*) }
  .rodata ALIGN(4) : { *(.rodata*) }
  .bss ALIGN(8) (NOLOAD) : { *(.bss* COMMON) }
  .text 0x40100000 : { *(.ram_code*) *(.text*) *(.literal*) }
  .irom0.text 0x40210010 : { *(.flash_code*) }
}
`;

/** Sections as ESP-IDF names and places them, each in the chip's own memory. */
function riscvScript(id: string): string {
  const { memory } = chipById(id);
  const start = (kind: string) =>
    memory.find((region) => region.kind === kind)?.start ?? 0;
  const [iram, dram, irom, drom] = ["iram", "dram", "irom", "drom"].map(
    start,
  ) as [number, number, number, number];
  const code = irom + (irom === drom ? 0x2_0020 : 0x1_0020);
  return `
ENTRY(start)
SECTIONS {
  .iram0.text ${iram} : { *(.ram_code*) *(.text*) }
  .dram0.data ${dram + 0x2000} : { *(.data*) }
  .dram0.bss (NOLOAD) : { *(.bss* COMMON) }
  .flash.appdesc ${drom + 0x20} : { *(.rodata_desc*) }
  .flash.rodata ALIGN(16) : { *(.rodata*) }
  .flash.text ${code} : { *(.flash_code*) }
}
`;
}
