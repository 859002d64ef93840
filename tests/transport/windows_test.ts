import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { type EspErrorCode, TransportError } from "../../lib/errors.ts";
import { WindowsPorts } from "../../lib/transport/_windows.ts";
import type { SerialOptions } from "../../lib/transport/serial.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import { FakeKernel32, hex } from "./_fake_kernel32.ts";

interface Setup {
  readonly kernel: FakeKernel32;
  readonly clock: ManualClock;
  readonly port: Transport;
}

async function open(
  kernel: FakeKernel32 = new FakeKernel32(),
  options?: SerialOptions,
): Promise<Setup> {
  const clock = new ManualClock();
  const ports = new WindowsPorts(() => kernel, clock);
  return { kernel, clock, port: await ports.open("COM5", options) };
}

function failsAs(code: EspErrorCode, text?: RegExp) {
  return (error: unknown): true => {
    assert.ok(error instanceof TransportError, String(error));
    assert.equal(error.code, code);
    if (text !== undefined) assert.match(error.message, text);
    return true;
  };
}

/** The lines that were set, oldest first. */
function escapes(kernel: FakeKernel32): string {
  return kernel.calls.flatMap((call) =>
    /^EscapeCommFunction\((\d+)\)$/.exec(call)?.[1] ?? []
  ).join(" ");
}

Deno.test("openWindowsPort opens the device alone, overlapped, by its device path", async () => {
  const { kernel, port } = await open();
  assert.equal(
    kernel.calls.find((call) => call.startsWith("CreateFileW")),
    "CreateFileW(\\\\.\\COM5, c0000000, 0, 3, 40000000, 0)",
  );
  assert.equal(port.port, "COM5");
  assert.equal(port.baudRate, 115200);
  assert.equal(port.info.kind, "serial");
  assert.equal(port.info.signals, "separate");
  await port.close();
});

