import assert from "node:assert/strict";
import {
  type LineEvent,
  type LineOptions,
  openStore,
  prepareJob,
  type ProvisionJob,
  runLine,
  type Store,
} from "../../lib/provision/mod.ts";
import { isDigestValid, parseImage, parseNvs } from "../../lib/image/mod.ts";
import { chipById } from "../../mod.ts";
import { VirtualBoard, wrongChip } from "../../lib/simulator/mod.ts";
import { testImage } from "./_images.ts";

const TABLE = new TextEncoder().encode(`nvs, data, nvs, 0x9000, 0x6000
nvs_keys, data, nvs_keys, 0xf000, 0x1000
factory, app, factory, 0x10000, 1M
certs, data, nvs, 0x110000, 0x3000
`);
const SECRET = "hunter2-hunter2";
const READY = "I (312) main: READY 1.2.0 for lamp\r\n";

/** A job that gives each ESP32 a serial number, a password and a certificate. */
function lampJob(table: string, extra: Partial<ProvisionJob> = {}) {
  return prepareJob({
    name: "lamp",
    firmware: [{
      chip: "esp32",
      partitionTable: TABLE,
      files: [
        { address: 0x1000, source: testImage("esp32", 2000), name: "boot" },
        { partition: "factory", source: testImage("esp32", 9000), name: "app" },
      ],
    }],
    identity: {
      source: { kind: "csv", file: table, key: "serial" },
      secrets: ["password"],
    },
    data: {
      nvs: [{
        values: {
          id: { serial: "{serial}", batch: { type: "u16", value: "42" } },
          wifi: { password: "{password}" },
        },
      }],
      files: [{ partition: "certs", text: "certificate of {serial} {mac}" }],
      patches: [{
        ...{ file: "app", offset: 0x100, type: "string", size: 16 },
        value: "{serial}",
      }],
    },
    boot: { expect: "READY (?<version>\\S+)", fail: "panic", timeout: 2000 },
    ...extra,
  });
}

function lampBoard(index: number, app = READY): VirtualBoard {
  const mac = `24:0a:c4:00:00:${index.toString(16).padStart(2, "0")}`;
  return new VirtualBoard({
    chip: "esp32",
    mac,
    appText: app,
    name: `${index}`,
  });
}

interface Bench extends AsyncDisposable {
  readonly folder: string;
  readonly table: string;
  readonly store: Store;
  /** Runs a job on boards, and keeps every event. */
  run(
    boards: readonly VirtualBoard[],
    job: ProvisionJob | Awaited<ReturnType<typeof lampJob>>,
    options?: LineOptions,
  ): ReturnType<typeof runLine>;
  readonly events: LineEvent[];
}

