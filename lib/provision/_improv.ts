/** Giving a running application Wi-Fi credentials, as Improv over a serial port says. */

import { EspError, TimeoutError } from "../errors.ts";
import { withLimits } from "../limits.ts";
import {
  encodeImprovCommand,
  ImprovCommand,
  ImprovDecoder,
  type ImprovPacket,
  ImprovState,
} from "./_improv_packet.ts";
import { sanitizeText } from "./_text.ts";
import { settlesWithin, type WaitOptions } from "./_wait.ts";

const DEFAULT_TIMEOUT = 30_000;
/** After so many milliseconds an application that is still starting is asked again. */
const ASK_INTERVAL = 1000;
/** How long a scan may take that is of use, but not needed, in milliseconds. */
const SCAN_TIMEOUT = 10_000;
/** How long a device that is connected may take to tell its URL, in milliseconds. */
const URL_TIMEOUT = 3000;
/** What Wi-Fi has room for, in bytes: IEEE 802.11, 9.4.2.2 and annex J.4. */
const MOST_SSID = 32;
const MOST_PASSWORD = 64;
/** How many networks a hint names. */
const NETWORKS_SHOWN = 5;

/** What a device's error states mean; https://www.improv-wifi.com/serial, "Error state". */
const UNABLE_TO_CONNECT = 0x03;
const ERRORS: Readonly<Record<number, string>> = {
  0x01: "calls the packet invalid",
  0x02: "does not know the command",
  [UNABLE_TO_CONNECT]: "does not find it, or is refused",
};

/** A port with an application behind it. */
export interface ImprovPort {
  /** Its path or URL. */
  readonly port: string;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Wi-Fi credentials. */
export interface WifiNetwork {
  readonly ssid: string;
  /** Empty for an open network. */
  readonly password: string;
}

/** Limits of {@linkcode provideWifi}. */
export interface WifiOptions extends WaitOptions {
  /** How long all of it may take, in milliseconds. @default {30_000} */
  readonly timeout?: number | undefined;
}

/** A network that a device sees. */
interface SeenNetwork {
  readonly ssid: string;
  /** Decibels to a milliwatt, as the device writes them. */
  readonly strength: string;
}

/**
 * Gives an application Wi-Fi credentials, and waits until it is connected.
 *
 * @returns The URL where the device can be reached, if it tells one.
 * @throws {EspError} `improv-failed` if it does not speak Improv, or cannot connect.
 */
export async function provideWifi(
  port: ImprovPort,
  network: WifiNetwork,
  { timeout = DEFAULT_TIMEOUT, clock, signal }: WifiOptions,
): Promise<string | undefined> {
  checkNetwork(network);
  let phase = `no answer as Improv has it came in ${timeout} ms`;
  let hint =
    "Check that the application speaks Improv on this port, and the speed of its log.";
  const step = `give ${port.port} Wi-Fi`;
  const limits = { step, clock, signals: [signal], timeout };
  try {
    return await withLimits(limits, async (limit = signal) => {
      using link = new ImprovLink(port, { clock, signal: limit });
      await link.awaitReady();
      const seen = await link.scan();
      phase =
        `the board has not connected to "${network.ssid}" in ${timeout} ms`;
      hint = hintFor(network, seen);
      return await link.connect(network, hint);
    });
  } catch (error) {
    if (!(error instanceof TimeoutError) || error.code !== "timeout") {
      throw error;
    }
    throw new TimeoutError(`Cannot ${step}: ${phase}`, {
      ...{ code: "improv-failed", step: "improv", ms: timeout, hint },
    });
  }
}

function checkNetwork({ ssid, password }: WifiNetwork): void {
  const size = (text: string) => new TextEncoder().encode(text).length;
  const why = ssid === ""
    ? "the network has no name"
    : size(ssid) > MOST_SSID
    ? `the network's name has ${size(ssid)} bytes, ${MOST_SSID} are possible`
    : size(password) > MOST_PASSWORD
    ? `the password has over ${MOST_PASSWORD} bytes`
    : undefined;
  if (why === undefined) return;
  throw new EspError(`Cannot give a board Wi-Fi: ${why}`, {
    code: "improv-failed",
    hint: "Look at the job's improv, and at the board's row.",
  });
}

function hintFor(
  { ssid }: WifiNetwork,
  seen: readonly SeenNetwork[] | undefined,
): string {
  const found = seen?.find((network) => network.ssid === ssid);
  if (found !== undefined) {
    return `The board sees the network at ${found.strength} dBm. Check the password.`;
  }
  if (seen === undefined) {
    return "Check the network's name and password, and that it is near and on 2.4 GHz.";
  }
  const names = seen.slice(0, NETWORKS_SHOWN).map(({ ssid }) => `"${ssid}"`);
  return names.length === 0
    ? "The board sees no network at all. Check its antenna."
    : `The board does not see the network, but ${names.join(", ")}. ` +
      "Check the name, and that it is near and on 2.4 GHz.";
}

/** A conversation with one device. */
class ImprovLink implements Disposable {
  readonly #port: string;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #wait: WaitOptions;
  readonly #decoder = new ImprovDecoder();
  readonly #packets: ImprovPacket[] = [];
  #reading: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
  #state: number | undefined;

