import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import {
  bootPartition,
  eraseOtaData,
  findOtaData,
  otaSlots,
  parseOtaData,
  selectOtaSlot,
} from "../../lib/image/ota_data.ts";
import { parsePartitionCsv } from "../../lib/image/partition_csv.ts";
import { parsePartitionTable } from "../../lib/image/partition_table.ts";
import { SINGLE_APP, TWO_OTA } from "./_partition_vectors.ts";

/** CRC-32 of a sequence, as Python's `zlib.crc32(struct.pack("<I", n), 0xffffffff)` has it. */
const CRCS: Readonly<Record<number, string>> = {
  1: "9a984347",
  2: "7437f655",
  3: "11504aed",
  5: "cd0f21c8",
  6: "23a094da",
  0xffff_fffe: "79b8f899",
};

const { partitions: TABLE } = parsePartitionTable(TWO_OTA);

/** A copy by sequence and state, written out by hand from `esp_ota_select_entry_t`. */
function copy(sequence: number, state = "ffffffff"): string {
  const word = new Uint8Array(4);
  new DataView(word.buffer).setUint32(0, sequence, true);
  return word.toHex() + "ff".repeat(20) + state + CRCS[sequence];
}

/** OTA data of two copies, erased where one is left out. */
function otaData(first = "", second = ""): Uint8Array {
  const data = new Uint8Array(0x2000).fill(0xff);
  data.set(Uint8Array.fromHex(first));
  data.set(Uint8Array.fromHex(second), 0x1000);
  return data;
}

const STATE = {
  new: "00000000",
  pending: "01000000",
  invalid: "03000000",
  aborted: "04000000",
} as const;

/** Two copies, which of them counts, and what starts of factory, ota_0 and ota_1. */
const CASES: readonly [string, Uint8Array, 0 | 1 | undefined, string][] = [
  ["erased", otaData(), undefined, "factory"],
  ["first only", otaData(copy(1)), 0, "ota_0"],
  ["second only", otaData("", copy(2)), 1, "ota_1"],
  ["a newer second", otaData(copy(1), copy(2)), 1, "ota_1"],
  ["a newer first", otaData(copy(3), copy(2)), 0, "ota_0"],
  ["two of one age", otaData(copy(2), copy(2)), 0, "ota_1"],
  ["a new one", otaData(copy(1), copy(2, STATE.new)), 1, "ota_1"],
  ["a pending one", otaData(copy(1), copy(2, STATE.pending)), 1, "ota_1"],
  ["an aborted one", otaData(copy(1), copy(2, STATE.aborted)), 0, "ota_0"],
  ["an invalid one", otaData(copy(3, STATE.invalid), copy(2)), 1, "ota_1"],
  ["none to start", otaData(copy(1, STATE.invalid)), undefined, "factory"],
  [
    "a wrong CRC",
    otaData(copy(1), copy(2).slice(0, -2) + "00"),
    0,
    "ota_0",
  ],
];

for (const [name, bytes, active, starts] of CASES) {
  Deno.test(`parseOtaData and bootPartition know what starts: ${name}`, () => {
    const data = parseOtaData(bytes);
    assert.equal(data.active, active);
    assert.equal(bootPartition(data, TABLE)?.name, starts);
  });
}

Deno.test("parseOtaData tells what a copy holds", () => {
  const [first, second] = parseOtaData(otaData(copy(6, STATE.aborted))).copies;
  assert.deepEqual(first, {
    sequence: 6,
    state: "aborted",
    label: new Uint8Array(20).fill(0xff),
    isErased: false,
    isValid: true,
    isBootable: false,
  });
  assert.deepEqual([second.isErased, second.isValid], [true, false]);
  const odd = parseOtaData(otaData(copy(6, "07000000"))).copies[0];
  assert.deepEqual([odd.state, odd.isBootable], [7, true]);
});

Deno.test("parseOtaData refuses less than two sectors", () => {
  assert.throws(() => parseOtaData(new Uint8Array(0x1fff)), {
    name: "ImageError",
    message: "Cannot parse OTA data: they have 8191 bytes, not 8192",
  });
});

