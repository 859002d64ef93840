import assert from "node:assert/strict";
import { encodeUint32 } from "../../lib/bytes.ts";
import { ManualClock } from "../../lib/clock.ts";
import { TransportError } from "../../lib/errors.ts";
import { openPosixPort } from "../../lib/transport/_posix.ts";
import {
  type FakeLibc,
  fakeSystem,
  PORT_FD,
  setSpeedDriver,
} from "./_fake_libc.ts";

const PATH = "/dev/ttyFAKE0";
const TIOCMGET = 0x5415;
const TIOCMSET = 0x5418;
const TIOCMBIS = 0x5416;
const TIOCMBIC = 0x5417;
const TIOCOUTQ = 0x5411;
const TIOCSBRK = 0x5427;
const TIOCCBRK = 0x5428;

/** Bytes from hex, spaces and line ends between them. */
function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

/** A check of a thrown error: its class, code and message. */
function transportError(code: string, message: RegExp) {
  return (error: unknown): boolean => {
    assert(error instanceof TransportError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

Deno.test("openPosixPort opens without waiting, locks, and sets raw mode and speed", async () => {
  const { libc, posix } = fakeSystem();
  // Cooked, 9600 baud, parity, two stop bits, HUPCL, RTS/CTS, as a login leaves it.
  libc.ioctl(
    PORT_FD,
    0x402c542b,
    hex(
      `02270000 05000000 fd0f0080 3b8a0000 00
     03 1c 7f 15 04 00 01 00 11 13 1a 00 12 0f 17 16 00 00 00
     80250000 80250000`,
    ),
  );
  libc.ioctls.length = 0;
  libc.calls.length = 0;
  await using port = await openPosixPort(PATH, { baudRate: 74880 }, { posix });
  assert.deepEqual(libc.opened, [{ path: PATH, flags: 0x80902 }]);
  assert.deepEqual(libc.calls.slice(0, 3), ["open", "flock 6", "ioctl 0x540c"]);
  const [raw, speed] = libc.argumentsOf(0x402c542b);
  assert.deepEqual(
    raw,
    hex(
      `00000000 00000000 bd0c0000 00000000 00
     00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00
     80250000 80250000`,
    ),
  );
  assert.deepEqual(
    speed,
    hex(
      `00000000 00000000 b01c0010 00000000 00
     00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00
     80240100 80240100`,
    ),
  );
  assert.equal(port.baudRate, 74880);
});

Deno.test("openPosixPort changes no modem line", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {
    usbVendorId: 0x10c4,
    usbProductId: 0xea60,
    usbSerialNumber: "0001",
  }, { posix });
  for (const request of [TIOCMSET, TIOCMBIS, TIOCMBIC]) {
    assert.deepEqual(libc.argumentsOf(request), []);
  }
  assert.deepEqual(port.info, {
    kind: "serial",
    signals: "together",
    usbVendorId: 0x10c4,
    usbProductId: 0xea60,
    usbSerialNumber: "0001",
  });
});

Deno.test("openPosixPort locks nothing with exclusive off", async () => {
  const { libc, posix } = fakeSystem();
  const port = await openPosixPort(PATH, { exclusive: false }, { posix });
  await port.close();
  for (const call of ["flock 6", "flock 8", "ioctl 0x540c", "ioctl 0x540d"]) {
    assert(!libc.calls.includes(call), call);
  }
  assert(libc.calls.includes(`close ${PORT_FD}`));
});

Deno.test("openPosixPort says why a port cannot be opened", async () => {
  const table: [number, string, RegExp][] = [
    [2, "port-not-found", /^Cannot open "\/dev\/ttyFAKE0": no such device$/],
    [6, "port-not-found", /no such device/],
    [19, "port-not-found", /no such device/],
    [5, "port-not-found", /no such device/],
    [13, "port-denied", /permission denied/],
    [1, "port-denied", /permission denied/],
    [16, "port-busy", /in use by another program/],
    [24, "port-open-failed", /EMFILE|error 24/],
  ];
  for (const [errno, code, message] of table) {
    const { libc, posix } = fakeSystem();
    libc.onOpen = () => ({ errno });
    await assert.rejects(
      openPosixPort(PATH, {}, { posix }),
      transportError(code, message),
    );
    assert.deepEqual(libc.calls, ["open", "unload"]);
  }
});

Deno.test("openPosixPort closes what it has opened when a later step fails", async () => {
  const table: [(libc: FakeLibc) => void, string, RegExp][] = [
    [
      (libc) => libc.drivers.delete(0x802c542a),
      "port-open-failed",
      /not a serial port/,
    ],
    [
      (libc) => libc.drivers.set(0x802c542a, () => ({ errno: 5 })),
      "port-not-found",
      /no such device/,
    ],
    [
      (libc) => libc.drivers.set(TIOCMGET, () => ({ errno: 19 })),
      "port-gone",
      /the port is gone/,
    ],
    [
      (libc) => setSpeedDriver(libc, () => 9600),
      "baud-unsupported",
      /to 115200 baud: the driver sets 9600 baud/,
    ],
  ];
  for (const [breakIt, code, message] of table) {
    const { libc, posix } = fakeSystem();
    breakIt(libc);
    await assert.rejects(
      openPosixPort(PATH, {}, { posix }),
      transportError(code, message),
    );
    assert.deepEqual(libc.calls.slice(-4), [
      "flock 8",
      "ioctl 0x540d",
      `close ${PORT_FD}`,
      "unload",
    ]);
  }
});

Deno.test("openPosixPort leaves the claim of the program that has the port", async () => {
  const { libc, posix } = fakeSystem();
  libc.onFlock = () => ({ errno: 11 });
  await assert.rejects(
    openPosixPort(PATH, {}, { posix }),
    transportError("port-busy", /in use by another program$/),
  );
  assert.deepEqual(libc.calls, [
    "open",
    "flock 6",
    `close ${PORT_FD}`,
    "unload",
  ]);
});

Deno.test("openPosixPort opens again when a signal interrupts it", async () => {
  const { libc, posix } = fakeSystem();
  let interrupts = 3;
  libc.onOpen = () => interrupts-- > 0 ? { errno: 4 } : PORT_FD;
  await using _port = await openPosixPort(PATH, {}, { posix });
  assert.equal(libc.opened.length, 4);
});

Deno.test("setSignals changes both lines in one call and leaves the others", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  await port.setSignals({ dtr: false, rts: true });
  await port.setSignals({ dtr: true, rts: false });
  await port.setSignals({ dtr: false, rts: false });
  assert.deepEqual(libc.argumentsOf(TIOCMSET), [
    hex("64410000"),
    hex("62410000"),
    hex("60410000"),
  ]);
  assert.deepEqual(libc.argumentsOf(TIOCMBIS), []);
  assert.deepEqual(libc.argumentsOf(TIOCMBIC), []);
});

