import assert from "node:assert/strict";
import { join } from "node:path";
import type { PortSource } from "../../lib/device/open.ts";
import { EspError, TransportError } from "../../lib/errors.ts";
import { prepareJob } from "../../lib/provision/firmware.ts";
import { readInventory } from "../../lib/provision/inventory.ts";
import {
  inspectLine,
  type LineEvent,
  runLine,
} from "../../lib/provision/line.ts";
import {
  badMd5,
  noSync,
  unplugAt,
  wrongChip,
} from "../../lib/simulator/mod.ts";
import { board, DATA, IMAGES, JOB, outcomes, withBoards } from "./_boards.ts";

Deno.test("runLine writes each board its family's firmware and tells what it did", async () => {
  const boards = Array.from({ length: 8 }, (_, index) => board(index));
  await withBoards(boards, async () => {
    const events: LineEvent[] = [];
    const results = await runLine(boards, JOB, {
      onEvent: (event) => events.push(event),
    });
    assert.deepEqual(outcomes(results), Array(8).fill("pass"));
    for (const [index, { port, flash, mac, chip }] of boards.entries()) {
      const result = results[index];
      assert.ok(result);
      assert.equal(result.port, port);
      assert.equal(result.job, "lamp 1.0");
      assert.equal(result.identity?.mac, mac);
      assert.equal(result.identity?.chip, chip.name);
      assert.equal(result.flash?.size, 0x40_0000);
      assert.deepEqual(result.steps.map(({ step }) => step), [
        ...["open", "identify", "check", "write", "verify", "reset"],
      ]);
      assert.deepEqual(
        events.filter((event) => event.port === port && event.kind === "step")
          .map((event) => event.kind === "step" && event.step),
        result.steps.map(({ step }) => step),
      );
      assert.ok(
        events.some((event) => event.port === port && event.kind === "write"),
      );
      if (chip.id === "esp8266") {
        assert.deepEqual(flash.read(0x1_0000, DATA.length), DATA);
        assert.deepEqual(
          flash.read(0, IMAGES.esp8266.length),
          IMAGES.esp8266,
        );
        assert.deepEqual(
          result.files.map(({ address, name, size }) => [address, name, size]),
          [[0, "0x0000_0000", IMAGES.esp8266.length], [0x1_0000, "data", 5004]],
        );
      } else {
        assert.deepEqual(
          flash.read(0x1000, IMAGES.esp32.length),
          IMAGES.esp32,
        );
      }
    }
    assert.equal(events.filter(({ kind }) => kind === "finish").length, 8);
    assert.equal(JSON.stringify(results).length > 1000, true);
  });
});

Deno.test("runLine keeps boards apart: what is bad fails with its own reason, what is good passes", async () => {
  const gone: PortSource = {
    port: "/dev/gone",
    open: () =>
      Promise.reject(
        new TransportError("Cannot open", { code: "port-not-found" }),
      ),
  };
  const boards = [
    board(0),
    board(1, { behaviors: [noSync()] }),
    board(2, { behaviors: [badMd5()] }),
    board(3),
    board(4, { behaviors: [unplugAt(20_000)] }),
    board(5, { behaviors: [wrongChip("esp32c3")] }),
    board(6),
    board(7, { flashSize: "1MB", chip: "esp32s3" }),
    board(8),
  ];
  const other = board(14);
  const ports: PortSource[] = boards.map((board, i) =>
    i === 4 ? swapped(board, other) : board
  );
  await withBoards([...boards, other], async () => {
    const results = await runLine([...ports, gone], JOB, {
      open: { attempts: 1 },
    });
    const [, second, , , , sixth] = results;
    assert.match(second?.failure?.code ?? "", /no-sync-reply|no-serial-data/);
    assert.equal(second?.failure?.step, "open");
    assert.equal(second?.identity, undefined);
    assert.equal(sixth?.identity?.chip, "ESP32-C3");
    assert.deepEqual(outcomes(results).toSpliced(1, 1), [
      "pass",
      "verify: verify-failed",
      "pass",
      "write: chip-mismatch",
      "check: chip-mismatch",
      "pass",
      "check: chip-mismatch",
      "pass",
      "open: port-not-found",
    ]);
    assert.deepEqual(results[2]?.files, [], "what is not verified is not told");
    assert.ok(
      other.flash.read(0, 64).every((byte) => byte === 0xff),
      "a board that took another's place is left alone",
    );
    assert.ok(
      boards[5]?.flash.read(0x1000, 64).every((byte) => byte === 0xff),
      "a wrong board is left alone",
    );
  });
});

Deno.test("runLine names boards in every event as it was given them", async () => {
  const ports = [
    "sim://esp32?mac=24:0a:c4:00:00:01",
    "sim://esp32?mac=24:0a:c4:00:00:02",
  ];
  const named = new Set<string>();
  const results = await runLine(ports, JOB, {
    onEvent: ({ port }) => named.add(port),
  });
  assert.deepEqual(outcomes(results), ["pass", "pass"]);
  assert.deepEqual([...named].toSorted(), ports);
});

