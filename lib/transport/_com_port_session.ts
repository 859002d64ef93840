import { TransportError } from "../errors.ts";
import type { PortLines } from "./_port_lines.ts";
import type { ClientLink, ClientSession } from "./_port_server.ts";
import type { TokenGate } from "./_token_gate.ts";
import { TelnetOptions } from "./_telnet_options.ts";
import {
  COM_PORT_COMMANDS,
  CONTROL_VALUES,
  decodeBaudRate,
  encodeBaudRate,
  encodeComPort,
  escapeTelnet,
  SERVER_OFFSET,
  TELNET_OPTIONS,
  TelnetDecoder,
} from "./telnet.ts";
import type { ComPortCommand, TelnetEvent } from "./telnet.ts";
import type { Transport } from "./transport.ts";

/** CTS, DSR and carrier (RFC 2217, NOTIFY-MODEMSTATE). */
const MODEM_STATE = 0x10 | 0x20 | 0x80;

const { binary, suppressGoAhead, comPort } = TELNET_OPTIONS;

const COMMAND_NAMES: ReadonlyMap<number, ComPortCommand> = new Map(
  (Object.keys(COM_PORT_COMMANDS) as ComPortCommand[]).map((name) => [
    COM_PORT_COMMANDS[name],
    name,
  ]),
);

/** The control values of each line: to ask, to set, to release. */
const LINES = [
  ["break", CONTROL_VALUES.askBreak],
  ["dtr", CONTROL_VALUES.askDtr],
  ["rts", CONTROL_VALUES.askRts],
] as const;

/** What a command answers; `undefined`, nothing. */
type Answer = ArrayLike<number> | undefined;

/** One client of an RFC 2217 server. */
export class ComPortSession implements ClientSession {
  readonly #target: Transport;
  readonly #lines: PortLines;
  readonly #link: ClientLink;
  readonly #gate: TokenGate | undefined;
  readonly #decoder = new TelnetDecoder();
  readonly #options = new TelnetOptions(
    [binary, suppressGoAhead, comPort],
    [binary, suppressGoAhead, comPort],
  );
  #modemMask = 0xff;
  #greeted = false;
  #resumed: PromiseWithResolvers<void> | undefined;

  /** @param gate What the client has to pass, if anything. */
  constructor(
    target: Transport,
    lines: PortLines,
    link: ClientLink,
    gate?: TokenGate,
  ) {
    this.#target = target;
    this.#lines = lines;
    this.#link = link;
    this.#gate = gate;
    for (const option of [binary, suppressGoAhead]) {
      this.#send(this.#options.ask("local", option));
      this.#send(this.#options.ask("remote", option));
    }
  }

  async receive(bytes: Uint8Array): Promise<void> {
    for (const event of this.#decoder.decode(bytes)) await this.#handle(event);
  }

  async deliver(bytes: Uint8Array): Promise<void> {
    // Whoever may not use the port may not listen either.
    if (this.#gate?.isOpen === false) return;
    await this.#resumed?.promise;
    await this.#link.send(escapeTelnet(bytes));
  }

  end(): void {
    this.#resume();
    this.#gate?.end();
    // A port that fails is found by the pump.
    this.#lines.settle().catch(() => {});
  }

  #resume(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  async #handle(event: TelnetEvent): Promise<void> {
    for (const passed of await this.#gate?.pass(event) ?? [event]) {
      await this.#obeyEvent(passed);
    }
  }

  async #obeyEvent(event: TelnetEvent): Promise<void> {
    if (event.kind === "data") {
      await this.#lines.settle();
      await this.#link.write(event.bytes);
    } else if (event.kind === "negotiation") {
      const answer = this.#options.receive(event.verb, event.option);
      if (answer !== undefined) this.#send(answer);
      this.#greet();
    } else if (event.kind === "subnegotiation" && event.option === comPort) {
      await this.#obey(event.bytes[0] ?? 0, event.bytes.subarray(1));
    }
  }

  /** Reports the modem state once, as soon as the client has agreed to COM-PORT-OPTION. */
  #greet(): void {
    const agreed = this.#options.state("local", comPort) === "on" ||
      this.#options.state("remote", comPort) === "on";
    if (!agreed || this.#greeted) return;
    this.#greeted = true;
    this.#answer(COM_PORT_COMMANDS.notifyModemState, this.#modemState());
    // Last, so that what a client hears next is how its token was taken.
    if (this.#gate !== undefined) {
      const text = new TextEncoder().encode(this.#gate.challenge);
      this.#answer(COM_PORT_COMMANDS.signature, text);
    }
  }

  async #obey(code: number, value: Uint8Array): Promise<void> {
    const command = COMMAND_NAMES.get(code);
    if (command === undefined) return;
    const answer = await this.#run(command, value);
    if (answer !== undefined) this.#answer(code, answer);
  }

  #run(command: ComPortCommand, value: Uint8Array): Answer | Promise<Answer> {
    const [first = 0] = value;
    switch (command) {
      case "signature":
        // With a text it is the client's own name, which wants no answer.
        return value.length > 0
          ? undefined
          : new TextEncoder().encode("espline");
      case "setBaudRate":
        return this.#setBaudRate(value);
      case "setDataSize":
        return [8];
      case "setParity":
      case "setStopSize":
        return [1];
      case "setControl":
        return this.#control(first);
      case "notifyLineState":
        return [0];
      case "notifyModemState":
        return this.#modemState();
      case "flowControlSuspend":
        this.#resumed ??= Promise.withResolvers<void>();
        return undefined;
      case "flowControlResume":
        this.#resume();
        return undefined;
      case "setLineStateMask":
        return [first];
      case "setModemStateMask":
        this.#modemMask = first;
        return [first];
      case "purgeData":
        return this.#purge(first);
    }
  }

  async #setBaudRate(value: Uint8Array): Promise<Answer> {
    // 0 asks, and what is no speed is treated as a question.
    const baudRate = decodeBaudRate(value) ?? 0;
    try {
      if (baudRate !== 0) await this.#target.setBaudRate(baudRate);
    } catch (error) {
      const refused = error instanceof TransportError &&
        error.code === "baud-unsupported";
      // The speed in force says to the client that it was refused.
      if (!refused) throw error;
    }
    return encodeBaudRate(this.#target.baudRate);
  }

  async #control(value: number): Promise<Answer> {
    for (const [line, ask] of LINES) {
      if (value < ask || value > ask + 2) continue;
      const on = value === ask
        ? this.#lines.state(line)
        : await this.#lines.set(line, value === ask + 1);
      return [ask + (on ? 1 : 2)];
    }
    const inbound = [13, 14, 15, 16, 18].includes(value);
    if (inbound) return [CONTROL_VALUES.flowNoneInbound];
    return value <= 19 ? [CONTROL_VALUES.flowNone] : undefined;
  }

  async #purge(value: number): Promise<Answer> {
    const which = ([undefined, "input", "output", "both"] as const)[value];
    if (which === undefined) return undefined;
    await this.#target.flush(which);
    return [value];
  }

  #modemState(): number[] {
    return [MODEM_STATE & this.#modemMask];
  }

  #answer(code: number, value: ArrayLike<number>): void {
    this.#send(encodeComPort(code + SERVER_OFFSET, value));
  }

  #send(bytes: Uint8Array): void {
    // A client that cannot be sent to is found by the loop that reads from it.
    this.#link.send(bytes).catch(() => {});
  }
}
