/**
 * `completions`: writes a shell's completion script.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { bashScript } from "../completions/bash.ts";
import { fishScript } from "../completions/fish.ts";
import { completionModel } from "../completions/model.ts";
import { powershellScript } from "../completions/powershell.ts";
import { zshScript } from "../completions/zsh.ts";
import { required } from "../options.ts";
import { object, text } from "../schema.ts";
import { oneOf } from "../values.ts";

const SCRIPTS = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
};

/** Writes the script by which a shell completes command lines. */
export const completions: Command = defineCommand({
  name: "completions",
  summary: "write a script that completes command lines in a shell",
  examples: [{
    line: "completions bash >> ~/.bashrc",
    does: "completes espline's command lines in bash from now on",
  }],
  result: object({ script: text("the script") }),
  arguments: {
    shell: required(
      "shell",
      "bash, zsh, fish or powershell",
      oneOf(["bash", "zsh", "fish", "powershell"]),
    ),
  },
  options: {},
  async run({ commands, screen, arguments: { shell } }) {
    const script = SCRIPTS[shell](completionModel(await commands()));
    screen.line(script.trimEnd());
    return { result: { script } };
  },
});
