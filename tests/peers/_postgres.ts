/** A PostgreSQL server of the test's own, gone with it. */

import { join } from "node:path";
import { freePort } from "./_process.ts";

/** A server that runs until it is disposed of. */
export class PostgresServer implements AsyncDisposable {
  /** Where it is: the database `postgres`, which is empty. */
  readonly url: string;
  readonly #folder: string;
  readonly #pgCtl: string;

  private constructor(pgCtl: string, folder: string, port: number) {
    this.#pgCtl = pgCtl;
    this.#folder = folder;
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  }

  /** Makes and starts a server. As root it becomes the user `postgres`, since it refuses to be root. */
  static async start(pgCtl: string): Promise<PostgresServer> {
    const folder = await Deno.makeTempDir({ prefix: "espline-postgres-" });
    if (Deno.uid() === 0) await run("chown", "postgres", folder);
    const data = join(folder, "data");
    const port = freePort();
    await asServer(
      pgCtl,
      ["initdb", "-s", "-D", data, "-o", "-A trust -U postgres -E UTF8"],
    );
    await asServer(pgCtl, [
      ...["start", "-s", "-w", "-D", data, "-l", join(folder, "log")],
      ...["-o", `-p ${port} -h 127.0.0.1 -k ${folder}`],
    ]);
    return new PostgresServer(pgCtl, folder, port);
  }

  /** Stops it and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    const data = join(this.#folder, "data");
    await asServer(this.#pgCtl, ["stop", "-s", "-m", "fast", "-D", data]);
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function asServer(pgCtl: string, args: string[]): Promise<void> {
  if (Deno.uid() !== 0) return await run(pgCtl, ...args);
  await run("runuser", "-u", "postgres", "--", pgCtl, ...args);
}

async function run(program: string, ...args: string[]): Promise<void> {
  // A server inherits its starter's outputs, and a pipe would never end.
  const { success, code } = await new Deno.Command(program, {
    args,
    cwd: "/",
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`${program} ${args[0]} ended with ${code}`);
}
