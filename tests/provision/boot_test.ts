import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { EspError, TimeoutError } from "../../lib/errors.ts";
import { expectBoot } from "../../lib/provision/_boot.ts";
import type { BootCheck } from "../../lib/provision/mod.ts";

/** Bytes, or a pause in milliseconds. */
type Say = string | Uint8Array | number;

const READY: BootCheck = { expect: "READY (?<version>\\S+)" };
const SECRET = "hunter2-hunter2";

interface Heard {
  readonly line: string;
  readonly groups: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
  readonly ms: number;
}

/** Runs a check on an application that says this and that. */
async function hear(
  check: BootCheck,
  says: readonly Say[],
  signal = new AbortController().signal,
): Promise<Heard> {
  const clock = new ManualClock();
  const lines: string[] = [];
  const readable = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const say of says) {
        if (typeof say === "number") {
          await new Promise<void>((resolve) => clock.schedule(resolve, say));
        } else if (typeof say === "string") {
          controller.enqueue(new TextEncoder().encode(say));
        } else controller.enqueue(say);
      }
    },
  });
  try {
    const result = await clock.drive(
      expectBoot(check, { port: "COM7", readable }, {
        clock,
        signal,
        clean: (text) => text.replaceAll(SECRET, "•••"),
        onLine: (text) => lines.push(text),
      }),
    );
    return { ...result, groups: { ...result.groups }, lines, ms: clock.now() };
  } finally {
    assert.equal(readable.locked, false);
  }
}

async function failure(heard: Promise<Heard>): Promise<EspError> {
  const error = await heard.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof EspError, String(error));
  assert.doesNotMatch(error.message, /hunter/);
  return error;
}

Deno.test("expectBoot finds the line, and what the expression names in it", async () => {
  const heard = await hear(READY, [
    "rst:0x1 (POWERON_RESET)\r\n\x1b[0;32mI (31) main: READY 1.2.0\x1b[0m\r\n",
  ]);
  assert.deepEqual(heard, {
    line: "I (31) main: READY 1.2.0",
    groups: { version: "1.2.0" },
    lines: ["rst:0x1 (POWERON_RESET)", "I (31) main: READY 1.2.0"],
    ms: 0,
  });
});

Deno.test("expectBoot never takes half a line for a whole one, wherever it is cut", async () => {
  const log = "boot\r\nREADY 1.2.0 for é\r\nmore\r\n";
  const bytes = new TextEncoder().encode(log);
  for (let cut = 1; cut < bytes.length; cut++) {
    const heard = await hear(READY, [
      bytes.subarray(0, cut),
      50,
      bytes.subarray(cut),
    ]);
    assert.deepEqual(heard.groups, { version: "1.2.0" }, `cut at ${cut}`);
    assert.equal(heard.line, "READY 1.2.0 for é");
  }
});

Deno.test("expectBoot hears an application byte by byte", async () => {
  const bytes = new TextEncoder().encode("x\r\nREADY 1.2.0\r\n");
  const says = Array.from(bytes).flatMap((byte) => [Uint8Array.of(byte), 1]);
  const heard = await hear(READY, says);
  assert.deepEqual(heard.groups, { version: "1.2.0" });
  assert.deepEqual(heard.lines, ["x", "READY 1.2.0"]);
});

Deno.test("expectBoot takes a prompt, which has no end, when nothing follows it", async () => {
  const heard = await hear({ expect: "^login: $" }, [
    "boot\r\n",
    "log",
    "in: ",
  ]);
  assert.equal(heard.line, "login: ");
  assert.equal(heard.ms, 100);
});

Deno.test("expectBoot fails at once at a line that must not come", async () => {
  const check = { ...READY, fail: "panic|abort" };
  const error = await failure(
    hear(check, ["Guru: panic'ed\r\nREADY 1.2.0\r\n"]),
  );
  assert.equal(error.code, "boot-unexpected");
  assert.equal(
    error.message,
    `Cannot pass COM7: its application says "Guru: panic'ed"`,
  );
  // Of a line that is both, the bad counts.
  await failure(hear(check, ["READY 1 after panic\r\n"]));
  assert.equal((await hear(check, ["READY 1\r\npanic\r\n"])).line, "READY 1");
});

Deno.test("expectBoot says of a silent board that it was silent", async () => {
  const error = await failure(hear({ ...READY, timeout: 3000 }, []));
  assert.ok(error instanceof TimeoutError);
  assert.equal(error.code, "boot-silent");
  assert.equal(error.ms, 3000);
  assert.match(error.hint ?? "", /speed/);
});

Deno.test("expectBoot shows what came in place of what it waited for", async () => {
  const error = await failure(
    hear({ ...READY, timeout: 3000 }, ["1\r\n2\r\n3\r\n4", 2000, "4\r\n5"]),
  );
  assert.equal(error.code, "boot-unexpected");
  assert.match(error.message, /said "3", then "44", then "5"$/);
});

Deno.test("expectBoot shows an application that never pauses and never ends a line", async () => {
  const says = Array(100).fill([".", 50]).flat();
  const error = await failure(hear({ ...READY, timeout: 3000 }, says));
  assert.equal(error.code, "boot-unexpected");
  assert.match(error.message, /said "\.{59,60}"$/);
});

Deno.test("expectBoot takes noise, as from a log at another speed, and waits for the line behind it", async () => {
  let seed = 1;
  const noise = Uint8Array.from({ length: 30_000 }, () => {
    seed = seed * 48271 % 0x7fff_ffff;
    return seed & 0xff;
  });
  const heard = await hear(READY, [noise, "\r\nREADY 1.2.0\r\n"]);
  assert.equal(heard.line, "READY 1.2.0");
  const error = await failure(hear({ ...READY, timeout: 200 }, [noise]));
  assert.ok(error.message.length < 2000);
});

Deno.test("expectBoot shows no secret, not even half of one", async () => {
  const line = `${"x".repeat(110)} ${SECRET} end\r\n`;
  const bad = await failure(hear({ ...READY, fail: "end" }, [line]));
  assert.match(bad.message, /•••/);
  const late = await failure(hear({ ...READY, timeout: 100 }, [line]));
  assert.match(late.message, /•••/);
});

Deno.test("expectBoot stops when it is told to", async () => {
  const controller = new AbortController();
  const reason = new Error("cancelled");
  const heard = hear(READY, ["x\r\n"], controller.signal);
  controller.abort(reason);
  await assert.rejects(heard, reason);
});
