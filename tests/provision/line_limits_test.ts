import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import type { PortSource } from "../../lib/device/open.ts";
import { importStub } from "../../lib/loader/stub.ts";
import { prepareJob } from "../../lib/provision/firmware.ts";
import { runLine } from "../../lib/provision/line.ts";
import { noSync } from "../../lib/simulator/mod.ts";
import { memoryPair } from "../../lib/transport/memory.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import { board, JOB, outcomes, withBoards } from "./_boards.ts";

Deno.test("runLine gives up a board from which nothing comes, and lets go of its port when it can", async () => {
  const clock = new ManualClock();
  // What comes from disk takes time that a manual clock knows nothing of.
  await importStub("esp8266");
  const job = await prepareJob(JOB);
  const [transport, peer] = memoryPair({ port: "mem://hung" });
  const opening = Promise.withResolvers<typeof transport>();
  const hung: PortSource = { port: "mem://hung", open: () => opening.promise };
  const good = board(0, { clock });
  await withBoards([good], async () => {
    const results = await clock.drive(
      runLine([hung, good], job, { clock, stallTimeout: 20_000 }),
    );
    assert.deepEqual(outcomes(results), ["open: timeout", "pass"]);
    assert.equal(results[0]?.durationMs, 25_000);
    assert.match(results[0]?.failure?.message ?? "", /has not moved for 20000/);
    opening.resolve(transport);
    const { done } = await peer.readable.getReader().read();
    assert.equal(done, true, "the port that opened too late is closed");
    await peer.close();
  });
});

Deno.test("runLine is done with a board even if its port can neither be used nor closed", async () => {
  const clock = new ManualClock();
  const [transport, peer] = memoryPair({ port: "mem://stuck" });
  const never = () => new Promise<never>(() => {});
  const stuck: Transport = {
    port: transport.port,
    info: transport.info,
    baudRate: transport.baudRate,
    readable: transport.readable,
    writable: transport.writable,
    setSignals: never,
    setBaudRate: never,
    drain: never,
    flush: never,
    close: never,
    [Symbol.asyncDispose]: never,
  };
  const job = await prepareJob(JOB);
  const [result] = await clock.drive(runLine([stuck], job, { clock }));
  assert.deepEqual(result?.failure?.code, "timeout");
  assert.equal(result?.durationMs, 50_000);
  await transport.close();
  await peer.close();
});

Deno.test("runLine ends a step at its deadline, even if something goes on", async () => {
  const clock = new ManualClock();
  const boards = [board(1, { clock, behaviors: [noSync()] })];
  await withBoards(boards, async () => {
    const [result] = await clock.drive(
      runLine(boards, await prepareJob(JOB), {
        clock,
        stepTimeout: 60_000,
        open: { attempts: Infinity },
      }),
    );
    assert.equal(result?.failure?.code, "timeout");
    assert.match(result?.failure?.message ?? "", /is not done for 60000 ms/);
  });
});

Deno.test("runLine stops all boards on abort, closes their ports, and keeps what has passed", async () => {
  const controller = new AbortController();
  const boards = [board(0), board(1), board(3), board(5)];
  await withBoards(boards, async () => {
    const finished: string[] = [];
    const results = await runLine(boards, JOB, {
      signal: controller.signal,
      concurrency: 1,
      onEvent: (event) => {
        if (event.kind === "finish") finished.push(event.result.result);
        if (event.kind === "write" && finished.length === 1) {
          controller.abort(new DOMException("Stop", "AbortError"));
        }
      },
    });
    assert.deepEqual(outcomes(results), [
      "pass",
      "write: cancelled",
      "undefined: cancelled",
      "undefined: cancelled",
    ]);
    assert.deepEqual(results[2]?.steps, []);
    const again = await runLine(boards, JOB);
    assert.deepEqual(outcomes(again), Array(4).fill("pass"));
  });
});
