/** Whole processes, for benches. */

import { fileURLToPath } from "node:url";

/** Runs a program to its end, quietly unless it fails. */
export async function run(
  command: string,
  args: readonly string[],
): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
  }).output();
  if (success) return;
  const said = [stdout, stderr].map((text) => new TextDecoder().decode(text));
  throw new Error(`${command} ${args.join(" ")} failed: ${said.join("")}`);
}

/** The path of a module, from one beside this. */
export function pathOf(module: string): string {
  return fileURLToPath(new URL(module, import.meta.url));
}
