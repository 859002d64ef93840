/**
 * Real esptool and espline say the same about the same virtual board: name,
 * features, crystal and addresses, for every family and for what its eFuses
 * can hold. And the stubs that espline's records name run on the boards as
 * esptool runs its own.
 */

import assert from "node:assert/strict";
import {
  VirtualBoard,
  type VirtualBoardOptions,
} from "../../lib/simulator/mod.ts";
import { CHIPS } from "../../mod.ts";
import { noise } from "../cli/_boards.ts";
import { runCli, temporaryFolder } from "../cli/_cli.ts";
import { runEsptool } from "./_esptool.ts";
import { peerTest } from "./_peers.ts";

type Variant = Omit<VirtualBoardOptions, "chip">;

/** A board whose fields are these. */
function burnt(fields: Readonly<Record<string, number>>): Variant {
  return { fields };
}

/** Boards besides the usual one and the ones with random eFuses. */
const VARIANTS: Readonly<Record<string, readonly Variant[]>> = {
  esp8266: [
    burnt({ esp8285: 1 }),
    burnt({ esp8285: 1, flashCapacity: 2, highTemperature: 1 }),
    burnt({ esp8285: 1, flashCapacity: 1 }),
    burnt({ esp8285Alternate: 1, flashCapacity: 1 }),
    burnt({ esp8285Alternate: 1, highTemperature: 1 }),
    { crystalMhz: 40 },
    { mac: "18:fe:34:a1:b2:c3" },
    { mac: "ac:d0:74:a1:b2:c3" },
  ],
  esp32: [
    { revision: "1.0", fields: { package: 0, appCpuDisabled: 1 } },
    { revision: "1.0", fields: { package: 0, bluetoothDisabled: 1 } },
    { revision: "3.1", fields: { package: 1, adcVref: 7 } },
    { revision: "2.0", fields: { package: 1, block3PartlyReserved: 1 } },
    burnt({ package: 1, appCpuDisabled: 1, codingScheme: 1 }),
    burnt({ package: 2, cpuFrequencyRated: 1, codingScheme: 2 }),
    burnt({ package: 4, codingScheme: 3 }),
    { revision: "3.0", fields: { package: 5 } },
    { revision: "1.0", fields: { package: 5 } },
    burnt({ package: 6, cpuFrequencyRated: 1, cpuFrequencyLow: 1 }),
    burnt({ package: 7 }),
    burnt({ package: 9 }),
    { crystalMhz: 26 },
  ],
  esp32s2: [
    { revision: "1.8", fields: { flashCapacity: 1, blockVersionMinor: 1 } },
    burnt({ flashCapacity: 2, blockVersionMinor: 2 }),
    burnt({ flashCapacity: 2, psramCapacity: 1, blockVersionMinor: 3 }),
    burnt({ psramCapacity: 1 }),
    burnt({ psramCapacity: 2 }),
    burnt({ flashCapacity: 3, psramCapacity: 3 }),
  ],
  esp32s3: [
    burnt({ package: 1, flashCapacity: 1, flashVendor: 1 }),
    burnt({ package: 2, flashCapacity: 2, flashVendor: 5 }),
    burnt({ flashCapacity: 3, flashVendor: 6, psramCapacity: 5 }),
    burnt({ psramCapacity: 1, psramVendor: 1 }),
    burnt({ psramCapacity: 2, psramVendor: 2 }),
    burnt({ psramCapacity: 3, psramVendor: 3 }),
    burnt({ psramCapacity: 4 }),
    {
      revision: "1.8",
      fields: { blockVersionMajor: 1, blockVersionMinor: 1 },
    },
    { revision: "2.11" },
  ],
  esp32c3: [
    burnt({ package: 1, flashCapacity: 1, flashVendor: 1 }),
    burnt({ package: 2, flashCapacity: 2, flashVendor: 5 }),
    burnt({ package: 3, flashCapacity: 3, flashVendor: 3 }),
    burnt({ package: 4, flashCapacity: 4 }),
    { revision: "1.11", fields: { flashCapacity: 5, flashVendor: 7 } },
  ],
  esp32c2: [
    burnt({ package: 1, flashCapacity: 1, flashVendor: 5 }),
    burnt({ package: 2, flashCapacity: 2 }),
    burnt({ flashCapacity: 3, flashVendor: 2 }),
    { revision: "0.3", fields: { flashCapacity: 4, flashVendor: 4 } },
    { revision: "2.0", crystalMhz: 40 },
  ],
  esp32c6: [
    burnt({ package: 1, flashCapacity: 2 }),
    { revision: "1.12", fields: { flashCapacity: 0, flashVendor: 3 } },
  ],
  esp32h2: [
    burnt({ flashCapacity: 0 }),
    burnt({ flashCapacity: 0, package: 1 }),
    burnt({ flashCapacity: 2, temperature: 2, flashVendor: 0 }),
    { revision: "1.2", fields: { flashCapacity: 3, temperature: 3 } },
    burnt({ flashCapacity: 4, package: 5 }),
  ],
  esp32p4: [
    { revision: "1.3" },
    { revision: "4.1", fields: { package: 1 } },
  ],
  esp32c5: [
    burnt({ temperature: 1, flashCapacity: 1, flashVendor: 1 }),
    burnt({ psramCapacity: 1, psramVendor: 1 }),
    burnt({ psramCapacity: 2, flashCapacity: 2, package: 7 }),
    burnt({ temperature: 2, psramCapacity: 3, psramVendor: 2 }),
    { revision: "0.2", crystalMhz: 40 },
  ],
  esp32c61: [
    burnt({ flashCapacity: 1, psramCapacity: 1, temperature: 1, package: 3 }),
    burnt({ flashCapacity: 2, psramCapacity: 2, package: 2 }),
    burnt({ flashCapacity: 3, psramCapacity: 3, package: 4 }),
    burnt({ temperature: 3 }),
    { revision: "1.10" },
  ],
  esp32h21: [
    burnt({ flashCapacity: 1, flashVendor: 1, temperature: 1 }),
    burnt({ flashCapacity: 2, flashVendor: 2 }),
    burnt({ flashCapacity: 3, temperature: 2, package: 3 }),
    { revision: "1.3" },
  ],
  esp32h4: [
    burnt({ flashCapacity: 1, flashVendor: 3, psramCapacity: 1 }),
    burnt({ psramCapacity: 2, psramVendor: 1, flashVendor: 1 }),
    burnt({ flashCapacity: 5, psramCapacity: 3, temperature: 0 }),
    { revision: "2.9", fields: { temperature: 2, package: 3 } },
  ],
  esp32s31: [burnt({ package: 1 }), { revision: "1.15" }],
  esp32e22: [{ crystalMhz: 26 }],
};

