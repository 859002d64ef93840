import assert from "node:assert/strict";
import { buildImage, chipById } from "../../mod.ts";
import { buildElf } from "../image/_elf_builder.ts";
import { runCli, temporaryFolder } from "./_cli.ts";

const ESP32_ELF = buildElf({
  entry: 0x4008_0000,
  sections: [
    { name: ".iram0.text", address: 0x4008_0000, data: new Uint8Array(16) },
  ],
});
const ESP8266_ELF = buildElf({
  entry: 0x4010_0000,
  sections: [
    { name: ".text", address: 0x4010_0000, data: new Uint8Array(16) },
    { name: ".irom0.text", address: 0x4021_0010, data: new Uint8Array(32) },
  ],
});

async function names(path: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(path));
  return entries.map(({ name }) => name).sort();
}

Deno.test("elf2image names the image after the ELF file", async () => {
  await using folder = await temporaryFolder();
  const file = folder.file("app.v1.elf");
  await Deno.writeFile(file, ESP32_ELF);
  const { code, stdout } = await runCli(["--chip", "esp32", "elf2image", file]);
  assert.equal(code, 0);
  assert.deepEqual(await names(folder.path), ["app.v1.bin", "app.v1.elf"]);
  assert.match(stdout, /^Creating ESP32 image\.\.\.\n/);
  assert.match(stdout, /Successfully created ESP32 image\.\n$/);
  assert.deepEqual(
    await Deno.readFile(folder.file("app.v1.bin")),
    buildImage(ESP32_ELF, { chip: chipById("esp32") }),
  );
});

Deno.test("elf2image tells of an ESP8266's files in JSON", async () => {
  await using folder = await temporaryFolder();
  const file = folder.file("app.elf");
  await Deno.writeFile(file, ESP8266_ELF);
  const { code, stdout } = await runCli([
    ...["--json", "--chip", "ESP8266", "elf2image"],
    ...["--flash_mode", "dio", "-o", folder.file("app-"), file],
  ]);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), {
    ok: true,
    command: "elf2image",
    result: {
      chip: "esp8266",
      files: [
        { name: folder.file("app-0x00000.bin"), size: 48, address: 0 },
        { name: folder.file("app-0x10010.bin"), size: 32, address: 0x1_0010 },
      ],
    },
  });
});

Deno.test("elf2image says which options mean nothing to the chip", async () => {
  await using folder = await temporaryFolder();
  const file = folder.file("app.elf");
  await Deno.writeFile(file, ESP8266_ELF);
  const { code, stdout } = await runCli([
    ...["--chip", "esp8266", "elf2image", "-e", "2", "--secure-pad"],
    ...["--min-rev-full", "3", "--dont-append-digest", file],
  ]);
  assert.equal(code, 0);
  const notes = stdout.split("\n").filter((line) => line.startsWith("Note:"));
  assert.deepEqual(notes, [
    "Note: --min-rev-full means nothing to an image for ESP8266.",
    "Note: --dont-append-digest means nothing to an image for ESP8266.",
    "Note: secure padding means nothing to an image for ESP8266.",
  ]);
  assert.deepEqual(await names(folder.path), ["app-0x10000.bin", "app.elf"]);
});

Deno.test("elf2image leaves no file behind when it fails", async () => {
  await using folder = await temporaryFolder();
  const file = folder.file("app.elf");
  await Deno.writeFile(file, ESP32_ELF.subarray(0, 100));
  const lines: [args: string[], message: RegExp][] = [
    [["--chip", "esp32", "elf2image", file], /Cannot parse ELF: e_shnum/],
    [["elf2image", file], /does not know which chip/],
    [["--chip", "esp32", "elf2image", folder.file("none")], /Cannot read "/],
    [
      ["--chip", "esp32", "elf2image", "--pad-to-size", "64", file],
      /--pad-to-size: "64" is not a size/,
    ],
  ];
  for (const [args, message] of lines) {
    const { code, stderr } = await runCli(args);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
  await Deno.writeFile(file, ESP32_ELF);
  const { code, stderr } = await runCli([
    ...["--chip", "esp32", "elf2image", "-o", folder.file("no/such.bin"), file],
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /Cannot write/);
  assert.deepEqual(await names(folder.path), ["app.elf"]);
});

Deno.test("make-image makes an image of segments in their order", async () => {
  await using folder = await temporaryFolder();
  const [text, data, image] = ["text", "data", "app.bin"].map(folder.file);
  await Deno.writeFile(text ?? "", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  await Deno.writeFile(data ?? "", Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd));
  const { code, stdout } = await runCli([
    ...["make_image", "-f", text ?? "", "-a", "0x40100000"],
    ...["-f", data ?? "", "-a", "0x3ffe8000", "-e", "0x40100004"],
    ...["-fm", "dio", "-fs", "512KB", image ?? ""],
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /Note: no --chip was given, so it is an ESP8266's\./);
  // As "Firmware Image Format" of esptool's documentation has it.
  assert.equal(
    (await Deno.readFile(image ?? "")).toHex(),
    "e902020004001040" + "0000104008000000" + "0102030405060708" +
      "0080fe3f04000000" + "aabbccdd" + "00".repeat(11) + "e7",
  );
});

Deno.test("make-image refuses a segment without an address", async () => {
  const { code, stderr } = await runCli([
    ...["make-image", "-f", "a", "-f", "b", "-a", "0x40100000", "out.bin"],
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /has 2 segment files and 1 addresses/);
  assert.match(stderr, /Hint: Give each segment both/);
});
