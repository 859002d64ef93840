/** SLIP at the sizes of the protocol, 1 MiB an iteration: 1 ms is 1,049 MB/s. */

import { encodeFrame, SlipDecoder } from "../lib/framing/slip.ts";

const MEBIBYTE = 0x10_0000;
/** READ_FLASH's packets. */
const READ_SIZE = 0x1000;
/** FLASH_DATA's blocks. */
const WRITE_SIZE = 0x4000;
/** What a port hands over at a time. */
const CHUNK_SIZE = 0x1000;

/** Random bytes, as compressed firmware is: one byte in 128 needs an escape. */
function randomBlocks(size: number): Uint8Array[] {
  return Array.from(
    { length: MEBIBYTE / size },
    () => crypto.getRandomValues(new Uint8Array(size)),
  );
}

function chunksOf(frames: readonly Uint8Array[]): Uint8Array[] {
  const size = frames.reduce((sum, frame) => sum + frame.length, 0);
  const wire = new Uint8Array(size);
  let end = 0;
  for (const frame of frames) {
    wire.set(frame, end);
    end += frame.length;
  }
  return Array.from(
    { length: Math.ceil(size / CHUNK_SIZE) },
    (_, i) => wire.subarray(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE),
  );
}

/** The plain way, one byte after the other: what the decoder is measured by. */
function decodeNaively(
  chunks: readonly Uint8Array[],
  frame: (payload: Uint8Array) => void,
): void {
  let inside = false;
  let escaped = false;
  let payload: number[] = [];
  for (const chunk of chunks) {
    for (const byte of chunk) {
      if (byte === 0xc0) {
        if (inside && payload.length > 0) {
          frame(Uint8Array.from(payload));
          payload = [];
          inside = false;
        } else {
          inside = true;
        }
      } else if (byte === 0xdb) {
        escaped = true;
      } else if (escaped) {
        payload.push(byte === 0xdc ? 0xc0 : 0xdb);
        escaped = false;
      } else {
        payload.push(byte);
      }
    }
  }
}

/** The plain way of encoding. */
function encodeNaively(payload: Uint8Array): Uint8Array {
  const frame = [0xc0];
  for (const byte of payload) {
    if (byte === 0xc0) frame.push(0xdb, 0xdc);
    else if (byte === 0xdb) frame.push(0xdb, 0xdd);
    else frame.push(byte);
  }
  frame.push(0xc0);
  return Uint8Array.from(frame);
}

const blocks = randomBlocks(WRITE_SIZE);
const chunks = chunksOf(
  randomBlocks(READ_SIZE).map((block) => encodeFrame(block)),
);

/** Whoever decodes must find all of it. */
function counted(decode: (frame: (payload: Uint8Array) => void) => void): void {
  let size = 0;
  decode((payload) => size += payload.length);
  if (size !== MEBIBYTE) throw new Error(`Decoded ${size} bytes`);
}

Deno.bench({
  name: "SlipDecoder, 1 MiB in 4 KiB frames and chunks",
  group: "decode",
  baseline: true,
  fn: () =>
    counted((frame) => {
      const decoder = new SlipDecoder({ frame });
      for (const chunk of chunks) decoder.push(chunk);
    }),
});

Deno.bench({
  name: "byte by byte",
  group: "decode",
  fn: () => counted((frame) => decodeNaively(chunks, frame)),
});

Deno.bench({
  name: "encodeFrame, 1 MiB in 16 KiB frames",
  group: "encode",
  baseline: true,
  fn: () => blocks.forEach((block) => encodeFrame(block)),
});

Deno.bench({
  name: "byte by byte",
  group: "encode",
  fn: () => blocks.forEach((block) => encodeNaively(block)),
});