Deno.test("setSignals changes one line without reading the others", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  libc.ioctls.length = 0;
  await port.setSignals({ dtr: true });
  await port.setSignals({ rts: true });
  await port.setSignals({ dtr: false });
  await port.setSignals({ rts: false });
  await port.setSignals({});
  assert.deepEqual(libc.ioctls, [
    { request: TIOCMBIS, argument: hex("02000000") },
    { request: TIOCMBIS, argument: hex("04000000") },
    { request: TIOCMBIC, argument: hex("02000000") },
    { request: TIOCMBIC, argument: hex("04000000") },
  ]);
});

Deno.test("setSignals starts and ends a break", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  libc.ioctls.length = 0;
  await port.setSignals({ break: true });
  await port.setSignals({ break: false });
  assert.deepEqual(libc.ioctls, [
    { request: 0x5427, argument: null },
    { request: 0x5428, argument: null },
  ]);
  libc.drivers.delete(0x5427);
  await assert.rejects(
    port.setSignals({ break: true }),
    transportError(
      "port-unsupported",
      /Cannot send a break to .*: the port cannot do it/,
    ),
  );
});

Deno.test("setSignals does nothing on a port without modem lines", async () => {
  for (const errno of [25, 22]) {
    const { libc, posix } = fakeSystem();
    libc.drivers.set(TIOCMGET, () => ({ errno }));
    await using port = await openPosixPort(PATH, {}, { posix });
    assert.equal(port.info.signals, "none");
    libc.ioctls.length = 0;
    await port.setSignals({ dtr: true, rts: true });
    await port.setSignals({ dtr: true });
    assert.deepEqual(libc.ioctls, []);
  }
});

