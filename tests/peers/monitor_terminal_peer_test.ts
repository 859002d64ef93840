/** The monitor's keys in a real terminal, which is as it was afterwards. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { makeImage } from "../cli/_boards.ts";
import { temporaryFolder } from "../cli/_cli.ts";
import { peerTest } from "./_peers.ts";
import { Terminal } from "./_terminal.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Monitors a board whose program prints a coloured line and a prompt. */
async function inTerminal(
  tmux: string,
  words: string,
  test: (terminal: Terminal, folder: string) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  await Deno.writeFile(folder.file("boot.bin"), makeImage("esp8266"));
  const from = (path: string) => JSON.stringify(`${ROOT}${path}`);
  await Deno.writeTextFile(
    folder.file("main.ts"),
    `import { main } from ${from("lib/cli/main.ts")};
import { systemIo } from ${from("lib/cli/io.ts")};
import { VirtualBoard } from ${from("lib/simulator/mod.ts")};
const board = new VirtualBoard({
  chip: "esp8266",
  flash: Deno.readFileSync("boot.bin"),
  appText: "\\x1b[0;32mI (7) app: ready\\x1b[0m\\r\\n> ",
});
using system = systemIo();
Deno.exit(await main(Deno.args, { ...system.io, target: () => board }));
`,
  );
  const command = [
    `cd ${folder.path}; stty -g > before;`,
    `${Deno.execPath()} run --no-prompt --no-check --config=${ROOT}deno.json`,
    `--lock=${ROOT}deno.lock --frozen -A main.ts --chip esp8266 -p bench`,
    `monitor ${words}; echo exit=$?; stty -g | cmp - before && echo sane`,
  ];
  await using terminal = await Terminal.open(tmux, command);
  await test(terminal, folder.path);
}

peerTest(
  "the monitor's keys work in a real terminal",
  "tmux",
  async ({ tmux }) => {
    await inTerminal(tmux, "", async (terminal) => {
      const first = await terminal.until(/^I \(7\) app: ready\n>/m);
      assert.match(first, /^--- Monitor on bench at 74880 baud/m);
      assert.match(first, /rst cause:1, boot mode:\(3,6\)/);

      await terminal.press("C-t", "C-r");
      await terminal.until(/rst cause:2, boot mode:\(3,6\)[^]*app: ready/);

      await terminal.press("C-t", "C-p");
      await terminal.until(
        /boot mode:\(1,6\)[^]*--- The board waits for a down/,
      );

      await terminal.press("C-t", "C-h");
      await terminal.until(/--- Ctrl-T Ctrl-R {2}reset the board/);

      await terminal.press("C-]");
      assert.match(await terminal.until(/^sane$/m), /^exit=0$/m);
    });
  },
);

peerTest(
  "Ctrl-C leaves the monitor's terminal as it was",
  "tmux",
  async ({ tmux }) => {
    await inTerminal(tmux, "", async (terminal) => {
      await terminal.until(/app: ready/);
      await terminal.press("C-c");
      assert.match(await terminal.until(/^sane$/m), /^exit=0$/m);
    });
  },
);

peerTest(
  "Ctrl-C ends the monitor in a pipe, and its file is whole",
  "tmux",
  async ({ tmux }) => {
    await inTerminal(tmux, "--save-log log | cat", async (terminal, folder) => {
      const screen = await terminal.until(/app: ready/);
      assert.doesNotMatch(screen, /--- Monitor on/);
      await terminal.press("C-c");
      await terminal.until(/^sane$/m);
      const saved = await Deno.readTextFile(`${folder}/log`);
      assert.match(saved, /^I \(7\) app: ready$/m);
      assert.ok(!saved.includes("\x1b"));
    });
  },
);
