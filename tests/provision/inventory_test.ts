import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "npm:fast-check@4.10.2";
import { EspError } from "../../lib/errors.ts";
import {
  formatInventory,
  mergeInventory,
  parseInventory,
  readInventory,
  writeInventory,
} from "../../lib/provision/inventory.ts";
import {
  INVENTORY_COLUMNS,
  type InventoryRow,
  inventoryRow,
} from "../../lib/provision/inventory_row.ts";
import type { BoardResult } from "../../lib/provision/result.ts";

const PASSED: BoardResult = {
  id: "00000000-0000-4000-8000-000000000000",
  slot: "a",
  station: "local",
  attempt: 1,
  port: "/dev/ttyUSB0",
  job: "lamp 1.0",
  result: "pass",
  identity: {
    chip: "ESP32",
    description: "ESP32-D0WD-V3 (revision v3.0)",
    revision: { major: 3, minor: 0 },
    features: ["Wi-Fi", "BT"],
    crystalMhz: 40,
    mac: "24:0a:c4:00:00:01",
    chipId: 0x1,
  },
  flash: { manufacturer: 0x20, device: 0x4016, size: 0x40_0000 },
  files: [
    { address: 0x1000, name: "a", size: 4, sha256: "aa", skipped: false },
    { address: 0x8000, name: "b", size: 4, sha256: "bb", skipped: true },
  ],
  steps: [{ step: "open", ms: 1.5 }],
  startedAt: "2026-01-01T00:00:00.000Z",
  finishedAt: "2026-01-01T00:00:01.000Z",
  durationMs: 999.6,
};

const LOST: BoardResult = {
  id: "00000000-0000-4000-8000-000000000000",
  slot: "a",
  station: "local",
  attempt: 1,
  port: "/dev/ttyUSB1",
  job: "lamp 1.0",
  result: "fail",
  failure: {
    step: "open",
    code: "no-sync-reply",
    message: "Cannot connect:\n=cmd|'/c calc'\x1b[2J\u202e",
  },
  files: [],
  steps: [{ step: "open", ms: 3 }],
  startedAt: "2026-01-01T00:00:00.000Z",
  finishedAt: "2026-01-01T00:00:03.000Z",
  durationMs: 3,
};