Deno.test("setSignals learns that the lines can be read but not set", async () => {
  const { libc, posix } = fakeSystem();
  libc.drivers.set(TIOCMBIS, () => ({ errno: 22 }));
  await using port = await openPosixPort(PATH, {}, { posix });
  assert.equal(port.info.signals, "together");
  await port.setSignals({ dtr: true });
  assert.equal(port.info.signals, "none");
});

Deno.test("setSignals tells a vanished port from one without lines", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  libc.drivers.set(TIOCMSET, () => ({ errno: 5 }));
  await assert.rejects(
    port.setSignals({ dtr: true, rts: true }),
    transportError(
      "port-gone",
      /^Cannot use the modem lines of "\/dev\/ttyFAKE0": the port is gone$/,
    ),
  );
  assert.equal(port.info.signals, "together");
});

Deno.test("setBaudRate takes a speed up to 3 % off and refuses more", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  setSpeedDriver(libc, (asked) => asked === 921600 ? 923077 : asked);
  await port.setBaudRate(921600);
  assert.equal(port.baudRate, 923077);
  setSpeedDriver(libc, (asked) => asked === 500000 ? 515001 : asked);
  await assert.rejects(
    port.setBaudRate(500000),
    transportError(
      "baud-unsupported",
      /^Cannot set "\/dev\/ttyFAKE0" to 500000 baud: the driver sets 515001 baud$/,
    ),
  );
  assert.equal(port.baudRate, 923077);
  const last = libc.argumentsOf(0x402c542b).at(-1);
  assert.deepEqual(last?.subarray(36), hex("c5150e00 c5150e00"));
});

Deno.test("setBaudRate reports a driver that refuses the speed", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  libc.drivers.set(0x402c542b, () => ({ errno: 22 }));
  await assert.rejects(
    port.setBaudRate(4_000_000),
    transportError("baud-unsupported", /4000000 baud: the driver refuses it/),
  );
  await assert.rejects(port.setBaudRate(0), RangeError);
  await assert.rejects(port.setBaudRate(9600.5), RangeError);
});

Deno.test("flush drops the named queue", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  libc.calls.length = 0;
  await port.flush("input");
  await port.flush("output");
  await port.flush("both");
  await port.flush();
  assert.deepEqual(libc.calls, [
    "tcflush 0",
    "tcflush 1",
    "tcflush 2",
    "tcflush 2",
  ]);
});

Deno.test("drain waits until the driver has sent everything", async () => {
  const { libc, posix } = fakeSystem();
  const clock = new ManualClock();
  await using port = await openPosixPort(PATH, { baudRate: 10_000 }, {
    posix,
    clock,
  });
  // 1,000 bytes a second, from 100 bytes.
  libc.drivers.set(TIOCOUTQ, (count) => {
    count?.set(encodeUint32(Math.max(0, 100 - clock.now())));
    return 0;
  });
  await clock.drive(port.drain());
  assert.equal(clock.now(), 100);
  const looks = libc.argumentsOf(TIOCOUTQ).length;
  assert(looks <= 4, `looked ${looks} times`);
});

Deno.test("drain ends when the port is closed or gone", async () => {
  const { libc, posix } = fakeSystem();
  const clock = new ManualClock();
  const port = await openPosixPort(PATH, {}, { posix, clock });
  let left = 10;
  libc.drivers.set(TIOCOUTQ, (count) => (count?.set(encodeUint32(left)), 0));
  const drained = port.drain();
  left = 0;
  await port.close();
  await assert.rejects(drained, transportError("port-closed", /is closed/));
  await assert.rejects(port.drain(), transportError("port-closed", /closed/));

  const second = fakeSystem();
  await using gone = await openPosixPort(PATH, {}, { posix: second.posix });
  second.libc.drivers.set(TIOCOUTQ, () => ({ errno: 5 }));
  await assert.rejects(gone.drain(), transportError("port-gone", /gone/));
});

