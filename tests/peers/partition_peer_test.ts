/**
 * The tool of ESP-IDF that reads and writes partition tables, as Espressif's
 * package `esp-idf-defs` has it, and espline make the same of the same tables.
 */

import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import {
  bootPartition,
  encodePartitionTable,
  eraseOtaData,
  formatPartitionCsv,
  otaSlots,
  parseOtaData,
  parsePartitionCsv,
  parsePartitionTable,
  selectOtaSlot,
} from "../../lib/image/mod.ts";
import {
  CUSTOM_TYPES,
  SINGLE_APP,
  SINGLE_APP_CSV,
  TWO_OTA,
  TWO_OTA_CSV,
} from "../image/_partition_vectors.ts";
import { peerTest } from "./_peers.ts";

/** What the peer makes of a text: the table's bytes and its text, or that it refuses it. */
interface Answer {
  readonly hex?: string;
  readonly csv?: string;
  readonly error?: string;
}

const CONVERT = `
import json, sys
from esp_idf_defs.partitions import PartitionTable
def convert(text):
    try:
        table = PartitionTable.from_csv(text, 0x8000, 0x1000)
        table.verify(0x8000)
        data = table.to_binary()
        return {"hex": data.hex(), "csv": PartitionTable.from_binary(data).to_csv()}
    except Exception as error:
        return {"error": str(error)}
print(json.dumps([convert(text) for text in json.load(sys.stdin)]))
`;

const READ = `
import json, sys
from esp_idf_defs.partitions import PartitionTable
print(json.dumps([PartitionTable.from_binary(bytes.fromhex(text)).to_csv() for text in json.load(sys.stdin)]))
`;

const SELECT = `
import json, sys
from esp_idf_defs.otadata import OtaDataSelectEntry as Entry
def read(case):
    data = bytes.fromhex(case["hex"])
    entry, copy = Entry.select(Entry.from_bytes(data), Entry.from_bytes(data[32:]))
    return None if entry is None else [copy, entry.seq, entry.ota_slot(case["count"])]
print(json.dumps([read(case) for case in json.load(sys.stdin)]))
`;

