import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import type { LineEvent } from "../../lib/provision/line.ts";
import type { BoardResult } from "../../lib/provision/result.ts";
import type { SlotState } from "../../lib/provision/station_state.ts";
import { formatResults, LineView } from "../../lib/provision/terminal.ts";

const RESULT: BoardResult = {
  id: "00000000-0000-4000-8000-000000000000",
  slot: "a",
  station: "local",
  attempt: 1,
  port: "a",
  result: "pass",
  files: [],
  steps: [],
  startedAt: "",
  finishedAt: "",
  durationMs: 1234,
};

const FAILED: BoardResult = {
  ...RESULT,
  port: "b",
  result: "fail",
  failure: {
    step: "write",
    code: "timeout",
    message: "Cannot \x1b[31mgo on",
    hint: "Try again.",
  },
};

function write(port: string, done: number): LineEvent {
  return { kind: "write", port, address: 0x1000, done, total: 200 };
}

Deno.test("LineView prints steps and outcomes as plain lines", () => {
  let text = "";
  const { onEvent } = new LineView(["a", "long"], {
    write: (more) => void (text += more),
  });
  onEvent({ kind: "start", port: "a", slot: "a", attempt: 1 });
  onEvent({ kind: "step", port: "a", step: "write" });
  for (const done of [0, 40, 50, 99, 100, 120, 200]) onEvent(write("a", done));
  onEvent({ kind: "note", port: "long", message: "look\nhere" });
  onEvent({ kind: "finish", port: "a", result: RESULT });
  onEvent({ kind: "finish", port: "b", result: FAILED });
  assert.equal(
    text,
    "a     write\n" +
      "a     write     [#####...............]  25 %  0x0000_1000\n" +
      "a     write     [##########..........]  50 %  0x0000_1000\n" +
      "a     write     [####################] 100 %  0x0000_1000\n" +
      "long  look here\n" +
      "a     PASS  in 1.2 s\n" +
      "b     FAIL  in 1.2 s: write: Cannot \ufffd[31mgo on (timeout). Try again.\n",
  );
});

Deno.test("LineView redraws rows in their place, cut to the terminal's width", async () => {
  const clock = new ManualClock();
  const writes: string[] = [];
  const { onEvent } = new LineView(["a", "b"], {
    write: (more) => void writes.push(more),
    isTTY: true,
    columns: 30,
  }, { color: true, clock });
  // Every row ends by clearing what stood behind it.
  const taken = () => writes.splice(0).join("").replaceAll("\x1b[K\n", "$\n");
  onEvent(write("a", 50));
  assert.equal(taken(), "a  write     [#####..........$\nb  waiting$\n");
  onEvent(write("a", 100));
  assert.equal(taken(), "", "too soon to draw again");
  await clock.advance(50);
  onEvent(write("b", 200));
  assert.equal(
    taken(),
    "\x1b[2Fa  write     [##########.....$\nb  write     [###############$\n",
  );
  onEvent({ kind: "finish", port: "a", result: RESULT });
  assert.equal(
    taken(),
    "\x1b[2Fa  \x1b[32mPASS\x1b[0m  in 1.2 s$\nb  write     [###############$\n",
  );
  onEvent({ kind: "note", port: "b", message: "slow" });
  assert.ok(taken().startsWith("\x1b[2Fb  slow$\na  "));
});

Deno.test("LineView prints plain lines if a terminal is too low for its rows", () => {
  let text = "";
  const output = {
    write: (more: string) => void (text += more),
    isTTY: true,
    rows: 2,
  };
  const { onEvent } = new LineView(["a", "b"], output);
  onEvent({ kind: "step", port: "a", step: "write" });
  assert.equal(text, "a  write\n");
});

Deno.test("formatResults lines up one row per board and counts", () => {
  const table = formatResults([RESULT, FAILED, {
    ...FAILED,
    result: "cancelled",
    failure: { code: "cancelled", message: "x" },
  }]);
  assert.equal(
    table,
    "PORT  MAC  CHIP  FLASH  TIME   RESULT\n" +
      "a     -    -     -      1.2 s  PASS\n" +
      "b     -    -     -      1.2 s  FAIL\n" +
      "b     -    -     -      1.2 s  CANCELLED\n" +
      "b: write: Cannot \ufffd[31mgo on (timeout). Try again.\n" +
      "b: x (cancelled).\n" +
      "1 of 3 passed",
  );
});

Deno.test("LineView shows a station's slots as they come, and what they wait for", () => {
  const writes: string[] = [];
  const output = {
    write: (more: string) => void writes.push(more),
    isTTY: true,
    rows: 4,
  };
  const taken = () => writes.splice(0).join("").replaceAll("\x1b[K\n", "$\n");
  const view = new LineView([], output);
  const slots: SlotState[] = [
    { name: "a", phase: "empty", passed: 0, failed: 0 },
  ];
  const state = { station: "desk", job: "lamp", auto: true } as const;
  const counts = { passed: 0, failed: 0 };
  const show = () => view.onStationState({ ...state, slots, counts });
  show();
  assert.equal(taken(), "a  no board$\n");
  show();
  assert.equal(taken(), "", "nothing has changed");
  slots.push({ name: "right", phase: "ready", passed: 0, failed: 0 });
  show();
  const shown = taken();
  assert.ok(shown.endsWith("a      no board$\nright  ready$\n"), shown);
  const event: LineEvent = { kind: "step", port: "/dev/x", step: "write" };
  view.onStationEvent({ slot: "right", event });
  assert.equal(taken(), "\x1b[2Fa      no board$\nright  write$\n");
  const mac = "24:0a:c4:00:00:01";
  slots[0] = { ...slots[0]!, phase: "running", waitsForCode: mac };
  show();
  assert.match(taken(), /a {6}scan the code of 24:0a:c4:00:00:01\$/);
  // Four slots do not fit into four rows, with the line that follows them.
  for (const slot of ["c", "d"]) view.onStationEvent({ slot, event });
  taken();
  view.onStationEvent({ slot: "d", event: { ...event, step: "verify" } });
  assert.equal(taken(), "d      verify\n");
});
