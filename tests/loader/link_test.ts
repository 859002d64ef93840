import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ManualClock } from "../../lib/clock.ts";
import {
  ChipError,
  CommandError,
  FrameError,
  TimeoutError,
  TransportError,
} from "../../lib/errors.ts";
import { Link } from "../../lib/loader/link.ts";
import type { TraceEvent } from "../../lib/loader/trace.ts";
import {
  FLASH_BEGIN,
  FLASH_DATA,
  GET_SECURITY_INFO,
  MEM_END,
  READ_REG,
  SYNC,
  WRITE_REG,
} from "../../lib/protocol/commands.ts";
import {
  BOOT_LOG_THEN_SYNC,
  bytesOf,
  hexBytes,
  REPLIES,
  REQUESTS,
} from "../vectors/serial_protocol.ts";
import { ScriptedPort, type ScriptedPortOptions } from "./_scripted_port.ts";

const MAGIC = 0x00f0_1d83;
const MAGIC_ADDRESS = 0x4000_1000;

/** A link to a device, and its clock. */
function linked(options: ScriptedPortOptions = {}) {
  const clock = new ManualClock();
  const port = new ScriptedPort({ ...options, clock });
  return { clock, port, link: new Link(port, { clock }) };
}

/** Answers every request with the next of these replies; an empty one is silence. */
function replies(...vectors: ReadonlyArray<Uint8Array | undefined>) {
  const queue = [...vectors];
  return () => queue.shift();
}

function readMagic(link: Link, options = {}): Promise<number> {
  return link.command(READ_REG, { address: MAGIC_ADDRESS }, options);
}

const magicReply = bytesOf(REPLIES.readRegRom);

Deno.test("Link sends one frame and decodes its reply", async () => {
  const { port, link } = linked({ onWrite: replies(magicReply) });
  assert.equal(await readMagic(link), MAGIC);
  assert.deepEqual(port.writes, [bytesOf(REQUESTS.readReg)]);
  assert.equal(link.statusBytes, 4);
  await link.close();
  assert.equal(port.closes, 1);
});

Deno.test("Link takes a reply that is split at every index, with noise before it", async () => {
  const bytes = hexBytes(
    `0d0a ${REPLIES.staleReserved.hex} ${REPLIES.readRegRom.hex}`,
  );
  for (let index = 0; index <= bytes.length; index++) {
    const { link, port } = linked();
    const value = readMagic(link);
    port.send(bytes.subarray(0, index));
    await link.clock.schedule(() => {}, 0);
    port.send(bytes.subarray(index));
    assert.equal(await value, 0x8000);
    await link.close();
  }
});

Deno.test("Link skips garbage, requests that echo and late replies to other commands", async () => {
  const { link } = linked({
    onWrite: () =>
      hexBytes(
        "ff00 c0 deadbeef c0 c0db00c0" + REQUESTS.readReg.hex +
          REPLIES.syncRom.hex + REPLIES.staleCode.hex + REPLIES.readRegRom.hex,
      ),
  });
  assert.equal(await readMagic(link), MAGIC);
  await link.close();
});

Deno.test("Link gives up after 100 frames that are not the reply", async () => {
  const { link } = linked({
    onWrite: () => hexBytes(REPLIES.syncRom.hex.repeat(101)),
  });
  await assert.rejects(
    readMagic(link),
    (error) =>
      error instanceof FrameError && error.code === "reply-invalid" &&
      error.message ===
        "Cannot run READ_REG: 100 other frames came instead of its reply",
  );
  await link.close();
});

Deno.test("Link takes a refusal with the last reply's opcode for an unsupported command, and waits until the line is quiet", async () => {
  const refusal = bytesOf(REPLIES.unknownOpcodeRom);
  const { clock, link, port } = linked({
    onWrite: replies(magicReply, undefined, magicReply),
  });
  await readMagic(link);
  const refused = link.command(GET_SECURITY_INFO, undefined);
  let settled = false;
  refused.catch(() => settled = true);
  await clock.advance(10);
  port.send(refusal);
  await clock.advance(150);
  port.send(refusal);
  await clock.advance(199);
  assert.equal(settled, false);
  await clock.advance(1);
  await assert.rejects(
    refused,
    (error) =>
      error instanceof CommandError && error.code === "command-unsupported" &&
      error.status === 0x0105 && error.command === "GET_SECURITY_INFO" &&
      error.message ===
        "Cannot run GET_SECURITY_INFO: device answered status 0x0105 (message not understood or not allowed now)",
  );
  assert.equal(await readMagic(link), MAGIC);
  await link.close();
});