/** Runs a script once for all questions: starting Python takes longer than answering. */
async function ask<T>(
  python: string,
  script: string,
  questions: readonly unknown[],
): Promise<T[]> {
  const child = new Deno.Command(python, {
    args: ["-c", script],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(questions)));
  await writer.close();
  const { stdout, stderr } = await output;
  assert.equal(new TextDecoder().decode(stderr), "");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** As {@linkcode CONVERT} has them. */
const RULES = { tableOffset: 0x8000, bootloaderOffset: 0x1000 };
const SIZES = ["4K", "0x3000", "0x6000", "64k", "65536", "1M", "0x10000", "1m"];
const SUBTYPES: Readonly<Record<string, readonly string[]>> = {
  app: ["factory", "test", "ota_0", "ota_7", "ota_15", "0x20", "tee_1"],
  APP: ["FACTORY", "0"],
  data: ["nvs", "phy", "ota", "coredump", "nvs_keys", "efuse", "undefined"],
  1: ["esphttpd", "fat", "spiffs", "littlefs", "tee_ota", "", "0x99", "254"],
  0x40: ["1", "0x07", ""],
  0xfe: ["0"],
  bootloader: ["ota"],
  partition_table: ["ota"],
};
const FLAGS = ["", "encrypted", "readonly", "encrypted:readonly"];

/** Lines as projects have them, right and wrong. */
const anyLine = fc.constantFrom(...Object.keys(SUBTYPES)).chain((type) =>
  fc.record({
    subtype: fc.constantFrom(...SUBTYPES[type] ?? [""]),
    offset: fc.constantFrom("", "", "", "0x9000", "0x20000", "2M", "0x10004"),
    size: fc.constantFrom(...SIZES),
    flags: fc.constantFrom(...FLAGS),
    // The sizes of these are not for the file to say.
  }).map((
    { subtype, offset, size, flags },
  ) => [type, subtype, offset, /boot|table/.test(type) ? "" : size, flags])
);

const anyTable = fc.array(anyLine, { minLength: 1, maxLength: 6 }).map(
  (lines) =>
    lines.map((fields, index) => [`part_${index}`, ...fields].join(", "))
      .join("\n"),
);

const WRONG = [
  "a, app, factory, 32K, 1M",
  "a, data, nvs, 0x9000, 24K\nb, data, fat, 0xe000, 24K",
  "a, data, nvs, 0x8000, 24K",
  "a, data, nvs, 0x9000, 24K\na, data, fat, , 24K",
  "a, data, nvs",
  "a, data, nvs, 0x9000, 2G",
  "a, nonsense, nvs, 0x9000, 24K",
  "a, data, nonsense, 0x9000, 24K",
  "a, data, nvs, 0x9000, 24K, nonsense",
  "a, app, , 0x10000, 1M",
  "a, data, ota, 0x9000, 4K",
  "a, data, ota,, 8K\nb, data, ota,, 8K",
  "a, data, nvs, 0x9000, 8K",
  "a, data, coredump,, 8K, readonly",
  "a, app, factory, , 0x10001",
  "a, 0x100, 1, , 4K",
];

peerTest(
  "partition tables are what ESP-IDF's tool makes of the same text",
  "idf_python",
  async ({ idf_python }) => {
    const texts = [
      SINGLE_APP_CSV,
      TWO_OTA_CSV,
      ...WRONG,
      ...fc.sample(anyTable, { numRuns: 400, seed: 4 }),
    ];
    const answers = await ask<Answer>(idf_python, CONVERT, texts);
    let accepted = 0;
    texts.forEach((text, index) => {
      const { hex, csv, error } = answers[index] ?? {};
      if (error !== undefined) {
        // An order that the tool refuses overlaps nothing, and makes a table that it reads.
        if (/Previous partition ends/.test(error)) return;
        assert.throws(() => parsePartitionCsv(text, RULES), Error, text);
        return;
      }
      accepted++;
      const partitions = parsePartitionCsv(text, RULES);
      assert.equal(encodePartitionTable(partitions).toHex(), hex, text);
      assert.equal(formatPartitionCsv(partitions), csv);
    });
    assert.ok(accepted > 50, `${accepted} were accepted`);
  },
);

peerTest(
  "partition tables are to ESP-IDF's tool what they are to espline",
  "idf_python",
  async ({ idf_python }) => {
    const tables = [SINGLE_APP, TWO_OTA, CUSTOM_TYPES];
    const answers = await ask<string>(
      idf_python,
      READ,
      tables.map((table) => table.toHex()),
    );
    assert.deepEqual(
      tables.map((table) =>
        formatPartitionCsv(parsePartitionTable(table).partitions)
      ),
      answers,
    );
  },
);

peerTest(
  "OTA data say the same to Espressif's package",
  "idf_python",
  async ({ idf_python }) => {
    const cases: { hex: string; count: number }[] = [];
    const expected: ([string, number, number] | null)[] = [];
    for (let count = 1; count <= 16; count++) {
      const csv = Array.from(
        { length: count },
        (_, i) => `s${i},app,ota_${i},,64K`,
      );
      const partitions = parsePartitionCsv(csv.join("\n"));
      let bytes = eraseOtaData();
      for (let step = 0; step < 8; step++) {
        const { copies, active } = parseOtaData(bytes);
        const entries = [bytes.subarray(0, 32), bytes.subarray(0x1000, 0x1020)];
        cases.push({
          hex: entries.map((entry) => entry.toHex()).join(""),
          count,
        });
        const boots = bootPartition(parseOtaData(bytes), partitions);
        const slot = otaSlots(partitions).findIndex(({ name }) =>
          name === boots?.name
        );
        expected.push(
          active === undefined
            ? null
            : [active === 0 ? "a" : "b", copies[active].sequence, slot],
        );
        bytes = selectOtaSlot(bytes, (step * 5) % count, count);
      }
    }
    assert.deepEqual(await ask(idf_python, SELECT, cases), expected);
  },
);
