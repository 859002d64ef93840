/**
 * 64 boards of three chips at once, a third of them faulty, in a process of its
 * own, so that what it needs of memory can be measured. Prints JSON.
 */

import {
  openStore,
  prepareJob,
  type ProvisionJob,
  runLine,
} from "../../lib/provision/mod.ts";
import {
  type Behavior,
  failingSector,
  lateReplies,
  noSync,
  unplugAt,
  VirtualBoard,
  wrongChip,
} from "../../lib/simulator/mod.ts";
import { type PortSource, TransportError } from "../../mod.ts";
import { noise, testImage } from "./_images.ts";

const BOARDS = 64;
const CHIPS = ["esp8266", "esp32", "esp32c3"];
/** A chip that the job has nothing for. */
const STRANGER = "esp32s3";
const APP_ADDRESS = 0x2_0000;
/** What is wrong with every third board, and what must be said of it. */
const FAULTS: readonly {
  readonly behaviors: () => Behavior[];
  /** Whether the port is not there any more once it has been lost. */
  readonly staysAway?: boolean;
  readonly says: RegExp;
}[] = [
  {
    behaviors: () => [noSync()],
    says: /^open: (no-sync-reply|no-serial-data)$/,
  },
  {
    behaviors: () => [wrongChip(STRANGER)],
    says: /^check: chip-mismatch$/,
  },
  {
    behaviors: () => [failingSector(APP_ADDRESS + 0x1000)],
    says: /^verify: verify-failed$/,
  },
  {
    behaviors: () => [unplugAt(60_000)],
    staysAway: true,
    says: /^write: port-gone$/,
  },
  { behaviors: () => [lateReplies(60_000)], says: /^open: / },
];

const [folder = ""] = Deno.args;
const app = noise(100_000);
const job: ProvisionJob = {
  name: "lamp",
  firmware: CHIPS.map((chip) => ({
    chip,
    files: [
      {
        address: chip === "esp32" ? 0x1000 : 0,
        source: testImage(chip, 3000),
        name: "boot",
      },
      { address: APP_ADDRESS, source: app, name: "app" },
    ],
  })),
  identity: { source: { kind: "generator", prefix: "LMP-", digits: 4 } },
  data: { files: [{ address: 0x8_0000, text: "{serial}" }] },
};

const expected = Array.from({ length: BOARDS }, (_, index) => {
  const fault = index % 3 === 2
    ? FAULTS[Math.floor(index / 3) % FAULTS.length]
    : undefined;
  const chip = CHIPS[index % CHIPS.length] ?? "esp32";
  const board = new VirtualBoard({
    chip,
    mac: `24:0a:c4:00:01:${index.toString(16).padStart(2, "0")}`,
    name: String(index),
    flashSize: "2MB",
    ...(fault && { behaviors: fault.behaviors() }),
  });
  return { board, fault };
});

/** A board whose cable is not put back. */
function openedOnce(board: VirtualBoard): PortSource {
  let opened = false;
  return {
    port: board.port,
    open(options) {
      if (!opened) {
        opened = true;
        return board.open(options);
      }
      return Promise.reject(
        new TransportError("Cannot open: there is no such port", {
          code: "port-not-found",
        }),
      );
    },
  };
}

await using store = await openStore(`${folder}/line.db`);
let peak = 0;
const results = await runLine(
  expected.map(({ board, fault }) =>
    fault?.staysAway ? openedOnce(board) : board
  ),
  await prepareJob(job),
  {
    store,
    inventory: `${folder}/inventory.csv`,
    open: { attempts: 1 },
    onEvent: () => peak = Math.max(peak, Deno.memoryUsage().rss),
  },
);
const wrong = results.flatMap((result, index) => {
  const { fault, board } = expected[index] ?? {};
  const said = result.failure === undefined
    ? "pass"
    : `${result.failure.step}: ${result.failure.code}`;
  if (fault !== undefined) {
    return fault.says.test(said) ? [] : [`${index} ${said}`];
  }
  const serial = result.claim?.key ?? "none";
  const written = new TextDecoder().decode(
    board?.flash.read(0x8_0000, serial.length),
  );
  return said === "pass" && written === serial ? [] : [`${index} ${said}`];
});
for (const { board } of expected) await board.close();
const claims = results.flatMap(({ claim }) => claim ? [claim.key] : []);
console.log(JSON.stringify({
  wrong,
  passed: results.filter(({ result }) => result === "pass").length,
  claims: claims.length,
  distinct: new Set(claims).size,
  stored: (await store.counts("lamp")).claimed +
    (await store.counts("lamp")).passed,
  attempts: (await store.attempts()).length,
  peak,
}));