Deno.test("Link tells a failed command from one that is not supported", async () => {
  const cases = [
    [REPLIES.pastEndRom, "command-failed", 0x0106],
    [REPLIES.wrongChecksumRom, "command-failed", 0x0107],
    [REPLIES.wrongChecksumStub, "command-failed", 0xc100],
    [REPLIES.wrongChecksumEsp8266, "command-failed", 0x0107],
    // Known, but out of turn.
    [
      { note: "", hex: "c0 01 03 0400 831df000 01050000 c0" },
      "command-failed",
      0x0105,
    ],
  ] as const;
  for (const [vector, code, status] of cases) {
    const bytes = bytesOf(vector);
    const { link } = linked({ onWrite: () => bytes });
    const sent = bytes[2] === FLASH_BEGIN.opcode
      ? link.command(FLASH_BEGIN, {
        size: 1,
        blocks: 1,
        blockSize: 1,
        offset: 0,
      })
      : link.command(FLASH_DATA, { data: new Uint8Array(4), sequence: 0 });
    await assert.rejects(
      sent,
      (error) =>
        error instanceof CommandError && error.code === code &&
        error.status === status,
    );
    await link.close();
  }
  const { link } = linked({
    onWrite: () => bytesOf(REPLIES.unknownOpcodeStub),
  });
  await assert.rejects(
    link.command(GET_SECURITY_INFO, undefined),
    (error) =>
      error instanceof CommandError && error.code === "command-unsupported",
  );
  await link.close();
});

Deno.test("Link refuses a reply whose length cannot be", async () => {
  const { link } = linked({
    onWrite: () => hexBytes("c0 01 0a 0300 831df000 000000 c0"),
  });
  await assert.rejects(
    readMagic(link),
    (error) => error instanceof FrameError && error.code === "reply-invalid",
  );
  await link.close();
});

Deno.test("Link times out by the command's limit, which a caller can only shorten", async () => {
  for (
    const [options, ms] of [
      [{}, 3000],
      [{ timeout: 250 }, 250],
      [
        { timeout: 9000 },
        3000,
      ],
      [{ limit: 5000 }, 5000],
      [{ limit: 1e9 }, 240_000],
    ] as const
  ) {
    const { clock, link } = linked();
    const command = readMagic(link, options);
    command.catch(() => {});
    await clock.advance(ms - 1);
    assert.equal(await Promise.race([command, "waiting"]), "waiting");
    await clock.advance(1);
    await assert.rejects(
      command,
      (error) =>
        error instanceof TimeoutError && error.ms === ms &&
        error.step === "READ_REG" &&
        error.message === `Cannot run READ_REG: no reply in ${ms} ms`,
    );
    await link.close();
  }
});

Deno.test("Link scales a limit with the size that is erased", async () => {
  const { clock, link } = linked();
  const params = { size: 1_000_000, blocks: 1, blockSize: 1, offset: 0 };
  const command = link.command(FLASH_BEGIN, params);
  await assert.rejects(
    clock.drive(command),
    (error) => error instanceof TimeoutError && error.ms === 40_000,
  );
  await link.close();
});

Deno.test("Link does not take the late reply of one command for the next one's", async () => {
  const late = bytesOf(REPLIES.readRegRom);
  const sync = bytesOf(REQUESTS.sync).toHex();
  const { clock, link, port } = linked({
    onWrite: (bytes) => {
      // The device is slow: it answers the first command only now.
      if (bytes.toHex() === sync) {
        return hexBytes(late.toHex() + REPLIES.syncRom.hex);
      }
      return port.writes.length === 1
        ? undefined
        : bytesOf(REPLIES.staleReserved);
    },
  });
  await assert.rejects(clock.drive(readMagic(link)), TimeoutError);
  const other = link.command(READ_REG, { address: 0x3ff5_a00c });
  assert.equal(await clock.drive(other), 0x8000);
  assert.equal(port.writes[1]?.toHex(), sync);
  await link.close();
});

Deno.test("Link ends a frame that a device may still wait for before it tries again", async () => {
  const { clock, link, port } = linked({
    // As a stub that was left inside a frame: it answers after a lone delimiter.
    onWrite: () => {
      const delimiters = port.writes.filter(({ length }) => length === 1);
      if (delimiters.length === 0) return undefined;
      return port.writes.at(-1)?.[2] === SYNC.opcode
        ? bytesOf(REPLIES.syncStub)
        : bytesOf(REPLIES.readRegStub);
    },
  });
  await assert.rejects(clock.drive(readMagic(link)), TimeoutError);
  assert.equal(await clock.drive(readMagic(link)), MAGIC);
  await link.close();
});

