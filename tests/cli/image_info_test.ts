import assert from "node:assert/strict";
import { chipById } from "../../lib/chips/registry.ts";
import { drawMemory } from "../../lib/cli/memory_picture.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import { inspectImage } from "../../lib/image/image_info.ts";
import { formatIntelHex } from "../../lib/image/intel_hex.ts";
import { runCli, temporaryFolder } from "./_cli.ts";

const esp32 = chipById("esp32");
const IMAGE = buildImage({
  entry: 0x4008_0000,
  segments: [
    { address: 0x4008_0000, data: new Uint8Array(0x8000) },
    { address: 0x3ffa_e000, data: Uint8Array.of(1, 2, 3, 4) },
  ],
}, { chip: esp32, flashMode: "dio", flashSize: "4MB" });

Deno.test("image-info shows what scripts look for in esptool's output", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("app.bin");
  await Deno.writeFile(path, IMAGE);
  const { code, stdout } = await runCli(["image_info", path]);
  assert.equal(code, 0);
  for (
    const line of [
      `Image size: ${IMAGE.length} bytes`,
      "Detected image type: ESP32",
      "Entry point: 0x40080000",
      "Segments: 2",
      "Flash size: 4MB",
      "Flash freq: 40m",
      "Flash mode: DIO",
      "WP pin: 0xee (disabled)",
      "Chip ID: 0 (ESP32)",
      "      0  0x08000  0x40080000  0x00000018  IRAM",
      "Checksum: 0xeb (valid)",
      `Validation hash: ${IMAGE.slice(-32).toHex()} (valid)`,
    ]
  ) assert.ok(stdout.split("\n").includes(line), `${line}\n${stdout}`);
});

Deno.test("image-info gives one object with --json", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("app.bin");
  await Deno.writeFile(path, IMAGE);
  const { stdout } = await runCli(["image-info", "--json", path]);
  const { result: { images: [image], ...file } } = JSON.parse(stdout);
  assert.deepEqual(file, { file: path, size: IMAGE.length, format: "raw" });
  assert.deepEqual(image.flash, { mode: "dio", size: "4MB", frequency: "40m" });
  assert.deepEqual(image.checksum, {
    value: 0xeb,
    expected: 0xeb,
    valid: true,
  });
  assert.equal(image.digest.valid, true);
  assert.deepEqual(image.segments[1].memory, ["BYTE_ACCESSIBLE", "DRAM"]);
});

Deno.test("image-info tells what is wrong, and still shows the rest", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("app.bin");
  const damaged = IMAGE.slice();
  damaged[40] = 1;
  await Deno.writeFile(path, damaged);
  const { code, stdout } = await runCli([
    "--chip",
    "esp32",
    "image-info",
    path,
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /^Checksum: 0xeb \(invalid - calculated 0xea\)$/m);
  assert.match(
    stdout,
    /^Validation hash: [0-9a-f]{64} \(invalid - calculated [0-9a-f]{64}\)$/m,
  );
});

Deno.test("image-info finds an image at an offset, and says where one may be", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("merged.bin");
  const merged = new Uint8Array(0x1000 + IMAGE.length).fill(0xff);
  merged.set(IMAGE, 0x1000);
  await Deno.writeFile(path, merged);
  const lost = await runCli(["image-info", path]);
  assert.equal(lost.code, 2);
  assert.equal(
    lost.stderr,
    "A fatal error occurred: Cannot find image: the file begins with 0xff, not with 0xe9\n" +
      "Hint: There may be a bootloader: try --offset 0x1000.\n",
  );
  const found = await runCli(["image-info", "--offset", "0x1000", path]);
  assert.match(found.stdout, /^Image at 0x00001000\n/);
  const past = await runCli(["image-info", "--offset", "0x100000", path]);
  assert.match(past.stderr, /Cannot find image at 0x00100000: the file has/);
});

Deno.test("image-info shows every image of an Intel HEX file", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("merged.hex");
  await Deno.writeFile(
    path,
    formatIntelHex([
      { address: 0x1000, data: IMAGE },
      { address: 0x2_0000, data: Uint8Array.of(1, 2, 3) },
      { address: 0x3_0000, data: IMAGE },
    ]),
  );
  const { stdout } = await runCli(["image-info", "--json", path]);
  const { result } = JSON.parse(stdout);
  assert.equal(result.format, "hex");
  assert.deepEqual(
    result.images.map(({ address }: { address: number }) => address),
    [0x1000, 0x3_0000],
  );
});

Deno.test("image-info refuses what is no image, and a file that is not there", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("empty.bin");
  await Deno.writeFile(path, new Uint8Array());
  const empty = await runCli(["image-info", path]);
  assert.match(empty.stderr, /Cannot find image at 0x00000000: the file has 0/);
  const missing = await runCli(["image-info", folder.file("none")]);
  assert.match(missing.stderr, /^A fatal error occurred: Cannot read /);
  assert.equal(missing.code, 2);
});

Deno.test("drawMemory marks what is used of each range", () => {
  const { segments } = inspectImage(IMAGE);
  assert.deepEqual(drawMemory(segments, esp32, 98), [
    `DRAM      0x3ffae000 [#${".".repeat(39)}] 0x40000000 4 bytes of 328 KB`,
    `IRAM      0x40070000 [${".".repeat(8)}${"#".repeat(4)}${
      ".".repeat(28)
    }] 0x400c0000 32 KB of 320 KB`,
  ]);
  for (const line of drawMemory(segments, esp32, 20)) {
    assert.match(line, / \[[.#]{8}\] /);
  }
});