  constructor(
    { port, readable, writable }: ImprovPort,
    wait: WaitOptions,
  ) {
    this.#port = port;
    this.#wait = wait;
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
  }

  /** Asks until the application answers. */
  async awaitReady(): Promise<void> {
    for (;;) {
      await this.#send(ImprovCommand.CURRENT_STATE);
      const end = this.#wait.clock.now() + ASK_INTERVAL;
      for (;;) {
        const packet = await this.#next(end);
        if (packet?.kind === "state") {
          this.#state = packet.state;
          return;
        }
        if (packet === undefined) break;
      }
    }
  }

  /** The networks that the device sees; `undefined` if it cannot tell. */
  async scan(): Promise<readonly SeenNetwork[] | undefined> {
    await this.#send(ImprovCommand.SCAN);
    const seen: SeenNetwork[] = [];
    const end = this.#wait.clock.now() + SCAN_TIMEOUT;
    for (;;) {
      const packet = await this.#next(end);
      if (packet === undefined) return undefined;
      if (packet.kind === "error" && packet.error !== 0) return undefined;
      if (packet.kind !== "result" || packet.command !== ImprovCommand.SCAN) {
        continue;
      }
      const [ssid, strength = "?"] = packet.texts.map(sanitizeText);
      // The last one is empty.
      if (ssid === undefined) return seen;
      if (ssid !== "") seen.push({ ssid, strength });
    }
  }

  /** Sends credentials. @returns The device's URL. */
  async connect(
    { ssid, password }: WifiNetwork,
    hint: string,
  ): Promise<string | undefined> {
    await this.#send(ImprovCommand.WIFI_SETTINGS, [ssid, password]);
    // A device that was connected before may have told so more than once.
    let isNews = this.#state !== ImprovState.PROVISIONED;
    let end = Infinity;
    for (;;) {
      const packet = await this.#next(end);
      switch (packet?.kind) {
        case undefined:
          return undefined;
        case "error":
          if (packet.error !== 0) throw this.#refusal(packet.error, ssid, hint);
          break;
        case "state":
          if (packet.state === ImprovState.PROVISIONING) isNews = true;
          if (packet.state === ImprovState.PROVISIONED && isNews) {
            end = this.#wait.clock.now() + URL_TIMEOUT;
          }
          break;
        case "result": {
          if (packet.command !== ImprovCommand.WIFI_SETTINGS) break;
          const [url = ""] = packet.texts.map(sanitizeText);
          return url === "" ? undefined : url;
        }
      }
    }
  }

  #refusal(error: number, ssid: string, hint: string): EspError {
    const why = ERRORS[error] ??
      `reports error 0x${error.toString(16).padStart(2, "0")}`;
    return new EspError(
      `Cannot connect ${this.#port} to Wi-Fi "${ssid}": the board ${why}`,
      {
        code: "improv-failed",
        hint: error === UNABLE_TO_CONNECT
          ? hint
          : "Check which version of Improv the application speaks.",
      },
    );
  }

  async #send(command: number, texts?: readonly string[]): Promise<void> {
    const writing = this.#writer.write(encodeImprovCommand(command, texts));
    await settlesWithin(writing, Infinity, this.#wait);
    await writing;
  }

  /** The next packet; `undefined` if none has come when the clock says `end`. */
  async #next(end: number): Promise<ImprovPacket | undefined> {
    for (;;) {
      const packet = this.#packets.shift();
      if (packet !== undefined) return packet;
      this.#reading ??= this.#reader.read();
      const ms = Math.max(0, end - this.#wait.clock.now());
      if (!await settlesWithin(this.#reading, ms, this.#wait)) return undefined;
      const { value, done } = await this.#reading;
      this.#reading = undefined;
      if (done) {
        throw new EspError(
          `Cannot give ${this.#port} Wi-Fi: its port was closed`,
          { code: "port-closed" },
        );
      }
      this.#packets.push(...this.#decoder.push(value));
    }
  }

  [Symbol.dispose](): void {
    // What is still being read is for whoever reads next.
    this.#reading?.catch(() => {});
    this.#reader.releaseLock();
    this.#writer.releaseLock();
  }
}