Deno.test("Link says so when the device does not come back after a timeout", async () => {
  const { clock, link } = linked();
  await assert.rejects(clock.drive(readMagic(link)), TimeoutError);
  await assert.rejects(
    clock.drive(readMagic(link)),
    (error) => error instanceof TimeoutError && error.step === "SYNC",
  );
  await link.close();
});

Deno.test("Link fails the present and every later command when the port goes", async () => {
  const { link, port } = linked();
  const waiting = readMagic(link);
  const queued = readMagic(link);
  await Promise.resolve();
  port.unplug();
  for (const command of [waiting, queued, readMagic(link)]) {
    await assert.rejects(
      command,
      (error) => error instanceof TransportError && error.code === "port-gone",
    );
  }
  await link.close();
});

Deno.test("Link still takes a reply that came before the port went", async () => {
  const { link } = linked({
    onWrite: (_bytes, port) => {
      port.send(magicReply);
      queueMicrotask(() => port.unplug());
    },
  });
  assert.equal(await readMagic(link), MAGIC);
  await link.close();
});

Deno.test("Link learns of a failed write", async () => {
  const { link } = linked({
    onWrite: () => {
      throw new TransportError("Cannot write", { code: "port-io" });
    },
  });
  await assert.rejects(
    readMagic(link),
    (error) => error instanceof TransportError && error.code === "port-io",
  );
  await link.close();
});

Deno.test("Link ends a wait at once when the signal aborts, with its reason", async () => {
  const { link } = linked();
  const controller = new AbortController();
  const waiting = readMagic(link, { signal: controller.signal });
  await Promise.resolve();
  controller.abort("enough");
  await assert.rejects(waiting, (reason) => reason === "enough");
  await assert.rejects(
    readMagic(link, { signal: controller.signal }),
    (reason) => reason === "enough",
  );
  await link.close();
});

Deno.test("Link refuses commands after close, which can be called twice", async () => {
  const { link, port } = linked();
  const waiting = readMagic(link);
  await Promise.resolve();
  const first = link.close();
  await assert.rejects(
    waiting,
    (error) => error instanceof TransportError && error.code === "port-closed",
  );
  await first;
  await link.close();
  await assert.rejects(
    readMagic(link),
    (error) => error instanceof TransportError && error.code === "port-closed",
  );
  assert.equal(port.readable.locked, false);
  assert.equal(port.writable.locked, false);
});

Deno.test("Link.detach leaves the port open and usable", async () => {
  const { link, port } = linked();
  await link.detach();
  assert.equal(port.closes, 0);
  const again = new Link(port, { clock: link.clock });
  const value = readMagic(again);
  port.send(magicReply);
  assert.equal(await value, MAGIC);
  await again.close();
});

Deno.test("Link sends the next command only after the reply to the one before", async () => {
  const { clock, link, port } = linked();
  const first = readMagic(link);
  const second = link.command(WRITE_REG, {
    address: 0,
    value: 0,
    mask: 0,
    delayUs: 0,
  });
  await clock.advance(10);
  assert.equal(port.writes.length, 1);
  port.send(magicReply);
  assert.equal(await first, MAGIC);
  await clock.advance(0);
  assert.equal(port.writes.length, 2);
  port.send(hexBytes("c0 01 09 0400 00000000 00000000 c0"));
  await second;
  await link.close();
});

Deno.test("Link reports a crash of the program in place of a timeout", async () => {
  const { clock, link } = linked({
    onWrite: (_bytes, port) =>
      port.text(
        "\r\nGuru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.\r\n",
      ),
  });
  await assert.rejects(
    clock.drive(readMagic(link)),
    (error) =>
      error instanceof ChipError && error.code === "chip-panicked" &&
      error.message.includes("Core  0 panic'ed (LoadProhibited)"),
  );
  await link.close();
});

Deno.test("Link does not take a frame's content for a crash report", async () => {
  const report = new TextEncoder().encode("Guru Meditation Error: Core")
    .toHex();
  const { clock, link } = linked({ onWrite: () => hexBytes(`c0${report}c0`) });
  await assert.rejects(clock.drive(readMagic(link)), TimeoutError);
  await link.close();
});

Deno.test("Link keeps the last 4096 bytes that came", async () => {
  const { clock, link, port } = linked();
  port.send(bytesOf(BOOT_LOG_THEN_SYNC));
  await clock.advance(1);
  assert.ok(
    new TextDecoder("latin1").decode(link.recent()).includes("UART0_BOOT"),
  );
  for (let chunk = 0; chunk < 10; chunk++) {
    port.send(new Uint8Array(1000).fill(chunk));
  }
  await clock.advance(1);
  const recent = link.recent();
  assert.equal(recent.length, 4096);
  assert.deepEqual([recent.at(0), recent.at(-1)], [5, 9]);
  link.clearRecent();
  assert.equal(link.recent().length, 0);
  await link.close();
});

