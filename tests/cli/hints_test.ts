import assert from "node:assert/strict";
import { makeBoard } from "./_boards.ts";
import { runCli, temporaryFolder } from "./_cli.ts";

/** Lines that fail for reasons of different kinds; `bytes.bin` holds five kilobytes that are no image. */
const LINES = [
  "read-flash 0 1q x",
  "write-flash 0x10000 none.bin",
  "--chip esp32s3 read-mac",
  "verify-flash 0x10000 bytes.bin",
  "image-info bytes.bin",
  "elf2image --chip esp32 bytes.bin",
  "--no-stub erase-flash",
  "write-flash 0x3ff000 bytes.bin",
  "read-flash 0 99M out.bin",
  "erase-region 1 4096",
  "read-mem 0x3",
  "frobnicate",
];

for (const line of LINES) {
  Deno.test(`espline ${line} ends with what to try next`, async () => {
    await using folder = await temporaryFolder();
    await using bench = makeBoard({ chip: "esp32" });
    await Deno.writeFile(
      folder.file("bytes.bin"),
      new Uint8Array(5000).fill(7),
    );
    const words = line.split(" ").map((word) =>
      word.endsWith(".bin") ? folder.file(word) : word
    );
    const world = { boards: { bench } };
    const { code, stderr } = await runCli(["-p", "bench", ...words], world);
    assert.equal(code, 2);
    assert.match(stderr.trimEnd().split("\n").at(-1) ?? "", /^Hint: .+\.$/);
  });
}

Deno.test("erase-flash that the ROM refuses says of no sector that it is erased", async () => {
  await using bench = makeBoard({ chip: "esp32" });
  const { stderr } = await runCli(["-p", "bench", "--no-stub", "erase-flash"], {
    boards: { bench },
  });
  assert.match(stderr, /ROM has no such command/);
  assert.doesNotMatch(stderr, /partly erased: write it again/);
});