Deno.test("runLine refuses a board whose flash is smaller than the job needs", async () => {
  const boards = [board(1, { flashSize: "1MB" })];
  await withBoards(boards, async () => {
    const [result] = await runLine(boards, {
      name: "large",
      firmware: [{
        chip: "esp32",
        minFlashSize: 0x20_0000,
        files: [{ address: 0x1000, source: IMAGES.esp32 }],
      }],
    });
    assert.deepEqual(outcomes(result ? [result] : []), [
      "check: flash-too-small",
    ]);
  });
});

Deno.test("runLine works on as many boards at a time as it is told", async () => {
  const boards = [0, 1, 2, 3].map((index) => board(index));
  await withBoards(boards, async () => {
    let open = 0;
    let most = 0;
    await runLine(boards, JOB, {
      concurrency: 2,
      onEvent: ({ kind }) => {
        if (kind === "start") open++;
        if (kind === "finish") open--;
        most = Math.max(most, open);
      },
    });
    assert.equal(most, 2);
  });
});

Deno.test("runLine opens no port for a job or a line that makes no sense", async () => {
  let opened = 0;
  const source = (port: string): PortSource => ({
    port,
    open: () => {
      opened++;
      return Promise.reject(new Error("opened"));
    },
  });
  await assert.rejects(
    runLine([source("a")], { name: "none", firmware: [] }),
    (error) => error instanceof EspError && error.code === "job-invalid",
  );
  await assert.rejects(runLine([source("a"), source("a")], JOB), RangeError);
  await assert.rejects(
    runLine([source("a")], JOB, { concurrency: 0 }),
    RangeError,
  );
  await assert.rejects(runLine([source("a")], JOB, { baud: NaN }), RangeError);
  assert.equal(opened, 0);
});

Deno.test("runLine skips what the flash holds already, and erases all when told", async () => {
  const boards = [board(1)];
  await withBoards(boards, async () => {
    const job = await prepareJob({ ...JOB, write: "changed" });
    const [first] = await runLine(boards, job);
    assert.deepEqual(first?.files.map(({ skipped }) => skipped), [false]);
    const [second] = await runLine(boards, job);
    assert.deepEqual(second?.files.map(({ skipped }) => skipped), [true]);
    const [third] = await runLine(boards, { ...JOB, erase: "all" });
    assert.deepEqual(third?.steps.map(({ step }) => step), [
      ...["open", "identify", "check", "erase", "write", "verify", "reset"],
    ]);
  });
});

Deno.test("runLine records each board when it is done", async () => {
  const folder = await Deno.makeTempDir();
  const inventory = join(folder, "inventory.csv");
  const boards = [
    board(0),
    board(1, { behaviors: [noSync()] }),
    board(2),
    board(3),
  ];
  try {
    await withBoards(boards, async () => {
      await runLine(boards, JOB, { inventory, open: { attempts: 1 } });
      const table = await readInventory(inventory);
      assert.deepEqual(
        table.map(({ mac, result }) => `${mac} ${result}`).toSorted(),
        [
          " fail",
          "24:0a:c4:00:00:00 pass",
          "24:0a:c4:00:00:02 pass",
          "24:0a:c4:00:00:03 pass",
        ],
      );
      await Deno.writeTextFile(inventory, "something else");
      let opened = false;
      await assert.rejects(
        runLine(boards, JOB, { inventory, onEvent: () => opened = true }),
        (error) => error instanceof EspError && error.code === "file-invalid",
      );
      assert.equal(opened, false);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("inspectLine tells what boards are and leaves their flash alone", async () => {
  const boards = [board(0), board(1), board(2, { behaviors: [noSync()] })];
  await withBoards(boards, async () => {
    const before = boards.map(({ flash }) => flash.read(0, 0x1_0000).slice());
    const results = await inspectLine(boards, { open: { attempts: 1 } });
    assert.deepEqual(results.map(({ result }) => result), [
      "pass",
      "pass",
      "fail",
    ]);
    assert.deepEqual(results[1]?.steps.map(({ step }) => step), [
      "open",
      "identify",
      "reset",
    ]);
    assert.deepEqual(
      results.slice(0, 2).map(({ identity }) => identity?.mac),
      ["24:0a:c4:00:00:00", "24:0a:c4:00:00:01"],
    );
    assert.equal(results[0]?.job, undefined);
    boards.forEach(({ flash }, index) => {
      assert.deepEqual(flash.read(0, 0x1_0000), before[index]);
    });
  });
});

/** A port at which another board is found when it is opened again. */
function swapped(first: PortSource, second: PortSource): PortSource {
  let board = first;
  return {
    port: first.port,
    open(options) {
      const opened = board.open(options);
      board = second;
      return opened;
    },
  };
}
