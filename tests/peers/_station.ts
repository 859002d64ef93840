/**
 * A station as a process of its own: provisions virtual boards, a few at a
 * time, and prints the MAC address of each that has passed. It goes on where
 * the one before it was killed: boards that have passed are on its store.
 *
 * Arguments: the store, the station's name, its first board's number, how many.
 */

import { openStore, prepareJob, runLine } from "../../lib/provision/mod.ts";
import { VirtualBoard } from "../../lib/simulator/mod.ts";

const [where = "", station = "", first = "0", count = "0"] = Deno.args;

function macOf(index: number): string {
  const low = index.toString(16).padStart(4, "0");
  return `24:0a:c4:00:${low.slice(0, 2)}:${low.slice(2)}`;
}

const rows = Array.from({ length: 200 }, (_, i) => `LMP-${i},token-${i}`);
const table = await Deno.makeTempFile({ suffix: ".csv" });
await Deno.writeTextFile(table, ["serial,token", ...rows].join("\n"));
const job = await prepareJob({
  name: "lamp",
  firmware: [{
    chip: "esp32",
    files: [{ address: 0x1_0000, source: new Uint8Array(64).fill(7) }],
  }],
  identity: {
    source: { kind: "csv", file: table, key: "serial" },
    secrets: ["token"],
  },
  data: { files: [{ address: 0x2_0000, text: "{serial} {token}" }] },
});
await Deno.remove(table);
await using store = await openStore(where);
const done = new Set(
  (await store.attempts()).flatMap(({ result, mac }) =>
    result === "pass" ? [mac] : []
  ),
);
const macs = Array.from(
  { length: Number(count) },
  (_, i) => macOf(Number(first) + i),
).filter((mac) => !done.has(mac));
const boards = macs.map((mac) =>
  new VirtualBoard({ chip: "esp32", mac, name: mac })
);
await runLine(boards, job, {
  store,
  station,
  concurrency: 6,
  onEvent: (event) => {
    if (event.kind !== "finish") return;
    const { result, identity, claim, failure } = event.result;
    console.log(result, identity?.mac, claim?.key, failure?.message ?? "");
  },
});
for (const board of boards) await board.close();
