import { encodeNegotiation } from "./telnet.ts";
import type { TelnetVerb } from "./telnet.ts";

/** Whose option it is: ours (`WILL` from us) or the peer's (`DO` from us). */
type Side = "local" | "remote";

/** How far the negotiation of an option has come. */
type OptionState = "off" | "asked" | "on" | "refused";

/**
 * One end's view of the telnet options. It answers only what changes
 * something, so that two ends never negotiate for ever (RFC 854).
 */
export class TelnetOptions {
  readonly #states: Record<Side, Map<number, OptionState>>;

  /** Takes the options that this end agrees to perform and to let the peer perform. */
  constructor(local: readonly number[], remote: readonly number[]) {
    const off = (options: readonly number[]) =>
      new Map(options.map((option) => [option, "off" as OptionState]));
    this.#states = { local: off(local), remote: off(remote) };
  }

  /** Asks for an option; call it once, before anything is received. */
  ask(side: Side, option: number): Uint8Array {
    this.#states[side].set(option, "asked");
    return encodeNegotiation(side === "local" ? "will" : "do", option);
  }

  /** Whether an option is in force, was refused, or is still open. */
  state(side: Side, option: number): OptionState {
    return this.#states[side].get(option) ?? "refused";
  }

  /**
   * Takes a step of the peer.
   *
   * @returns The answer, if one is due.
   */
  receive(verb: TelnetVerb, option: number): Uint8Array | undefined {
    const side = verb === "do" || verb === "dont" ? "local" : "remote";
    const [yes, no] = side === "local"
      ? ["will", "wont"] as const
      : ["do", "dont"] as const;
    const wanted = verb === "do" || verb === "will";
    const states = this.#states[side];
    const before = states.get(option);
    if (before === undefined) {
      return wanted ? encodeNegotiation(no, option) : undefined;
    }
    states.set(option, wanted ? "on" : "refused");
    if (before === "asked") return undefined;
    if (wanted) {
      return before === "on" ? undefined : encodeNegotiation(yes, option);
    }
    return before === "on" ? encodeNegotiation(no, option) : undefined;
  }
}
