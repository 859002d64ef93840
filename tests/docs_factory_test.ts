import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "npm:yaml@2.9.1";
import config from "../deno.json" with { type: "json" };
import { encodePartitionTable, parsePartitionCsv } from "../lib/image/mod.ts";
import { checkJob } from "../lib/provision/_job_check.ts";
import { INVENTORY_COLUMNS, loadJob } from "../lib/provision/mod.ts";
import { testImage } from "./provision/_images.ts";
import { inFolder, runScript } from "./scripts/_run.ts";

const GUIDE = Deno.readTextFileSync(
  new URL("../docs/factory.md", import.meta.url),
);

/** The blocks of one language, in their order. */
function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm");
  return Array.from(GUIDE.matchAll(pattern), ([, text = ""]) => text);
}

Deno.test("factory.md's first job is one, with files as ESP-IDF builds them", async () => {
  const [job = ""] = blocks("yaml");
  const table = `nvs, data, nvs, 0x9000, 0x6000
factory, app, factory, 0x10000, 1M`;
  await inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "build"));
    const files = {
      "build/bootloader.bin": testImage("esp32"),
      "build/partition-table.bin": encodePartitionTable(
        parsePartitionCsv(table),
      ),
      "build/lamp.bin": testImage("esp32"),
      "units.csv": new TextEncoder().encode("serial,wifi_password\nL1,x\n"),
      "job.yaml": new TextEncoder().encode(job),
    };
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(join(folder, name), bytes);
    }
    const prepared = await loadJob(join(folder, "job.yaml"));
    assert.equal(prepared.firmware[0]?.minRevision, 300);
    assert.deepEqual([...prepared.identity?.secrets ?? []], ["wifi_password"]);
    assert.equal(prepared.job.boot?.timeout, 10_000);
  });
});

Deno.test("factory.md's parts of jobs fit into one", () => {
  const parts = blocks("yaml");
  assert.ok(parts.length >= 4);
  for (const part of parts) {
    const firmware = [{ chip: "esp32", files: [] }];
    const { problems } = checkJob({
      ...{ name: "x", firmware },
      ...parse(part),
    });
    assert.deepEqual(problems, [], part);
  }
});

Deno.test("factory.md's commands have the options that it names", async () => {
  const commands = blocks("sh").join("").replaceAll("\\\n", " ").split("\n")
    .filter((line) => /deno (task|run)/.test(line));
  assert.ok(commands.length >= 10);
  const help = new Map<string, string>();
  for (const command of commands) {
    const [, task, file] = /deno (?:task (\w+)|run -A scripts\/(\w+)\.ts)/
      .exec(command) ?? [];
    if (task === "espline") continue;
    const tasks: Readonly<Record<string, object>> = config.tasks;
    const script = file ??
      /scripts\/(\w+)\.ts/.exec(JSON.stringify(tasks[task ?? ""] ?? {}))?.[1];
    assert.ok(script !== undefined, command);
    const text = help.get(script) ??
      (await runScript(script, ["--help"])).stdout;
    help.set(script, text);
    const own = command.replace(/ -- .*/, "").matchAll(/ (--[a-z-]+)/g);
    for (const [, option = ""] of own) {
      assert.ok(text.includes(option), `${script} has ${option}`);
    }
  }
});

Deno.test("factory.md names every column of the inventory", () => {
  for (const column of INVENTORY_COLUMNS) {
    assert.ok(GUIDE.includes(`\`${column}\``), column);
  }
});

Deno.test("factory.md links to guides that are there", () => {
  for (const [, name = ""] of GUIDE.matchAll(/\]\(([\w-]+\.md)\)/g)) {
    const url = new URL(`../docs/${name}`, import.meta.url);
    assert.ok(Deno.statSync(fileURLToPath(url)).isFile, name);
  }
});
