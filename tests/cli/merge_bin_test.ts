import assert from "node:assert/strict";
import { chipById } from "../../lib/chips/registry.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import { inspectImage } from "../../lib/image/image_info.ts";
import { namesIn, runCli, temporaryFolder } from "./_cli.ts";

const BOOTLOADER = buildImage({
  entry: 0x4008_0000,
  segments: [{ address: 0x4008_0000, data: Uint8Array.of(1, 2, 3, 4) }],
}, { chip: chipById("esp32") });

Deno.test("merge-bin merges files, and patches the bootloader", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(folder.file("boot.bin"), BOOTLOADER);
  await Deno.writeFile(folder.file("app.bin"), Uint8Array.of(5, 6));
  const output = folder.file("all.bin");
  const { code, stdout, stderr } = await runCli([
    ...["--chip", "esp32", "merge_bin", "-o", output, "--flash_mode", "qout"],
    ...[
      "-ff",
      "80m",
      "-fs",
      "4MB",
      "-t",
      "0x1000",
      "--fill-flash-size",
      "256KB",
    ],
    ...["0x1000", folder.file("boot.bin"), "0x10000", folder.file("app.bin")],
  ]);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.equal(
    stdout,
    `Wrote 0x3f000 bytes to file '${output}', ready to flash to offset 0x1000.\n`,
  );
  const merged = await Deno.readFile(output);
  const { flashMode, flashFrequency, flashSize, digest } = inspectImage(merged);
  assert.deepEqual(
    [flashMode, flashFrequency, flashSize, digest?.isValid],
    ["qout", "80m", "4MB", true],
  );
  assert.equal(merged.subarray(0xf000, 0xf003).toHex(), "0506ff");
});

Deno.test("merge-bin says in JSON what it has made", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(folder.file("app.bin"), Uint8Array.of(5, 6));
  const file = folder.file("all.uf2");
  const { stdout } = await runCli([
    ...["--json", "--chip", "esp32", "merge-bin", "-f", "uf2", "-o", file],
    ...["--chunk-size", "256", "--md5-disable", "0x1000"],
    folder.file("app.bin"),
  ]);
  assert.deepEqual(JSON.parse(stdout).result, {
    file,
    format: "uf2",
    size: 512,
    offset: 0,
    chip: "esp32",
  });
});

Deno.test("merge-bin tells of a bootloader that it cannot patch", async () => {
  await using folder = await temporaryFolder();
  const file = folder.file("app.bin");
  await Deno.writeFile(file, Uint8Array.of(5, 6));
  const { stdout } = await runCli([
    ...["--chip", "esp32c3", "merge-bin", "-fm", "dio", "-f", "hex"],
    ...["-o", folder.file("all.hex"), "0", file],
  ]);
  assert.match(
    stdout,
    /^Note: Flash parameters are left as they are in ".*app.bin" at 0x0000_0000: /,
  );
});

Deno.test("merge-bin names what is missing or wrong, and leaves no file", async () => {
  await using folder = await temporaryFolder();
  const file = folder.file("app.bin");
  await Deno.writeFile(file, Uint8Array.of(5, 6));
  const all = ["-o", folder.file("all.bin")];
  const chip = ["--chip", "esp32", "merge-bin"];
  const cases: [RegExp, string[]][] = [
    [/merge-bin must know the chip/, ["merge-bin", ...all, "0", file]],
    [/merge-bin needs --output FILE/, [...chip, "0", file]],
    [/"0x1000" is an address without a file/, [...chip, ...all, "0x1000"]],
    [/Missing required argument/i, [...chip, ...all]],
    [/Cannot read "/, [...chip, ...all, "0", folder.file("none")]],
    [
      /"3MB" is not one of 256KB/,
      [...chip, ...all, "--pad-to-size", "3MB", "0", file],
    ],
    [/"UF2" is not one of raw/, [...chip, ...all, "-f", "UF2", "0", file]],
    [/"detect" is not one of keep/, [
      ...chip,
      ...all,
      "-fs",
      "detect",
      "0",
      file,
    ]],
    [
      /touch the same 4 KiB sector/,
      [...chip, ...all, "0", file, "0x10", file],
    ],
    [
      /is in front of the target offset 0x0000_1000/,
      [...chip, ...all, "-t", "0x1000", "0", file],
    ],
    [
      /chunks of 455 bytes/,
      [...chip, ...all, "-f", "uf2", "--chunk-size", "455", "0", file],
    ],
  ];
  for (const [expected, words] of cases) {
    const { code, stderr } = await runCli(words);
    assert.equal(code, 2);
    assert.match(stderr, expected);
  }
  assert.deepEqual(await namesIn(folder.path), ["app.bin"]);
});
