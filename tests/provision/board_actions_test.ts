import assert from "node:assert/strict";
import {
  type Hook,
  type LineEvent,
  type LineOptions,
  openStore,
  type ProvisionJob,
  runLine,
} from "../../lib/provision/mod.ts";
import { noSync, VirtualBoard } from "../../lib/simulator/mod.ts";
import { serve } from "./_http_server.ts";
import { testImage } from "./_images.ts";
import { ImprovDevice, type ImprovDeviceOptions } from "./_improv_device.ts";

const SECRET = "hunter2-hunter2";
const URL_TEXT = "http://192.168.1.5/";

const FIRMWARE: ProvisionJob["firmware"] = [{
  chip: "esp32",
  files: [{ address: 0x1000, source: testImage("esp32", 2000), name: "boot" }],
}];

/** Runs a job that gives its board a serial number and a password. */
async function run(
  board: VirtualBoard,
  job: Partial<ProvisionJob>,
  options: LineOptions = {},
) {
  const folder = await Deno.makeTempDir({ prefix: "espline-actions-" });
  try {
    const table = `${folder}/ids.csv`;
    await Deno.writeTextFile(table, `serial,password\nLMP/1,${SECRET}\n`);
    await using store = await openStore(`${folder}/line.db`);
    const events: LineEvent[] = [];
    const [result] = await runLine([board], {
      name: "lamp",
      firmware: FIRMWARE,
      identity: {
        source: { kind: "csv", file: table, key: "serial" },
        secrets: ["password"],
      },
      ...job,
      ...(job.label && {
        label: { ...job.label, file: `${folder}/labels/{serial}.svg` },
      }),
    }, { store, onEvent: (event) => events.push(event), ...options });
    assert.ok(result);
    const shown = JSON.stringify([result, events, await store.attempts()]);
    assert.doesNotMatch(shown, /hunter2/);
    const label = await Deno.readTextFile(`${folder}/labels/LMP-1.svg`)
      .catch(() => undefined);
    return { result, events, label };
  } finally {
    await board.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function improvBoard(options: ImprovDeviceOptions): VirtualBoard {
  const device = new ImprovDevice(options);
  return new VirtualBoard({
    chip: "esp32",
    appText: "IMPROV follows\r\nREADY 1.2.0\r\n",
    app: (bytes, print) => device.hear(bytes, print),
  });
}

const WIFI: Partial<ProvisionJob> = {
  boot: { expect: "READY (?<version>\\S+)" },
  improv: { ssid: "home", password: "{password}" },
};

Deno.test("runLine connects a board to Wi-Fi after its boot, labels it and tells a server", async () => {
  await using server = serve(() => new Response());
  const hook = (on: Hook["on"]): Hook => ({ on, url: server.url });
  const { result, label } = await run(
    improvBoard({ passwords: { home: SECRET }, url: URL_TEXT }),
    {
      ...WIFI,
      label: { qr: "{serial}", lines: ["{serial}", "{mac}"] },
      hooks: [hook("before-write"), hook("after-improv"), hook("pass")],
    },
  );
  assert.equal(result.failure?.message, undefined);
  assert.deepEqual({ ...result.boot }, { version: "1.2.0", url: URL_TEXT });
  assert.match(label ?? "", />LMP\/1<\/text>/);
  const bodies = server.asked.map(({ body }) => JSON.parse(body));
  assert.deepEqual(
    bodies.map(({ moment, boot, result }) => [moment, boot?.url, result]),
    [
      ["before-write", undefined, undefined],
      ["after-improv", URL_TEXT, undefined],
      ["pass", URL_TEXT, undefined],
    ],
  );
  assert.equal(bodies[2].claim.key, "LMP/1");
});

Deno.test("runLine fails a board that gets no Wi-Fi, makes it no label, and tells a server why", async () => {
  await using server = serve(() => new Response());
  const { result, label } = await run(improvBoard({ networks: [] }), {
    ...WIFI,
    label: { lines: ["{serial}"] },
    hooks: [
      { on: "pass", url: `${server.url}/pass` },
      { on: "fail", url: `${server.url}/fail` },
    ],
  });
  assert.deepEqual([result.result, result.failure?.step], ["fail", "improv"]);
  assert.equal(result.failure?.code, "improv-failed");
  assert.match(result.failure?.hint ?? "", /no network at all/);
  assert.equal(label, undefined);
  assert.deepEqual(server.asked.map(({ path }) => path), ["/fail"]);
  const { failure } = JSON.parse(server.asked[0]?.body ?? "{}");
  assert.deepEqual([failure.step, failure.code], ["improv", "improv-failed"]);
});

Deno.test("runLine fails a board whose label cannot be printed, without the program's secrets", async () => {
  const command = ["sh", "-c", `echo ${SECRET} jammed >&2; exit 1`];
  const { result } = await run(new VirtualBoard({ chip: "esp32" }), {
    label: { lines: ["{serial}"], command },
  });
  assert.deepEqual([result.failure?.step, result.failure?.code], [
    "label",
    "label-failed",
  ]);
  assert.match(result.failure?.message ?? "", /code 1: ••• jammed$/);
});

Deno.test("runLine fails a board for a hook, or notes that it failed, as the hook says", async () => {
  const hooks: Hook[] = [
    { on: "before-write", command: ["false"], onFailure: "ignore" },
    { on: "after-verify", command: ["false"] },
  ];
  const { result, events } = await run(new VirtualBoard({ chip: "esp32" }), {
    hooks,
  });
  assert.deepEqual([result.failure?.step, result.failure?.code], [
    "verify",
    "hook-failed",
  ]);
  const notes = events.flatMap((event) =>
    event.kind === "note" ? [event.message] : []
  );
  assert.deepEqual(notes, [
    "Cannot call hook before-write: false ended with code 1",
  ]);
});

Deno.test("runLine tells a server of a board that it has given up", async () => {
  await using server = serve(() => new Response());
  const board = new VirtualBoard({ chip: "esp32", behaviors: [noSync()] });
  const { result } = await run(board, {
    hooks: [{ on: "fail", url: server.url }],
  }, { stepTimeout: 100 });
  assert.equal(result.failure?.code, "timeout");
  const [asked] = server.asked;
  assert.equal(JSON.parse(asked?.body ?? "{}").failure.code, "timeout");
});
