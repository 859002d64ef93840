/** Runs scripts as a user does: in a process of their own. */

import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

/** What a script left behind. */
export interface ScriptRun {
  /** Its exit code. */
  readonly code: number;
  /** What it printed. */
  readonly stdout: string;
  /** What it complained about. */
  readonly stderr: string;
}

/** Runs `scripts/<name>.ts` in a folder, with no permission but those given. */
export async function runScript(
  name: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly permissions?: string[] } = {},
): Promise<ScriptRun> {
  const { cwd = fileURLToPath(ROOT), permissions = [] } = options;
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      `--config=${fileURLToPath(new URL("deno.json", ROOT))}`,
      ...permissions,
      fileURLToPath(new URL(`scripts/${name}.ts`, ROOT)),
      ...args,
    ],
    cwd,
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** Runs `work` in a new folder, and removes it however it ends. */
export async function inFolder(
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