async function openBench(rows = 4): Promise<Bench> {
  const folder = await Deno.makeTempDir({ prefix: "espline-line-" });
  const table = `${folder}/ids.csv`;
  const lines = Array.from(
    { length: rows },
    (_, i) => `LMP-${i + 1},${SECRET}-${i + 1}`,
  );
  await Deno.writeTextFile(table, ["serial,password", ...lines].join("\n"));
  const store = await openStore(`${folder}/line.db`);
  const events: LineEvent[] = [];
  return {
    folder,
    table,
    store,
    events,
    run: (boards, job, options) =>
      runLine(boards, job, {
        store,
        station: "desk",
        inventory: `${folder}/inventory.csv`,
        onEvent: (event) => events.push(event),
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function withBoards(
  boards: readonly VirtualBoard[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } finally {
    for (const board of boards) await board.close();
  }
}

Deno.test("runLine gives each board its row, as NVS, file and patch, and sees it start", async () => {
  await using bench = await openBench();
  const boards = [lampBoard(1), lampBoard(2)];
  await withBoards(boards, async () => {
    const results = await bench.run(boards, await lampJob(bench.table));
    assert.deepEqual(results.map(({ failure }) => failure?.message), [
      undefined,
      undefined,
    ]);
    const serials = results.map(({ claim }) => claim?.key).toSorted();
    assert.deepEqual(serials, ["LMP-1", "LMP-2"]);
    for (const [index, run] of results.entries()) {
      const { claim, boot, steps, identity, files } = run;
      const flash = boards[index]?.flash;
      assert.ok(flash && claim && identity);
      assert.deepEqual(claim.values, { serial: claim.key });
      assert.deepEqual({ ...boot }, { version: "1.2.0" });
      // From the digest of a board's own files a short secret could be guessed.
      assert.deepEqual(
        files.filter(({ sha256 }) => sha256 === undefined)
          .map(({ name }) => name).toSorted(),
        ["certs", "nvs"],
      );
      assert.deepEqual(steps.map(({ step }) => step), [
        ...["open", "identify", "check", "claim", "write", "verify"],
        ...["read-back", "reset", "boot", "record"],
      ]);
      const nvs = parseNvs(flash.read(0x9000, 0x6000)).contents;
      const number = claim.key.slice(4);
      assert.deepEqual(nvs.get("wifi")?.get("password"), {
        kind: "string",
        value: `${SECRET}-${number}`,
      });
      assert.deepEqual([...nvs.get("id")?.keys() ?? []], ["serial", "batch"]);
      const certificate = `certificate of ${claim.key} ${identity.mac}`;
      assert.equal(
        new TextDecoder().decode(flash.read(0x11_0000, certificate.length)),
        certificate,
      );
      const app = flash.read(0x1_0000, 0x4000).slice();
      const text = new TextDecoder().decode(app.subarray(0x100, 0x110));
      assert.equal(text, claim.key.padEnd(16, "\0"));
      const image = parseImage(app, chipById("esp32"));
      assert.equal(image.checksum, image.expectedChecksum);
      assert.equal(isDigestValid(app, image), true);
    }
    assert.deepEqual(await bench.store.counts("lamp"), {
      free: 2,
      claimed: 0,
      passed: 2,
    });
  });
});

Deno.test("runLine shows no secret in events, results, inventory or store", async () => {
  await using bench = await openBench();
  // This application prints its password, and then fails.
  const boards = [
    lampBoard(1, `password is ${SECRET}-1\r\npanic ${SECRET}-1\r\n`),
  ];
  await withBoards(boards, async () => {
    const results = await bench.run(boards, await lampJob(bench.table));
    assert.equal(results[0]?.failure?.code, "boot-unexpected");
    const shown = [
      JSON.stringify(results),
      JSON.stringify(bench.events),
      JSON.stringify(await bench.store.attempts()),
      await Deno.readTextFile(`${bench.folder}/inventory.csv`),
    ];
    assert.match(shown[1] ?? "", /password is •••/);
    for (const text of shown) assert.doesNotMatch(text, /hunter2/);
  });
});

Deno.test("runLine gives a board that comes back its own row, however it failed before", async () => {
  await using bench = await openBench();
  const silent = lampBoard(1, "");
  const job = await lampJob(bench.table, {
    boot: { expect: "READY", timeout: 50 },
  });
  await withBoards([silent], async () => {
    const [failed] = await bench.run([silent], job);
    assert.equal(failed?.failure?.code, "boot-unexpected");
    assert.equal(failed?.claim?.key, "LMP-1");
  });
  const other = lampBoard(2);
  const again = lampBoard(1);
  await withBoards([other, again], async () => {
    const [second] = await bench.run([other], job);
    assert.equal(second?.claim?.key, "LMP-2");
    const [first] = await bench.run([again], job);
    assert.deepEqual(
      [first?.result, first?.claim?.key, first?.claim?.again],
      ["pass", "LMP-1", true],
    );
  });
  assert.equal(await bench.store.countAttempts("24:0a:c4:00:00:01"), 2);
});

Deno.test("runLine claims nothing for a board that the job is not for, and says when rows run out", async () => {
  await using bench = await openBench(1);
  const boards = [
    new VirtualBoard({ chip: "esp32", behaviors: [wrongChip("esp32c3")] }),
    lampBoard(2),
    lampBoard(3),
  ];
  await withBoards(boards, async () => {
    const results = await bench.run(boards, await lampJob(bench.table), {
      concurrency: 1,
    });
    assert.deepEqual(results.map(({ failure }) => failure?.code), [
      "chip-mismatch",
      undefined,
      "identity-none",
    ]);
    const [, , third] = boards;
    assert.ok(third?.flash.read(0x1000, 64).every((byte) => byte === 0xff));
  });
});

Deno.test("runLine encrypts NVS with keys of each board's own", async () => {
  await using bench = await openBench();
  const boards = [lampBoard(1), lampBoard(2)];
  const job = await lampJob(bench.table, {
    data: {
      nvs: [{
        values: { wifi: { password: "{password}" } },
        keysPartition: "nvs_keys",
      }],
    },
  });
  await withBoards(boards, async () => {
    const results = await bench.run(boards, job);
    assert.deepEqual(results.map(({ result }) => result), ["pass", "pass"]);
    const keys = boards.map(({ flash }) => flash.read(0xf000, 64).toHex());
    assert.notEqual(keys[0], keys[1]);
    const nvs = boards.map(({ flash }) => flash.read(0x9000, 0x6000));
    for (const bytes of nvs) {
      assert.equal(
        new TextDecoder("latin1").decode(bytes).includes("wifi"),
        false,
      );
    }
  });
});

Deno.test("runLine refuses a row that does not fit before anything is erased", async () => {
  await using bench = await openBench();
  const boards = [lampBoard(1)];
  const job = await lampJob(bench.table, {
    data: {
      nvs: [{
        values: { id: { serial: { type: "u8", value: "{password}" } } },
      }],
    },
  });
  await withBoards(boards, async () => {
    const [result] = await bench.run(boards, job);
    assert.equal(result?.failure?.code, "data-invalid");
    assert.match(result?.failure?.message ?? "", /id\.serial: it is no whole/);
    assert.ok(boards[0]?.flash.read(0, 0x2000).every((byte) => byte === 0xff));
  });
});

Deno.test("runLine asks for the code of a board where the rule says so", async () => {
  await using bench = await openBench();
  const boards = [lampBoard(1)];
  const job = await lampJob(bench.table, {
    identity: {
      source: { kind: "csv", file: bench.table, key: "serial" },
      rule: "code",
    },
    data: {},
  });
  await withBoards(boards, async () => {
    const asked: string[] = [];
    const [result] = await bench.run(boards, job, {
      scan: ({ mac }) => (asked.push(mac), Promise.resolve("LMP-3")),
    });
    assert.deepEqual(asked, ["24:0a:c4:00:00:01"]);
    assert.equal(result?.claim?.key, "LMP-3");
    const [without] = await bench.run(boards, job);
    assert.equal(without?.failure?.code, "identity-none");
  });
});

Deno.test("runLine refuses a job with rows if there is no store", async () => {
  await using bench = await openBench();
  await assert.rejects(
    runLine([], await lampJob(bench.table)),
    { code: "store-failed" },
  );
});
