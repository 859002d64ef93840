import assert from "node:assert/strict";
import { NO_DISPLAY, SinkDisplay } from "../../lib/cli/display.ts";
import { Screen } from "../../lib/cli/screen.ts";
import type { ProgressEvent } from "../../mod.ts";

function record(isTerminal: boolean, columns = 80) {
  const sink = {
    isTerminal,
    columns,
    text: "",
    write(text: string) {
      this.text += text;
    },
  };
  return sink;
}

function writeEvent(done: number, total = 1000): ProgressEvent {
  return { kind: "write", port: "sim://a", address: 0x1000, done, total };
}

Deno.test("Screen writes one line for each 10 % into a pipe", () => {
  const sink = record(false);
  const screen = new Screen(new SinkDisplay(sink));
  for (let done = 0; done <= 1000; done += 5) screen.show(writeEvent(done));
  screen.show(writeEvent(1000));
  const lines = sink.text.trimEnd().split("\n");
  assert.equal(lines.length, 10);
  assert.equal(lines[0], "Writing at 0x00001000... (10 %)");
  assert.equal(lines[9], "Writing at 0x00001000... (100 %)");
});

Deno.test("Screen draws a bar in place on a terminal, and ends its line", () => {
  const sink = record(true);
  const screen = new Screen(new SinkDisplay(sink));
  for (let done = 0; done <= 1000; done++) screen.show(writeEvent(done));
  assert.equal(sink.text.split("\r").length - 1, 101);
  assert.equal(sink.text.split("\n").length - 1, 1);
  const last = sink.text.split("\r").at(-1);
  assert.equal(
    last,
    `Writing at 0x00001000 [${"=".repeat(30)}] 100 % 1000/1000 bytes\x1b[K\n`,
  );
});

Deno.test("Screen keeps a bar inside the terminal's width", () => {
  for (const columns of [20, 40, 60]) {
    const sink = record(true, columns);
    new Screen(new SinkDisplay(sink)).show(writeEvent(500));
    const [bar = ""] = sink.text.replace("\r", "").split("\x1b");
    assert(bar.length > 0 && bar.length < columns, `${columns}: "${bar}"`);
  }
});

Deno.test("Screen puts a line below an open bar", () => {
  const sink = record(true);
  const screen = new Screen(new SinkDisplay(sink));
  screen.show(writeEvent(500));
  screen.line("Done.");
  assert(sink.text.endsWith("\x1b[K\nDone.\n"));
});

Deno.test("Screen shows the attempts as dots on one line", () => {
  const sink = record(false);
  const screen = new Screen(new SinkDisplay(sink));
  for (const attempt of [1, 2, 3]) {
    screen.show({
      kind: "connect",
      port: "sim://a",
      attempt,
      attempts: 7,
      reset: "classic",
    });
  }
  screen.line("Connected.");
  assert.equal(sink.text, "Connecting.....\nConnected.\n");
});

Deno.test("Screen shows no transfer once progress is hidden, and nothing on no display", () => {
  const sink = record(true);
  const screen = new Screen(new SinkDisplay(sink));
  screen.hideProgress();
  screen.show(writeEvent(500));
  assert.equal(sink.text, "");
  screen.show({ kind: "note", port: "sim://a", message: "Look" });
  assert.equal(sink.text, "Note: Look.\n");
  const nothing = new Screen(NO_DISPLAY);
  nothing.show(writeEvent(500));
  nothing.line("Hello");
  nothing.endLine();
});

Deno.test("Screen tells each attempt only to who wants to know more", () => {
  const attempt: ProgressEvent = {
    kind: "connect",
    port: "sim://a",
    attempt: 2,
    attempts: 7,
    reset: "classic",
  };
  for (const verbose of [false, true]) {
    const sink = record(false);
    const screen = new Screen(new SinkDisplay(sink), { verbose });
    screen.show(attempt);
    assert.equal(
      sink.text,
      verbose ? "Connecting, attempt 2 of 7, reset: classic\n" : ".",
    );
  }
});