Deno.test("bootPartition takes ota_0 where there is no factory application", () => {
  const csv = "a,app,ota_1,,64K\nb,app,ota_0,,64K\notadata,data,ota,,8K";
  const partitions = parsePartitionCsv(csv);
  assert.equal(bootPartition(parseOtaData(otaData()), partitions)?.name, "b");
  assert.deepEqual(otaSlots(partitions).map(({ name }) => name), ["b", "a"]);
  const none = parsePartitionCsv("nvs,data,nvs,,24K");
  assert.equal(bootPartition(parseOtaData(otaData()), none), undefined);
});

Deno.test("bootPartition takes the factory application where there are no slots", () => {
  const { partitions } = parsePartitionTable(SINGLE_APP);
  const data = parseOtaData(otaData(copy(2)));
  assert.equal(bootPartition(data, partitions)?.name, "factory");
});

Deno.test("otaSlots refuses a gap, because the bootloader counts slots", () => {
  const gap = parsePartitionCsv("a,app,ota_0,,64K\nb,app,ota_2,,64K");
  assert.throws(() => otaSlots(gap), {
    name: "ImageError",
    message: "Cannot tell the OTA slots: the table has 2, and not one ota_1",
  });
});

Deno.test("findOtaData finds the partition of OTA data", () => {
  assert.equal(findOtaData(TABLE).name, "otadata");
  const { partitions } = parsePartitionTable(SINGLE_APP);
  assert.throws(() => findOtaData(partitions), { code: "partition-unknown" });
});

/** What there is, the slot to select of two, and what there is then. */
const SELECTIONS: readonly [Uint8Array, number, Uint8Array][] = [
  [otaData(), 0, otaData(copy(1))],
  [otaData(), 1, otaData(copy(2))],
  [otaData(copy(1)), 1, otaData(copy(1), copy(2))],
  [otaData(copy(1)), 0, otaData(copy(1), copy(3))],
  [otaData(copy(1), copy(2)), 0, otaData(copy(3), copy(2))],
  [otaData(copy(5), copy(2)), 1, otaData(copy(5), copy(6))],
  [otaData(copy(1), copy(2, STATE.aborted)), 1, otaData(copy(1), copy(2))],
  [otaData(copy(1, STATE.invalid)), 1, otaData(copy(2))],
  [otaData(copy(0xffff_fffe), copy(3)), 0, otaData(copy(1))],
];

SELECTIONS.forEach(([before, slot, after], index) => {
  Deno.test(`selectOtaSlot writes the copy that does not count: case ${index}`, () => {
    const kept = before.slice();
    assert.deepEqual(selectOtaSlot(before, slot, 2), after);
    assert.deepEqual(before, kept, "what is given is not changed");
  });
});

Deno.test("selectOtaSlot writes the state it is told", () => {
  assert.deepEqual(
    selectOtaSlot(otaData(copy(1)), 1, 2, { state: "new" }),
    otaData(copy(1), copy(2, STATE.new)),
  );
});

Deno.test("selectOtaSlot refuses a slot that the table lacks", () => {
  for (const slot of [-1, 2, 0.5]) {
    assert.throws(() => selectOtaSlot(otaData(), slot, 2), RangeError);
  }
});

Deno.test("selectOtaSlot replaces what is no OTA data only by force", () => {
  const foreign = otaData("00", "01");
  assert.throws(() => selectOtaSlot(foreign, 0, 2), ImageError);
  assert.deepEqual(
    selectOtaSlot(foreign, 0, 2, { force: true }),
    otaData(copy(1)),
  );
  // A copy that the other has outlived is no reason to stop.
  assert.deepEqual(
    selectOtaSlot(otaData(copy(1), "00"), 1, 2),
    otaData(copy(1), copy(2)),
  );
});

Deno.test("selectOtaSlot makes any slot start, whatever was selected before", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 16 }),
      fc.array(fc.nat(15), { minLength: 1, maxLength: 12 }),
      (count, slots) => {
        const csv = Array.from(
          { length: count },
          (_, slot) => `s${slot},app,ota_${slot},,64K`,
        ).join("\n");
        const partitions = parsePartitionCsv(csv);
        let bytes = eraseOtaData();
        for (const slot of slots.map((slot) => slot % count)) {
          bytes = selectOtaSlot(bytes, slot, count);
          assert.equal(
            bootPartition(parseOtaData(bytes), partitions)?.name,
            `s${slot}`,
          );
        }
      },
    ),
    { numRuns: 50 },
  );
});
