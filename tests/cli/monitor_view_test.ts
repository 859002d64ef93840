import assert from "node:assert/strict";
import { logName, timestamp } from "../../lib/cli/monitor_log.ts";
import {
  MonitorView,
  type MonitorViewOptions,
} from "../../lib/cli/monitor_view.ts";
import {
  LineDecoder,
  type LineEvent,
  LogFilter,
} from "../../lib/monitor/mod.ts";

/** The events of a text: lines, and what is left as a part of one. */
function events(decoder: LineDecoder, text: string): LineEvent[] {
  const lines = decoder.push(new TextEncoder().encode(text), 0);
  const part = decoder.flush();
  return [...lines, ...part === undefined ? [] : [part]]
    .map((line) => ({ kind: "line", ...line, notes: [] }));
}

function makeView(options: Partial<MonitorViewOptions> = {}) {
  const seen = { text: "" };
  const view = new MonitorView({
    write: (text) => void (seen.text += text),
    color: false,
    timestamps: false,
    filter: new LogFilter(""),
    now: () => new Date(2026, 0, 31, 3, 4, 5, 6),
    ...options,
  });
  const decoder = new LineDecoder();
  return {
    seen,
    view,
    show: (text: string) =>
      events(decoder, text).forEach((event) => view.line(event)),
  };
}

Deno.test("MonitorView writes a line that comes in parts as one", () => {
  const { seen, show } = makeView({ timestamps: true });
  show("na");
  show("me: ");
  show("bob\nnext\n");
  const time = "2026-01-31 03:04:05.006";
  assert.equal(seen.text, `${time} name: bob\n${time} next\n`);
});

Deno.test("MonitorView begins a line of its own for what it has to say", () => {
  const { seen, view, show } = makeView();
  show("name: ");
  view.say("The port is back");
  show("bob\n");
  view.say("x");
  assert.equal(seen.text, "name: \n--- The port is back\nbob\n--- x\n");
});

Deno.test("MonitorView ends an open line when it is closed", () => {
  const { seen, view, show } = makeView();
  show("name: ");
  view[Symbol.dispose]();
  assert.equal(seen.text, "name: \n");
});

Deno.test("MonitorView decides once about a line that comes in parts", () => {
  const { seen, show } = makeView({ filter: new LogFilter("a:I") });
  show("I (1) a: o");
  show("ne\nI (2) b: t");
  show("wo\n");
  assert.equal(seen.text, "I (1) a: one\n");
});

Deno.test("MonitorView shows nothing while it is stopped, and counts it", () => {
  const { seen, view, show } = makeView();
  show("one\n");
  view.togglePause();
  show("two\nthree\n");
  view.togglePause();
  show("four\n");
  assert.equal(
    seen.text,
    "one\n--- Output stopped; Ctrl-T Ctrl-Y goes on with it\n" +
      "--- Output goes on; 2 lines were not shown\nfour\n",
  );
});

Deno.test("MonitorView does not repeat a note about a line that is repeated", () => {
  const { seen, view, show } = makeView();
  const line = (text: string, ...notes: string[]): LineEvent => ({
    kind: "line",
    time: 0,
    raw: text,
    text,
    ended: true,
    notes,
  });
  view.line(line("a", "means a"));
  view.line(line("a", "means a"));
  view.line(line("b", "means b"));
  view.line(line("a", "means a"));
  show("c\n");
  assert.equal(
    seen.text,
    "a\n--- means a\na\nb\n--- means b\na\n--- means a\nc\n",
  );
});

Deno.test("timestamp is local time, and names a log", () => {
  const date = new Date(2026, 10, 2, 3, 4, 5, 67);
  assert.equal(timestamp(date), "2026-11-02 03:04:05.067");
  assert.equal(logName(date), "monitor-20261102-030405.log");
});