for (const drops of [true, false]) {
  const kind = drops ? "drops what is stuck" : "cannot drop what is stuck";
  Deno.test(`close lets written bytes leave, and waits for no driver that ${kind}`, async () => {
    const { libc, posix } = fakeSystem();
    const clock = new ManualClock();
    const port = await openPosixPort(PATH, { baudRate: 10_000 }, {
      posix,
      clock,
    });
    libc.drivers.set(TIOCOUTQ, (count) => {
      const dropped = drops && libc.calls.includes("tcflush 1");
      count?.set(encodeUint32(dropped ? 0 : 100));
      return 0;
    });
    libc.calls.length = 0;
    await clock.drive(port.close());
    assert(clock.now() >= 200 && clock.now() <= 600, `took ${clock.now()} ms`);
    await clock.advance(0);
    assert.deepEqual(
      libc.calls.filter((call) => !/0x5411/.test(call)).slice(-5),
      [
        "tcflush 1",
        "flock 8",
        "ioctl 0x540d",
        drops ? `close ${PORT_FD}` : `close slowly ${PORT_FD}`,
        "unload",
      ],
    );
    await port.close();
    assert.equal(libc.calls.filter((call) => call === "unload").length, 1);
  });
}

Deno.test("setSignals refuses a break that the driver cannot send, and takes its end", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  for (const request of [TIOCSBRK, TIOCCBRK]) {
    libc.drivers.set(request, () => ({ errno: 95 }));
  }
  await port.setSignals({ break: false });
  await assert.rejects(port.setSignals({ break: true }), {
    name: "TransportError",
    code: "port-unsupported",
  });
});

Deno.test("close drops nothing when the driver gets on", async () => {
  const { libc, posix } = fakeSystem();
  const clock = new ManualClock();
  const port = await openPosixPort(PATH, { baudRate: 10_000 }, {
    posix,
    clock,
  });
  libc.drivers.set(TIOCOUTQ, (count) => {
    count?.set(encodeUint32(Math.max(0, 100 - clock.now())));
    return 0;
  });
  await clock.drive(port.close());
  assert.equal(clock.now(), 100);
  assert(!libc.calls.includes("tcflush 1"));
});

Deno.test("close closes a port that is gone", async () => {
  const { libc, posix } = fakeSystem();
  const port = await openPosixPort(PATH, {}, { posix });
  for (const request of libc.drivers.keys()) {
    libc.drivers.set(request, () => ({ errno: 5 }));
  }
  libc.onFlock = () => ({ errno: 5 });
  await port.close();
  assert.deepEqual(libc.calls.slice(-2), [`close ${PORT_FD}`, "unload"]);
});

Deno.test("readable reads on after an interrupt and waits on EAGAIN", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  const answers = [
    { errno: 4 },
    { errno: 11 },
    { errno: 4 },
    hex("c0ffee"),
    hex("01"),
  ];
  libc.onRead = () => answers.shift() ?? { errno: 11 };
  const reader = port.readable.getReader();
  const pending = reader.read();
  assert.deepEqual(answers, [{ errno: 4 }, hex("c0ffee"), hex("01")]);
  assert.equal(libc.polls, 1);
  libc.setReady(PORT_FD, 0x01);
  assert.deepEqual((await pending).value, hex("c0ffee"));
  // Nothing is read that nobody asked for.
  assert.equal(answers.length, 1);
  assert.deepEqual((await reader.read()).value, hex("01"));
});

Deno.test("readable gives its reader a chunk of its own", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  const answers = [hex("0102"), hex("0304")];
  libc.onRead = () => answers.shift() ?? { errno: 11 };
  const reader = port.readable.getReader();
  const { value: first } = await reader.read();
  await reader.read();
  assert.deepEqual(first, hex("0102"));
  assert.equal(first?.buffer.byteLength, 2);
});

Deno.test("readable delivers what came before a hang-up, then errors", async () => {
  for (const end of [0, { errno: 5 }, { errno: 6 }, { errno: 9 }]) {
    const { libc, posix } = fakeSystem();
    await using port = await openPosixPort(PATH, {}, { posix });
    const answers = [{ errno: 11 }, hex("c0"), end];
    libc.onRead = () => answers.shift() ?? 0;
    libc.setReady(PORT_FD, 0x1d);
    const reader = port.readable.getReader();
    assert.deepEqual((await reader.read()).value, hex("c0"));
    await assert.rejects(
      reader.read(),
      transportError(
        "port-gone",
        /^Cannot read from "\/dev\/ttyFAKE0": the port is gone$/,
      ),
    );
  }
});

