/**
 * Telnet as RFC 2217 uses it: escaping and option negotiation (RFC 854, 855,
 * 856, 858) and the messages of COM-PORT-OPTION (RFC 2217). Bytes in, bytes
 * out; it touches no socket.
 *
 * @module
 */

import { TransportError } from "../errors.ts";

/** Interpret As Command: begins every telnet command; doubled, it is data (RFC 854). */
export const IAC = 0xff;
/** Begins a subnegotiation (RFC 855). */
export const SB = 0xfa;
/** Ends a subnegotiation (RFC 855). */
export const SE = 0xf0;

/** The verbs of option negotiation (RFC 854). */
export const TELNET_VERBS = {
  /** The sender wants to begin, or confirms that it performs, an option. */
  will: 0xfb,
  /** The sender will not perform an option. */
  wont: 0xfc,
  /** The sender asks the other to perform, or agrees that it performs, an option. */
  do: 0xfd,
  /** The sender demands that the other does not perform an option. */
  dont: 0xfe,
} as const;

/** A verb of option negotiation. */
export type TelnetVerb = keyof typeof TELNET_VERBS;

/** The options that a remote serial port needs. */
export const TELNET_OPTIONS = {
  /** All 256 byte values are data, and CR stands alone (RFC 856). */
  binary: 0,
  /** No GO AHEAD after each turn (RFC 858). */
  suppressGoAhead: 3,
  /** Control of a serial port (RFC 2217). */
  comPort: 44,
} as const;

/**
 * The commands of COM-PORT-OPTION as the client numbers them (RFC 2217,
 * section 2); the server numbers its answers {@linkcode SERVER_OFFSET} higher.
 */
export const COM_PORT_COMMANDS = {
  /** Text that names the sender; empty, it asks for the other's. */
  signature: 0,
  /** Four bytes, most significant first, in baud; 0 asks. */
  setBaudRate: 1,
  /** Data bits, 5 to 8; 0 asks. */
  setDataSize: 2,
  /** 1 none, 2 odd, 3 even, 4 mark, 5 space; 0 asks. */
  setParity: 3,
  /** 1 one, 2 two, 3 one and a half stop bits; 0 asks. */
  setStopSize: 4,
  /** A value of {@linkcode CONTROL_VALUES}. */
  setControl: 5,
  /** The server's line state has changed. */
  notifyLineState: 6,
  /** The server's modem lines have changed. */
  notifyModemState: 7,
  /** The other must stop sending data. */
  flowControlSuspend: 8,
  /** The other may send data again. */
  flowControlResume: 9,
  /** Which line state changes the server reports. */
  setLineStateMask: 10,
  /** Which modem line changes the server reports. */
  setModemStateMask: 11,
  /** 1 drops what the server has received from the device, 2 what it has for it, 3 both. */
  purgeData: 12,
} as const;

/** A command of COM-PORT-OPTION. */
export type ComPortCommand = keyof typeof COM_PORT_COMMANDS;

/** What a server adds to a command's number when it answers it (RFC 2217, section 2). */
export const SERVER_OFFSET = 100;

/** The values of SET-CONTROL that espline uses (RFC 2217, section 3). */
export const CONTROL_VALUES = {
  /** Asks for the flow control in force, outbound or both ways. */
  askFlow: 0,
  /** No flow control. */
  flowNone: 1,
  /** Asks for the break state. */
  askBreak: 4,
  /** Holds the transmit line low. */
  breakOn: 5,
  /** Releases the transmit line. */
  breakOff: 6,
  /** Asks for the state of DTR. */
  askDtr: 7,
  /** Asserts DTR. */
  dtrOn: 8,
  /** Releases DTR. */
  dtrOff: 9,
  /** Asks for the state of RTS. */
  askRts: 10,
  /** Asserts RTS. */
  rtsOn: 11,
  /** Releases RTS. */
  rtsOff: 12,
  /** Asks for the inbound flow control in force. */
  askFlowInbound: 13,
  /** No inbound flow control. */
  flowNoneInbound: 14,
} as const;

/** Bytes that are data, unescaped. */
export interface TelnetData {
  /** The variant. */
  readonly kind: "data";
  /** At least one byte; may be a view of what the decoder was given. */
  readonly bytes: Uint8Array;
}

/** A step of option negotiation. */
export interface TelnetNegotiation {
  /** The variant. */
  readonly kind: "negotiation";
  /** What the sender says. */
  readonly verb: TelnetVerb;
  /** The option's number, 0 to 255. */
  readonly option: number;
}

/** An option's parameters. */
export interface TelnetSubnegotiation {
  /** The variant. */
  readonly kind: "subnegotiation";
  /** The option's number, 0 to 255. */
  readonly option: number;
  /** What follows the option's number, unescaped; may be empty. */
  readonly bytes: Uint8Array;
}

/** Any other command, such as NOP (241) or ARE YOU THERE (246). */
export interface TelnetCommand {
  /** The variant. */
  readonly kind: "command";
  /** The byte after IAC. */
  readonly command: number;
}

/** What a {@linkcode TelnetDecoder} finds. */
export type TelnetEvent =
  | TelnetData
  | TelnetNegotiation
  | TelnetSubnegotiation
  | TelnetCommand;

/** Bytes that one subnegotiation may have, its option's number included. */
export const SUBNEGOTIATION_LIMIT = 1024;

const VERB_NAMES: ReadonlyMap<number, TelnetVerb> = new Map(
  (Object.keys(TELNET_VERBS) as TelnetVerb[]).map((verb) => [
    TELNET_VERBS[verb],
    verb,
  ]),
);

