/** A device of a few lines: registers that it is told, and a SYNC that it may ignore. */

import { concatBytes, readUint32 } from "../../lib/bytes.ts";
import { encodeFrame, SlipDecoder } from "../../lib/framing/slip.ts";
import {
  decodeRequest,
  encodeResponseHeader,
  type RequestPacket,
} from "../../lib/protocol/packet.ts";

/** What a device answers: data, and its status. */
export interface FakeReply {
  readonly value?: number;
  readonly data?: Uint8Array;
  readonly status?: number;
}

/** Answers one request; `undefined` is silence. */
export type FakeHandler = (
  request: RequestPacket,
) => FakeReply | Uint8Array | undefined;

/** Makes a port's `onWrite` of a handler of requests. */
export function fakeDevice(
  statusBytes: 2 | 4,
  handler: FakeHandler,
): (bytes: Uint8Array) => Uint8Array {
  const out: Uint8Array[] = [];
  const decoder = new SlipDecoder({
    frame(payload) {
      const request = decodeRequest(payload);
      if (request === undefined) return;
      const reply = handler(request);
      if (reply instanceof Uint8Array) out.push(reply);
      else if (reply !== undefined) {
        out.push(frameOf(request, reply, statusBytes));
      }
    },
  });
  return (bytes) => {
    decoder.push(bytes);
    return concatBytes(out.splice(0));
  };
}

function frameOf(
  { opcode }: RequestPacket,
  { value = 0, data = new Uint8Array(0), status = 0 }: FakeReply,
  statusBytes: number,
): Uint8Array {
  const tail = new Uint8Array(statusBytes);
  tail.set([status >> 8, status & 0xff]);
  return encodeFrame(
    encodeResponseHeader(opcode, data.length + statusBytes, value),
    data,
    tail,
  );
}

/** The eight replies to a SYNC. */
export function syncReplies(value: number, statusBytes: 2 | 4): Uint8Array {
  const one = encodeFrame(
    encodeResponseHeader(0x08, statusBytes, value),
    new Uint8Array(statusBytes),
  );
  return concatBytes(new Array<Uint8Array>(8).fill(one));
}

/** A word of a request's body. */
export function wordOf({ body }: RequestPacket, index: number): number {
  return readUint32(body, 4 * index);
}
