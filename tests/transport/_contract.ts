/** What every transport owes its users, as tests that run against each of them. */

import assert from "node:assert/strict";
import { TransportError } from "../../lib/errors.ts";
import type { MemorySignals } from "../../lib/transport/memory.ts";
import type { Transport } from "../../lib/transport/transport.ts";

/** The far end of a transport under test. */
export interface ContractDevice {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** The speed that the device sees. */
  baudRate(): number;
  /** The lines that the device sees. */
  signals(): MemorySignals;
  /** Makes the device vanish. */
  unplug(): void | Promise<void>;
}

/** One transport with the device at its far end. */
export interface ContractSubject extends AsyncDisposable {
  readonly transport: Transport;
  readonly device: ContractDevice;
}

/** Why a transport cannot keep a part of the contract. */
export interface ContractSkips {
  readonly bytes?: string;
  readonly baudRate?: string;
  readonly signals?: string;
}

type Check = (subject: ContractSubject) => Promise<void>;

/** Registers the contract's tests for one transport, opened at 115200 baud by `make`. */
export function testTransportContract(
  name: string,
  make: () => Promise<ContractSubject>,
  skips: ContractSkips = {},
): void {
  const test = (behaviour: string, check: Check, skip?: string) =>
    Deno.test({
      name: `${name} ${behaviour}${skip ? ` (skipped: ${skip})` : ""}`,
      ignore: skip !== undefined,
      fn: async () => {
        await using subject = await make();
        await check(subject);
      },
    });
  test("carries every byte value to the device", carriesOut, skips.bytes);
  test("carries every byte value from the device", carriesIn, skips.bytes);
  test(
    "carries 1 MB to a device that starts late",
    carriesMuchOut,
    skips.bytes,
  );
  test("carries 1 MB to a host that starts late", carriesMuchIn, skips.bytes);
  test("sets the speed", setsBaudRate, skips.baudRate);
  test("refuses a speed that is none", refusesBaudRate);
  test("sets each line and leaves the others", setsSignals, skips.signals);
  test("ends a pending read when closed", endsRead);
  test("refuses everything once closed", refusesWhenClosed);
  test("closes twice", closesTwice);
  test("fails a pending read when unplugged", failsRead);
  test("fails writes when unplugged", failsWrite);
  test("ends a blocked write when closed", endsBlockedWrite, skips.bytes);
  test("ends a blocked write when aborted", abortsBlockedWrite, skips.bytes);
  test("drops queued input when flushed", flushesInput, skips.bytes);
  test("drains what was written", drains, skips.bytes);
}

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, index) => index);
const MEGABYTE = 1024 * 1024;

async function carriesOut({ transport, device }: ContractSubject) {
  await send(transport.writable, ALL_BYTES);
  assert.deepEqual(await receive(device.readable, 256), ALL_BYTES);
}

async function carriesIn({ transport, device }: ContractSubject) {
  await send(device.writable, ALL_BYTES);
  assert.deepEqual(await receive(transport.readable, 256), ALL_BYTES);
}

async function carriesMuchOut({ transport, device }: ContractSubject) {
  await carriesMuch(transport.writable, device.readable);
}

async function carriesMuchIn({ transport, device }: ContractSubject) {
  await carriesMuch(device.writable, transport.readable);
}

async function setsBaudRate({ transport, device }: ContractSubject) {
  for (const baudRate of [74880, 921600, 115200]) {
    await transport.setBaudRate(baudRate);
    assert.equal(device.baudRate(), baudRate);
    assert.equal(transport.baudRate, baudRate);
  }
}

async function refusesBaudRate({ transport }: ContractSubject) {
  for (const baudRate of [0, -1, 1.5, NaN]) {
    await assert.rejects(transport.setBaudRate(baudRate), RangeError);
  }
  assert.equal(transport.baudRate, 115200);
}

async function setsSignals({ transport, device }: ContractSubject) {
  await transport.setSignals({ dtr: false, rts: false, break: false });
  const off = { dtr: false, rts: false, break: false };
  assert.deepEqual(device.signals(), off);
  await transport.setSignals({ dtr: true });
  assert.deepEqual(device.signals(), { ...off, dtr: true });
  await transport.setSignals({ rts: true });
  assert.deepEqual(device.signals(), { ...off, dtr: true, rts: true });
  await transport.setSignals({ dtr: false, break: true });
  assert.deepEqual(device.signals(), { ...off, rts: true, break: true });
  await transport.setSignals({ dtr: false, rts: false, break: false });
  assert.deepEqual(device.signals(), off);
}

async function endsRead({ transport }: ContractSubject) {
  const pending = transport.readable.getReader().read();
  await transport.close();
  assert.equal((await pending).done, true);
}

async function refusesWhenClosed({ transport }: ContractSubject) {
  const writer = transport.writable.getWriter();
  await transport.close();
  const uses = [
    () => writer.write(ALL_BYTES),
    () => transport.setSignals({ dtr: true }),
    () => transport.setBaudRate(9600),
    () => transport.drain(),
    () => transport.flush(),
  ];
  for (const use of uses) await assert.rejects(use(), isError("port-closed"));
}

