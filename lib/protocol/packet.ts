/**
 * The packets inside the frames: an eight-byte header, a body, and in a
 * response the status bytes at its end.
 *
 * ```
 * request   00 | opcode | body size (2) | checksum (4) | body
 * response  01 | opcode | body size (2) | value (4)    | data | status (2 or 4)
 * ```
 *
 * All words are little-endian. Source: esptool documentation, "Serial
 * Protocol"; what mask ROMs really answer is in `tests/vectors/`.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { FrameError } from "../errors.ts";

const HEADER_SIZE = 8;
const DIRECTION_REQUEST = 0x00;
const DIRECTION_RESPONSE = 0x01;

/** A request as a device sees it. */
export interface RequestPacket {
  /** Which command. */
  readonly opcode: number;
  /** How long the header says that the body is, in bytes. */
  readonly size: number;
  /** The checksum field: XOR of the data, for data commands only. */
  readonly checksum: number;
  /** All bytes behind the header: more or fewer than `size` if the sender erred. */
  readonly body: Uint8Array;
}

/** A response as a host sees it. */
export interface ResponsePacket {
  /** The command that is answered; a ROM may repeat an older one in a refusal. */
  readonly opcode: number;
  /** The value field: a register's content after READ_REG. */
  readonly value: number;
  /** The data, if any, and the status bytes. */
  readonly body: Uint8Array;
}

/** Encodes the header of a request whose body has `size` bytes. */
export function encodeRequestHeader(
  opcode: number,
  size: number,
  checksum: number,
): Uint8Array<ArrayBuffer> {
  return encodeHeader(DIRECTION_REQUEST, opcode, size, checksum);
}

/** Encodes the header of a response whose body (data and status) has `size` bytes. */
export function encodeResponseHeader(
  opcode: number,
  size: number,
  value: number,
): Uint8Array<ArrayBuffer> {
  return encodeHeader(DIRECTION_RESPONSE, opcode, size, value);
}

function encodeHeader(
  direction: number,
  opcode: number,
  size: number,
  word: number,
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(HEADER_SIZE);
  const view = viewOf(header);
  view.setUint8(0, direction);
  view.setUint8(1, opcode);
  view.setUint16(2, size, true);
  view.setUint32(4, word, true);
  return header;
}

/**
 * Decodes a request. The size field is not checked against the body: what a
 * device does about a wrong one is its own affair.
 *
 * @returns `undefined` if the payload is no request.
 */
export function decodeRequest(payload: Uint8Array): RequestPacket | undefined {
  if (payload.length < HEADER_SIZE || payload[0] !== DIRECTION_REQUEST) {
    return undefined;
  }
  const view = viewOf(payload);
  return {
    opcode: view.getUint8(1),
    size: view.getUint16(2, true),
    checksum: view.getUint32(4, true),
    body: payload.subarray(HEADER_SIZE),
  };
}

/**
 * Decodes a response.
 *
 * @throws {FrameError} `reply-invalid` if the payload is no response, or is not as long as it says.
 */
export function decodeResponse(payload: Uint8Array): ResponsePacket {
  if (payload.length < HEADER_SIZE || payload[0] !== DIRECTION_RESPONSE) {
    throw new FrameError(
      "Cannot decode response: the packet has no response header",
      {
        code: "reply-invalid",
        bytes: payload,
      },
    );
  }
  const view = viewOf(payload);
  const size = view.getUint16(2, true);
  const body = payload.subarray(HEADER_SIZE);
  if (size !== body.length) {
    throw new FrameError(
      `Cannot decode response: its header announces ${size} bytes, ${body.length} came`,
      { code: "reply-invalid", bytes: payload },
    );
  }
  return { opcode: view.getUint8(1), value: view.getUint32(4, true), body };
}

/** A response's body, taken apart. */
export interface ReplyBody {
  /** The data before the status bytes. */
  readonly data: Uint8Array;
  /** The first two status bytes, the first as the high byte: zero in the high byte is success. */
  readonly status: number;
}

/**
 * Takes a response's body apart. ROMs from the ESP32 on end it with four
 * status bytes (the last two mean nothing), the ESP8266's ROM and the stubs
 * with two. A refusal carries the status alone.
 *
 * @param dataSizes How much data a success may carry, in bytes.
 * @throws {FrameError} `reply-invalid` if the body has none of these sizes.
 */
export function splitStatus(
  body: Uint8Array,
  dataSizes: readonly number[],
): ReplyBody {
  for (const size of [...dataSizes, 0]) {
    const statusSize = body.length - size;
    if (statusSize !== 2 && statusSize !== 4) continue;
    const status = viewOf(body).getUint16(size);
    // Only a refusal may lack the data that a success must have.
    if (size === 0 && status >> 8 === 0 && !dataSizes.includes(0)) continue;
    return { data: body.subarray(0, size), status };
  }
  throw new FrameError(
    `Cannot decode response: its body has ${body.length} bytes, not ${
      dataSizes.join(" or ")
    } and the status`,
    { code: "reply-invalid", bytes: body },
  );
}
