import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { TransportError } from "../../lib/errors.ts";
import {
  type LocalResets,
  type PortLine,
  PortLines,
} from "../../lib/transport/_port_lines.ts";
import { memoryPair } from "../../lib/transport/memory.ts";

/** The two transistors of a board with a USB-UART bridge, written out from their table. */
const RESETS: LocalResets = {
  hold: 100,
  download: [{ dtr: true }, { rts: false }, { wait: 50 }],
  run: [{ rts: false }],
};

/** A message of the client, such as `D1`, or how long it takes until the next comes. */
type Message = "D0" | "D1" | "R0" | "R1" | "B1" | "data" | number;

const LINES: Readonly<Record<string, PortLine>> = {
  D: "dtr",
  R: "rts",
  B: "break",
};

/** What becomes of the port's lines: `dtr rts @ ms`, and which resets were played. */
async function play(
  messages: readonly Message[],
  resets = RESETS,
): Promise<{ lines: string[]; resets: string[] }> {
  const clock = new ManualClock();
  const lines: string[] = [];
  const played: string[] = [];
  const [target] = memoryPair({
    onSignals: ({ dtr, rts }) => {
      const line = `${+dtr}${+rts} @ ${clock.now()}`;
      if (line.slice(0, 2) !== lines.at(-1)?.slice(0, 2)) lines.push(line);
    },
  });
  const port = new PortLines(target, {
    resets,
    clock,
    onReset: (mode) => played.push(mode),
  });
  await clock.drive((async () => {
    for (const message of messages) {
      if (typeof message === "number") {
        await new Promise<void>((resolve) => clock.schedule(resolve, message));
      } else if (message === "data") {
        await port.settle();
      } else {
        const line = LINES[message.charAt(0)] ?? "break";
        const on = message.endsWith("1");
        assert.equal(await port.set(line, on), on);
        assert.equal(port.state(line), on);
      }
    }
    await port.settle();
  })());
  await target.close();
  return { lines, resets: played };
}

/** "Classic" of esptool over RFC 2217, each message late by some 80 ms. */
const CLASSIC: readonly Message[] = [
  ...["D0", 80, "R1", 80, "D0", 180] as const,
  ...["D1", 80, "R0", 80, "D1", 130, "D0"] as const,
];

Deno.test("PortLines lets a chip go into its loader in one moment, however late the client's messages come", async () => {
  assert.deepEqual(await play(CLASSIC), {
    lines: [
      "00 @ 0",
      "01 @ 80", // held in reset
      "11 @ 420", // both at one moment of the port's own time
      "10 @ 420",
      "00 @ 680", // as late as the client wants it
    ],
    resets: ["download"],
  });
});

Deno.test("PortLines without resets passes the lines on as they come", async () => {
  const clock = new ManualClock();
  const live: string[] = [];
  const [target] = memoryPair({
    onSignals: ({ dtr, rts }) => void live.push(`${+dtr}${+rts}`),
  });
  const port = new PortLines(target, { clock });
  for (
    const [line, on] of [["rts", true], ["dtr", true], ["rts", false]] as const
  ) {
    await port.set(line, on);
  }
  assert.deepEqual(live, ["01", "11", "10"]);
  await target.close();
});

Deno.test("PortLines holds the reset and the boot strap as long as needed when messages come all at once", async () => {
  const { lines } = await play(["D0", "R1", "D1", "R0", "D0"]);
  assert.deepEqual(lines, [
    "00 @ 0",
    "01 @ 0",
    "11 @ 100",
    "10 @ 100",
    "00 @ 150",
  ]);
});

Deno.test("PortLines plays a hard reset", async () => {
  const { lines, resets } = await play(["D0", "R1", 20, "R0"]);
  assert.deepEqual(lines, ["00 @ 0", "01 @ 0", "00 @ 100"]);
  assert.deepEqual(resets, ["run"]);
});

Deno.test("PortLines understands a client that sets both lines at once, one after the other", async () => {
  // (0,0) (1,1) (0,1) wait (1,0) wait (0,0), as two messages each.
  const { lines, resets } = await play([
    ...["D0", "R0", 40, "D1", "R1", 40, "D0", "R1", 140] as const,
    ...["D1", "R0", 90, "D0", "R0"] as const,
  ]);
  assert.deepEqual(resets, ["download"]);
  assert.deepEqual(lines, [
    "00 @ 0",
    "10 @ 40",
    "11 @ 40",
    "01 @ 80",
    "11 @ 220",
    "10 @ 220",
    "00 @ 360", // 90 ms after the last wait, as the test plays it
  ]);
});

Deno.test("PortLines leaves the lines of a client that opens the port alone", async () => {
  // pyserial asserts DTR, then RTS: the chip is not reset, and need not be held.
  const { lines, resets } = await play(["D1", 30, "R1", 30]);
  assert.deepEqual(lines, ["10 @ 0", "11 @ 30"]);
  assert.deepEqual(resets, []);
});

Deno.test("PortLines plays a USB-Serial/JTAG's own sequence for a client that knows only bridges", async () => {
  const usb: LocalResets = {
    hold: 100,
    download: [
      { rts: false },
      { dtr: true },
      { wait: 100 },
      { rts: true },
      { dtr: false },
      { wait: 100 },
      { rts: false },
    ],
    run: [{ rts: false }, { wait: 200 }],
  };
  const { lines, resets } = await play(
    ["D0", "R1", 100, "D1", "R0", 50, "D0"],
    usb,
  );
  assert.deepEqual(resets, ["download"]);
  assert.deepEqual(lines, [
    "00 @ 0",
    "01 @ 0",
    "00 @ 100",
    "10 @ 100",
    "11 @ 200",
    "01 @ 200",
    "00 @ 300",
  ]);
});

Deno.test("PortLines passes a USB-Serial/JTAG sequence of the client on", async () => {
  const { lines } = await play([
    ...["R0", "D0", 100, "D1", "R0", 100, "R1", "D0", "R1", 100] as const,
    ...["D0", "R0"] as const,
  ]);
  assert.deepEqual(lines, [
    "00 @ 0",
    "10 @ 100",
    "11 @ 200",
    "01 @ 200",
    "00 @ 300",
  ]);
});

Deno.test("PortLines makes the change it kept back when no release comes", async () => {
  const { lines, resets } = await play(["R1", 50, "D1", 2000, "R0"]);
  assert.deepEqual(lines, ["01 @ 0", "11 @ 1050", "10 @ 2050"]);
  assert.deepEqual(resets, []);
});

Deno.test("PortLines makes the change it kept back before data go to the chip", async () => {
  const { lines } = await play(["R1", 50, "D1", 10, "data", 10, "R0"]);
  assert.deepEqual(lines, ["01 @ 0", "11 @ 60", "10 @ 70"]);
});

Deno.test("PortLines forgets the change it kept back when the client takes it back", async () => {
  const { lines } = await play(["R1", 50, "D1", 10, "D0", 3000, "R0"]);
  assert.deepEqual(lines, ["01 @ 0", "00 @ 3060"]);
});

Deno.test("PortLines says that a line is off which the port cannot set", async () => {
  const [target] = memoryPair();
  target.setSignals = () =>
    Promise.reject(
      new TransportError("Cannot send a break", { code: "port-unsupported" }),
    );
  const port = new PortLines(target, { clock: new ManualClock() });
  assert.equal(await port.set("break", true), false);
  assert.equal(port.state("break"), false);
  await target.close();
});
