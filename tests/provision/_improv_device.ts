/** An application that speaks Improv, written from https://www.improv-wifi.com/serial alone. */

export interface ImprovDeviceOptions {
  /** Networks that it sees; it does not know the command if left out. */
  readonly networks?: readonly (readonly [string, string, string])[];
  /** The networks that it can connect to, by name, and their passwords. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** What it says where it is. */
  readonly url?: string;
  /** How many questions it misses while it starts. */
  readonly deaf?: number;
  /** The state that it starts in. */
  readonly state?: number;
  /** The error that it answers credentials with that it cannot connect with. */
  readonly error?: number;
  /** Whether it tells how it stands and never answers the command. */
  readonly silent?: boolean;
}

type Print = (bytes: Uint8Array) => Promise<void> | void;

/** Header, version 1, type "RPC command". */
const COMMAND = "IMPROV\x01\x03";

export class ImprovDevice {
  /** Commands that it has understood. */
  readonly commands: number[] = [];
  readonly #options: ImprovDeviceOptions;
  #heard = "";
  #deaf: number;
  #state: number;

  constructor(options: ImprovDeviceOptions = {}) {
    this.#options = options;
    this.#deaf = options.deaf ?? 0;
    this.#state = options.state ?? 2;
  }

  /** Takes bytes, one character for each. */
  async hear(bytes: Uint8Array, print: Print): Promise<void> {
    this.#heard += String.fromCharCode(...bytes);
    for (;;) {
      const start = this.#heard.indexOf(COMMAND);
      const length = this.#heard.charCodeAt(start + COMMAND.length);
      const end = start + COMMAND.length + 1 + length;
      // While the length has not come, it is NaN.
      if (start < 0 || !(this.#heard.length > end)) return;
      const packet = this.#heard.slice(start, end);
      const sum = this.#heard.charCodeAt(end);
      this.#heard = this.#heard.slice(end + 1);
      if (sumOf(packet) !== sum) await print(encode(2, "\x01"));
      else await this.#obey(packet.charCodeAt(9), packet.slice(11), print);
    }
  }

  async #obey(command: number, data: string, print: Print): Promise<void> {
    if (this.#deaf-- > 0) return;
    this.commands.push(command);
    const { networks, passwords = {}, url = "", error = 3 } = this.#options;
    const result = (...texts: string[]) => encode(4, resultOf(command, texts));
    await print(log(`I (900) improv: command ${command}\r\n`));
    switch (command) {
      case 1: {
        const [ssid = "", password = ""] = textsOf(data);
        await this.#enter(3, print);
        if (passwords[ssid] !== password) {
          await this.#enter(2, print);
          return await print(encode(2, String.fromCharCode(error)));
        }
        await this.#enter(4, print);
        if (this.#options.silent) return;
        return await print(url === "" ? result() : result(url));
      }
      case 2:
        await this.#enter(this.#state, print);
        if (this.#state === 4) await print(result(url));
        return;
      case 4:
        if (networks === undefined) return await print(encode(2, "\x02"));
        for (const network of networks) await print(result(...network));
        return await print(result());
      default:
        return await print(encode(2, "\x02"));
    }
  }

  async #enter(state: number, print: Print): Promise<void> {
    this.#state = state;
    await print(encode(1, String.fromCharCode(state)));
  }
}

function resultOf(command: number, texts: readonly string[]): string {
  const fields = texts.map((text) => {
    const bytes = String.fromCharCode(...log(text));
    return String.fromCharCode(bytes.length) + bytes;
  }).join("");
  return String.fromCharCode(command, fields.length) + fields;
}

function textsOf(data: string): string[] {
  const texts: string[] = [];
  for (let at = 0; at < data.length;) {
    const length = data.charCodeAt(at);
    texts.push(data.slice(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return texts;
}

function encode(type: number, data: string): Uint8Array {
  const packet = `IMPROV\x01${String.fromCharCode(type, data.length)}${data}`;
  return Uint8Array.from(
    `${packet}${String.fromCharCode(sumOf(packet))}\n`,
    (character) => character.charCodeAt(0),
  );
}

function sumOf(packet: string): number {
  let sum = 0;
  for (const character of packet) sum += character.charCodeAt(0);
  return sum % 256;
}

function log(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
