import assert from "node:assert/strict";
import { OutputFile } from "../../lib/cli/output_file.ts";
import { EspError } from "../../mod.ts";
import { namesIn, temporaryFolder } from "./_cli.ts";

const BYTES = new Uint8Array([1, 2, 3]);

Deno.test("OutputFile puts a file in place at once, and leaves nothing else", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("out.bin");
  {
    await using output = await OutputFile.create(path);
    assert(!(await namesIn(folder.path)).includes("out.bin"));
    await output.write(BYTES);
  }
  assert.deepEqual(await Deno.readFile(path), BYTES);
  assert.deepEqual(await namesIn(folder.path), ["out.bin"]);
});

Deno.test("OutputFile leaves the old file if nothing is written", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("out.bin");
  await Deno.writeTextFile(path, "old");
  await (await OutputFile.create(path))[Symbol.asyncDispose]();
  assert.equal(await Deno.readTextFile(path), "old");
  assert.deepEqual(await namesIn(folder.path), ["out.bin"]);
});

Deno.test("OutputFile refuses a folder and a folder that is not there, before any work", async () => {
  await using folder = await temporaryFolder();
  for (const path of [folder.path, folder.file("none/out.bin")]) {
    await assert.rejects(OutputFile.create(path), (error: unknown) => {
      assert(error instanceof EspError);
      assert.equal(error.code, "file-invalid");
      assert(error.message.includes(path));
      return true;
    });
  }
});

Deno.test({
  name: "OutputFile replaces what a link points to, and keeps the link",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(folder.file("real"), "old");
    await Deno.symlink(folder.file("real"), folder.file("link"));
    await using output = await OutputFile.create(folder.file("link"));
    await output.write(BYTES);
    assert((await Deno.lstat(folder.file("link"))).isSymlink);
    assert.deepEqual(await Deno.readFile(folder.file("real")), BYTES);
  },
});

Deno.test({
  name: "OutputFile writes into a device and does not replace it",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using output = await OutputFile.create("/dev/null");
    await output.write(BYTES);
    assert((await Deno.stat("/dev/null")).isCharDevice);
  },
});
