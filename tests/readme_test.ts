import assert from "node:assert/strict";
import { loadCommands } from "../lib/cli/commands.ts";
import { CHIPS } from "../lib/chips/registry.ts";
import config from "../deno.json" with { type: "json" };

const COMMANDS = await loadCommands();

const README = Deno.readTextFileSync(new URL("../README.md", import.meta.url));
const DENO_VERSION = "2.9.5";

/** The rows of the table under a heading, as cells. */
function tableUnder(heading: string): string[][] {
  const section = README.split(/^## /m).find((part) =>
    part.startsWith(`${heading}\n`)
  );
  assert.ok(section !== undefined, `README.md has a section "${heading}"`);
  return section.split("\n").filter((line) => line.startsWith("|")).slice(2)
    .map((line) =>
      line.split(/(?<!\\)\|/).slice(1, -1).map((cell) =>
        cell.trim().replaceAll("\\|", "|")
      )
    );
}

Deno.test("README.md is short", () => {
  assert.ok(README.split("\n").length < 120);
});

Deno.test("README.md shows the two commands, with the Deno that CI runs", () => {
  const commands = README.match(/^npx --yes deno@[\d.]+ task \w+$/gm);
  assert.deepEqual(commands, [
    `npx --yes deno@${DENO_VERSION} task demo`,
    `npx --yes deno@${DENO_VERSION} task test`,
  ]);
  assert.ok("demo" in config.tasks && "test" in config.tasks);
  const workflow = Deno.readTextFileSync(
    new URL("../.github/workflows/ci.yml", import.meta.url),
  );
  for (const [, version] of workflow.matchAll(/deno@([\d.]+)/g)) {
    assert.equal(version, DENO_VERSION);
  }
});

Deno.test("README.md names every task that it mentions", () => {
  for (const [, task = ""] of README.matchAll(/`deno task (\w+)/g)) {
    assert.ok(task in config.tasks, task);
  }
});

Deno.test("README.md's table of verbs is the command line's", () => {
  const verbs = tableUnder("Command line").flatMap(([, verbs = ""]) =>
    Array.from(verbs.matchAll(/`([^`]+)`/g), ([, verb]) => verb)
  );
  assert.deepEqual(
    verbs.toSorted(),
    COMMANDS.map(({ name }) => name).toSorted(),
  );
});

Deno.test("README.md's table of chips is the registry's", () => {
  const rows = CHIPS.map(({ name, detect, imageChipId, flash }) => [
    name,
    detect.kind === "magic" ? "magic value" : "chip id",
    imageChipId === undefined ? "" : `${imageChipId}`,
    `0x${flash.bootloaderOffset.toString(16)}`,
  ]);
  assert.deepEqual(tableUnder("Chips"), rows);
});

Deno.test("README.md says on which systems the serial code has not been run", () => {
  assert.match(README, /macOS and Windows is\s+type-checked[^.]*not been run/);
});
