import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chipById, CHIPS } from "../../lib/chips/registry.ts";
import { ImageError } from "../../lib/errors.ts";
import { imageText } from "../../lib/cli/image_text.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import { inspectImage } from "../../lib/image/image_info.ts";
import { runEsptoolBatch } from "./_esptool_batch.ts";
import { missingTest, peerTest } from "./_peers.ts";

const FIRMWARE = new URL("../../../shared/data/firmware/", import.meta.url);

/** The lines of a report that have figures; headings, blank lines and our own additions apart. */
function figures(lines: readonly string[]): string[] {
  return lines.map((line) => line.trimEnd())
    .filter((line) => /^([A-Z][\w -]*: | +\d)/.test(line))
    .filter((line) => !/^(WARNING|HINT|Secure Boot|CRC)/.test(line))
    // Of a wrong digest esptool shows what it should be, and we both.
    .map((line) =>
      line.replace(
        /hash: \w+ \(invalid - calculated (\w+)\)/,
        "hash: $1 (invalid)",
      )
    );
}

/** What our report says of a file; what real esptool says first is not part of it. */
function ourFigures(file: Uint8Array): string[] {
  const info = inspectImage(file);
  return figures([
    `Image size: ${file.length} bytes`,
    `Detected image type: ${info.chip.name}`,
    ...imageText(info, 80),
  ]);
}

/** Images for every chip, each with several segments, names for its flash, and descriptors. */
function builtImages(): Map<string, Uint8Array> {
  const images = new Map<string, Uint8Array>();
  for (const chip of CHIPS) {
    const loaded = chip.memory.filter(({ kind }) => kind !== "rom")
      .filter(({ kind }) => kind !== "irom" && kind !== "drom");
    const segments = loaded.map(({ start }, index) => ({
      address: start + 0x100 * index,
      data: Uint8Array.from({ length: 64 + 4 * index }, (_, i) => i * index),
    }));
    const names = Object.keys(chip.flash.frequencies);
    for (const [index, flashFrequency] of names.entries()) {
      const flashSizes = Object.keys(chip.flash.sizes);
      const image = buildImage({ entry: segments[0]?.address ?? 0, segments }, {
        chip,
        flashFrequency,
        flashSize: flashSizes[index % flashSizes.length] ?? "1MB",
        flashMode: (["qio", "qout", "dio", "dout"] as const)[index % 4] ??
          "qio",
        ...(chip.imageChipId !== undefined && {
          minRevision: 100 + index,
          maxRevision: 299,
        }),
      });
      images.set(`${chip.id}-${flashFrequency}.bin`, image);
    }
  }
  const chip = chipById("esp8266");
  const segments = [0x4021_0000, 0x4010_0000].map((address) => ({
    address,
    data: new Uint8Array(48).fill(address >> 20),
  }));
  const program = { entry: 0x4010_0000, segments };
  images.set("v2.bin", buildImage(program, { chip, version: 2 }));
  return images;
}

async function compare(
  python: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of files) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    const outcomes = await runEsptoolBatch(
      python,
      Array.from(files.keys(), (name) => ({
        cwd: folder,
        args: ["image-info", name],
      })),
    );
    for (const [index, [name, bytes]] of [...files].entries()) {
      const { code, output } = outcomes[index] ?? { code: -1, output: "" };
      if (code === 2) {
        assert.throws(() => inspectImage(bytes), ImageError, name + output);
        continue;
      }
      const expected = figures(output.split("\n"));
      assert(code === 0 && expected.length > 6, name + output);
      assert.deepEqual(ourFigures(bytes), expected, name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (!existsSync(FIRMWARE)) {
  missingTest(
    "image-info of every image of others",
    `there is no ${FIRMWARE.pathname}`,
  );
} else {
  peerTest(
    "image-info agrees with esptool on every image of others",
    "esptool_python",
    async ({ esptool_python: python }) => {
      const files = new Map<string, Uint8Array>();
      for await (const { name } of Deno.readDir(FIRMWARE)) {
        files.set(name, await Deno.readFile(new URL(name, FIRMWARE)));
      }
      assert(files.size >= 8);
      // Real images that have something wrong or something more.
      const app = files.get("esp_idf_blink_esp32s2.bin") ?? new Uint8Array();
      files.set("changed-app.bin", changed(app, 0x100, [5]));
      files.set(
        "descriptor.bin",
        changed(app, 0x20 + 176, [5, 0, 199, 0, 14]),
      );
      files.set("secure-version.bin", changed(app, 0x24, [7]));
      files.set("pins.bin", changed(app, 8, [0x11, 0x21, 0x43, 0x65]));
      files.set("cut.bin", app.slice(0, 5000));
      const boot = files.get("bootloader_esp32_v5_2.bin") ?? new Uint8Array();
      files.set("bootloader-version.bin", changed(boot, 0x24, [77]));
      files.set("no-digest.bin", changed(boot, 23, [0]));
      files.set("more.bin", Uint8Array.from([...boot, 1, 2, 3]));
      await compare(python, files);
    },
  );
}

peerTest(
  "image-info agrees with esptool on images for every chip, frequency and size",
  "esptool_python",
  async ({ esptool_python: python }) => await compare(python, builtImages()),
);

function changed(
  bytes: Uint8Array,
  offset: number,
  values: readonly number[],
): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, offset);
  return copy;
}
