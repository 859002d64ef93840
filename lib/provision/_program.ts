/** Programs of the user's own. */

import { concatBytes } from "../bytes.ts";
import { delay, systemClock } from "../clock.ts";
import { sanitizeText } from "./_text.ts";

/** How much of what a program says last is kept, in bytes. */
const WORDS_KEPT = 4096;
/** How long a program may take to end when it is told to, in milliseconds. */
const END_GRACE = 1000;
/** How long an ended program's pipes may stay open, in milliseconds. */
const PIPE_GRACE = 100;

/** How much of a failed program's last words is shown. */
const WORDS_SHOWN = 200;

/** How a program is run. */
export interface ProgramOptions {
  /** Stops it: it is told to end, and killed if it does not. */
  readonly signal: AbortSignal;
  /** Takes secrets out of its last words. */
  readonly clean: (text: string) => string;
}

/**
 * Runs a program to its end, with bytes on its standard input. It is free not
 * to read them. What it leaves running in the background is not waited for.
 *
 * @throws The signal's reason, if that comes first.
 * @throws {Error} If it cannot be started, or ends with another code than 0; the
 * message goes on where the program's name ends.
 */
export async function runProgram(
  words: readonly string[],
  input: Uint8Array,
  { signal, clean }: ProgramOptions,
): Promise<void> {
  signal.throwIfAborted();
  using child = new Child(words);
  const onAbort = () => child.end();
  signal.addEventListener("abort", onAbort);
  try {
    const { code, said } = await child.run(input);
    signal.throwIfAborted();
    if (code === 0) return;
    const shown = sanitizeText(clean(said)).slice(-WORDS_SHOWN);
    throw new Error(
      `ended with code ${code}${shown === "" ? "" : `: ${shown}`}`,
    );
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function start([program = "", ...args]: readonly string[]): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Error("cannot be started: there is no such program", { cause });
    }
    if (cause instanceof Deno.errors.NotCapable) {
      throw new Error(
        "cannot be started: espline runs without --allow-run for it",
        { cause },
      );
    }
    throw new Error("cannot be started", { cause });
  }
}

class Child implements Disposable {
  readonly #process: Deno.ChildProcess;
  readonly #over = new AbortController();

  constructor(words: readonly string[]) {
    this.#process = start(words);
  }

  async run(input: Uint8Array): Promise<{ code: number; said: string }> {
    const { stdin, stderr, status } = this.#process;
    const { signal } = this.#over;
    const feeding = ReadableStream.from([input]).pipeTo(stdin, { signal })
      .catch(() => {});
    const words = new LastWords();
    const listening = stderr.pipeTo(words.writable, { signal }).catch(() => {});
    const { code } = await status;
    // What it has left running may hold its pipes for ever.
    await Promise.race([
      Promise.all([feeding, listening]),
      delay(systemClock, PIPE_GRACE, { signal }).catch(() => {}),
    ]);
    this.#over.abort();
    await listening;
    return { code, said: words.text };
  }

  end(): void {
    this.#kill("SIGTERM");
    delay(systemClock, END_GRACE, { signal: this.#over.signal })
      .then(() => this.#kill("SIGKILL"), () => {});
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}

class LastWords {
  #bytes = new Uint8Array();
  readonly writable = new WritableStream<Uint8Array>({
    write: (chunk) => {
      this.#bytes = concatBytes([this.#bytes, chunk.subarray(-WORDS_KEPT)])
        .slice(-WORDS_KEPT);
    },
  });

  get text(): string {
    return new TextDecoder().decode(this.#bytes);
  }
}