async function closesTwice({ transport }: ContractSubject) {
  await Promise.all([transport.close(), transport.close()]);
  await transport.close();
  await transport[Symbol.asyncDispose]();
}

async function failsRead({ transport, device }: ContractSubject) {
  const pending = transport.readable.getReader().read();
  const [result] = await Promise.allSettled([pending, device.unplug()]);
  assert.equal(result.status, "rejected");
  assert.ok(isError("port-gone")(result.reason));
}

async function failsWrite({ transport, device }: ContractSubject) {
  const pending = transport.readable.getReader().read();
  await Promise.allSettled([pending, device.unplug()]);
  await assert.rejects(
    send(transport.writable, ALL_BYTES),
    isError("port-gone"),
  );
  await assert.rejects(transport.setBaudRate(9600), isError("port-gone"));
  if (transport.info.signals !== "none") {
    await assert.rejects(
      transport.setSignals({ dtr: true }),
      isError("port-gone"),
    );
  }
  await transport.close();
}

async function endsBlockedWrite({ transport }: ContractSubject) {
  const failed = assert.rejects(fillUp(transport), isError("port-closed"));
  await transport.close();
  await failed;
}

async function abortsBlockedWrite({ transport }: ContractSubject) {
  const writer = transport.writable.getWriter();
  const chunk = new Uint8Array(65536);
  const blocked = (async () => {
    for (;;) await writer.write(chunk);
  })();
  for (let turn = 0; turn < 20; turn++) await eventLoopTurn();
  const reason = new Error("enough");
  const failed = assert.rejects(blocked, (error) => error === reason);
  await writer.abort(reason);
  await failed;
}

/**
 * Bytes need a while to arrive where flush can reach them, so this tries until
 * it has seen them dropped; a flush that drops nothing never gets there.
 */
async function flushesInput({ transport, device }: ContractSubject) {
  for (let turns = 0; turns < 100; turns++) {
    await send(device.writable, Uint8Array.of(1, 2, 3));
    for (let turn = 0; turn < turns; turn++) await eventLoopTurn();
    await transport.flush("input");
    await send(device.writable, Uint8Array.of(9));
    const received: number[] = [];
    while (received.at(-1) !== 9) {
      received.push(...await receive(transport.readable, 1));
    }
    if (received.length === 1) return;
    assert.deepEqual(received, [1, 2, 3, 9]);
  }
  assert.fail("flush never dropped anything");
}

async function drains({ transport, device }: ContractSubject) {
  const received = receive(device.readable, 256);
  await send(transport.writable, ALL_BYTES);
  await transport.drain();
  assert.deepEqual(await received, ALL_BYTES);
}

/** Whether an error is a transport's, with this code. */
export function isError(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof TransportError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}

/** Writes one chunk and gives the stream back. */
export async function send(
  writable: WritableStream<Uint8Array>,
  bytes: Uint8Array,
): Promise<void> {
  const writer = writable.getWriter();
  try {
    await writer.write(bytes);
  } finally {
    writer.releaseLock();
  }
}

/** What was read too much, by stream. */
const leftovers = new WeakMap<ReadableStream<Uint8Array>, Uint8Array>();

/** Reads exactly `size` bytes and gives the stream back. */
export async function receive(
  readable: ReadableStream<Uint8Array>,
  size: number,
): Promise<Uint8Array> {
  const received = new Uint8Array(size);
  let end = 0;
  const reader = readable.getReader();
  try {
    let next = leftovers.get(readable) ?? new Uint8Array();
    for (;;) {
      const taken = next.subarray(0, size - end);
      received.set(taken, end);
      end += taken.length;
      leftovers.set(readable, next.subarray(taken.length));
      if (end === size) return received;
      const { done, value } = await reader.read();
      if (done) throw new Error(`Stream ended after ${end} of ${size} bytes`);
      next = value;
    }
  } finally {
    reader.releaseLock();
  }
}

async function carriesMuch(
  writable: WritableStream<Uint8Array>,
  readable: ReadableStream<Uint8Array>,
) {
  const sent = new Uint8Array(MEGABYTE);
  let seed = 1;
  for (let index = 0; index < sent.length; index++) {
    seed = Math.imul(seed, 1664525) + 1013904223;
    sent[index] = seed >>> 24;
  }
  // As in flash that is erased: the worst case for telnet.
  sent.fill(0xff, MEGABYTE / 2, MEGABYTE / 2 + 65536);
  const writing = (async () => {
    for (let start = 0; start < MEGABYTE; start += 16384) {
      await send(writable, sent.subarray(start, start + 16384));
    }
  })();
  for (let turn = 0; turn < 20; turn++) await eventLoopTurn();
  const received = await receive(readable, MEGABYTE);
  await writing;
  assert.ok(received.every((byte, index) => byte === sent[index]));
}

/** Writes until the port fails, since nobody reads at the far end. */
async function fillUp(transport: Transport): Promise<void> {
  const chunk = new Uint8Array(65536);
  for (;;) await send(transport.writable, chunk);
}

/** Lets the event loop look at its sockets once. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
