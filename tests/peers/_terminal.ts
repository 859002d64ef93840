/** A real terminal, 100 columns by 30 lines, with a program in it: tmux. */

import assert from "node:assert/strict";

const COLUMNS = 100;
const ROWS = 30;
/** How long something may take to appear, in milliseconds. */
const PATIENCE = 30_000;

export class Terminal implements AsyncDisposable {
  readonly #tmux: string;
  readonly #socket: string;
  readonly #watcher: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #watching: Promise<void>;
  #changed = Promise.withResolvers<void>();
  #ended = false;

  private constructor(tmux: string, socket: string) {
    this.#tmux = tmux;
    this.#socket = socket;
    // A client in control mode is told of every change, so that nobody needs to poll.
    this.#watcher = new Deno.Command(tmux, {
      args: ["-L", socket, "-C", "attach"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#stdin = this.#watcher.stdin.getWriter();
    this.#watching = this.#watch();
  }

  /** Runs a program in a new terminal; its words must need no quotes. */
  static async open(
    tmux: string,
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Terminal> {
    const socket = `espline-${crypto.randomUUID()}`;
    const variables = Object.entries({ CI: "", ...env })
      .flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    await run(tmux, [
      ...["-L", socket, "-f", "/dev/null", "new-session", "-d"],
      ...["-x", `${COLUMNS}`, "-y", `${ROWS}`, ...variables],
      [...words, "; exec cat"].join(" "),
    ]);
    await run(tmux, ["-L", socket, "set", "-g", "window-size", "manual"]);
    return new Terminal(tmux, socket);
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await this.#run("send-keys", "-l", text);
  }

  /** Presses keys by their names: `Tab`, `Enter`, `C-c`. */
  async press(...keys: string[]): Promise<void> {
    await this.#run("send-keys", ...keys);
  }

  /** What is on the screen, and what has scrolled off it. */
  async screen(): Promise<string> {
    return await this.#run("capture-pane", "-p", "-J", "-S", "-1000");
  }

  /** Waits until the screen shows something; fails if that takes too long. */
  async until(pattern: RegExp): Promise<string> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#tell();
    }, PATIENCE);
    try {
      for (;;) {
        const { promise } = this.#changed;
        const screen = await this.screen();
        if (pattern.test(screen)) return screen;
        assert(!isLate && !this.#ended, `never saw ${pattern}:\n${screen}`);
        await promise;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run("kill-server");
    await this.#stdin.close().catch(() => {});
    await this.#watching;
    await this.#watcher.status;
  }

  async #run(...args: string[]): Promise<string> {
    return await run(this.#tmux, ["-L", this.#socket, ...args]);
  }

  async #watch(): Promise<void> {
    for await (const _news of this.#watcher.stdout) this.#tell();
    this.#ended = true;
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

async function run(tmux: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(tmux, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  assert(success, `tmux ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
