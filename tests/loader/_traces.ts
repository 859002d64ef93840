/** Captured conversations, and a device that repeats them. */

import { ScriptedPort, type ScriptedPortOptions } from "./_scripted_port.ts";

/** One line of a trace. */
interface TraceLine {
  readonly to: "chip" | "host";
  readonly hex: string;
  readonly note?: string;
}

/** A request and what came back. */
export interface Exchange {
  readonly request: string;
  readonly reply: string;
  readonly note?: string | undefined;
}

/** Reads a trace by its name, such as `esp32/rom-chip-id`. */
export function readTrace(name: string): Exchange[] {
  const url = new URL(`../vectors/traces/${name}.jsonl`, import.meta.url);
  const exchanges: Exchange[] = [];
  for (const text of Deno.readTextFileSync(url).trim().split("\n")) {
    const line: TraceLine = JSON.parse(text);
    const last = exchanges.at(-1);
    if (line.to === "chip") {
      exchanges.push({ request: line.hex, reply: "", note: line.note });
    } else if (last !== undefined) {
      exchanges[exchanges.length - 1] = {
        ...last,
        reply: last.reply + line.hex,
      };
    }
  }
  return exchanges;
}

/**
 * A device that answers a request with what the silicon answered to the same
 * bytes, in the order of the trace. A request that the trace does not have is
 * an error of the test.
 */
export class ReplayPort extends ScriptedPort {
  /** Requests that the trace does not have. */
  readonly strangers: string[] = [];
  readonly #replies = new Map<string, string[]>();

  constructor(
    exchanges: readonly Exchange[],
    options: ScriptedPortOptions = {},
  ) {
    super({
      ...options,
      onWrite: (bytes) => this.#answer(bytes.toHex()),
    });
    this.rewind(exchanges);
  }

  /** Goes on with the replies of these exchanges alone. */
  rewind(exchanges: readonly Exchange[]): void {
    this.#replies.clear();
    for (const { request, reply } of exchanges) {
      const replies = this.#replies.get(request) ?? [];
      replies.push(reply);
      this.#replies.set(request, replies);
    }
  }

  /** The requests so far, in hex. */
  get requests(): string[] {
    return this.writes.map((bytes) => bytes.toHex());
  }

  #answer(request: string): Uint8Array | undefined {
    const replies = this.#replies.get(request);
    const [reply] = replies ?? [];
    if (replies === undefined || reply === undefined) {
      this.strangers.push(request);
      return undefined;
    }
    // The last reply serves for all that follow.
    if (replies.length > 1) replies.shift();
    return Uint8Array.fromHex(reply);
  }
}