Deno.test("readable does not spin on a hang-up that read does not tell of", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  libc.setReady(PORT_FD, 0x10);
  await assert.rejects(
    port.readable.getReader().read(),
    transportError("port-gone", /gone/),
  );
  assert.equal(libc.polls, 1);
});

Deno.test("readable reports an error that is no hang-up by its name", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  libc.onRead = () => ({ errno: 71 });
  await assert.rejects(
    port.readable.getReader().read(),
    transportError("port-io", /^Cannot read from "\/dev\/ttyFAKE0": \w+/),
  );
});

Deno.test("readable stops waiting when it is cancelled", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  const reader = port.readable.getReader();
  const pending = reader.read();
  assert.equal(libc.polls, 1);
  await reader.cancel();
  assert.equal((await pending).done, true);
  await posix.reactor.released(PORT_FD);
  const reads = libc.calls.filter((call) => call === "read").length;
  libc.setReady(PORT_FD, 0x01);
  assert.equal(libc.polls, 1);
  assert.equal(libc.calls.filter((call) => call === "read").length, reads);
});

Deno.test("writable goes on after interrupts, partial writes and a full driver", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  const answers = [{ errno: 4 }, 3, { errno: 11 }, 2, 1];
  libc.onWrite = () => answers.shift() ?? 0;
  libc.setReady(PORT_FD, 0x04);
  await port.writable.getWriter().write(hex("010203040506"));
  assert.deepEqual(libc.written.map((bytes) => bytes.length), [6, 6, 3, 3, 1]);
  assert.deepEqual(libc.written.at(-1), hex("06"));
  assert.deepEqual(answers, []);
});

Deno.test("writable gives the system at most 64 KiB at a time", async () => {
  const { libc, posix } = fakeSystem();
  await using port = await openPosixPort(PATH, {}, { posix });
  libc.setReady(PORT_FD, 0x04);
  await port.writable.getWriter().write(new Uint8Array(150_000));
  assert.deepEqual(libc.written.map((bytes) => bytes.length), [
    65536,
    65536,
    18928,
  ]);
  assert.equal(libc.polls, 2);
});

Deno.test("writable errors when the port is gone", async () => {
  for (const answer of [{ errno: 5 }, { errno: 11 }]) {
    const { libc, posix } = fakeSystem();
    await using port = await openPosixPort(PATH, {}, { posix });
    libc.onWrite = () => answer;
    libc.setReady(PORT_FD, 0x18);
    const writer = port.writable.getWriter();
    const gone = transportError(
      "port-gone",
      /^Cannot write to "\/dev\/ttyFAKE0": the port is gone$/,
    );
    await assert.rejects(writer.write(hex("00")), gone);
    await assert.rejects(writer.write(hex("00")), gone);
    await assert.rejects(writer.closed, gone);
  }
});

