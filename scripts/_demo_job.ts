/** The job of the demo: what a job file says, as a module. */

import { buildImage, chipById } from "../mod.ts";
import { encodePartitionTable, parsePartitionCsv } from "../lib/image/mod.ts";
import {
  defineJob,
  type Firmware,
  type ProvisionJob,
  readFirmwareArguments,
} from "../lib/provision/mod.ts";

const TABLE = encodePartitionTable(parsePartitionCsv(`
nvs, data, nvs,     0x9000,  0x6000
app, app,  factory, 0x10000, 1M`));
/** What the virtual boards' application prints. */
export const APP_TEXT = "lamp 1.2.0 ready\r\n";

/** Makes the job, with firmware of its own or that in files, and with labels in a folder. */
export async function demoJob(
  files: readonly string[],
  labels?: string,
): Promise<ProvisionJob> {
  const common = defineJob({
    name: "demo",
    firmware: [],
    identity: {
      source: {
        kind: "generator",
        ...{ prefix: "LMP-", digits: 5, checkDigit: "luhn" },
      },
    },
    columns: { batch: "demo", bom_rev: "A" },
    ...(labels && {
      label: {
        qr: "https://lamp.example/{serial}",
        lines: ["Lamp 1.2.0", "{serial}", "{mac}"],
        file: `${labels}/{serial}.svg`,
      },
    }),
  });
  if (files[0]) {
    return { ...common, firmware: await readFirmwareArguments(files) };
  }
  return {
    ...common,
    firmware: [
      ownFirmware("esp32", 0x4008_0000, 0x3f40_0020),
      ownFirmware("esp32c3", 0x4038_0000, 0x3c00_0020),
    ],
    data: {
      nvs: [{ values: { factory: { serial: "{serial}", mac: "{mac}" } } }],
    },
    boot: { expect: "lamp (?<version>[\\d.]+) ready" },
  };
}

/** A bootloader, a partition table, and an application that says who it is. */
function ownFirmware(id: string, ram: number, rom: number): Firmware {
  const chip = chipById(id);
  const image = (address: number, data: Uint8Array) =>
    buildImage({ entry: ram, segments: [{ address, data }] }, { chip });
  const app = crypto.getRandomValues(new Uint8Array(50_000))
    .fill(0, 0, 144).fill(0, 176, 256);
  // ESP-IDF's esp_app_desc_t: a magic word, version, project, ESP-IDF's version.
  const description = {
    0: "2T\xcd\xab",
    16: "1.2.0",
    48: "lamp",
    112: "v5.4.1",
  };
  for (const [at, text] of Object.entries(description)) {
    app.set(Array.from(text, (letter) => letter.charCodeAt(0)), Number(at));
  }
  const boot = image(ram, app.slice(256, 4096));
  return {
    chip: id,
    files: [
      { address: chip.flash.bootloaderOffset, source: boot, name: "boot.bin" },
      { address: 0x8000, source: TABLE, name: "partitions.bin" },
      { partition: "app", source: image(rom, app), name: "lamp.bin" },
    ],
  };
}