Deno.test("openWindowsPort takes a device path as it is", async () => {
  const kernel = new FakeKernel32();
  const ports = new WindowsPorts(() => kernel);
  await using _port = await ports.open("\\\\.\\CNCA0");
  assert.match(kernel.calls[1] ?? "", /^CreateFileW\(\\\\\.\\CNCA0, /);
});

Deno.test("openWindowsPort applies 8N1 without flow control and keeps the driver's XON limits", async () => {
  const { kernel, port } = await open(new FakeKernel32(), {
    baudRate: 74880,
  });
  // DCBlength 28; 74880 baud; fBinary, DTR and RTS enabled; XonLim 2560 and
  // XoffLim 640 as found; 8 bits, no parity, one stop bit; characters as found.
  const expected = hex(
    "1c000000 80240100 11100000 0000 000a 8002 08 00 00 13 14 00 00 00 0000",
  );
  assert.equal(expected.length, 28);
  assert.deepEqual(kernel.dcb, expected);
  await port.close();
});

Deno.test("openWindowsPort sets timeouts that end a read at its first byte and never a write", async () => {
  const { kernel, port } = await open();
  assert.deepEqual(
    kernel.timeouts,
    hex("ffffffff ffffffff e8030000 00000000 00000000"),
  );
  await port.close();
});

const OPEN_ERRORS: readonly [number, EspErrorCode, RegExp][] = [
  [2, "port-not-found", /no such port/],
  [3, "port-not-found", /no such port/],
  [123, "port-not-found", /no such port/],
  [5, "port-busy", /in use by another program/],
  [32, "port-busy", /in use by another program/],
  [31, "port-open-failed", /Windows error 31/],
];

for (const [error, code, text] of OPEN_ERRORS) {
  Deno.test(`openWindowsPort tells Windows error ${error} as ${code} and unloads`, async () => {
    const kernel = new FakeKernel32();
    kernel.openError = error;
    await assert.rejects(open(kernel), failsAs(code, text));
    assert.ok(kernel.closed);
  });
}

Deno.test("openWindowsPort refuses a file that is no serial port", async () => {
  const kernel = new FakeKernel32();
  kernel.failing.set("GetCommState", 1);
  await assert.rejects(open(kernel), failsAs("port-unsupported"));
  assert.ok(kernel.closed);
});

Deno.test("openWindowsPort rejects with the signal's reason, before and during the open", async () => {
  const reason = new Error("enough");
  const kernel = new FakeKernel32();
  await assert.rejects(
    open(kernel, { signal: AbortSignal.abort(reason) }),
    reason,
  );
  assert.deepEqual(kernel.calls, []);

  const controller = new AbortController();
  const opening = open(kernel, { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(opening, reason);
  assert.ok(kernel.closed);
});

Deno.test("WindowsPort refuses a speed over 3 % off when opened, and closes again", async () => {
  const kernel = new FakeKernel32();
  kernel.toBaudRate = (wanted) => wanted === 460800 ? 115200 : wanted;
  await assert.rejects(
    open(kernel, { baudRate: 460800 }),
    failsAs("baud-unsupported", /makes it 115200/),
  );
  assert.ok(kernel.closed);
});

Deno.test("WindowsPort keeps its speed and its lines when a new speed is over 3 % off", async () => {
  const { kernel, port } = await open();
  await port.setSignals({ dtr: false });
  kernel.toBaudRate = (wanted) => Math.min(wanted, 921600);
  await assert.rejects(
    port.setBaudRate(3_000_000),
    failsAs("baud-unsupported"),
  );
  assert.equal(port.baudRate, 115200);
  const view = new DataView(kernel.dcb.buffer);
  assert.equal(view.getUint32(4, true), 115200);
  assert.equal(view.getUint32(8, true), 0x1001, "RTS on, DTR off");
  await port.close();
});

Deno.test("WindowsPort accepts a speed up to 3 % off and tells the speed in force", async () => {
  const { kernel, port } = await open();
  kernel.toBaudRate = () => 1_545_000;
  await port.setBaudRate(1_500_000);
  assert.equal(port.baudRate, 1_545_000);
  kernel.toBaudRate = () => 1_545_001;
  await assert.rejects(
    port.setBaudRate(1_500_000),
    failsAs("baud-unsupported"),
  );
  await port.close();
});

Deno.test("WindowsPort tells a driver that refuses a speed from a device that is gone", async () => {
  const { kernel, port } = await open();
  // A CP210x driver answers a speed it cannot make as it answers a lost device.
  kernel.failing.set("SetCommState", 31);
  await assert.rejects(
    port.setBaudRate(2_000_000),
    failsAs("baud-unsupported", /Windows error 31/),
  );
  kernel.failing.set("ClearCommError", 31);
  await assert.rejects(port.setBaudRate(2_000_000), failsAs("port-gone"));
  await port.close();
});

Deno.test("WindowsPort rejects a speed that is no positive integer", async () => {
  const { port } = await open();
  await assert.rejects(port.setBaudRate(0), RangeError);
  await assert.rejects(port.setBaudRate(9600.5), RangeError);
  await port.close();
});

Deno.test("WindowsPort yields bytes that wait and bytes that come, in order", async () => {
  const { kernel, port } = await open();
  const reader = port.readable.getReader();
  const first = reader.read();
  kernel.receive(1, 2, 3);
  assert.deepEqual([...(await first).value ?? []], [1, 2, 3]);
  const second = reader.read();
  kernel.receive(4);
  assert.deepEqual([...(await second).value ?? []], [4]);
  await port.close();
});

Deno.test("WindowsPort reads and writes with a driver that ends operations at once", async () => {
  const kernel = new FakeKernel32();
  kernel.immediate = true;
  const { port } = await open(kernel);
  kernel.receive(7, 8);
  kernel.receive(9);
  const received: number[] = [];
  const reader = port.readable.getReader();
  while (received.length < 3) {
    received.push(...(await reader.read()).value ?? []);
  }
  assert.deepEqual(received, [7, 8, 9]);
  await port.writable.getWriter().write(Uint8Array.of(1, 2));
  assert.deepEqual(kernel.written, [1, 2]);
  await port.close();
});

Deno.test("WindowsPort reads on after a read that timed out", async () => {
  const { kernel, port } = await open();
  const read = port.readable.getReader().read();
  await turns();
  kernel.timeOutRead();
  await turns();
  assert.equal(kernel.pendingReads, 1);
  kernel.receive(5);
  assert.deepEqual([...(await read).value ?? []], [5]);
  await port.close();
});

Deno.test("WindowsPort writes a long chunk in parts and goes on where a driver stopped", async () => {
  const { kernel, port } = await open();
  kernel.writeLimit = 10_000;
  const chunk = Uint8Array.from({ length: 50_000 }, (_, i) => i * 7);
  await port.writable.getWriter().write(chunk);
  assert.deepEqual(Uint8Array.from(kernel.written), chunk);
  await port.close();
});

Deno.test("WindowsPort sends what a chunk held when it was written", async () => {
  const { kernel, port } = await open();
  kernel.holdWrites = true;
  const chunk = Uint8Array.of(1, 2, 3);
  const written = port.writable.getWriter().write(chunk);
  await turns();
  chunk.fill(0);
  kernel.finishWrite();
  await written;
  assert.deepEqual(kernel.written, [1, 2, 3]);
  await port.close();
});

Deno.test("WindowsPort settles a write only when the driver has taken it", async () => {
  const { kernel, port } = await open();
  kernel.holdWrites = true;
  let settled = false;
  const written = port.writable.getWriter().write(Uint8Array.of(1))
    .then(() => settled = true);
  await turns();
  assert.equal(settled, false);
  kernel.finishWrite();
  await written;
  await port.close();
});

Deno.test("WindowsPort.setSignals sets DTR, then RTS, then DTR again for usbser.sys", async () => {
  const { kernel, port } = await open();
  await port.setSignals({ dtr: false, rts: true });
  assert.equal(escapes(kernel), "6 3 6");
  await port.setSignals({ rts: false });
  assert.equal(escapes(kernel), "6 3 6 4 6");
  await port.setSignals({ dtr: true });
  assert.equal(escapes(kernel), "6 3 6 4 6 5");
  await port.setSignals({ break: true });
  await port.setSignals({ break: false });
  assert.equal(escapes(kernel), "6 3 6 4 6 5 8 9");
  await port.close();
});

Deno.test("WindowsPort.setBaudRate leaves the lines as they were set", async () => {
  const { kernel, port } = await open();
  await port.setSignals({ dtr: false, rts: false });
  await port.setBaudRate(921600);
  const view = new DataView(kernel.dcb.buffer);
  assert.equal(view.getUint32(8, true), 0x0001);
  await port.close();
});

Deno.test("WindowsPort.setSignals does nothing on a port without modem lines", async () => {
  const { kernel, port } = await open();
  kernel.failing.set("EscapeCommFunction", 50);
  await port.setSignals({ dtr: true, rts: true });
  assert.equal(port.info.signals, "none");
  await port.close();
});

Deno.test("WindowsPort.drain waits until the output queue is empty", async () => {
  const { kernel, clock, port } = await open();
  kernel.outputQueue = [300, 100, 0];
  await clock.drive(port.drain());
  assert.deepEqual(kernel.outputQueue, []);
  assert.ok(clock.now() > 0);
  await port.close();
});

Deno.test("WindowsPort.drain waits for a write under way", async () => {
  const { kernel, port } = await open();
  kernel.holdWrites = true;
  const written = port.writable.getWriter().write(Uint8Array.of(1));
  await turns();
  let drained = false;
  const drain = port.drain().then(() => drained = true);
  await turns();
  assert.equal(drained, false);
  kernel.finishWrite();
  await Promise.all([written, drain]);
  await port.close();
});

Deno.test("WindowsPort.drain ends when the port is closed meanwhile", async () => {
  const { kernel, clock, port } = await open();
  kernel.outputQueue = [1, 1, 1];
  const drain = assert.rejects(port.drain(), failsAs("port-closed"));
  await port.close();
  await clock.advance(1);
  await drain;
});

Deno.test("WindowsPort.flush drops input that waits and lets the read wait on", async () => {
  const { kernel, port } = await open();
  kernel.receive(1, 2);
  await turns();
  await port.flush("input");
  assert.equal(kernel.calls.at(-1), "PurgeComm(8)");
  const read = port.readable.getReader().read();
  kernel.receive(3);
  assert.deepEqual([...(await read).value ?? []], [3]);
  await port.close();
});

Deno.test("WindowsPort.flush drops output, and the write that held it settles", async () => {
  const { kernel, port } = await open();
  kernel.holdWrites = true;
  const written = port.writable.getWriter().write(new Uint8Array(40_000));
  await turns();
  await port.flush("output");
  assert.equal(kernel.calls.at(-1), "PurgeComm(5)");
  await written;
  assert.deepEqual(kernel.written, []);
  assert.equal(kernel.pendingReads, 1);
  await port.close();
});

Deno.test("WindowsPort.close ends a pending read and a pending write, once", async () => {
  const { kernel, port } = await open();
  kernel.holdWrites = true;
  const read = port.readable.getReader().read();
  const written = assert.rejects(
    port.writable.getWriter().write(Uint8Array.of(1)),
    failsAs("port-closed"),
  );
  await turns();
  await Promise.all([port.close(), port.close()]);
  assert.equal((await read).done, true);
  await written;
  assert.equal(kernel.openHandles.size, 0);
  assert.ok(kernel.closed);
  // The fake throws if a handle is closed before its operations have ended.
  assert.equal(
    kernel.calls.filter((call) => call === "CloseHandle(512)").length,
    1,
  );
});

Deno.test("WindowsPort refuses everything but closing once it is closed", async () => {
  const { port } = await open();
  await port.close();
  const closed = failsAs("port-closed");
  await assert.rejects(port.setSignals({ dtr: true }), closed);
  await assert.rejects(port.setBaudRate(9600), closed);
  await assert.rejects(port.drain(), closed);
  await assert.rejects(port.flush(), closed);
  await assert.rejects(
    port.writable.getWriter().write(Uint8Array.of(1)),
    closed,
  );
  await port.close();
});

for (const error of [5, 22, 31, 433, 1167, 1617]) {
  Deno.test(`WindowsPort tells error ${error} in the middle of a read as port-gone`, async () => {
    const { kernel, port } = await open();
    const gone = failsAs("port-gone");
    const read = assert.rejects(port.readable.getReader().read(), gone);
    await turns();
    kernel.unplug(error);
    await read;
    await assert.rejects(port.setSignals({ dtr: true }), gone);
    await assert.rejects(
      port.writable.getWriter().write(Uint8Array.of(1)),
      gone,
    );
    await port.close();
    assert.equal(kernel.openHandles.size, 0);
  });
}

Deno.test("WindowsPort still yields what came in before the device went", async () => {
  const { kernel, port } = await open();
  await turns();
  kernel.receive(1, 2);
  await turns();
  kernel.unplug(1167);
  await turns();
  const reader = port.readable.getReader();
  assert.deepEqual([...(await reader.read()).value ?? []], [1, 2]);
  await assert.rejects(reader.read(), failsAs("port-gone"));
  await port.close();
});

Deno.test("WindowsPort tells an unplug in the middle of a write as port-gone", async () => {
  const { kernel, port } = await open();
  kernel.holdWrites = true;
  const written = assert.rejects(
    port.writable.getWriter().write(Uint8Array.of(1)),
    failsAs("port-gone"),
  );
  await turns();
  kernel.unplug(22);
  await written;
  await port.close();
});

Deno.test("WindowsPort finds a lost device behind cancelled reads and behind timeouts", async () => {
  for (const end of ["cancelRead", "timeOutRead"] as const) {
    const { kernel, port } = await open();
    const read = assert.rejects(
      port.readable.getReader().read(),
      failsAs("port-gone"),
    );
    await turns();
    // Its driver takes reads as before: only the line's state tells.
    kernel.failing.set("ClearCommError", 1167);
    kernel[end]();
    await read;
    await port.close();
  }
});

Deno.test("WindowsPort finds a lost device behind a cancelled write", async () => {
  const { kernel, port } = await open();
  kernel.holdWrites = true;
  const written = assert.rejects(
    port.writable.getWriter().write(Uint8Array.of(1)),
    failsAs("port-gone"),
  );
  await turns();
  kernel.failing.set("ClearCommError", 1167);
  kernel.cancelWrite();
  await written;
  await port.close();
});

Deno.test("WindowsPort does not spin on a driver that cancels every read", async () => {
  const { kernel, port } = await open();
  const read = assert.rejects(
    port.readable.getReader().read(),
    failsAs("port-gone", /cancels every read/),
  );
  await turns();
  for (let i = 0; i < 4; i++) {
    kernel.cancelRead();
    await turns();
  }
  await read;
  await port.close();
});

Deno.test("WindowsPort stops reading ahead while nobody reads", async () => {
  const { kernel, port } = await open();
  for (let i = 0; i < 300; i++) {
    kernel.receive(...new Uint8Array(1024));
    await turns();
  }
  assert.equal(kernel.pendingReads, 0);
  const reader = port.readable.getReader();
  let received = 0;
  while (received < 300 * 1024) {
    received += (await reader.read()).value?.length ?? 0;
  }
  await turns();
  assert.equal(kernel.pendingReads, 1);
  await port.close();
});

Deno.test("WindowsPorts shares one completion port, made with the first port and closed with the last", async () => {
  const kernels: FakeKernel32[] = [];
  const ports = new WindowsPorts(() => {
    const kernel = new FakeKernel32();
    kernels.push(kernel);
    return kernel;
  });
  const open = await Promise.all(
    Array.from({ length: 64 }, (_, i) => ports.open(`COM${i + 1}`)),
  );
  const [kernel] = kernels;
  assert.ok(kernel !== undefined && kernels.length === 1);
  assert.equal(
    kernel.calls.filter((call) => call === "CreatePort()").length,
    1,
  );
  const [first, ...others] = open;
  await Promise.all(others.map((port) => port.close()));
  assert.equal(kernel.closed, false);
  await first?.writable.getWriter().write(Uint8Array.of(9));
  assert.deepEqual(kernel.written, [9]);
  await first?.close();
  assert.ok(kernel.closed);

  await using _again = await ports.open("COM1");
  assert.equal(kernels.length, 2);
});

Deno.test("WindowsPorts survives 1000 open and close cycles with nothing left open", async () => {
  const kernel = new FakeKernel32();
  const ports = new WindowsPorts(() => kernel);
  for (let i = 0; i < 1000; i++) await (await ports.open("COM5")).close();
  assert.equal(kernel.openHandles.size, 0);
});

Deno.test("CompletionPort fails what waits if its queue fails, and what comes, so that nothing hangs", async () => {
  const kernel = new FakeKernel32();
  const ports = new WindowsPorts(() => kernel);
  const port = await ports.open("COM5");
  const failed = failsAs("port-io", /completion port failed/);
  const read = assert.rejects(port.readable.getReader().read(), failed);
  await turns();
  kernel.breakQueue();
  await read;
  const late = await ports.open("COM6");
  await assert.rejects(late.readable.getReader().read(), failed);
  await late.close();
  await port.close();
});

/** Lets everything run that waits for nothing from outside. */
async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
