import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inflateSync } from "node:zlib";
import { chipById, CHIPS } from "../../lib/chips/registry.ts";
import { EspError } from "../../lib/errors.ts";
import { isDigestValid, parseImage } from "../../lib/image/esp_image.ts";
import { prepareJob } from "../../lib/provision/firmware.ts";
import { readFirmwareArguments } from "../../lib/provision/firmware_arguments.ts";
import { familyOfImage } from "../../lib/provision/image_family.ts";
import type { FirmwareFile, ProvisionJob } from "../../lib/provision/job.ts";
import { testImage } from "./_images.ts";

/** What is wrong with a job, as the lines of its error. */
async function problemsOf(job: ProvisionJob): Promise<string[]> {
  const error = await prepareJob(job).then(
    () => assert.fail("the job was taken"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof EspError, String(error));
  assert.equal(error.code, "job-invalid");
  const [first = "", ...rest] = error.message.split("\n");
  return rest.length === 0
    ? [first.replace(/^Cannot use job "[^"]*": /, "")]
    : rest.map((line) => line.replace(/^- /, ""));
}

function esp32Job(...files: FirmwareFile[]): ProvisionJob {
  return { name: "test", firmware: [{ chip: "esp32", files }] };
}

async function inFolder(work: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("prepareJob hashes, pads and compresses each file", async () => {
  const image = testImage("esp32");
  const data = Uint8Array.of(1, 2, 3, 4, 5);
  const job = await prepareJob(
    esp32Job({ address: 0x8000, source: data }, {
      address: 0x1000,
      source: image,
      name: "boot",
    }),
  );
  const [firmware] = job.firmware;
  assert.deepEqual(
    firmware?.files.map(({ address, name }) => [address, name]),
    [[0x1000, "boot"], [0x8000, "0x0000_8000"]],
  );
  const file = firmware?.files[1];
  assert.ok(file);
  assert.deepEqual([...file.data], [1, 2, 3, 4, 5, 0xff, 0xff, 0xff]);
  assert.deepEqual([...inflateSync(file.deflated ?? new Uint8Array())], [
    ...file.data,
  ]);
  assert.equal(file.sha256, createHash("sha256").update(data).digest("hex"));
  assert.equal(firmware?.minFlashSize, 0x8008);
});

Deno.test("prepareJob reads a file once, by path and by URL", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "app.bin");
    await Deno.writeFile(path, Uint8Array.of(1, 2, 3, 4));
    const { readFile } = Deno;
    const read: string[] = [];
    try {
      Deno.readFile = (source, options) => {
        read.push(String(source));
        return readFile(source, options);
      };
      const job = await prepareJob({
        name: "test",
        firmware: [
          { chip: "esp32", files: [{ address: 0x1_0000, source: path }] },
          { chip: "esp32c3", files: [{ address: 0x1_0000, source: path }] },
          {
            chip: "esp8266",
            files: [{ address: 0x1_0000, source: pathToFileURL(path) }],
          },
        ],
      });
      assert.deepEqual(
        job.firmware.map(({ files }) => files[0]?.name),
        ["app.bin", "app.bin", "app.bin"],
      );
    } finally {
      Deno.readFile = readFile;
    }
    assert.deepEqual(read, [path, String(pathToFileURL(path))]);
  });
});

Deno.test("prepareJob puts flash parameters into the image at the bootloader's offset only", async () => {
  const image = testImage("esp32");
  const chip = chipById("esp32");
  const job = await prepareJob({
    name: "test",
    firmware: [{
      chip: "ESP32",
      flashMode: "dout",
      flashSize: "4MB",
      flashFrequency: "80m",
      files: [
        { address: 0x1000, source: image },
        { address: 0x1_0000, source: image },
      ],
    }],
  });
  const [boot, app] = job.firmware[0]?.files ?? [];
  assert.ok(boot && app);
  const { flashMode, flashSize, flashFrequency, ...parsed } = parseImage(
    boot.data,
    chip,
  );
  assert.deepEqual([flashMode, flashSize, flashFrequency], [3, 2, 0xf]);
  assert.equal(
    isDigestValid(boot.data, {
      flashMode,
      flashSize,
      flashFrequency,
      ...parsed,
    }),
    true,
  );
  assert.deepEqual(app.data, image);
  assert.equal(boot.sha256, app.sha256);
});

Deno.test("prepareJob tells everything that is wrong at once", async () => {
  const broken = testImage("esp32");
  broken[64] = (broken[64] ?? 0) ^ 1;
  const problems = await problemsOf({
    name: "test",
    firmware: [
      {
        chip: "esp32",
        minFlashSize: 0x10_0000,
        flashSize: "3MB",
        flashFrequency: "81m",
        files: [
          { address: 0x1000, source: broken, name: "broken" },
          { address: 0x1234, source: Uint8Array.of(1), name: "askew" },
          { address: 0x9000, source: new Uint8Array(), name: "empty" },
          { address: 0xf_f000, source: new Uint8Array(0x1001), name: "long" },
          { address: 0x2_0000, source: testImage("esp32c3"), name: "other" },
          { address: 0xa000, source: "/no/such/file.bin" },
          { address: -1, source: Uint8Array.of(1), name: "below" },
        ],
      },
      { chip: "esp32", files: [{ address: 0, source: Uint8Array.of(1) }] },
      { chip: "z80", files: [] },
    ],
  });
  for (
    const expected of [
      /broken at 0x0000_1000 is an image with a wrong checksum/,
      /0x0000_1234 is not the start of a 4 KiB sector/,
      /askew at 0x0000_1234 overlaps broken at 0x0000_1000/,
      /empty at 0x0000_9000 is empty/,
      /long at 0x000f_f000 ends at 0x0010_0001, behind/,
      /other at 0x0002_0000 is an image for ESP32-C3, not for ESP32/,
      /file\.bin cannot be read: there is no such file/,
      /-1 is no flash address/,
      /ESP32 has firmware twice/,
      /Chip "z80" is not known/,
      /The firmware for z80 has no files/,
      /ESP32 knows no flash size "3MB"/,
      /ESP32 knows no flash frequency "81m"/,
    ]
  ) {
    assert.equal(
      problems.filter((problem) => expected.test(problem)).length,
      1,
      `${expected} in\n${problems.join("\n")}`,
    );
  }
  assert.equal(problems.length, 13, problems.join("\n"));
});

