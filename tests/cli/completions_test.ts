import assert from "node:assert/strict";
import type { Command } from "../../lib/cli/command.ts";
import { loadCommands } from "../../lib/cli/commands.ts";
import { completionModel } from "../../lib/cli/completions/model.ts";
import { powershellScript } from "../../lib/cli/completions/powershell.ts";
import { flag, optional, required, setting } from "../../lib/cli/options.ts";
import { object } from "../../lib/cli/schema.ts";
import { oneOf } from "../../lib/cli/values.ts";
import { runCli } from "./_cli.ts";

const COMMANDS = await loadCommands();

const VERBS: readonly Command[] = [{
  name: "paint",
  summary: "paint it, but don't spill",
  arguments: {
    colour: required("colour", "which", oneOf(["red", "blue"])),
    file: optional("file", "what", String),
  },
  options: {
    thick: flag("-p, --thick", "with a thick brush"),
    mode: setting({
      flags: "-fm, --mode <mode>",
      aliases: ["--old_mode"],
      summary: "how",
      fallback: "up",
      parse: oneOf(["up", "down"]),
    }),
    secret: flag("--secret", "not shown", { hidden: true }),
  },
  examples: [],
  result: object({}),
  run: () => ({ result: {} }),
}];

Deno.test("completionModel has words, files and the names that are left to global options", () => {
  const { verbs: [paint], globals } = completionModel(VERBS);
  assert(paint !== undefined);
  assert.deepEqual(paint.values, { words: ["red", "blue"], files: true });
  assert.deepEqual(paint.options.slice(0, 2), [
    {
      names: ["-p", "--thick"],
      summary: "with a thick brush",
      values: undefined,
    },
    {
      names: ["-fm", "--mode"],
      summary: "how",
      values: { words: ["up", "down"], files: false },
    },
  ]);
  const all = paint.options.flatMap(({ names }) => names);
  assert(!all.includes("--secret") && !all.includes("--old_mode"));
  assert.equal(all.filter((name) => name === "-p").length, 1);
  assert(all.includes("--port") && all.includes("--help"));
  assert(globals.some(({ names }) => names.includes("-p")));
});

Deno.test("completionModel completes help by the verbs", () => {
  const help = completionModel(COMMANDS).verbs
    .find(({ name }) => name === "help");
  assert.deepEqual(help?.values.words, COMMANDS.map(({ name }) => name));
});

Deno.test("powershellScript writes what PowerShell needs", () => {
  const script = powershellScript({
    globals: [{
      names: ["-b", "--baud"],
      summary: "",
      values: { words: [], files: false },
    }],
    verbs: completionModel(VERBS).verbs.map((verb) => ({
      ...verb,
      options: verb.options.slice(0, 2),
    })),
  });
  const [, data] = /^( {2}\$valued[^]*?)^ {2}\$words/m.exec(script) ?? [];
  assert.equal(
    data,
    `  $valued = @('-b', '--baud')
  $verbs = [ordered]@{
    'paint' = 'paint it, but don''t spill'
  }
  $options = @{
    '' = @('-b', '--baud')
    'paint' = @('-p', '--thick', '-fm', '--mode')
  }
  $values = @{
    ' -b' = @()
    ' --baud' = @()
    'paint -fm' = @('up', 'down')
    'paint --mode' = @('up', 'down')
    'paint ' = @('red', 'blue')
  }
`,
  );
  assert.match(
    script,
    /^Register-ArgumentCompleter -Native -CommandName espline -ScriptBlock \{$/m,
  );
  assert.equal(
    script.match(/[({[]/g)?.length,
    script.match(/[)}\]]/g)?.length,
    "every bracket is closed",
  );
});

Deno.test("completions writes a script for each shell, and refuses others", async () => {
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    const { code, stdout } = await runCli(["completions", shell]);
    assert.equal(code, 0);
    for (const { name } of COMMANDS) assert(stdout.includes(name), name);
    const json = await runCli(["completions", shell, "--json"]);
    assert.equal(JSON.parse(json.stdout).result.script, stdout);
  }
  const { code, stderr } = await runCli(["completions", "csh"]);
  assert.equal(code, 2);
  assert.match(stderr, /"csh" is not one of bash, zsh, fish, powershell/);
});
