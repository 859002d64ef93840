import assert from "node:assert/strict";
import {
  type PreparedJob,
  prepareJob,
  type ProvisionJob,
  type SlotPhase,
  Station,
  type StationOptions,
} from "../../lib/provision/mod.ts";
import type { PortInfo } from "../../mod.ts";
import { noSync, type VirtualBoard } from "../../lib/simulator/mod.ts";
import { board, JOB } from "./_boards.ts";

/** Ports that a test plugs in and out. */
class Bench implements AsyncDisposable {
  readonly boards = new Map<string, VirtualBoard>();
  readonly #ports = new Map<string, PortInfo>();
  #all: VirtualBoard[] = [];

  plug(location: string, fresh: VirtualBoard, path = fresh.port): void {
    this.#all.push(fresh);
    this.boards.set(path, fresh);
    this.#ports.set(location, { path, location, usbVendorId: 0x10c4 });
  }

  unplug(location: string): void {
    this.#ports.delete(location);
  }

  watch(): StationOptions["watch"] {
    return {
      list: () => Promise.resolve([...this.#ports.values()]),
      target: ({ path }) => ({
        port: path,
        open: (options) =>
          this.boards.get(path)?.open(options) ?? Promise.reject("gone"),
      }),
      interval: 2,
      settle: 6,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const board of this.#all) await board.close();
  }
}

/** Waits until a slot stands so. */
async function until(
  station: Station,
  slot: string,
  phase: SlotPhase,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => {
    const state = station.state.slots.find(({ name }) => name === slot);
    if (state?.phase === phase) resolve();
  };
  const end = station.subscribe(look);
  look();
  await promise;
  end();
}

async function prepared(
  extra: Partial<ProvisionJob> = {},
): Promise<PreparedJob> {
  return await prepareJob({ ...JOB, ...extra });
}

Deno.test("Station starts boards as they arrive, tells how they ended, and waits until they are gone", async () => {
  await using bench = new Bench();
  await using station = await Station.open(await prepared(), {
    watch: bench.watch(),
    slots: { "1-2": "left", "1-3": "right" },
    open: { attempts: 1 },
  });
  assert.equal(station.state.slots.length, 0);
  bench.plug("1-2", board(0));
  bench.plug("1-3", board(1, { behaviors: [noSync()] }));
  await until(station, "left", "pass");
  await until(station, "right", "fail");
  const [left, right] = station.state.slots.toSorted((a, b) =>
    a.name < b.name ? -1 : 1
  );
  assert.equal(left?.result?.slot, "left");
  assert.equal(left?.passed, 1);
  assert.ok(right?.result?.failure?.hint);
  const { counts } = station.state;
  assert.deepEqual([counts.passed, counts.failed, counts.yield], [1, 1, 0.5]);
  assert.ok(counts.slowest !== undefined && (counts.perHour ?? 0) > 0);
  bench.unplug("1-2");
  await until(station, "left", "empty");
  bench.plug("1-2", board(2));
  await until(station, "left", "pass");
  assert.equal(
    station.state.slots.find(({ name }) => name === "left")?.passed,
    2,
  );
});

Deno.test("Station takes a board that leaves for a moment for the same one, under its new path", async () => {
  await using bench = new Bench();
  let starts = 0;
  await using station = await Station.open(await prepared(), {
    watch: { ...bench.watch(), settle: 400 },
    onEvent: ({ event }) => event.kind === "start" && starts++,
  });
  const chip = board(0);
  bench.plug("1-2", chip, "/dev/ttyACM0");
  await until(station, "1-2", "pass");
  bench.unplug("1-2");
  bench.plug("1-2", chip, "/dev/ttyACM1");
  const moved = Promise.withResolvers<void>();
  const end = station.subscribe(() => {
    if (station.state.slots[0]?.port === "/dev/ttyACM1") moved.resolve();
  });
  await moved.promise;
  end();
  assert.equal(station.state.slots[0]?.phase, "pass");
  assert.equal(starts, 1);
  const [result] = await station.start("1-2");
  assert.equal(result?.port, "/dev/ttyACM1");
});

Deno.test("Station starts, cancels and retries slots by hand", async () => {
  const boards = [board(0, { behaviors: [noSync()] }), board(2)];
  try {
    await using station = await Station.open(await prepared(), {
      ports: boards,
      auto: false,
      slots: { [boards[0]?.port ?? ""]: "a", [boards[1]?.port ?? ""]: "b" },
      open: { attempts: 0 },
    });
    assert.deepEqual(station.state.slots.map(({ phase }) => phase), [
      "ready",
      "ready",
    ]);
    const all = station.start();
    await until(station, "a", "running");
    await until(station, "b", "pass");
    assert.deepEqual(await station.start("a"), [], "it runs already");
    await station.cancel("a");
    const results = await all;
    assert.deepEqual(results.map(({ result }) => result), [
      "cancelled",
      "pass",
    ]);
    assert.equal(station.state.slots[0]?.phase, "cancelled");
    const { counts } = station.state;
    assert.deepEqual([counts.passed, counts.failed], [1, 0]);
    const retried = station.start();
    await until(station, "a", "running");
    await station.cancel();
    assert.deepEqual((await retried).map(({ slot }) => slot), ["a"]);
    await assert.rejects(station.start("z"), RangeError);
  } finally {
    for (const board of boards) await board.close();
  }
});

Deno.test("Station says why it cannot look for boards, and looks again", async () => {
  let calls = 0;
  const seen = Promise.withResolvers<void>();
  await using station = await Station.open(await prepared(), {
    watch: {
      list: () =>
        ++calls === 1
          ? Promise.reject(new Error("no bus"))
          : Promise.resolve([]),
      interval: 1,
    },
    onChange: () => {
      if (station.state.trouble === undefined) seen.resolve();
    },
  });
  await seen.promise;
  assert.ok(calls > 1);
});
