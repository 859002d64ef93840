/** Two stations as processes of their own share one PostgreSQL, and one of them is killed again and again. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openStore } from "../../lib/provision/mod.ts";
import { peerTest } from "./_peers.ts";
import { PostgresServer } from "./_postgres.ts";

const STATION = fileURLToPath(new URL("_station.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const KILLS = 5;

function startStation(url: string, name: string, first: number) {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--no-check", "--quiet"],
      ...["--lock=deno.lock", "--frozen", STATION],
      ...[url, name, String(first), "100"],
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Reads a station's lines; kills it after the given number of boards. */
async function follow(
  station: Deno.ChildProcess,
  killAfter = Infinity,
): Promise<{ passed: number; killed: boolean }> {
  let passed = 0;
  let killed = false;
  let rest = "";
  for await (
    const text of station.stdout.pipeThrough(new TextDecoderStream())
  ) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      assert.match(line, /^pass /, line);
      passed++;
    }
    if (passed >= killAfter && !killed) {
      killed = true;
      station.kill("SIGKILL");
    }
  }
  await station.status;
  return { passed, killed };
}

peerTest(
  "two stations share 200 identities, and a killed one loses and doubles none",
  "pg_ctl",
  async (paths) => {
    await using server = await PostgresServer.start(paths.pg_ctl);
    const steady = follow(startStation(server.url, "steady", 100));
    for (let kill = 0; kill < KILLS; kill++) {
      const { killed } = await follow(startStation(server.url, "shaky", 0), 7);
      assert.ok(killed, "there was something to kill");
    }
    await follow(startStation(server.url, "shaky", 0));
    await steady;
    await using store = await openStore(server.url);
    assert.deepEqual(await store.counts("lamp"), {
      free: 0,
      claimed: 0,
      passed: 200,
    });
    const passes = (await store.attempts()).filter(({ result }) =>
      result === "pass"
    );
    const serials = new Map<string, string>();
    for (const { mac = "", row } of passes) {
      const serial = row["serial_number"] ?? "";
      assert.notEqual(serial, "");
      assert.equal(serials.get(mac) ?? serial, serial, `${mac} has two rows`);
      serials.set(mac, serial);
    }
    assert.equal(serials.size, 200, "every board has passed");
    assert.equal(new Set(serials.values()).size, 200, "no row is used twice");
  },
);
