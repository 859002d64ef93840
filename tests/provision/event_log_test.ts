import assert from "node:assert/strict";
import { join } from "node:path";
import { ManualClock } from "../../lib/clock.ts";
import { EspError } from "../../lib/errors.ts";
import { EventLog } from "../../lib/provision/event_log.ts";
import type { LineEvent } from "../../lib/provision/line.ts";
import { runLine, Station } from "../../lib/provision/mod.ts";
import { prepareJob } from "../../lib/provision/firmware.ts";
import { board, JOB, withBoards } from "./_boards.ts";

const START: LineEvent = { kind: "start", port: "a", slot: "a", attempt: 1 };
const FIRST = '{"time":"2026-01-01T00:00:00.000Z","slot":"a","kind":"step"}\n';

async function inFolder(work: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(join(folder, "events.jsonl"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function logOf(path: string): Promise<Record<string, unknown>[]> {
  const text = await Deno.readTextFile(path);
  assert.ok(text.endsWith("\n"));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("EventLog adds one line of JSON per event, with its time and slot", async () => {
  await inFolder(async (path) => {
    for (const slot of ["left", "right"]) {
      await using log = await EventLog.open(path);
      log.add(slot, START);
    }
    const [first, second] = await logOf(path);
    assert.deepEqual(Object.keys(first ?? {}).slice(0, 3), [
      "time",
      "slot",
      "kind",
    ]);
    assert.match(String(first?.["time"]), /^\d{4}-.*Z$/);
    // The place in the log is the station's own name of it.
    assert.deepEqual([first?.["port"], second?.["port"]], ["a", "a"]);
  });
});

Deno.test("EventLog tells of a transfer now and then, and of its end", async () => {
  await inFolder(async (path) => {
    const clock = new ManualClock();
    const log = await EventLog.open(path, { clock });
    const write = (done: number): LineEvent => (
      { kind: "write", port: "a", address: 0x1000, done, total: 100 }
    );
    for (const done of [0, 10, 20]) log.add("a", write(done));
    log.add("b", write(5));
    await clock.advance(1000);
    for (const done of [30, 40, 100]) log.add("a", write(done));
    await log.close();
    assert.deepEqual(
      (await logOf(path)).map(({ slot, done }) => `${slot} ${done}`),
      ["a 0", "b 5", "a 30", "a 100"],
    );
  });
});

Deno.test("EventLog cuts off a last line that is torn anywhere", async () => {
  await inFolder(async (path) => {
    for (let length = 0; length <= FIRST.length; length++) {
      await Deno.writeTextFile(path, FIRST + FIRST.slice(0, length));
      const log = await EventLog.open(path);
      log.add("a", START);
      await log.close();
      const lines = await logOf(path);
      const whole = length === FIRST.length ? 2 : 1;
      assert.equal(lines.length, whole + 1, `${length}`);
      assert.equal(lines.at(-1)?.["kind"], "start");
    }
    for (const torn of ["{", FIRST.slice(0, 20), FIRST.trimEnd()]) {
      await Deno.writeTextFile(path, torn);
      await (await EventLog.open(path)).close();
      assert.equal(await Deno.readTextFile(path), "");
    }
  });
});

Deno.test("EventLog leaves alone what is no log", async () => {
  await inFolder(async (path) => {
    for (
      const text of [
        "mac,port\r\na,b\r\n",
        "firmware",
        "\n",
        '{"name":"x"}\n',
        `${"x".repeat(0x11_0000)}`,
        `[1]\n${FIRST.slice(0, 9)}`,
      ]
    ) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(
        EventLog.open(path),
        (error) => error instanceof EspError && error.code === "file-invalid",
        text.slice(0, 20),
      );
      assert.equal(await Deno.readTextFile(path), text);
    }
  });
});

Deno.test("EventLog writes on where a full disk has cut a line in two", async () => {
  const { open } = Deno;
  await inFolder(async (path) => {
    let full = true;
    Deno.open = async (...args) => {
      const file = await open(...args);
      const write = file.write.bind(file);
      file.write = async (bytes) => {
        if (!full) return await write(bytes);
        full = false;
        await write(bytes.subarray(0, 9));
        // A disk that fills up takes a part first, and nothing then.
        file.write = () => Promise.reject(new Error("disk full"));
        queueMicrotask(() => file.write = write);
        return 9;
      };
      return file;
    };
    try {
      const log = await EventLog.open(path);
      log.add("a", START);
      log.add("b", START);
      await log.close();
    } finally {
      Deno.open = open;
    }
    assert.deepEqual((await logOf(path)).length, 2);
  });
});

Deno.test("runLine and Station put every event into the log, and no second program's", async () => {
  await inFolder(async (path) => {
    const boards = [board(0), board(1)];
    await withBoards(boards, async () => {
      await runLine(boards.slice(0, 1), JOB, {
        eventLog: path,
        slots: { [boards[0]!.port]: "left" },
      });
      const station = await Station.open(await prepareJob(JOB), {
        ports: boards.slice(1),
        auto: false,
        eventLog: path,
      });
      await assert.rejects(EventLog.open(path), /another program/);
      await station.start();
      await station.close();
    });
    const lines = await logOf(path);
    for (const slot of ["left", boards[1]!.port]) {
      const kinds = lines.filter((line) => line["slot"] === slot)
        .map(({ kind }) => kind);
      assert.equal(kinds[0], "start");
      assert.equal(kinds.at(-1), "finish");
      assert.ok(kinds.includes("step") && kinds.includes("write"));
    }
  });
});
