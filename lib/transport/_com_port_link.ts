import type { Clock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import { DEFAULT_CAPACITY } from "./_byte_queue.ts";
import type { ByteQueue } from "./_byte_queue.ts";
import { ComPortAnswers } from "./_com_port_answers.ts";
import type { AnswerTest } from "./_com_port_answers.ts";
import { within } from "./_deadline.ts";
import { portGone } from "./_port_streams.ts";
import type { Socket } from "./_socket.ts";
import { answerChallenge, isChallenge } from "./_token.ts";
import { TelnetOptions } from "./_telnet_options.ts";
import {
  COM_PORT_COMMANDS,
  encodeComPort,
  escapeTelnet,
  SERVER_OFFSET,
  TELNET_OPTIONS,
  TelnetDecoder,
} from "./telnet.ts";
import type { ComPortCommand, TelnetEvent } from "./telnet.ts";

/** What a {@linkcode ComPortLink} is made of. */
export interface ComPortLinkOptions {
  readonly socket: Socket;
  /** The URL, for messages. */
  readonly port: string;
  readonly clock: Clock;
  /** Milliseconds for the negotiation and for each answer. */
  readonly timeout: number;
  /** What a server may ask for. */
  readonly token?: string | undefined;
  /** Where data goes. */
  readonly input: ByteQueue;
  /** Called when the connection has ended without {@linkcode ComPortLink.close}. */
  readonly onLost: (error: TransportError) => void;
}

/** Options of {@linkcode ComPortLink.request}. */
export interface ComPortRequestOptions {
  /** Which answers belong to the request; all to this command unless told otherwise. */
  readonly fits?: AnswerTest | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that may wait for a reader while an answer, which may stand behind them, is awaited. */
const ANSWER_CAPACITY = 8 * 1024 * 1024;

/** How much of what a server says instead of negotiating goes into the error. */
const GREETING_LIMIT = 200;

const { binary, suppressGoAhead, comPort } = TELNET_OPTIONS;

/** The client's side of a telnet connection with COM-PORT-OPTION. */
export class ComPortLink {
  readonly #port: string;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #socket: Socket;
  readonly #input: ByteQueue;
  readonly #onLost: (error: TransportError) => void;
  readonly #token: string | undefined;
  /** Whether the token's answer was the last that was said to a server that has said nothing since. */
  #isJudged = false;
  readonly #answers: ComPortAnswers;
  readonly #decoder = new TelnetDecoder();
  readonly #options = new TelnetOptions(
    [binary, suppressGoAhead, comPort],
    [binary, suppressGoAhead, comPort],
  );
  readonly #agreed = Promise.withResolvers<void>();
  #hasAgreed = false;
  #greeting = "";
  #ending: TransportError | undefined;
  #resumed: PromiseWithResolvers<void> | undefined;
  readonly #pumping: Promise<void>;

  constructor(options: ComPortLinkOptions) {
    this.#port = options.port;
    this.#clock = options.clock;
    this.#timeout = options.timeout;
    this.#socket = options.socket;
    this.#input = options.input;
    this.#onLost = options.onLost;
    this.#token = options.token;
    this.#answers = new ComPortAnswers(
      this.#port,
      this.#clock,
      this.#timeout,
    );
    // It may fail after the caller has given up waiting for it.
    this.#agreed.promise.catch(() => {});
    this.#pumping = this.#pump();
  }

  /**
   * Agrees with the server on binary data and COM-PORT-OPTION.
   *
   * @throws {TransportError} `remote-refused`, or `remote-protocol` if it does not answer.
   */
  async negotiate(signal?: AbortSignal): Promise<void> {
    this.send(this.#options.ask("local", comPort));
    for (const option of [binary, suppressGoAhead]) {
      this.send(this.#options.ask("local", option));
      this.send(this.#options.ask("remote", option));
    }
    const [clock, ms] = [this.#clock, this.#timeout];
    const late = () =>
      this.refusal("remote-protocol", `no telnet negotiation in ${ms} ms`);
    await within(this.#agreed.promise, { clock, ms, late, signal });
    this.#hasAgreed = true;
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @throws {TimeoutError} If the server does not answer in time.
   */
  async request(
    command: ComPortCommand,
    value: ArrayLike<number>,
    options: ComPortRequestOptions = {},
  ): Promise<Uint8Array> {
    if (this.#ending !== undefined) throw this.#ending;
    const answer = this.#answers.next(command, options.fits, options.signal);
    this.#input.setCapacity(ANSWER_CAPACITY);
    this.send(encodeComPort(COM_PORT_COMMANDS[command], value));
    try {
      return await answer;
    } finally {
      if (this.#answers.size === 0) this.#input.setCapacity(DEFAULT_CAPACITY);
    }
  }

  /** Sends telnet bytes as they are. */
  send(bytes: Uint8Array): void {
    this.#socket.send(bytes).catch((error) => this.#break(error));
  }

  /** Sends data, as soon as the server lets it through. */
  async write(data: Uint8Array): Promise<void> {
    await this.#resumed?.promise;
    try {
      await this.#socket.send(escapeTelnet(data));
    } catch (error) {
      this.#break(error);
    }
    if (this.#ending !== undefined) throw this.#ending;
  }

  /** Ends the connection; all that waits fails with `error`. */
  async close(error: TransportError): Promise<void> {
    this.#end(error);
    await this.#pumping;
  }

  /** Makes the error for a server that cannot be worked with. */
  refusal(
    code: "remote-refused" | "remote-protocol",
    why: string,
  ): TransportError {
    const said = this.#greeting.trim();
    return new TransportError(
      `Cannot use ${this.#port}: ${why}${said && `, it says "${said}"`}`,
      {
        code,
        hint:
          "Check that it is an RFC 2217 server; for a raw TCP port use socket://",
      },
    );
  }

  async #pump(): Promise<void> {
    try {
      for await (const chunk of this.#socket.chunks()) {
        for (const event of this.#decoder.decode(chunk)) this.#handle(event);
        await this.#input.whenBelow();
      }
      this.#lose(
        this.#isJudged
          ? this.#tokenError("the server refuses the token")
          : portGone(this.#port, "the server closed the connection"),
      );
    } catch (error) {
      if (error instanceof TransportError) this.#lose(error);
      else this.#break(error);
    }
  }

  #handle(event: TelnetEvent): void {
    if (event.kind === "data") {
      this.#input.push(event.bytes);
      if (!this.#hasAgreed) this.#listen(event.bytes);
    } else if (event.kind === "negotiation") {
      const answer = this.#options.receive(event.verb, event.option);
      if (answer !== undefined) this.send(answer);
      this.#checkAgreement();
    } else if (event.kind === "subnegotiation" && event.option === comPort) {
      this.#obey(event.bytes[0] ?? 0, event.bytes.subarray(1));
    }
  }

  #listen(bytes: Uint8Array): void {
    const room = GREETING_LIMIT - this.#greeting.length;
    this.#greeting += new TextDecoder("latin1").decode(bytes.subarray(0, room))
      .replaceAll(/[^ -~]+/g, " ");
  }

  #obey(code: number, value: Uint8Array): void {
    // pyserial's server sends these two without the offset.
    const command = code >= SERVER_OFFSET ? code - SERVER_OFFSET : code;
    if (command === COM_PORT_COMMANDS.flowControlSuspend) {
      this.#resumed ??= Promise.withResolvers<void>();
    } else if (command === COM_PORT_COMMANDS.flowControlResume) {
      this.#resume();
    } else if (command === COM_PORT_COMMANDS.signature) {
      this.#identify(new TextDecoder().decode(value));
    } else {
      this.#isJudged = false;
      this.#answers.take(code, value);
    }
  }

  /** Answers a server that wants to know whether this client has its token. */
  #identify(signature: string): void {
    if (!isChallenge(signature)) return;
    if (this.#token === undefined) {
      return this.#lose(this.#tokenError("the server wants a token"));
    }
    const text = answerChallenge(signature, this.#token);
    const value = new TextEncoder().encode(text);
    this.send(encodeComPort(COM_PORT_COMMANDS.signature, value));
    this.#isJudged = true;
  }

  #tokenError(why: string): TransportError {
    return new TransportError(`Cannot use ${this.#port}: ${why}`, {
      code: "remote-refused",
      hint: "Put the server's token into the URL: rfc2217://TOKEN@host:port",
    });
  }

  #resume(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  #checkAgreement(): void {
    const states = [
      this.#options.state("local", comPort),
      this.#options.state("local", binary),
      this.#options.state("remote", binary),
    ];
    if (states.includes("refused")) {
      const what = states[0] === "refused" ? "COM-PORT-OPTION" : "binary mode";
      this.#agreed.reject(
        this.refusal("remote-refused", `the server refuses ${what}`),
      );
    } else if (states.every((state) => state === "on")) {
      this.#agreed.resolve();
    }
  }

  #break(cause: unknown): void {
    this.#lose(portGone(this.#port, "the connection broke", cause));
  }

  #lose(error: TransportError): void {
    if (this.#ending !== undefined) return;
    this.#end(error);
    this.#onLost(error);
  }

  #end(error: TransportError): void {
    if (this.#ending !== undefined) return;
    this.#ending = error;
    this.#agreed.reject(
      error.code === "port-gone"
        ? this.refusal("remote-refused", "the server closed the connection")
        : error,
    );
    this.#answers.fail(error);
    this.#resume();
    this.#socket.close();
  }
}