/** How many boards of each family have random bits in every eFuse. */
const RANDOM_BOARDS = 3;

/** What must be the same, line by line. */
const IDENTITY_LINE =
  /^(?:Connected to .+(?= on )|(?:Chip type|Features|Crystal frequency|MAC|BASE MAC|MAC_EXT|Chip ID): .*$)/gm;

for (const { id, efuse } of CHIPS) {
  const usual: readonly Variant[] = [{}, ...VARIANTS[id] ?? []];
  // An ESP8266's random OTP words name no vendor of its MAC address.
  const random = efuse.mac === undefined ? 0 : RANDOM_BOARDS;
  const variants = [
    ...usual,
    ...Array.from({ length: random }, (_, seed) => randomWords(id, seed + 1)),
  ];

  peerTest(
    `espline says of every ${id} what esptool says`,
    "esptool",
    async ({ esptool }) => {
      await Promise.all(
        variants.map((variant) => compare(esptool, { chip: id, ...variant })),
      );
    },
  );

  peerTest(
    `esptool works on a virtual ${id} with what runs in its RAM`,
    "esptool",
    ({ esptool }) => useFlash(esptool, id),
  );
}

function randomWords(chip: string, seed: number): Variant {
  const { efuse } = new VirtualBoard({ chip }).chip;
  const addresses = Object.values(efuse.blocks).flatMap(({ address, words }) =>
    Array.from({ length: words }, (_, word) => address + 4 * word)
  );
  const words = new DataView(noise(4 * addresses.length, seed).buffer);
  return {
    registers: Object.fromEntries(
      addresses.map((address, i) => [address, words.getUint32(4 * i)]),
    ),
  };
}

async function compare(
  esptool: string,
  options: VirtualBoardOptions,
): Promise<void> {
  await using ours = new VirtualBoard(options);
  await using theirs = new VirtualBoard(options);
  const words = ["--no-stub", "--after", "no-reset", "chip-id"];
  const real = await runEsptool(esptool, words, theirs);
  const own = await runCli(["--port", "bench", ...words], {
    boards: { bench: ours },
  });
  const context =
    `${JSON.stringify(options)}\nesptool said:\n${real.output}\n` +
    `espline said:\n${own.stdout}${own.stderr}`;
  assert.deepEqual([own.code, real.code], [0, 0], context);
  assert.deepEqual(
    own.stdout.match(IDENTITY_LINE),
    real.output.match(IDENTITY_LINE),
    context,
  );
}

/** Revisions besides the usual one that take another stub, or none. */
const EARLIER: Readonly<Record<string, string>> = {
  esp32c2: "0.0",
  esp32p4: "1.0",
};

/** esptool 5.6 has a stub for it, which is not in the package that espline's stubs are from. */
const WITHOUT_PUBLISHED_STUB = "esp32h21";

/** By the stub where one runs, else by the ROM. */
async function useFlash(esptool: string, chip: string): Promise<void> {
  for (const revision of new Set([undefined, EARLIER[chip]])) {
    await using folder = await temporaryFolder();
    await using board = new VirtualBoard({ chip, revision });
    const data = noise(3000);
    await Deno.writeFile(folder.file("in.bin"), data);
    const run = async (line: string) => {
      const words = line.split(" ").map((word) =>
        word.endsWith(".bin") ? folder.file(word) : word
      );
      const { code, output } = await runEsptool(esptool, words, board);
      assert.equal(code, 0, output);
      board.reset();
      return output;
    };
    const found = await run("flash-id");
    assert.match(found, /^Detected flash size: 4MB$/m);
    const own = await runCli(["--port", "bench", "flash-id"], {
      boards: { bench: board },
    });
    const isStub = /^Stub flasher running\.$/m;
    if (chip !== WITHOUT_PUBLISHED_STUB) {
      assert.equal(isStub.test(own.stdout), isStub.test(found), own.stdout);
    }
    board.reset();
    const written = await run("write-flash 0x10000 in.bin");
    assert.match(written, /^Hash of data verified\.$/m);
    await run("read-flash 0x10000 3000 out.bin");
    assert.deepEqual(
      await Deno.readFile(folder.file("out.bin")),
      data.slice(),
    );
  }
}
