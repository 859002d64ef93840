import assert from "node:assert/strict";
import { loadJob } from "../../lib/provision/mod.ts";
import { testImage } from "./_images.ts";

/** ESP-IDF's single-app table: nvs at 0x9000 (24 KiB), phy_init at 0xf000, factory at 0x10000 (1 MiB). */
const TABLE = `nvs, data, nvs, 0x9000, 0x6000
phy_init, data, phy, 0xf000, 0x1000
factory, app, factory, 0x10000, 1M
certs, data, nvs, 0x110000, 0x3000
`;
const IDENTITIES = `serial,mac,wifi_password
LMP-1,,hunter2!
LMP-2,24:0A:C4:00:00:02,swordfish
`;

async function inFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "espline-job-" });
  try {
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === "string"
        ? new TextEncoder().encode(content)
        : content;
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const COMPLETE = `
name: lamp 1.2
firmware:
  - chip: ESP32
    minRevision: 1.0
    minFlashSize: 4MB
    flashMode: dio
    partitionTable: table.csv
    files:
      - { address: 0x1000, source: boot.bin }
      - { partition: factory, source: app.bin, name: app }
erase: [phy_init]
baud: [921600, 460800]
retries: 1
identity:
  source: { kind: csv, file: ids.csv, key: serial, mac: mac }
  secrets: [wifi_password]
data:
  nvs:
    - values:
        id: { serial: "{serial}", built: { type: u32, value: 7 } }
        wifi: { password: "{wifi_password}" }
  files:
    - { partition: certs, text: "mac={mac}" }
  patches:
    - { file: app, offset: 0x100, type: string, size: 16, value: "{serial}" }
boot: { expect: "READY (?<version>\\\\S+)", timeout: 5s, baud: 74880 }
label: { lines: ["{serial}", "{mac}"], qr: "{serial}", file: "labels/{serial}.svg" }
hooks:
  - { on: pass, command: [echo, "{serial}"], onFailure: ignore }
`;

const FILES = {
  "boot.bin": testImage("esp32", 2000),
  "app.bin": new Uint8Array(5000).fill(7),
  "table.csv": TABLE,
  "ids.csv": IDENTITIES,
};

Deno.test("loadJob reads a whole YAML job, with paths relative to its folder", async () => {
  await inFolder({ ...FILES, "job.yaml": COMPLETE }, async (folder) => {
    const job = await loadJob(`${folder}/job.yaml`);
    const [firmware] = job.firmware;
    assert.ok(firmware);
    assert.equal(job.name, "lamp 1.2");
    assert.deepEqual(
      firmware.files.map(({ address, name }) => [address, name]),
      [[0x1000, "boot.bin"], [0x1_0000, "app"]],
    );
    assert.equal(firmware.minRevision, 100);
    assert.equal(firmware.minFlashSize, 0x40_0000);
    assert.deepEqual(firmware.erase, [{ address: 0xf000, size: 0x1000 }]);
    assert.deepEqual(
      firmware.data.nvs.map(({ place }) => place),
      [{ address: 0x9000, size: 0x6000 }],
    );
    assert.deepEqual(job.identity?.rows.map(({ key, mac }) => [key, mac]), [
      ["LMP-1", undefined],
      ["LMP-2", "24:0a:c4:00:00:02"],
    ]);
    assert.equal(job.job.boot?.timeout, 5000);
    assert.equal(job.job.label?.file, `${folder}/labels/{serial}.svg`);
    assert.match(job.sha256, /^[0-9a-f]{64}$/);
  });
});

Deno.test("loadJob reads the same job as JSON", async () => {
  const json = JSON.stringify({
    name: "lamp",
    firmware: [{
      chip: "esp32",
      files: [{ address: "0x1000", source: "boot.bin" }],
    }],
    boot: { expect: "READY", timeout: "1.5s" },
  });
  await inFolder({ ...FILES, "job.json": json }, async (folder) => {
    const job = await loadJob(`${folder}/job.json`);
    assert.equal(job.firmware[0]?.files[0]?.address, 0x1000);
    assert.equal(job.job.boot?.timeout, 1500);
  });
});

Deno.test("loadJob imports a module's default export", async () => {
  const module = `export default {
    name: "lamp",
    firmware: [{ chip: "esp32", files: [{ address: 0x1000, source: "boot.bin" }] }],
  };`;
  await inFolder(
    { ...FILES, "job.ts": module, "no.ts": "" },
    async (folder) => {
      assert.equal((await loadJob(`${folder}/job.ts`)).firmware.length, 1);
      await assert.rejects(loadJob(`${folder}/no.ts`), {
        code: "job-invalid",
        message: /exports no job as its default/,
      });
    },
  );
});

Deno.test("loadJob tells every problem at once, each with its line", async () => {
  const wrong = `name: lamp
firmwares: []
firmware:
  - chip: esp32
    partitionTable: table.csv
    minFlashSize: 4XB
    files: [{ address: 0x1000, source: boot.bin }]
  - chip: esp32c3
    files:
      - { address: 0x0, source: none.bin }
      - { address: 0x1234, partition: x, source: boot.bin }
  - chip: esp32
    partitionTable: table.csv
    files:
      - address: 0x1000
        source: boot.bin
        sha256: "0000000000000000000000000000000000000000000000000000000000000000"
      - { partition: nowhere, source: app.bin }
      - { partition: phy_init, source: app.bin }
      - { address: 0x9000, source: app.bin }
erase: [nothing]
baud: fast
identity:
  source: { kind: csv, file: ids.csv, key: number }
data:
  nvs:
    - values:
        id: { serial: "{serial}", odd: "{{ok}} {nmae} {" }
  patches:
    - { file: other.bin, offset: 0, type: u8, value: 1 }
boot: { expect: "READY (" }
hooks:
  - { on: after-lunch, url: ftp://x }
`;
  await inFolder({ ...FILES, "job.yaml": wrong }, async (folder) => {
    const error = await loadJob(`${folder}/job.yaml`).then(
      () => assert.fail("It was accepted"),
      (error: Error & { code?: string }) => error,
    );
    assert.equal(error.code, "job-invalid");
    const lines = error.message.split("\n").slice(1);
    for (
      const expected of [
        /^- line 2: the job has no member "firmwares"/,
        /^- line 6: firmware\[0\]\.minFlashSize: "4XB" is no flash size/i,
        /^- line 11: firmware\[1\]\.files\[1\]: needs either "address" or "partition"/,
        /^- line 17: boot\.bin is not the pinned file/,
        /^- line 18: app\.bin: Cannot find partition "nowhere"/,
        /^- line 19: app\.bin has 5000 bytes, its partition 4096/,
        /^- line 27: nvs at 0x0000_9000 overlaps app\.bin/,
        /^- line 21: ESP32: Cannot find partition "nothing"/,
        /^- line 22: baud/,
        /^- line 24: The table of identities has no column "number"/,
        /^- line 28: .*single "\{"/,
        /^- line 30: No firmware has a file "other\.bin"/,
        /^- line 31: boot\.expect: is no regular expression/i,
        /^- line 33: hooks\[0\]\.on/,
        /^- line 33: hooks\[0\]\.url/,
      ]
    ) {
      assert.ok(
        lines.some((line) => expected.test(line)),
        `${expected} in\n${lines.join("\n")}`,
      );
    }
    const numbers = lines.map((line) => Number(/line (\d+)/.exec(line)?.[1]));
    assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
  });
});

Deno.test("loadJob tells where YAML ends to be YAML, and what is no job file", async () => {
  const files = { "job.yaml": "name: lamp\nfirmware: [", "job.txt": "" };
  await inFolder(files, async (folder) => {
    await assert.rejects(loadJob(`${folder}/job.yaml`), {
      code: "job-invalid",
      message: /line 2: /,
    });
    await assert.rejects(loadJob(`${folder}/job.txt`), /ends in none of/);
    await assert.rejects(loadJob(`${folder}/none.yaml`), /no such file/);
  });
});

Deno.test("loadJob takes the files of a build that it names", async () => {
  const build = JSON.stringify({
    flash_files: { "0x1000": "boot.bin", "0x10000": "app.bin" },
    extra_esptool_args: { chip: "esp32" },
  });
  const job = (from: string) =>
    JSON.stringify({ name: "lamp", firmware: [{ chip: "esp32", from }] });
  const files = {
    ...FILES,
    "flasher_args.json": build,
    "job.json": job("flasher_args.json"),
    "none.json": job("nowhere.json"),
  };
  await inFolder(files, async (folder) => {
    const { firmware } = await loadJob(`${folder}/job.json`);
    assert.deepEqual(
      firmware[0]?.files.map(({ address, name }) => [address, name]),
      [[0x1000, "boot.bin"], [0x1_0000, "app.bin"]],
    );
    await assert.rejects(loadJob(`${folder}/none.json`), {
      code: "job-invalid",
      message: /nowhere\.json/,
    });
  });
});
