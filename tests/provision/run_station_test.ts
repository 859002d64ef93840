import assert from "node:assert/strict";
import { join } from "node:path";
import {
  openStore,
  prepareJob,
  readJobArguments,
  runStation,
} from "../../lib/provision/mod.ts";
import { expandPorts } from "../../mod.ts";
import { board, JOB, outcomes, withBoards } from "./_boards.ts";

Deno.test("runStation runs all ports, and shows how they go on", async () => {
  const boards = [board(0), board(1)];
  let shown = "";
  await withBoards(boards, async () => {
    const results = await runStation(await prepareJob(JOB), {
      ports: boards,
      output: { write: (text) => void (shown += text) },
    });
    assert.deepEqual(outcomes(results), ["pass", "pass"]);
  });
  assert.match(shown, /^sim:\/\/esp8266#0 {2}write$/m);
  assert.match(shown, /^sim:\/\/esp32#1 {4}PASS {2}in/m);
});

Deno.test("runStation gives each line that is typed to a board that waits for its code", async () => {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "ids.csv");
  await Deno.writeTextFile(file, "sn\nA1\nB2\n");
  const job = await prepareJob({
    ...JOB,
    identity: { source: { kind: "csv", file, key: "sn" }, rule: "code" },
  });
  await using store = await openStore(":memory:");
  // A scanner types when a slot waits, and what it types comes in pieces.
  const waits = Promise.withResolvers<void>();
  async function* typed() {
    await waits.promise;
    for (const text of ["B", "2\r", "\n"]) yield new TextEncoder().encode(text);
  }
  const one = board(0);
  await withBoards([one], async () => {
    const [result] = await runStation(job, {
      ports: [one],
      store,
      codes: typed(),
      onEvent: ({ event }) =>
        event.kind === "step" && event.step === "claim" &&
        setTimeout(waits.resolve),
    });
    assert.equal(result?.failure, undefined);
    assert.equal(result?.claim?.key, "B2");
  });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("runStation serves a page until its signal aborts", async () => {
  const one = board(0);
  const stop = new AbortController();
  await withBoards([one], async () => {
    const results = await runStation(await prepareJob(JOB), {
      ports: [one],
      signal: stop.signal,
      dashboard: ":0",
      onDashboard: (url) =>
        void fetch(url).then(async (answer) => {
          assert.equal(answer.status, 200);
          await answer.body?.cancel();
        }),
      onEvent: ({ event }) => event.kind === "finish" && stop.abort(),
    });
    assert.deepEqual(outcomes(results), ["pass"]);
  });
});

Deno.test("runStation refuses what is no address, and a port that is given twice", async () => {
  const job = await prepareJob(JOB);
  for (
    const dashboard of ["a b:1", "host:port", "::1:80", "[::1", "x:123456"]
  ) {
    await assert.rejects(
      runStation(job, { dashboard }),
      SyntaxError,
      dashboard,
    );
  }
  const ports = ["sim://esp32", "sim://esp32"];
  await assert.rejects(runStation(job, { ports }), /given twice/);
});

Deno.test("readJobArguments wants either a job or files", async () => {
  await assert.rejects(readJobArguments([]), TypeError);
  await assert.rejects(readJobArguments(["a.bin"], { job: "b" }), TypeError);
  await assert.rejects(
    readJobArguments([], { job: "none.yaml" }),
    /none\.yaml/,
  );
});

Deno.test("expandPorts leaves names as they are", async () => {
  assert.deepEqual(await expandPorts(["b", "a"]), ["b", "a"]);
});
