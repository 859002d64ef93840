/**
 * The packets of Improv Wi-Fi over a serial port: https://www.improv-wifi.com/serial
 *
 * ```text
 * "IMPROV"  version  type  length  data          checksum
 * 6         1        1     1       length bytes  1, the sum of all bytes before it
 * ```
 */

import { concatBytes, equalBytes } from "../bytes.ts";

/** What a device may be asked. */
export const ImprovCommand = {
  WIFI_SETTINGS: 0x01,
  CURRENT_STATE: 0x02,
  SCAN: 0x04,
} as const;

/** How a device stands. */
export const ImprovState = {
  READY: 0x02,
  PROVISIONING: 0x03,
  PROVISIONED: 0x04,
} as const;

/** A device tells how it stands: one of {@linkcode ImprovState}. */
export interface StatePacket {
  readonly kind: "state";
  readonly state: number;
}

/** A device tells what went wrong; 0 is nothing. */
export interface ErrorPacket {
  readonly kind: "error";
  readonly error: number;
}

/** A device answers a command. */
export interface ResultPacket {
  readonly kind: "result";
  readonly command: number;
  readonly texts: readonly string[];
}

/** What a device says. */
export type ImprovPacket = StatePacket | ErrorPacket | ResultPacket;

const HEADER = new TextEncoder().encode("IMPROV");
const VERSION = 1;
const TYPE = { state: 0x01, error: 0x02, command: 0x03, result: 0x04 } as const;
/** Header, version, type and length. */
const HEAD_LENGTH = HEADER.length + 3;
const LINE_FEED = 0x0a;

/**
 * Encodes a command. Texts become bytes with their lengths before them.
 *
 * @throws {RangeError} If they are longer than the 255 bytes of a packet.
 */
export function encodeImprovCommand(
  command: number,
  texts: readonly string[] = [],
): Uint8Array {
  const encoder = new TextEncoder();
  const fields = texts.map((text) => encoder.encode(text));
  const data = concatBytes(
    fields.flatMap((field) => [Uint8Array.of(field.length), field]),
  );
  const length = 2 + data.length;
  if (length > 0xff) {
    throw new RangeError(`Cannot send a packet of ${length} bytes: 255 fit`);
  }
  const packet = concatBytes([
    HEADER,
    Uint8Array.of(VERSION, TYPE.command, length, command, data.length),
    data,
  ]);
  // Devices that read lines need an end of one.
  return concatBytes([packet, Uint8Array.of(checksum(packet), LINE_FEED)]);
}

/** Finds packets between whatever else a device prints, however its bytes are cut. */
export class ImprovDecoder {
  /** From where a packet starts whose end has not come: never longer than one. */
  #rest: Uint8Array = new Uint8Array();

  /** Takes bytes. @returns The packets that they end. */
  push(bytes: Uint8Array): ImprovPacket[] {
    const packets: ImprovPacket[] = [];
    const all = concatBytes([this.#rest, bytes]);
    let open = all.length;
    for (let at = headerAt(all, 0); at < all.length;) {
      const end = packetEnd(all, at);
      if (end === "open") open = Math.min(open, at);
      if (typeof end !== "number") {
        // What was cut off, or is none, may have a packet inside.
        at = headerAt(all, at + 1);
        continue;
      }
      const packet = parsePacket(all.subarray(at, end));
      if (packet !== undefined) packets.push(packet);
      open = all.length;
      at = headerAt(all, end);
    }
    this.#rest = all.slice(open);
    return packets;
  }
}

/** Where a header starts, or may start whose rest has not come; the length if nowhere. */
function headerAt(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const part = bytes.subarray(at, at + HEADER.length);
    if (equalBytes(part, HEADER.subarray(0, part.length))) return at;
  }
  return bytes.length;
}

/** Where the packet ends that starts at a header; `open` if that has not come, `none` if it is no packet. */
function packetEnd(bytes: Uint8Array, start: number): number | "open" | "none" {
  const [version = VERSION, , length = 0] = bytes.subarray(
    start + HEADER.length,
  );
  if (version !== VERSION) return "none";
  const end = start + HEAD_LENGTH + length;
  if (end >= bytes.length) return "open";
  return checksum(bytes.subarray(start, end)) === bytes[end] ? end + 1 : "none";
}

/** What a packet says; `undefined` if it is none of a device's, or makes no sense. */
function parsePacket(packet: Uint8Array): ImprovPacket | undefined {
  const type = packet[HEADER.length + 1];
  const data = packet.subarray(HEAD_LENGTH, -1);
  const [first] = data;
  if (first === undefined) return undefined;
  if (type === TYPE.state) return { kind: "state", state: first };
  if (type === TYPE.error) return { kind: "error", error: first };
  if (type !== TYPE.result || data[1] !== data.length - 2) return undefined;
  const texts = parseTexts(data.subarray(2));
  return texts && { kind: "result", command: first, texts };
}

function parseTexts(data: Uint8Array): string[] | undefined {
  const texts: string[] = [];
  const decoder = new TextDecoder();
  for (let at = 0; at < data.length;) {
    const end = at + 1 + (data[at] ?? 0);
    if (end > data.length) return undefined;
    texts.push(decoder.decode(data.subarray(at + 1, end)));
    at = end;
  }
  return texts;
}

function checksum(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}