Deno.test("macOS: openPosixPort writes the settings and asks the driver for the speed", async () => {
  const { libc, posix } = fakeSystem("darwin");
  // Cooked, 9600 baud, parity, two stop bits, HUPCL, CTS and RTS flow control.
  const cooked = hex(
    `026b000000000000 0300000000000000 007f030000000000 cb05002000000000
     04 ff ff 7f 17 15 12 ff 03 1c 1a 19 11 13 16 0f 01 00 14 ff 00000000
     8025000000000000 8025000000000000`,
  );
  let termios = cooked;
  libc.drivers
    .set(0x40487413, (bytes) => (bytes?.set(termios), 0))
    .set(0x80487414, (bytes) => (termios = bytes?.slice() ?? termios, 0))
    .set(0x80085402, (bytes) => {
      termios.set(bytes ?? [], 56);
      termios.set(bytes ?? [], 64);
      return 0;
    })
    .set(0x4004746a, () => 0)
    .set(0x40047473, () => 0)
    .set(0x2000740d, () => 0)
    .set(0x2000740e, () => 0);
  const port = await openPosixPort("/dev/cu.usbserial-1", {
    baudRate: 3_000_000,
  }, { posix });
  assert.deepEqual(libc.opened, [
    { path: "/dev/cu.usbserial-1", flags: 0x1020006 },
  ]);
  assert.deepEqual(libc.argumentsOf(0x80487414), [hex(
    `0000000000000000 0000000000000000 00cb000000000000 0000000000000000
     00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00000000
     8025000000000000 8025000000000000`,
  )]);
  assert.deepEqual(libc.argumentsOf(0x80085402), [hex("c0c62d0000000000")]);
  assert.equal(port.baudRate, 3_000_000);
  await port.close();
  assert.deepEqual(libc.calls.slice(0, 4), [
    "open",
    "flock 6",
    "ioctl 0x2000740d",
    "ioctl 0x40487413",
  ]);
  assert.deepEqual(libc.calls.slice(-5), [
    "ioctl 0x40047473",
    "flock 8",
    "ioctl 0x2000740e",
    `close ${PORT_FD}`,
    "unload",
  ]);
});

Deno.test("macOS: a pty takes the speed in its settings", async () => {
  const { libc, posix } = fakeSystem("darwin");
  let termios = new Uint8Array(72);
  libc.drivers
    .set(0x40487413, (bytes) => (bytes?.set(termios), 0))
    .set(0x80487414, (bytes) => (termios = bytes?.slice() ?? termios, 0))
    .set(0x2000740d, () => 0)
    .set(0x40047473, () => 0);
  await using port = await openPosixPort("/dev/ttys003", { baudRate: 74880 }, {
    posix,
  });
  assert.equal(port.baudRate, 74880);
  assert.equal(port.info.signals, "none");
  assert.deepEqual(
    termios,
    hex(
      `0000000000000000 0000000000000000 008b000000000000 0000000000000000
     00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00000000
     8024010000000000 8024010000000000`,
    ),
  );
});

Deno.test("macOS: modem lines, break and flush use its own numbers", async () => {
  const { libc, posix } = fakeSystem("darwin");
  const termios = new Uint8Array(72);
  for (
    const request of [
      0x2000740d,
      0x80487414,
      0x8004746b,
      0x8004746c,
      0x8004746d,
      0x2000747a,
      0x2000747b,
      0x40047473,
      0x80085402,
    ]
  ) libc.drivers.set(request, () => 0);
  libc.drivers
    .set(0x40487413, (bytes) => {
      termios.set(hex("00c2010000000000"), 64);
      bytes?.set(termios);
      return 0;
    })
    .set(0x4004746a, (lines) => (lines?.set(hex("66000000")), 0));
  await using port = await openPosixPort("/dev/cu.x", {}, { posix });
  libc.ioctls.length = 0;
  libc.calls.length = 0;
  await port.setSignals({ dtr: false, rts: true });
  await port.setSignals({ dtr: true });
  await port.setSignals({ rts: false });
  await port.setSignals({ break: true });
  await port.setSignals({ break: false });
  assert.deepEqual(libc.ioctls, [
    { request: 0x4004746a, argument: hex("00000000") },
    { request: 0x8004746d, argument: hex("64000000") },
    { request: 0x8004746c, argument: hex("02000000") },
    { request: 0x8004746b, argument: hex("04000000") },
    { request: 0x2000747b, argument: null },
    { request: 0x2000747a, argument: null },
  ]);
  libc.calls.length = 0;
  await port.flush("input");
  await port.flush("output");
  await port.flush("both");
  assert.deepEqual(libc.calls, ["tcflush 1", "tcflush 2", "tcflush 3"]);
});

Deno.test("macOS: EAGAIN has another number than on Linux", async () => {
  const { libc, posix } = fakeSystem("darwin");
  libc.onOpen = () => ({ errno: 35 });
  await assert.rejects(
    openPosixPort("/dev/cu.x", {}, { posix }),
    transportError("port-busy", /in use/),
  );
  libc.onOpen = () => ({ errno: 11 });
  await assert.rejects(
    openPosixPort("/dev/cu.x", {}, { posix }),
    transportError("port-open-failed", /Cannot open/),
  );
});
