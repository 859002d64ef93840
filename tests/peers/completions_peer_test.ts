/** Real shells complete command lines by the scripts that espline writes for them. */

import assert from "node:assert/strict";
import { runCli, temporaryFolder } from "../cli/_cli.ts";
import { peerTest } from "./_peers.ts";
import { Terminal } from "./_terminal.ts";

/** What stands in the line, and what is offered for its last word; `app.bin` is the only file there. */
const CASES: ReadonlyArray<readonly [line: string, offered: string]> = [
  ["espline read-f", "read-flash read-flash-sfdp read-flash-status"],
  ["espline era", "erase-flash erase-region"],
  ["espline --port /dev/ttyUSB0 -b 9600 read-ma", "read-mac"],
  ["espline --chip esp32c6", "esp32c6 esp32c61"],
  ["espline --before no", "no-reset no-reset-no-sync"],
  ["espline read-mac -a h", "hard-reset"],
  ["espline read-mac --ov", "--override-vddsdio"],
  ["espline write-flash -fm d", "dio dout"],
  ["espline write_flash --flash-mode q", "qio qout"],
  ["espline write-flash --sk", "--skip-flashed"],
  ["espline write-flash 0x1000 a", "app.bin"],
  ["espline help verify", "verify-flash"],
  ["espline completions z", "zsh"],
];

/** Runs a program, and gives the lines that it prints. */
async function linesOf(
  program: string,
  args: string[],
  cwd: string,
): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout).trimEnd().split("\n");
}

/** A folder with the script of a shell, and a file to be completed. */
async function prepare(shell: string) {
  const folder = await temporaryFolder();
  const { code, stdout } = await runCli(["completions", shell]);
  assert.equal(code, 0);
  await Deno.writeTextFile(folder.file("_espline"), stdout);
  await Deno.writeTextFile(folder.file("app.bin"), "");
  return folder;
}

function byWord(lines: readonly string[]): string[] {
  return lines.map((line) => line.split(" ").sort().join(" "));
}

const EXPECTED = byWord(CASES.map(([, offered]) => offered));

peerTest("bash completes command lines", "bash", async ({ bash }) => {
  await using folder = await prepare("bash");
  const script = `source ./_espline\nset -f\n` +
    CASES.map(([line]) =>
      `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))\n` +
      `_espline; echo "\${COMPREPLY[*]}"\n`
    ).join("");
  const lines = await linesOf(bash, ["--norc", "-c", script], folder.path);
  assert.deepEqual(byWord(lines), EXPECTED);
});

peerTest("fish completes command lines", "fish", async ({ fish }) => {
  await using folder = await prepare("fish");
  const script = "source ./_espline\n" +
    CASES.map(([line]) =>
      `echo (complete -C ${
        JSON.stringify(line)
      } | string replace -r '\\t.*' '')\n`
    ).join("");
  const lines = await linesOf(fish, ["--no-config", "-c", script], folder.path);
  assert.deepEqual(byWord(lines), EXPECTED);
});

peerTest(
  "zsh completes command lines in a terminal",
  ["zsh", "tmux"],
  async ({ zsh, tmux }) => {
    await using folder = await prepare("zsh");
    const env = { ZDOTDIR: folder.path, PS1: "> " };
    // As a user has it: along fpath, loaded when it is first needed.
    await Deno.writeTextFile(
      folder.file(".zshrc"),
      `cd ${folder.path}\nfpath=(${folder.path} $fpath)\nPS1='> '\n` +
        "autoload -Uz compinit && compinit -u -D\nzstyle ':completion:*' menu no\n" +
        "unsetopt beep\n",
    );
    await using terminal = await Terminal.open(tmux, [zsh, "-i"], env);
    await terminal.until(/^> /m);
    for (const [line, offered] of CASES) {
      const words = offered.split(" ");
      await terminal.type(line);
      await terminal.press("Tab");
      if (words.length === 1) {
        const whole = line.replace(/\S*$/, offered);
        await terminal.until(new RegExp(`^> ${whole} `, "m"));
      } else {
        // The words begin alike, and are listed below the line.
        await terminal.press("Tab");
        const list = words.map((word) => `(?=[^]*^(.* )?${word}( |$))`).join(
          "",
        );
        await terminal.until(new RegExp(list, "m"));
      }
      await terminal.press("C-u");
      await terminal.press("C-l");
      await terminal.until(/^> *$/m);
    }
  },
);
