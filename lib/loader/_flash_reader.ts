import { createHash } from "node:crypto";
import { encodeUint32, formatAddress } from "../bytes.ts";
import { FrameError, VerifyError } from "../errors.ts";
import type { OperationOptions } from "../progress.ts";
import { type FlashRange, READ_FLASH } from "../protocol/commands.ts";
import type { FrameExchange } from "./link.ts";
import type { Loader } from "./loader.ts";

/** The largest packet that a stub sends. */
const READ_BLOCK = 0x1000;
/** What stubs are asked for and take for one packet: they wait for each acknowledgement. */
const READ_IN_FLIGHT = 64;
const MD5_SIZE = 16;
const SLOW_READ_BLOCK = 64;

/** Reads by a stub: packets, each of them acknowledged, and a digest. */
export async function readPackets(
  line: FrameExchange,
  port: string,
  { address, size }: FlashRange,
  options: OperationOptions & { readonly timeout: number },
): Promise<Uint8Array> {
  const { signal, timeout, onProgress } = options;
  await line.command(READ_FLASH, {
    address,
    size,
    blockSize: READ_BLOCK,
    inFlight: READ_IN_FLIGHT,
  }, { signal });
  const bytes = new Uint8Array(size);
  const digest = createHash("md5");
  const wait = { step: READ_FLASH.name, timeout, signal };
  for (let done = 0; done < size;) {
    const packet = checkPacket(
      await line.receive(wait),
      Math.min(READ_BLOCK, size - done),
    );
    bytes.set(packet, done);
    digest.update(packet);
    done += packet.length;
    line.send(encodeUint32(done));
    onProgress?.({ kind: "read", port, address, done, total: size });
  }
  const expected = checkPacket(await line.receive(wait), MD5_SIZE).toHex();
  const actual = digest.digest("hex");
  if (actual !== expected) {
    throw new VerifyError(
      `Cannot read flash at ${
        formatAddress(address)
      }: the ${size} bytes that came have digest ${actual}, not ${expected}`,
      { address, expected, actual, hint: "Try a lower baud rate." },
    );
  }
  return bytes;
}

function checkPacket(packet: Uint8Array, size: number): Uint8Array {
  if (packet.length === size) return packet;
  throw new FrameError(
    `Cannot read flash: a packet has ${packet.length} bytes, not ${size}`,
    {
      code: "reply-invalid",
      bytes: packet,
      hint: "Check the cable and try a lower baud rate.",
    },
  );
}

/** Reads by a ROM. */
export async function readSlowly(
  loader: Loader,
  { address, size }: FlashRange,
  options: OperationOptions,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size;) {
    const wanted = Math.min(SLOW_READ_BLOCK, size - done);
    const range = { address: address + done, size: wanted };
    const answer = await loader.readFlashSlow(range, {
      signal: options.signal,
    });
    bytes.set(answer.subarray(0, wanted), done);
    done += wanted;
    if (done % READ_BLOCK === 0 || done === size) {
      const { port } = loader;
      options.onProgress?.({ kind: "read", port, address, done, total: size });
    }
  }
  return bytes;
}
