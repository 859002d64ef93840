/** docs/cli.md and docs/json.md say what the verbs say. `ESPLINE_UPDATE_GOLDEN=1` renews them. */

import assert from "node:assert/strict";
import type { Command } from "../../lib/cli/command.ts";
import { loadCommands } from "../../lib/cli/commands.ts";
import { cliReference, jsonReference } from "../../lib/cli/reference.ts";

const COMMANDS = await loadCommands();

const MARK =
  "<!-- What follows is written by tests/cli/reference_test.ts. -->\n";

const DOCS: ReadonlyArray<
  readonly [name: string, write: (commands: readonly Command[]) => string]
> = [
  ["cli.md", cliReference],
  ["json.md", jsonReference],
];

for (const [name, write] of DOCS) {
  Deno.test(`docs/${name} is what the command line says`, async () => {
    const file = new URL(`../../docs/${name}`, import.meta.url);
    const present = await Deno.readTextFile(file);
    const end = present.indexOf(MARK) + MARK.length;
    assert(end >= MARK.length, "the mark is there");
    const written = await format(
      `${present.slice(0, end)}\n${write(COMMANDS)}\n`,
    );
    if (Deno.env.get("ESPLINE_UPDATE_GOLDEN") !== undefined) {
      await Deno.writeTextFile(file, written);
      return;
    }
    assert.equal(
      present,
      written,
      `run ESPLINE_UPDATE_GOLDEN=1 deno test -A tests/cli/reference_test.ts`,
    );
  });
}

/** Formats Markdown as `deno fmt` does. */
async function format(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}
