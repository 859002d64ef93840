/**
 * Counts descriptors and threads around many cycles of opening and closing.
 * Runs as a process of its own, as other tests would be counted too.
 */

import assert from "node:assert/strict";
import { openPty } from "../../lib/simulator/pty.ts";
import { openSerial } from "../../lib/transport/serial.ts";

/** What a cycle opens and closes. */
export type LeakCase = "ports" | "ptys";

/** Deno starts a thread now and then, with descriptors of its own; a leak would count in hundreds. */
const FEW = 10;

interface Usage {
  readonly fds: number;
  readonly threads: number;
}

/** Runs `cycles` cycles in a process of their own, and asserts that they leave nothing. */
export async function assertNoLeak(
  what: LeakCase,
  cycles: number,
): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", import.meta.url, what, String(cycles)],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const [before, after]: Usage[] = JSON.parse(new TextDecoder().decode(stdout));
  assert.ok(before !== undefined && after !== undefined);
  const fds = after.fds - before.fds;
  assert.ok(fds < FEW, `${cycles} cycles left ${fds} descriptors`);
  const threads = after.threads - before.threads;
  assert.ok(threads < FEW, `${cycles} cycles left ${threads} threads`);
}

const CYCLES: Readonly<Record<LeakCase, (index: number) => Promise<void>>> = {
  async ports(index) {
    await using pty = await openPty();
    const port = await openSerial(pty.path, { baudRate: 74880 });
    const reader = port.readable.getReader();
    const pending = index % 2 === 0 ? reader.read() : undefined;
    await port.close();
    await pending;
  },
  async ptys() {
    await using pty = await openPty();
    const pending = pty.readable.getReader().read();
    await pty.close();
    await pending;
  },
};

function usage(): Usage {
  const status = Deno.readTextFileSync("/proc/self/status");
  return {
    fds: Array.from(Deno.readDirSync("/proc/self/fd")).length,
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
  };
}

if (import.meta.main) {
  const cycle = CYCLES[Deno.args[0] as LeakCase];
  // The pool starts its threads when they are first needed.
  for (let index = 0; index < 20; index++) await cycle(index);
  const before = usage();
  for (let index = 0; index < Number(Deno.args[1]); index++) await cycle(index);
  console.log(JSON.stringify([before, usage()]));
}
