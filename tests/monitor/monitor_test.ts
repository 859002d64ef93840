import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { TransportError } from "../../lib/errors.ts";
import {
  Monitor,
  type MonitorEvent,
  type MonitorOptions,
  releaseLines,
} from "../../lib/monitor/monitor.ts";
import { memoryPair, type MemoryPeer } from "../../lib/transport/memory.ts";
import type { SerialSignals } from "../../lib/transport/transport.ts";

const encoder = new TextEncoder();

async function say(board: MemoryPeer, text: string): Promise<void> {
  const writer = board.writable.getWriter();
  await writer.write(encoder.encode(text));
  writer.releaseLock();
}

function start(options: MonitorOptions = {}) {
  const clock = new ManualClock();
  const [port, board] = memoryPair({ port: "bench" });
  const monitor = new Monitor(port, { clock, ...options });
  const events = monitor.events();
  return {
    clock,
    board,
    monitor,
    events,
    next: async (): Promise<MonitorEvent> => {
      const { value } = await events.next();
      assert.ok(value, "the events go on");
      return value;
    },
  };
}

/** What of an event the tests look at. */
function brief(event: MonitorEvent): unknown {
  return event.kind === "line"
    ? [event.text, event.ended, ...event.notes]
    : event.kind;
}

Deno.test("Monitor gives lines with their time, level and tag, and explains them", async () => {
  const { clock, board, monitor, next } = start();
  await using _ = monitor;
  await clock.advance(5);
  const first = next();
  await say(board, "\x1b[0;32mI (12) app: hi\x1b[0m\r\ncsum err\r\n");
  assert.deepEqual(await first, {
    kind: "line",
    time: 5,
    raw: "\x1b[0;32mI (12) app: hi\x1b[0m",
    text: "I (12) app: hi",
    ended: true,
    level: "I",
    tag: "app",
    notes: [],
  });
  const second = await next();
  assert.ok(second.kind === "line");
  assert.match(second.notes.join(), /damaged/);
});

Deno.test("Monitor explains nothing if it is told so", async () => {
  const { board, monitor, next } = start({ explain: false });
  await using _ = monitor;
  await say(board, "csum err\r\n");
  assert.deepEqual(brief(await next()), ["csum err", true]);
});

Deno.test("Monitor shows a prompt when nothing follows it, and the line when it ends", async () => {
  const { clock, board, monitor, next } = start();
  await using _ = monitor;
  await say(board, "name: ");
  const first = next();
  await clock.advance(100);
  assert.deepEqual(brief(await first), ["name: ", false]);
  const second = next();
  await say(board, "x\n");
  assert.deepEqual(brief(await second), ["name: x", true]);
});

Deno.test("Monitor can be left at a prompt", async () => {
  const { clock, board, monitor } = start();
  await say(board, "name: ");
  const seen: unknown[] = [];
  const following = (async () => {
    for await (const event of monitor.events()) {
      seen.push(brief(event));
      break;
    }
  })();
  await clock.advance(100);
  await following;
  await monitor.close();
  assert.deepEqual(seen, [["name: ", false]]);
});

Deno.test("Monitor sends bytes", async () => {
  const { board, monitor } = start();
  await using _ = monitor;
  await monitor.write(encoder.encode("hello"));
  const reader = board.readable.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "hello");
});

Deno.test("Monitor waits for a port that has gone, says so, and goes on", async () => {
  const boards: MemoryPeer[] = [];
  let attempts = 0;
  const { clock, board, monitor, next } = start({
    reopen: () => {
      if (++attempts < 3) {
        return Promise.reject(
          new TransportError("Cannot open", { code: "port-not-found" }),
        );
      }
      const [port, peer] = memoryPair();
      boards.push(peer);
      return Promise.resolve(port);
    },
  });
  await using _ = monitor;
  await say(board, "one\ntw");
  assert.deepEqual(brief(await next()), ["one", true]);
  const half = next();
  await clock.advance(100);
  assert.deepEqual(brief(await half), ["tw", false]);
  const rest = next();
  board.unplug();
  assert.deepEqual(brief(await rest), ["tw", true]);
  const gone = await next();
  assert.ok(gone.kind === "gone");
  assert.match(gone.message, /unplugged/);
  const back = next();
  await clock.advance(1000);
  assert.equal((await back).kind, "back");
  assert.equal(attempts, 3);
  const [again] = boards;
  assert.ok(again);
  await say(again, "three\n");
  assert.deepEqual(brief(await next()), ["three", true]);
});

Deno.test("Monitor fails when the port goes and nobody opens it again", async () => {
  const { board, monitor, events } = start();
  await using _ = monitor;
  const first = events.next();
  board.unplug();
  await assert.rejects(first, { name: "TransportError", code: "port-gone" });
});

Deno.test("Monitor passes on what is wrong with opening the port again", async () => {
  const { clock, board, monitor, next, events } = start({
    reopen: () => Promise.reject(new SyntaxError("no port")),
  });
  await using _ = monitor;
  board.unplug();
  assert.equal((await next()).kind, "gone");
  const failing = assert.rejects(events.next(), { message: "no port" });
  await clock.advance(250);
  await failing;
});

Deno.test("Monitor ends when its signal aborts, while it reads and while the port is gone", async () => {
  const reading = new AbortController();
  const one = start({ signal: reading.signal });
  await say(one.board, "half");
  const rest = one.next();
  reading.abort();
  await rest.catch(() => {});
  assert.equal((await one.events.next()).done, true);

  const waiting = new AbortController();
  const two = start({
    signal: waiting.signal,
    reopen: () =>
      Promise.reject(new TransportError("no", { code: "port-not-found" })),
  });
  two.board.unplug();
  assert.equal((await two.next()).kind, "gone");
  const end = two.events.next();
  await two.clock.advance(700);
  waiting.abort();
  assert.equal((await end).done, true);
});

Deno.test("Monitor whose signal has aborted gives no event", async () => {
  const { events } = start({ signal: AbortSignal.abort() });
  assert.equal((await events.next()).done, true);
});

Deno.test("releaseLines releases RTS before DTR, so that EN is not pulled", async () => {
  const seen: SerialSignals[] = [];
  const [port] = memoryPair({
    onSignals: ({ dtr, rts }) => seen.push({ dtr, rts }),
  });
  await port.setSignals({ dtr: true, rts: true });
  await releaseLines(port);
  await port.close();
  assert.deepEqual(seen, [
    { dtr: true, rts: true },
    { dtr: true, rts: false },
    { dtr: false, rts: false },
  ]);
});
