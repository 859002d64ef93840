/** The command line in a real terminal: bars, several boards at once, Ctrl-C. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { noise } from "../cli/_boards.ts";
import { namesIn, temporaryFolder } from "../cli/_cli.ts";
import { peerTest } from "./_peers.ts";
import { Terminal } from "./_terminal.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Boards that take as long as real ones. */
const BOARDS = [
  "sim://esp32?timing=clocked&index=1",
  "sim://esp8266?timing=clocked&index=2",
] as const;
/** What some 0.6 seconds at 921600 baud carry. */
const SIZE = 50_000;

/** Runs espline in a terminal, in a folder with a file that does not compress. */
async function inTerminal(
  tmux: string,
  words: string,
  test: (terminal: Terminal, folder: string) => Promise<void>,
  variable = "NO_COLOR=1",
): Promise<void> {
  await using folder = await temporaryFolder();
  await Deno.writeFile(folder.file("app"), noise(SIZE));
  const command = [
    `cd ${folder.path};`,
    `${variable} ${Deno.execPath()} run --no-prompt --no-check --config=${ROOT}deno.json`,
    `--lock=${ROOT}deno.lock --frozen -A ${ROOT}lib/cli/main.ts`,
    `${words}; echo exit=$?`,
  ];
  await using terminal = await Terminal.open(tmux, command);
  await test(terminal, folder.path);
}

const [ESP32, ESP8266] = BOARDS.map((url) => `--port '${url}'`);

peerTest(
  "there is no bar where nobody looks at the terminal",
  "tmux",
  async ({ tmux }) => {
    const words = `${ESP32} -b 921600 write-flash -u 0x10000 app`;
    for (const variable of ["CI=true", "TERM=dumb"]) {
      await inTerminal(tmux, words, async (terminal) => {
        const screen = await terminal.until(/^exit=\d+$/m);
        assert.match(screen, /^Writing at 0x00010000\.\.\. \(100 %\)$/m);
        assert.doesNotMatch(screen, /\[=/);
      }, variable);
    }
  },
);

peerTest("a bar grows in a terminal, on one line", "tmux", async ({ tmux }) => {
  const words = `${ESP32} -b 921600 write-flash -u 0x10000 app`;
  await inTerminal(tmux, words, async (terminal) => {
    await terminal.until(
      /^Writing at 0x00010000 \[=+ +\] +\d+ % \d+\/50000 bytes$/m,
    );
    const screen = await terminal.until(/^exit=\d+$/m);
    assert.match(screen, /^exit=0$/m);
    const bars = screen.match(/^Writing at .*$/gm) ?? [];
    assert.equal(bars.length, 1, screen);
    assert.match(bars[0] ?? "", /\[={30}\] 100 % 50000\/50000 bytes$/);
    assert.match(screen, /^Hash of data verified\.$/m);
    assert.match(screen, /^Hard resetting via RTS pin\.\.\.$/m);
  });
});

peerTest(
  "each of several boards has a row in a terminal",
  "tmux",
  async ({ tmux }) => {
    const words = `${ESP32} ${ESP8266} -b 921600 write-flash -u 0x10000 app`;
    await inTerminal(tmux, words, async (terminal) => {
      const row = "sim://\\S+ +Writing at 0x00010000 \\[=* *\\] +\\d+ % .*";
      const during = await terminal.until(
        new RegExp(`^${row}\n${row}\n+$`, "m"),
      );
      assert.equal(during.match(/^sim:/gm)?.length, 2, during);
      const screen = await terminal.until(/^exit=\d+$/m);
      assert.match(screen, /^exit=0$/m);
      assert.doesNotMatch(screen, /\[=/, "the rows are gone");
      assert.equal(screen.match(/^ {2}Hash of data verified\.$/gm)?.length, 2);
      assert.match(screen, /^sim:\S+ +done +24:0a:c4:\S+$/m);
      assert.match(screen, /^2 of 2 boards done\.$/m);
    });
  },
);

peerTest(
  "Ctrl-C in a terminal says what the flash holds, of each board",
  "tmux",
  async ({ tmux }) => {
    const words = `${ESP32} ${ESP8266} write-flash -u 0x10000 app`;
    await inTerminal(tmux, words, async (terminal) => {
      await terminal.until(
        /Writing at .* [1-9]\d? % .*\n.*Writing at .* [1-9]\d? %/,
      );
      await terminal.press("C-c");
      const screen = await terminal.until(/^exit=\d+$/m);
      assert.match(screen, /^exit=2$/m);
      assert.match(screen, /^0 of 2 boards done\.$/m);
      for (const board of BOARDS) {
        const said = screen.split("\n").filter((line) =>
          line.startsWith(`[${board}]`)
        );
        assert.match(
          said.join("\n"),
          /\] A fatal error occurred: Interrupted\n.*\] The flash from 0x0001_0000 to 0x0001_c350 is incomplete/,
        );
      }
    });
  },
);

peerTest(
  "Ctrl-C in a terminal leaves no half file",
  "tmux",
  async ({ tmux }) => {
    await inTerminal(
      tmux,
      `${ESP32} read-flash 0 100k out`,
      async (terminal, folder) => {
        await terminal.until(/Reading from .* [1-9]\d? %/);
        await terminal.press("C-c");
        const screen = await terminal.until(/^exit=\d+$/m);
        assert.match(screen, /^exit=2$/m);
        assert.match(screen, /^A fatal error occurred: Interrupted$/m);
        assert.match(screen, /^The flash is unchanged\.$/m);
        assert.deepEqual(await namesIn(folder), ["app"]);
      },
    );
  },
);
