import { Buffer } from "node:buffer";

/**
 * A telnet server that answers from a table, both sides written by hand as hex,
 * so that nothing here depends on the codec under test.
 */
export class ScriptedServer implements AsyncDisposable {
  readonly port: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #answers: Readonly<Record<string, string>>;
  readonly #messages: string[] = [];
  readonly #conns: Deno.TcpConn[] = [];
  readonly #serving: Promise<void>;
  #wake = Promise.withResolvers<void>();

  constructor(answers: Readonly<Record<string, string>>) {
    this.#answers = answers;
    this.port = this.#listener.addr.port;
    this.#serving = this.#serve();
  }

  /** Waits until a message has come. */
  async until(wanted: string): Promise<void> {
    while (!this.#messages.includes(wanted)) await this.next();
  }

  /** Waits for more to come. */
  next(): Promise<void> {
    return this.#wake.promise;
  }

  /** Sends bytes to the client. */
  async say(text: string): Promise<void> {
    await this.#conns.at(-1)?.write(hex(text));
  }

  /** Waits until the client has taken in all that was sent to it. */
  async settled(): Promise<void> {
    // Nobody agrees to option 99: every DO is answered by a WONT.
    await this.say("ff fd 63");
    await this.until("ff fc 63");
  }

  /** What the client sent until it hung up, split into messages. */
  async received(): Promise<string[]> {
    await this.#serving;
    return this.#messages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns) {
      try {
        conn.close();
      } catch { /* closed by its client */ }
    }
    await this.#serving;
  }

  async #serve(): Promise<void> {
    try {
      const conn = await this.#listener.accept();
      this.#conns.push(conn);
      const buffer = new Uint8Array(65536);
      for (;;) {
        const size = await conn.read(buffer);
        if (size === null) break;
        const text = Buffer.from(buffer.subarray(0, size)).toString("hex");
        await this.#take(text.match(/../g)?.join(" ") ?? "");
      }
      conn.close();
    } catch { /* closed by the test */ }
  }

  async #take(text: string): Promise<void> {
    for (const message of splitMessages(text)) {
      this.#messages.push(message);
      const answer = this.#answers[message];
      if (answer) await this.#conns.at(-1)?.write(hex(answer));
    }
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

/** Splits hex text into negotiations, subnegotiations and runs of data. */
function splitMessages(text: string): string[] {
  const escaped = text.replaceAll("ff ff", "FF FF");
  const message = /ff fa .*? ff f0|ff f[bcde] ..|(?:(?!ff)..(?: |$))+/g;
  return Array.from(
    escaped.matchAll(message),
    ([found]) => found.trim().toLowerCase(),
  );
}

/** The bytes of a text such as `ff fb 2c`. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}
