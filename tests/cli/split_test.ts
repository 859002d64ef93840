import assert from "node:assert/strict";
import { join } from "node:path";
import { chipById } from "../../lib/chips/registry.ts";
import { encodePartitionTable } from "../../lib/image/partition_table.ts";
import { mergeImages } from "../../lib/image/merge.ts";
import { namesIn, runCli, temporaryFolder } from "./_cli.ts";

const TABLE = encodePartitionTable(
  [["nvs", 0x9000], ["../a:b", 0xa000]].map(([name, offset]) => ({
    name: String(name),
    type: 1,
    subtype: 2,
    offset: Number(offset),
    size: 0x1000,
    encrypted: false,
    readonly: false,
  })),
);

function merged(format: "raw" | "hex" | "uf2"): Uint8Array {
  return mergeImages([
    { address: 0x8000, data: TABLE },
    { address: 0xa000, data: Uint8Array.of(1, 2, 3) },
  ], { chip: chipById("esp32c3"), format });
}

Deno.test("split puts the parts into files whose names are safe", async () => {
  await using folder = await temporaryFolder();
  const parts = folder.file("parts");
  for (const format of ["raw", "hex", "uf2"] as const) {
    await Deno.writeFile(folder.file("all"), merged(format));
    const { code, stdout } = await runCli(["split", folder.file("all"), parts]);
    assert.equal(code, 0);
    const file = (name: string) => join(parts, name);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      `Wrote 3072 bytes of partition-table at 0x00008000 to '${
        file("0x00008000-partition-table.bin")
      }'.`,
      "Skipped nvs at 0x00009000: it is erased.",
      `Wrote 3 bytes of ../a:b at 0x0000a000 to '${
        file("0x0000a000-.._a_b.bin")
      }'.`,
    ]);
    assert.deepEqual(await namesIn(parts), [
      "0x00008000-partition-table.bin",
      "0x0000a000-.._a_b.bin",
    ]);
    assert.deepEqual(
      await Deno.readFile(file("0x0000a000-.._a_b.bin")),
      Uint8Array.of(1, 2, 3),
    );
  }
});

Deno.test("split says in JSON what it has found", async () => {
  await using folder = await temporaryFolder();
  const parts = folder.file("parts");
  await Deno.writeFile(folder.file("all"), merged("uf2"));
  const words = [
    "split",
    "--json",
    "--keep-padding",
    folder.file("all"),
    parts,
  ];
  const { result } = JSON.parse((await runCli(words)).stdout);
  assert.equal(result.format, "uf2");
  assert.equal(result.chip, "esp32c3");
  assert.deepEqual(result.parts[2], {
    kind: "partition",
    name: "../a:b",
    address: 0xa000,
    size: 0x1000,
    file: join(parts, "0x0000a000-.._a_b.bin"),
  });
});

Deno.test("split leaves nothing behind where it cannot write all parts", async () => {
  await using folder = await temporaryFolder();
  const parts = folder.file("parts");
  await Deno.mkdir(join(parts, "0x0000a000-.._a_b.bin"), { recursive: true });
  await Deno.writeFile(folder.file("all"), merged("raw"));
  const { code, stderr } = await runCli(["split", folder.file("all"), parts]);
  assert.equal(code, 2);
  assert.match(stderr, /Cannot write ".*a_b\.bin": it is a folder/);
  assert.deepEqual(await namesIn(parts), ["0x0000a000-.._a_b.bin"]);
});

Deno.test("split says that it finds no table, and where to look", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(folder.file("all"), new Uint8Array(0x9000));
  const { code, stderr } = await runCli([
    ...["split", "--partition-table-offset", "0x10000"],
    ...[folder.file("all"), folder.file("parts")],
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /there is no partition table at 0x0001_0000\nHint: /);
});
