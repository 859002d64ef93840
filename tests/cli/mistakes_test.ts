/** What people mistype on verbs that work on files: nothing is lost, and the answer says what is wrong. */

import assert from "node:assert/strict";
import { buildElf } from "../image/_elf_builder.ts";
import { runCli, temporaryFolder } from "./_cli.ts";

const TABLE = "nvs,data,nvs,0x9000,0x6000\nfactory,app,factory,0x10000,1M\n";
const NVS = "key,type,encoding,value\nns,namespace,,\na,data,u8,1\n";

/** A folder with a file of each kind. */
async function files() {
  const folder = await temporaryFolder();
  const elf = buildElf({
    sections: [
      { name: ".iram", address: 0x4008_0000, data: new Uint8Array(64) },
    ],
  });
  await Deno.writeFile(folder.file("app.elf"), elf);
  await Deno.writeFile(folder.file("raw.bin"), elf.subarray(0, 64));
  await Deno.writeTextFile(folder.file("table.csv"), TABLE);
  await Deno.writeTextFile(folder.file("nvs.csv"), NVS);
  await Deno.mkdir(folder.file("sub"));
  const run = async (line: string) => {
    const words = line.split(" ").map((word) =>
      /^(?:sub\/\.\.\/)?\w+\.\w+$/.test(word) ? folder.file(word) : word
    );
    return await runCli(words);
  };
  return { ...folder, run };
}

const OVERWRITING: ReadonlyArray<readonly [line: string, file: string]> = [
  ["--chip esp32 elf2image -o app.elf app.elf", "app.elf"],
  ["--chip esp32 elf2image -o sub/../app.elf app.elf", "app.elf"],
  ["--chip esp32 make-image -f raw.bin -a 0x40080000 raw.bin", "raw.bin"],
  ["--chip esp32 merge-bin -o raw.bin 0x1000 raw.bin", "raw.bin"],
  ["partition-table to-bin table.csv -o table.csv", "table.csv"],
  ["nvs build nvs.csv nvs.csv 16k", "nvs.csv"],
  ["nvs encrypt part.bin part.bin --keys keys.bin", "part.bin"],
  ["nvs show part.bin --csv part.bin", "part.bin"],
];

for (const [line, file] of OVERWRITING) {
  Deno.test(`"${line}" leaves its input alone`, async () => {
    await using folder = await files();
    for (
      const line of [
        "nvs build nvs.csv part.bin 16k",
        "nvs generate-key keys.bin",
      ]
    ) {
      assert.equal((await folder.run(line)).code, 0);
    }
    const before = await Deno.readFile(folder.file(file));
    const { code, stderr } = await folder.run(line);
    assert.equal(code, 2);
    assert.match(stderr, /would be written in place of/);
    assert.deepEqual(await Deno.readFile(folder.file(file)), before);
  });
}

const ANSWERS: ReadonlyArray<readonly [line: string, answer: RegExp]> = [
  [
    "partition-table show lacking.csv",
    /^A fatal error occurred: Cannot read "[^"]*lacking\.csv": No such file or directory\nHint: [^\n]+\n$/,
  ],
  ["image-info app.elf", /begins with 0x7f.*\nHint: .*elf2image/],
  [
    "nvs set --file part.bin ns k string -x",
    /Unknown option "-x"\nHint: Try "espline help nvs"; what is no option goes behind --\.\n$/,
  ],
  ["nvs show --redac part.bin", /"--redac"\nHint: Did you mean --redact\?\n$/],
  [
    "--chip esp32 merge-bin -o out.bin 0xfffffff0 raw.bin",
    /raw\.bin" at 0xffff_fff0 goes past 32 bits/,
  ],
];

for (const [line, answer] of ANSWERS) {
  Deno.test(`"${line}" is answered by ${answer}`, async () => {
    await using folder = await files();
    const { code, stdout, stderr } = await folder.run(line);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, answer);
  });
}