Deno.test("prepareJob refuses a job without firmware", async () => {
  assert.deepEqual(await problemsOf({ name: "test", firmware: [] }), [
    "It has no firmware",
  ]);
});

Deno.test("prepareJob counts overlaps in whole sectors", async () => {
  const files = (second: number) =>
    esp32Job(
      { address: 0, source: new Uint8Array(0x1001), name: "a" },
      { address: second, source: new Uint8Array(1), name: "b" },
    );
  assert.deepEqual(await problemsOf(files(0x1000)), [
    "b at 0x0000_1000 overlaps a at 0x0000_0000",
  ]);
  await prepareJob(files(0x2000));
});

Deno.test("prepareJob sees a long file overlap others behind a short one", async () => {
  const problems = await problemsOf(
    esp32Job(
      { address: 0, source: new Uint8Array(0x5000), name: "long" },
      { address: 0x1000, source: new Uint8Array(1), name: "b" },
      { address: 0x4000, source: new Uint8Array(1), name: "c" },
    ),
  );
  assert.deepEqual(problems, [
    "b at 0x0000_1000 overlaps long at 0x0000_0000",
    "c at 0x0000_4000 overlaps long at 0x0000_0000",
  ]);
});

Deno.test("prepareJob refuses a cut image where the ROM looks for one, and takes data that look like one elsewhere", async () => {
  const cut = testImage("esp32").subarray(0, 200);
  const [problem = ""] = await problemsOf(
    esp32Job({ address: 0x1000, source: cut, name: "cut" }),
  );
  assert.match(problem, /^cut at 0x0000_1000 is no image for ESP32/);
  await prepareJob(esp32Job({ address: 0x8000, source: cut }));
});

Deno.test("familyOfImage tells every family", () => {
  for (const chip of CHIPS) {
    assert.equal(familyOfImage(testImage(chip.id))?.id, chip.id);
  }
  for (const bytes of [[], [0xe9], new Array(64).fill(0xe9)]) {
    assert.equal(familyOfImage(Uint8Array.from(bytes)), undefined);
  }
});

Deno.test("readFirmwareArguments places files by pair, by name, and as images", async () => {
  await inFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    await Deno.writeFile(path("esp32.bin"), testImage("esp32"));
    await Deno.writeFile(path("esp8266.bin"), testImage("esp8266"));
    await Deno.writeFile(path("app-0x10000.bin"), testImage("esp32", 2048));
    await Deno.writeFile(path("data.bin"), Uint8Array.of(1, 2, 3));
    const placed = async (words: string[], chip?: string) =>
      (await readFirmwareArguments(
        words.map((word) => word.endsWith(".bin") ? path(word) : word),
        { chip },
      )).map(({ chip, files }) => [
        chip,
        files?.map(({ address, name }) => [address, name]),
      ]);
    assert.deepEqual(
      await placed(["esp8266.bin", "esp32.bin", "app-0x10000.bin"]),
      [
        ["esp8266", [[0, "esp8266.bin"]]],
        ["esp32", [[0x1000, "esp32.bin"], [0x1_0000, "app-0x10000.bin"]]],
      ],
    );
    assert.deepEqual(
      await placed(["0x1_0000", "esp32.bin", "32768", "data.bin"]),
      [["esp32", [[0x1_0000, "esp32.bin"], [0x8000, "data.bin"]]]],
    );
    assert.deepEqual(await placed(["0x0", "data.bin"], "esp8266"), [
      ["esp8266", [[0, "data.bin"]]],
    ]);
  });
});

Deno.test("readFirmwareArguments tells everything that is wrong at once", async () => {
  await inFolder(async (folder) => {
    const data = join(folder, "data.bin");
    await Deno.writeFile(data, Uint8Array.of(1, 2, 3));
    const application = testImage("esp32");
    // The first segment's address: mapped from flash instead of in RAM.
    new DataView(application.buffer).setUint32(24, 0x400d_0020, true);
    const app = join(folder, "app.bin");
    await Deno.writeFile(app, application);
    const named = { chip: "esp32" };
    await readFirmwareArguments(["0x10000", app], named);
    await assert.rejects(
      readFirmwareArguments([app], named),
      /app\.bin is an application, and has no address/,
    );
    await assert.rejects(
      readFirmwareArguments([data], named),
      /data\.bin is no image, and has no address/,
    );
    const error = await readFirmwareArguments([
      "0x0",
      "0x1000",
      join(folder, "none.bin"),
      data,
      "0x2000",
    ]).then(() => undefined, (error: unknown) => error);
    assert.ok(error instanceof EspError);
    assert.equal(error.code, "job-invalid");
    assert.match(error.message, /- 0x0 has no file after it/);
    assert.match(error.message, /- 0x2000 has no file after it/);
    assert.match(error.message, /none\.bin cannot be read/);
    assert.match(error.message, /data\.bin does not tell which chip/);
  });
});
