import assert from "node:assert/strict";
import { chipById } from "../../lib/chips/registry.ts";
import {
  buildFor,
  loadFirmwareBuilds,
} from "../../lib/device/firmware_build.ts";
import { noise } from "./_board.ts";

/** Runs `work` in a folder with these files; text becomes a file of text. */
async function withFiles(
  files: Readonly<Record<string, string | Uint8Array | object>>,
  work: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "espline-build-" });
  try {
    await Deno.mkdir(`${folder}/boot`);
    for (const [name, content] of Object.entries(files)) {
      const bytes = content instanceof Uint8Array
        ? content
        : new TextEncoder().encode(
          typeof content === "string" ? content : JSON.stringify(content),
        );
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    await work((name) => `${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const BOOT = noise(700);
const APP = noise(5000, 2);
const FILES = { "boot/boot.bin": BOOT, "app.bin": APP };

/** As ESP-IDF 5.3 writes it for an ESP32 with flash encryption in development mode. */
const FLASHER_ARGS = {
  write_flash_args: ["--flash_mode", "dio"],
  flash_settings: { flash_mode: "dio", flash_size: "4MB", flash_freq: "40m" },
  flash_files: { "0x1000": "boot/boot.bin", "0x10000": "app.bin" },
  bootloader: {
    offset: "0x1000",
    file: "boot/boot.bin",
    encrypted: "false",
  },
  app: { offset: "0x10000", file: "app.bin", encrypted: "true" },
  extra_esptool_args: {
    after: "hard_reset",
    before: "default_reset",
    stub: true,
    chip: "esp32",
  },
};

Deno.test("loadFirmwareBuilds reads ESP-IDF's flasher_args.json", async () => {
  const files = { ...FILES, "flasher_args.json": FLASHER_ARGS };
  await withFiles(files, async (path) => {
    const [build, ...others] = await loadFirmwareBuilds(
      path("flasher_args.json"),
    );
    assert.equal(others.length, 0);
    assert.equal(build?.chip?.id, "esp32");
    assert.deepEqual(build?.parameters, {
      flashMode: "dio",
      flashSize: "4MB",
      flashFrequency: "40m",
    });
    assert.deepEqual(
      build?.files.map(({ address, data, encrypt }) => [
        address,
        data.length,
        encrypt,
      ]),
      [[0x1000, 700, false], [0x1_0000, 5000, true]],
    );
    assert.deepEqual(build?.files[1]?.data, APP);
  });
});

Deno.test("loadFirmwareBuilds reads ESP-IDF's flash_args", async () => {
  const text =
    "--flash_mode dio --flash_freq 80m --flash_size 2MB\n0x1000 boot/boot.bin\n0x10000 app.bin\n";
  await withFiles({ ...FILES, flash_args: text }, async (path) => {
    const [build] = await loadFirmwareBuilds(path("flash_args"));
    assert.equal(build?.chip, undefined);
    assert.deepEqual(build?.parameters, {
      flashMode: "dio",
      flashSize: "2MB",
      flashFrequency: "80m",
    });
    assert.deepEqual(
      build?.files.map(({ address }) => address),
      [0x1000, 0x1_0000],
    );
  });
  const sealed = "--encrypt 0x1000 boot/boot.bin 65536 app.bin";
  await withFiles({ ...FILES, flash_args: sealed }, async (path) => {
    const [build] = await loadFirmwareBuilds(path("flash_args"));
    assert.ok(build?.files.every(({ encrypt }) => encrypt));
  });
});

Deno.test("loadFirmwareBuilds reads a manifest of ESP Web Tools, and buildFor finds the chip's", async () => {
  const manifest = {
    name: "lamp",
    builds: [
      {
        chipFamily: "ESP32",
        parts: [{ path: "boot/boot.bin", offset: 4096 }],
      },
      { chipFamily: "ESP32-C3", parts: [{ path: "app.bin", offset: 0 }] },
    ],
  };
  await withFiles({ ...FILES, "manifest.json": manifest }, async (path) => {
    const builds = await loadFirmwareBuilds(path("manifest.json"));
    const { files } = buildFor(builds, chipById("esp32c3"));
    assert.deepEqual(files.map(({ address, data }) => [address, data]), [
      [0, APP],
    ]);
    assert.throws(() => buildFor(builds, chipById("esp8266")), {
      code: "image-mismatch",
      message:
        "Cannot write the build: it is for ESP32, ESP32-C3, the chip is ESP8266",
    });
  });
});

for (
  const [what, content, message] of [
    ["no JSON", "{", /it is no JSON/],
    ["neither format", {}, /neither flash_files.* nor builds/],
    ["a list", { flash_files: [] }, /flash_files is no object/],
    ["a number", { flash_files: { 0: 5 } }, /flash_files\.0 is no text/],
    [
      "no address",
      { flash_files: { x: "app.bin" } },
      /flash_files\.x is no address/,
    ],
    ["no files", { flash_files: {} }, /it names no files/],
    ["no file", { flash_files: { 0: "none.bin" } }, /none\.bin/],
    [
      "no chip",
      { flash_files: { 0: "app.bin" }, extra_esptool_args: { chip: "esp99" } },
      /no chip is called "esp99"/,
    ],
    [
      "no mode",
      { flash_files: { 0: "app.bin" }, flash_settings: { flash_mode: "xio" } },
      /flash_mode "xio" is none/,
    ],
    [
      "no parts",
      { builds: [{ chipFamily: "ESP32" }] },
      /builds\[0\] has no parts/,
    ],
    [
      "no offset",
      { builds: [{ chipFamily: "ESP32", parts: [{ path: "a", offset: -1 }] }] },
      /builds\[0\]\.parts\[0\]\.offset is no address/,
    ],
    [
      "another computer's file",
      {
        builds: [{
          chipFamily: "ESP32",
          parts: [{ path: "https://x/a", offset: 0 }],
        }],
      },
      /not on this computer/,
    ],
    ["an unknown option", "--flash_speed 1", /"--flash_speed" is no address/],
    ["an address alone", "0x1000", /an address without a file/],
  ] as const
) {
  Deno.test(`loadFirmwareBuilds refuses a build with ${what}, and names the culprit`, async () => {
    await withFiles({ ...FILES, build: content }, async (path) => {
      await assert.rejects(loadFirmwareBuilds(path("build")), {
        code: "file-invalid",
        message,
      });
    });
  });
}