Deno.test("Link.exchange hands on every frame, and clears the line after a failure", async () => {
  const { clock, link, port } = linked({
    onWrite: (bytes) => {
      if (bytes[2] === MEM_END.opcode) {
        return hexBytes(
          "c0 01 06 0400 00000000 00000000 c0 c0 4f484149 c0 c0db00c0",
        );
      }
      return bytes[2] === SYNC.opcode
        ? bytesOf(REPLIES.syncStub)
        : bytesOf(REPLIES.readRegStub);
    },
  });
  const wait = { step: "OHAI", timeout: 100 };
  await clock.drive(link.exchange(async (line) => {
    line.request(MEM_END, { entry: 0x400a_9074 });
    assert.equal((await line.receive(wait)).length, 12);
    assert.equal((await line.receive(wait)).toHex(), "4f484149");
    await assert.rejects(line.receive(wait), FrameError);
    await assert.rejects(line.receive(wait), TimeoutError);
    line.send(hexBytes("c0db"));
  }));
  assert.equal(
    port.writes[0]?.toHex(),
    hexBytes(REQUESTS.memEndRun.hex).toHex(),
  );
  assert.equal(port.writes.at(-1)?.toHex(), "c0dbdcdbddc0");
  await assert.rejects(link.exchange(() => Promise.reject(new Error("no"))));
  assert.equal(await clock.drive(readMagic(link)), MAGIC);
  assert.equal(port.writes.at(-2)?.[2], SYNC.opcode);
  await link.close();
});

Deno.test("Link finds the reply in any bytes around it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 80 }),
      fc.array(fc.nat({ max: 120 }), { maxLength: 6 }),
      async (noise, cuts) => {
        const { link, port } = linked();
        const value = readMagic(link);
        // A delimiter ends whatever frame the noise may have begun.
        const bytes = hexBytes(
          noise.filter((byte) => byte !== 0xc0).toHex() + magicReply.toHex(),
        );
        let start = 0;
        for (const cut of cuts.toSorted((a, b) => a - b)) {
          port.send(bytes.subarray(start, cut));
          start = Math.max(start, cut);
        }
        port.send(bytes.subarray(start));
        assert.equal(await value, MAGIC);
        await link.close();
      },
    ),
  );
});

Deno.test("Link answers any frames with a value or a typed error", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
      async (frames) => {
        const { clock, link } = linked({
          onWrite: () =>
            hexBytes(frames.map((frame) => `c0${frame.toHex()}c0`).join("")),
        });
        try {
          assert.equal(typeof await clock.drive(readMagic(link)), "number");
        } catch (error) {
          assert.ok(
            error instanceof TimeoutError || error instanceof CommandError ||
              error instanceof FrameError,
            String(error),
          );
        }
        await link.close();
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("Link tells who traces it of commands, bytes, frames, lines and speeds", async () => {
  const clock = new ManualClock();
  const port = new ScriptedPort({ clock, onWrite: replies(magicReply) });
  const events: TraceEvent[] = [];
  await using link = new Link(port, {
    clock,
    onTrace: (event) => events.push(event),
  });
  await link.setSignals({ dtr: true });
  await link.setBaudRate(9600);
  await readMagic(link);
  assert.deepEqual(events, [
    { kind: "signals", signals: { dtr: true } },
    { kind: "baud", baud: 9600 },
    { kind: "command", name: "READ_REG", opcode: 0x0a, size: 4 },
    { kind: "write", bytes: bytesOf(REQUESTS.readReg) },
    { kind: "read", bytes: magicReply },
    { kind: "frame", bytes: magicReply.slice(1, -1) },
  ]);
});

Deno.test("Link gives up on a port that accepts nothing for longer than it may", async () => {
  const clock = new ManualClock();
  const port = new ScriptedPort({ clock });
  const stuck = Promise.withResolvers<void>();
  const { writable } = port;
  Object.defineProperty(port, "writable", {
    value: new WritableStream<Uint8Array>({ write: () => stuck.promise }),
  });
  const link = new Link(port, { clock, writeTimeout: 200 });
  await assert.rejects(clock.drive(readMagic(link)), (error: unknown) => {
    assert(error instanceof TransportError);
    assert.equal(error.code, "port-io");
    assert.match(error.message, /accepted nothing for 200 ms/);
    return true;
  });
  assert.equal(clock.now(), 200);
  stuck.resolve();
  await link.close();
  await writable.close();
});