/** Splits a telnet stream, however it is cut into chunks, into data and commands. */
export class TelnetDecoder {
  #state: "data" | "iac" | "option" | "sub" | "sub-iac" = "data";
  #verb: TelnetVerb = "will";
  readonly #sub = new Uint8Array(SUBNEGOTIATION_LIMIT);
  #subLength = 0;

  /**
   * Takes the next bytes of the stream.
   *
   * @returns What is complete, in order. A subnegotiation that another command
   * cuts short is dropped.
   * @throws {TransportError} `remote-protocol` if a subnegotiation is longer
   * than {@linkcode SUBNEGOTIATION_LIMIT}.
   */
  decode(chunk: Uint8Array): TelnetEvent[] {
    if (this.#state === "data" && !chunk.includes(IAC)) {
      return chunk.length === 0 ? [] : [{ kind: "data", bytes: chunk }];
    }
    const events: TelnetEvent[] = [];
    // Unescaped data is never longer than the chunk it comes from.
    const data = new Uint8Array(chunk.length);
    let start = 0;
    let end = 0;
    const emitData = () => {
      if (end === start) return;
      events.push({ kind: "data", bytes: data.subarray(start, end) });
      start = end;
    };
    for (const byte of chunk) {
      const isIac = byte === IAC;
      if (this.#state === "data" && isIac) {
        this.#state = "iac";
      } else if (this.#state === "data") {
        data[end++] = byte;
      } else if (this.#state === "iac" && isIac) {
        data[end++] = IAC;
        this.#state = "data";
      } else {
        const event = this.#step(byte);
        if (event === undefined) continue;
        emitData();
        events.push(event);
      }
    }
    emitData();
    return events;
  }

  #step(byte: number): TelnetEvent | undefined {
    switch (this.#state) {
      case "option":
        this.#state = "data";
        return { kind: "negotiation", verb: this.#verb, option: byte };
      case "sub":
        if (byte === IAC) this.#state = "sub-iac";
        else this.#collect(byte);
        return undefined;
      case "sub-iac":
        if (byte === IAC) return this.#collect(byte);
        if (byte === SE) return this.#finish();
        return this.#command(byte);
      default:
        return this.#command(byte);
    }
  }

  #command(byte: number): TelnetEvent | undefined {
    const verb = VERB_NAMES.get(byte);
    if (verb !== undefined) {
      this.#verb = verb;
      this.#state = "option";
      return undefined;
    }
    if (byte === SB) {
      this.#subLength = 0;
      this.#state = "sub";
      return undefined;
    }
    this.#state = "data";
    return { kind: "command", command: byte };
  }

  #collect(byte: number): undefined {
    if (this.#subLength === SUBNEGOTIATION_LIMIT) {
      throw new TransportError(
        `Cannot read telnet stream: a subnegotiation is longer than ${SUBNEGOTIATION_LIMIT} bytes`,
        {
          code: "remote-protocol",
          hint: "Check that the remote end is an RFC 2217 server",
        },
      );
    }
    this.#sub[this.#subLength++] = byte;
    this.#state = "sub";
  }

  #finish(): TelnetEvent | undefined {
    this.#state = "data";
    if (this.#subLength === 0) return undefined;
    return {
      kind: "subnegotiation",
      option: this.#sub[0] ?? 0,
      bytes: this.#sub.slice(1, this.#subLength),
    };
  }
}

/** Doubles every IAC in `bytes`; returns `bytes` itself if there is none. */
export function escapeTelnet(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(IAC)) return bytes;
  const escaped = new Uint8Array(bytes.length * 2);
  let end = 0;
  for (const byte of bytes) {
    escaped[end++] = byte;
    if (byte === IAC) escaped[end++] = IAC;
  }
  return escaped.subarray(0, end);
}

/** Encodes a step of option negotiation. */
export function encodeNegotiation(
  verb: TelnetVerb,
  option: number,
): Uint8Array {
  return Uint8Array.of(IAC, TELNET_VERBS[verb], option);
}

/** Encodes an option's parameters, escaped. */
export function encodeSubnegotiation(
  option: number,
  bytes: Uint8Array,
): Uint8Array {
  const body = escapeTelnet(bytes);
  const encoded = new Uint8Array(body.length + 5);
  encoded.set([IAC, SB, option]);
  encoded.set(body, 3);
  encoded.set([IAC, SE], body.length + 3);
  return encoded;
}

/**
 * Encodes a COM-PORT-OPTION message.
 *
 * @param code The command's number: as in {@linkcode COM_PORT_COMMANDS} from
 * the client, {@linkcode SERVER_OFFSET} higher from the server.
 * @param value What follows it, not yet escaped.
 */
export function encodeComPort(
  code: number,
  value: ArrayLike<number> = [],
): Uint8Array {
  const message = new Uint8Array(value.length + 1);
  message[0] = code;
  message.set(value, 1);
  return encodeSubnegotiation(TELNET_OPTIONS.comPort, message);
}

/** Encodes a speed in baud as SET-BAUDRATE carries it: four bytes, most significant first. */
export function encodeBaudRate(baudRate: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, baudRate);
  return bytes;
}

/** Decodes the value of SET-BAUDRATE, or returns `undefined` if it is not four bytes. */
export function decodeBaudRate(value: Uint8Array): number | undefined {
  if (value.length !== 4) return undefined;
  return new DataView(value.buffer, value.byteOffset).getUint32(0);
}
