/** What a whole run puts into the inventory. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chipById } from "../../mod.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import {
  inspectLine,
  inventoryRow,
  openStore,
  prepareJob,
  type ProvisionJob,
  runLine,
} from "../../lib/provision/mod.ts";
import { VirtualBoard } from "../../lib/simulator/mod.ts";
import { testImage } from "./_images.ts";

const CHIP = chipById("esp32c3");
const TABLE = Uint8Array.fromHex(
  [
    // nvs: data, nvs, 0x9000, 0x6000; app: app, factory, 0x10000, 0x100000
    "aa500102" + "00900000" + "00600000" + "6e7673",
    "aa500000" + "00000100" + "00001000" + "617070",
  ].map((entry) => entry.padEnd(64, "0")).join("").padEnd(0xc00 * 2, "f"),
);
/** Where esp_app_desc_t has its fields, by ESP-IDF's esp_app_desc.h. */
const FIELDS = { version: 16, project: 48, idf: 112, elf: 144 };

/** A program whose first segment begins with a description of itself. */
function application(version: string): Uint8Array {
  const data = new Uint8Array(512);
  data.set([0x32, 0x54, 0xcd, 0xab]);
  const put = (at: number, text: string) =>
    data.set(new TextEncoder().encode(text), at);
  put(FIELDS.version, version);
  put(FIELDS.project, "lamp");
  put(FIELDS.idf, "v5.4.1");
  data.fill(0xe1, FIELDS.elf, FIELDS.elf + 32);
  const segments = [{ address: 0x3c00_0020, data }];
  return buildImage({ entry: 0x4038_0000, segments }, { chip: CHIP });
}

const SECRET = "a-secret-pin";

async function job(
  table: string,
  extra: Partial<ProvisionJob> = {},
): Promise<ProvisionJob> {
  await Deno.writeTextFile(table, `sn,pin,colour\nLMP-1,${SECRET},red\n`);
  return {
    name: "lamp",
    firmware: [{
      chip: "esp32c3",
      files: [
        { address: 0, source: testImage("esp32c3", 2000), name: "boot" },
        { address: 0x8000, source: TABLE, name: "table" },
        { partition: "app", source: application("1.2.0"), name: "app" },
      ],
    }],
    identity: {
      source: { kind: "csv", file: table, key: "sn" },
      secrets: ["pin"],
    },
    columns: { batch: "2026-11", bom_rev: "C", tray: "{slot}/{colour}" },
    label: { qr: "MT:{sn}:{pin}", lines: ["{sn}"], file: `${table}.svg` },
    ...extra,
  };
}

async function withTable(
  work: (table: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(`${folder}/ids.csv`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("runLine records what the written files, the chip and its port say", async () => {
  await withTable(async (table) => {
    await using store = await openStore(":memory:");
    await using board = new VirtualBoard({ chip: "esp32c3", usb: "jtag" });
    const [result] = await runLine([board], await job(table), {
      store,
      operator: "Ada",
      slots: { [board.port]: "left" },
    });
    assert.ok(result);
    const row = inventoryRow(result);
    assert.equal(result.failure, undefined);
    assert.deepEqual(
      {
        firmware_project: row["firmware_project"],
        firmware_version: row["firmware_version"],
        idf_version: row["idf_version"],
        elf_sha256: row["elf_sha256"],
        partition_table_sha256: row["partition_table_sha256"],
        usb: row["usb"],
        operator: row["operator"],
        serial_number: row["serial_number"],
        batch: row["batch"],
        tray: row["tray"],
        colour: row["colour"],
        label_code: row["label_code"],
      },
      {
        firmware_project: "lamp",
        firmware_version: "1.2.0",
        idf_version: "v5.4.1",
        elf_sha256: "e1".repeat(32),
        partition_table_sha256: createHash("sha256").update(TABLE).digest(
          "hex",
        ),
        usb: "303a:1001",
        operator: "Ada",
        serial_number: "LMP-1",
        batch: "2026-11",
        tray: "left/red",
        colour: "red",
        label_code: "MT:LMP-1:•••",
      },
    );
    assert.match(row["security_flags"] ?? "", /^0x[\da-f]{8}$/);
    assert.match(row["step_ms"] ?? "", /^open=\d+ identify=\d+ .*record=\d+$/);
    assert.equal(row["pin"], undefined);
    assert.ok(!JSON.stringify(await store.attempts()).includes(SECRET));
  });
});

Deno.test("runLine finds the application in a whole flash in one file", async () => {
  await withTable(async (table) => {
    const app = application("2.0");
    const whole = new Uint8Array(0x1_0000 + app.length).fill(0xff);
    whole.set(testImage("esp32c3", 2000));
    whole.set(TABLE, 0x8000);
    whole.set(app, 0x1_0000);
    const { firmware: [firmware] } = await prepareJob(
      await job(table, {
        firmware: [{
          chip: "esp32c3",
          files: [{ address: 0, source: whole }],
        }],
      }),
    );
    assert.equal(firmware?.contents.application?.version, "2.0");
    const table3k = whole.subarray(0x8000, 0x8c00);
    assert.equal(
      firmware?.contents.partitionTableSha256,
      createHash("sha256").update(table3k).digest("hex"),
    );
  });
});

Deno.test("inspectLine asks no chip for what it cannot tell", async () => {
  await using board = new VirtualBoard({ chip: "esp8266" });
  const [result] = await inspectLine([board]);
  assert.equal(result?.result, "pass");
  assert.deepEqual([result?.security, result?.usb], [undefined, undefined]);
});

Deno.test("prepareJob refuses columns that show a secret or are taken", async () => {
  await withTable(async (table) => {
    const wrong: readonly [Record<string, string>, RegExp][] = [
      [{ note: "{pin}" }, /cannot show secret "pin"/],
      [{ note: "{size}" }, /no value "size"/],
      [{ mac: "x" }, /column that the inventory fills/],
    ];
    for (const [columns, message] of wrong) {
      await assert.rejects(prepareJob(await job(table, { columns })), message);
    }
  });
});
