/** A program of others, running in the background until the test ends. */
export class PeerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  #output = "";
  #grown = Promise.withResolvers<void>();
  #ended = false;

  constructor(path: string, args: string[], env: Record<string, string> = {}) {
    this.#child = new Deno.Command(path, {
      args,
      env: { PYTHONUNBUFFERED: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { stdout, stderr } = this.#child;
    this.#reading = Promise.all([this.#collect(stdout), this.#collect(stderr)])
      .then(() => {
        this.#ended = true;
        this.#grown.resolve();
      });
  }

  /** What it has printed so far, on both outputs. */
  get output(): string {
    return this.#output;
  }

  /** Waits until it has printed something that `pattern` matches. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#output)) {
      if (this.#ended) {
        throw new Error(`Peer ended without ${pattern}: ${this.#output}`);
      }
      await this.#grown.promise;
    }
  }

  /** Waits until it ends by itself. */
  async ended(): Promise<boolean> {
    await this.#reading;
    return (await this.#child.status).success;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    await this.ended();
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output += text;
      this.#grown.resolve();
      this.#grown = Promise.withResolvers<void>();
    }
  }
}

/** A TCP port that was free a moment ago, for servers that cannot choose one themselves. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
