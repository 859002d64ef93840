/** Whole jobs on boards of other hosts: behind ser2net, and behind espline's own server. */

import assert from "node:assert/strict";
import { parseNvs } from "../../lib/image/mod.ts";
import {
  openStore,
  type ProvisionJob,
  runLine,
} from "../../lib/provision/mod.ts";
import { serveVirtualBoard, VirtualBoard } from "../../lib/simulator/mod.ts";
import { servePort } from "../../mod.ts";
import { testImage } from "../provision/_images.ts";
import { peerTest } from "./_peers.ts";
import { freePort, PeerProcess } from "./_process.ts";

const TABLE = new TextEncoder().encode(`nvs, data, nvs, 0x9000, 0x6000
app, app, factory, 0x10000, 1M
`);
const JOB: ProvisionJob = {
  name: "remote",
  firmware: [{
    chip: "esp32",
    partitionTable: TABLE,
    files: [
      { address: 0x1000, source: testImage("esp32", 2000), name: "boot" },
      { partition: "app", source: testImage("esp32", 9000), name: "app" },
    ],
  }],
  baud: [921_600, 115_200],
  identity: { source: { kind: "generator", prefix: "R-" } },
  data: { nvs: [{ values: { id: { serial: "{serial}" } } }] },
};

function boards(): VirtualBoard[] {
  return [1, 2].map((index) =>
    new VirtualBoard({ chip: "esp32", index, appText: "READY\r\n" })
  );
}

/** Runs a job on ports, and finds each board's number in its own flash. */
async function expectPassed(
  ports: readonly string[],
  benches: readonly VirtualBoard[],
  job: ProvisionJob,
): Promise<void> {
  await using store = await openStore(":memory:");
  const results = await runLine(ports, job, { store });
  assert.deepEqual(
    results.map(({ failure }) => failure?.message),
    ports.map(() => undefined),
  );
  for (const [index, { claim, identity, steps }] of results.entries()) {
    const board = benches[index];
    assert.equal(identity?.mac, board?.mac);
    assert.ok(steps.some(({ step }) => step === "read-back"));
    const nvs = parseNvs(board!.flash.read(0x9000, 0x6000)).contents;
    assert.deepEqual(nvs.get("id")?.get("serial"), {
      kind: "string",
      value: claim?.key,
    });
  }
  assert.equal(new Set(results.map(({ claim }) => claim?.key)).size, 2);
}

peerTest(
  "runLine does a whole job behind ser2net, which carries no reset",
  "ser2net",
  async ({ ser2net }) => {
    await using stack = new AsyncDisposableStack();
    const benches = boards().map((board) => stack.use(board));
    const config = await Deno.makeTempFile({ suffix: ".yaml" });
    stack.defer(() => Deno.remove(config));
    const ports: number[] = [];
    for (const [index, board] of benches.entries()) {
      const { url } = stack.use(await serveVirtualBoard(board, { pty: true }));
      const port = ports[index] = freePort();
      await Deno.writeTextFile(
        config,
        `connection: &port${index}
    accepter: telnet(rfc2217),tcp,127.0.0.1,${port}
    connector: serialdev,${url},115200n81,local
`,
        { append: true },
      );
    }
    // -d keeps it in the foreground, -u goes without UUCP lock files.
    const args = ["-d", "-u", "-c", config, "-P", `${config}.pid`];
    stack.use(new PeerProcess(ser2net, args));
    for (const port of ports) await untilListening(port);
    // The boards' straps hold them in their loaders, as a jumper would.
    await expectPassed(
      ports.map((port) => `rfc2217://127.0.0.1:${port}`),
      benches,
      JOB,
    );
  },
);

Deno.test("runLine does a whole job behind servePort, which carries the resets", async () => {
  await using stack = new AsyncDisposableStack();
  const benches = boards().map((board) => stack.use(board));
  const servers = await Promise.all(benches.map((board) => servePort(board)));
  for (const server of servers) stack.use(server);
  await expectPassed(
    servers.map(({ url }) => url),
    benches,
    { ...JOB, boot: { expect: "READY" } },
  );
});

/** Waits until a server takes connections. */
async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`Nobody listens on ${port}`);
}