async function inFolder(
  work: (path: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(join(folder, "inventory.csv"), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function isFileInvalid(error: unknown): boolean {
  return error instanceof EspError && error.code === "file-invalid";
}

Deno.test("inventoryRow fills every column of a board that passed", () => {
  const row = inventoryRow({
    ...PASSED,
    jobSha256: "cc",
    operator: "Ada",
    baud: 460_800,
    attempt: 2,
    claim: {
      pool: "lamps",
      key: "LMP-1",
      again: false,
      // A row's cell cannot take the place of what a board says.
      values: { serial: "LMP-1", colour: "red", mac: "any", result: "fail" },
    },
    columns: { batch: "2026-11", bom_rev: "C", tray: "7" },
    labelCode: "https://x.example/LMP-1",
    usb: { vendorId: 0x303a, productId: 0x1001, serialNumber: "S:1" },
    security: { flags: 0x5, flashCryptCount: 3 },
    application: {
      project: "lamp",
      version: "1.2.0",
      idfVersion: "v5.4",
      elfSha256: "dd",
    },
    partitionTableSha256: "ee",
    identity: {
      ...PASSED.identity!,
      features: ["Wi-Fi", "Embedded PSRAM 8MB (AP_3v3)"],
    },
  });
  const { tool_version: version, ...rest } = row;
  assert.match(version ?? "", /^\d+\.\d+\.\d+/);
  assert.deepEqual(rest, {
    mac: "24:0a:c4:00:00:01",
    serial_number: "LMP-1",
    chip_id: "0x00000001",
    chip: "ESP32-D0WD-V3 (revision v3.0)",
    package: "ESP32-D0WD-V3",
    revision: "v3.0",
    features: "Wi-Fi, Embedded PSRAM 8MB (AP_3v3)",
    psram: "Embedded PSRAM 8MB (AP_3v3)",
    crystal_mhz: "40",
    flash_manufacturer: "0x20",
    flash_device: "0x4016",
    flash_size: "4MB",
    usb: "303a:1001:S:1",
    security_flags: "0x00000005",
    flash_crypt_count: "3",
    job: "lamp 1.0",
    job_sha256: "cc",
    firmware_project: "lamp",
    firmware_version: "1.2.0",
    idf_version: "v5.4",
    elf_sha256: "dd",
    firmware_sha256: "aa bb",
    partition_table_sha256: "ee",
    pool: "lamps",
    label_code: "https://x.example/LMP-1",
    batch: "2026-11",
    bom_rev: "C",
    result: "pass",
    failed_step: "",
    error_code: "",
    error: "",
    started_at: "2026-01-01T00:00:00.000Z",
    finished_at: "2026-01-01T00:00:01.000Z",
    duration_ms: "1000",
    step_ms: "open=2",
    attempt: "2",
    baud: "460800",
    station: "local",
    slot: "a",
    port: "/dev/ttyUSB0",
    operator: "Ada",
    serial: "LMP-1",
    colour: "red",
    tray: "7",
  });
  const known = new Set(Object.keys(row));
  assert.deepEqual(INVENTORY_COLUMNS.filter((name) => !known.has(name)), []);
});

Deno.test("inventoryRow keeps a serial number that this run did not come to", () => {
  const first = inventoryRow({
    ...PASSED,
    claim: { pool: "lamps", key: "LMP-1", again: false, values: {} },
  });
  const failed = inventoryRow({
    ...PASSED,
    result: "fail",
    files: [],
    failure: { code: "timeout", message: "x", step: "check" },
  });
  const [row] = mergeInventory([first], [failed]);
  assert.deepEqual(
    [row?.serial_number, row?.pool, row?.result, row?.firmware_sha256],
    ["LMP-1", "lamps", "fail", ""],
  );
});

Deno.test("inventoryRow makes text from a device harmless", () => {
  const { error, error_code, failed_step, mac } = inventoryRow(LOST);
  assert.equal(error, "Cannot connect: =cmd|'/c calc'\ufffd[2J\ufffd");
  assert.deepEqual([error_code, failed_step, mac], [
    "no-sync-reply",
    "open",
    "",
  ]);
});

Deno.test("mergeInventory lets a look keep a job's record, and a job replace it", () => {
  const first = mergeInventory([], [inventoryRow(PASSED)]);
  const { job: _, ...look } = PASSED;
  const seen = mergeInventory(first, [
    inventoryRow({ ...look, port: "/dev/ttyUSB7", files: [] }),
  ]);
  assert.equal(seen.length, 1);
  assert.equal(seen[0]?.port, "/dev/ttyUSB7");
  assert.equal(seen[0]?.firmware_sha256, "aa bb");
  assert.equal(seen[0]?.result, "pass");
  const failed = mergeInventory(seen, [inventoryRow({
    ...PASSED,
    result: "fail",
    files: [],
    failure: { code: "timeout", message: "x", step: "write" },
  })]);
  assert.equal(failed.length, 1);
  assert.equal(failed[0]?.firmware_sha256, "");
  assert.equal(failed[0]?.error_code, "timeout");
});

Deno.test("mergeInventory keys boards without a MAC address by their port", () => {
  const table = mergeInventory(
    [inventoryRow(PASSED), inventoryRow(LOST)],
    [
      inventoryRow({ ...LOST, durationMs: 7 }),
      inventoryRow({ ...LOST, port: "COM9" }),
      inventoryRow({ ...LOST, station: "other", durationMs: 9 }),
    ],
  );
  assert.deepEqual(
    table.map(({ port, duration_ms }) => [port, duration_ms]),
    [
      ["/dev/ttyUSB0", "1000"],
      ["/dev/ttyUSB1", "7"],
      ["COM9", "3"],
      ["/dev/ttyUSB1", "9"],
    ],
  );
});

Deno.test("formatInventory writes RFC 4180 with CRLF, and quotes what needs it", () => {
  const text = formatInventory([
    { mac: "1", port: 'a"b', note: "x,y", chip: "two\nlines" },
  ]);
  const [header, row] = text.split("\r\n");
  assert.equal(header, `${INVENTORY_COLUMNS.join(",")},note`);
  const cells = INVENTORY_COLUMNS.map((column) =>
    ({ mac: "1", chip: '"two\nlines"', port: '"a""b"' })[column as string] ?? ""
  );
  assert.equal(row, [...cells, '"x,y"'].join(","));
  assert.ok(text.endsWith("\r\n"));
});

Deno.test("formatInventory guards cells that a spreadsheet would run", () => {
  for (const cell of ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=x", "''@"]) {
    const text = formatInventory([{ mac: cell, port: "" }]);
    assert.ok(/^"?'/.test(text.split("\r\n")[1] ?? ""), JSON.stringify(text));
    assert.equal(parseInventory(text)[0]?.mac, cell);
  }
});

Deno.test("parseInventory gives back what formatInventory was given", () => {
  const cell = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({
      unit: fc.constantFrom(..."\",\r\n\t'=+-@; \u2028é😀a\ufeff"),
    }),
  );
  const columns = fc.uniqueArray(cell, { maxLength: 3 }).map((extra) => [
    ...new Set([...INVENTORY_COLUMNS, ...extra]),
  ]);
  const table = columns.chain((names) =>
    fc.array(
      fc.tuple(...names.map(() => cell)).map((cells): InventoryRow =>
        Object.fromEntries(
          names.map((name, index) => [name, cells[index] ?? ""]),
        )
      ),
      { minLength: 1, maxLength: 4 },
    )
  );
  fc.assert(fc.property(table, (rows) => {
    assert.deepEqual(parseInventory(formatInventory(rows)), rows);
  }));
});

Deno.test("parseInventory takes LF, a byte order mark and nothing at all", () => {
  assert.deepEqual(parseInventory("\ufeffmac,port\na,b\n"), [
    { mac: "a", port: "b" },
  ]);
  assert.deepEqual(parseInventory(""), []);
});

Deno.test("parseInventory refuses what is no inventory", () => {
  for (
    const text of [
      "mac,port\r\na",
      "mac,port\r\na,b,c\r\n",
      'mac,port\r\n"a,b\r\n',
      "name,price\r\na,b\r\n",
      "mac;port\r\na;b\r\n",
      "mac,port,mac\r\na,b,c\r\n",
    ]
  ) {
    assert.throws(() => parseInventory(text), SyntaxError, text);
  }
});

Deno.test("writeInventory merges with the file that is there and keeps its own columns", async () => {
  await inFolder(async (path, folder) => {
    await Deno.writeTextFile(
      path,
      "mac,port,note\r\n24:0A:C4:00:00:01,old,blue lamp\r\nother,p,x\r\n",
    );
    await writeInventory(path, [inventoryRow(PASSED)]);
    const table = await readInventory(path);
    assert.deepEqual(
      table.map(({ mac, port, note }) => [mac, port, note]),
      [["24:0a:c4:00:00:01", "/dev/ttyUSB0", "blue lamp"], ["other", "p", "x"]],
    );
    assert.deepEqual(Array.from(Deno.readDirSync(folder), (e) => e.name), [
      "inventory.csv",
    ]);
  });
});

Deno.test("writeInventory writes through a symbolic link", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await inFolder(async (path, folder) => {
    const link = join(folder, "link.csv");
    await Deno.writeTextFile(path, "mac,port\r\n");
    await Deno.symlink(path, link);
    await writeInventory(link, [inventoryRow(PASSED)]);
    assert.ok((await Deno.lstat(link)).isSymlink);
    assert.equal((await readInventory(path)).length, 1);
  });
});

Deno.test("writeInventory leaves alone what it cannot read", async () => {
  await inFolder(async (path) => {
    for (
      const bytes of [
        new TextEncoder().encode("mac,port\r\na"),
        Uint8Array.of(0x6d, 0xff, 0xfe),
      ]
    ) {
      await Deno.writeFile(path, bytes);
      await assert.rejects(
        writeInventory(path, [inventoryRow(PASSED)]),
        isFileInvalid,
      );
      assert.deepEqual(await Deno.readFile(path), bytes);
    }
  });
});

Deno.test("writeInventory leaves the old file when the new one cannot take its place", async () => {
  const { rename } = Deno;
  await inFolder(async (path, folder) => {
    await writeInventory(path, [inventoryRow(PASSED)]);
    const before = await Deno.readTextFile(path);
    try {
      Deno.rename = () => Promise.reject(new Deno.errors.PermissionDenied());
      await assert.rejects(
        writeInventory(path, [inventoryRow(LOST)]),
        isFileInvalid,
      );
    } finally {
      Deno.rename = rename;
    }
    assert.equal(await Deno.readTextFile(path), before);
    assert.equal(Array.from(Deno.readDirSync(folder)).length, 1);
  });
});

Deno.test("writeInventory tells of a folder that is not there", async () => {
  await inFolder(async (_, folder) => {
    await assert.rejects(
      writeInventory(join(folder, "no", "inventory.csv"), []),
      isFileInvalid,
    );
  });
});
