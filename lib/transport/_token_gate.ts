import type { Clock } from "../clock.ts";
import { isAnswer, makeChallenge } from "./_token.ts";
import { COM_PORT_COMMANDS, TELNET_OPTIONS } from "./telnet.ts";
import type { TelnetEvent } from "./telnet.ts";

/** Milliseconds that a client may take to show that it has the token. */
const PATIENCE = 3000;
/** What it may send before, in bytes. */
const WAITING_LIMIT = 4096;

/**
 * Keeps what a client says back until it has shown that it knows the token.
 * Until then only options are negotiated, and no byte and no command reaches
 * the port.
 */
export class TokenGate {
  readonly challenge: string = makeChallenge();
  readonly #token: string;
  readonly #deny: (why: string) => Promise<void>;
  readonly #cancel: () => void;
  #state: "shut" | "open" | "denied" = "shut";
  #waiting: TelnetEvent[] = [];
  #size = 0;

  constructor(
    token: string,
    deny: (why: string) => Promise<void>,
    clock: Clock,
  ) {
    this.#token = token;
    this.#deny = deny;
    const late = () =>
      void this.#refuse("Port wants a token, and none came").catch(() => {});
    this.#cancel = clock.schedule(late, PATIENCE);
  }

  /** Whether the client has shown that it knows the token. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Takes what the client says; returns what of it, and of what waited, is to be obeyed now. */
  async pass(event: TelnetEvent): Promise<TelnetEvent[]> {
    if (this.#state === "open") return [event];
    if (this.#state === "denied") return [];
    if (event.kind === "negotiation") return [event];
    const signature = signatureOf(event);
    if (signature !== undefined && signature !== "") {
      return await this.#judge(signature);
    }
    this.#waiting.push(event);
    this.#size += "bytes" in event ? event.bytes.length + 1 : 1;
    if (this.#size > WAITING_LIMIT) {
      await this.#refuse("Port wants a token before data");
    }
    return [];
  }

  /** Stops waiting. */
  end(): void {
    this.#cancel();
  }

  async #judge(signature: string): Promise<TelnetEvent[]> {
    if (!isAnswer(signature, this.challenge, this.#token)) {
      // A client of another maker tells its name so.
      await this.#refuse("Port wants a token, and this is not the right one");
      return [];
    }
    this.#state = "open";
    this.#cancel();
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  async #refuse(why: string): Promise<void> {
    this.#state = "denied";
    this.#waiting = [];
    this.#cancel();
    await this.#deny(why);
  }
}

/** The text of a SIGNATURE, if an event is one. */
function signatureOf(event: TelnetEvent): string | undefined {
  if (event.kind !== "subnegotiation") return undefined;
  if (event.option !== TELNET_OPTIONS.comPort) return undefined;
  const [code, ...text] = event.bytes;
  return code === COM_PORT_COMMANDS.signature
    ? String.fromCharCode(...text)
    : undefined;
}
