/** Whole transcripts. `ESPLINE_UPDATE_GOLDEN=1` writes them anew: read the difference. */

import assert from "node:assert/strict";
import { makeBoard, makeImage, noise } from "./_boards.ts";
import { runCli, temporaryFolder } from "./_cli.ts";

const PORT = ["--port", "/dev/ttyUSB0"];

interface Transcript {
  readonly name: string;
  readonly chip: string;
  readonly terminal?: boolean;
  readonly lines: readonly string[];
}

const TRANSCRIPTS: readonly Transcript[] = [
  {
    name: "esp8266_identity",
    chip: "esp8266",
    lines: ["chip-id", "read-mac --no-stub", "flash-id", "read-mem 0x3ff00050"],
  },
  {
    name: "esp32_flash",
    chip: "esp32",
    lines: [
      "write-flash 0x1000 boot.bin 0x10000 app.bin",
      "verify-flash 0x10000 app.bin",
      "verify-flash 0x20000 app.bin",
      "read-flash 0x10000 8k out.bin",
      "erase-region 0x10000 8k",
      "erase-flash",
    ],
  },
  {
    name: "esp32_terminal",
    chip: "esp32",
    terminal: true,
    lines: ["--baud 921600 write-flash -u 0x10000 app.bin"],
  },
  {
    name: "errors",
    chip: "esp32",
    lines: [
      "--chip esp8266 read-mac",
      "write-flash 0x3ff000 app.bin",
      "erase-region 0x10 4k",
    ],
  },
  {
    name: "json",
    chip: "esp32",
    lines: [
      "read-mac --json",
      "flash-id --json",
      "write-flash --json 0x10000 app.bin",
      "erase-region --json 0x10 4k",
    ],
  },
];

for (const { name, chip, terminal = false, lines } of TRANSCRIPTS) {
  Deno.test(`main prints the transcript ${name}`, async () => {
    await using folder = await temporaryFolder();
    await using board = makeBoard({ chip });
    await Deno.writeFile(folder.file("boot.bin"), makeImage(chip));
    await Deno.writeFile(folder.file("app.bin"), noise(20_000));
    let transcript = "";
    for (const line of lines) {
      const words = line.split(" ").map((word) =>
        word.endsWith(".bin") ? folder.file(word) : word
      );
      const { code, stdout, stderr } = await runCli([...PORT, ...words], {
        boards: { "/dev/ttyUSB0": board },
        terminal,
        env: { NO_COLOR: "1" },
      });
      const text = [stdout, stderr && `(stderr) ${stderr}`].join("");
      transcript += `$ espline --port /dev/ttyUSB0 ${line}\n` +
        `${mask(text, folder.path)}(exit ${code})\n\n`;
    }
    await compare(name, transcript);
  });
}

/** Takes out what differs from run to run, and makes control characters readable. */
function mask(text: string, folder: string): string {
  return text.replaceAll(`${folder}/`, "")
    .replaceAll(`${JSON.stringify(folder).slice(1, -1)}/`, "")
    .replaceAll(/in \d+\.\d seconds/g, "in T seconds")
    .replaceAll(/\(\d+\.\d kbit\/s\)/g, "(K kbit/s)")
    .replaceAll(/"ms":[\d.]+/g, '"ms":T')
    .replaceAll("\r", "<CR>")
    .replaceAll("\x1b", "<ESC>");
}

async function compare(name: string, transcript: string): Promise<void> {
  const file = new URL(`golden/${name}.txt`, import.meta.url);
  if (Deno.env.get("ESPLINE_UPDATE_GOLDEN") !== undefined) {
    await Deno.writeTextFile(file, transcript);
  }
  assert.equal(transcript, await Deno.readTextFile(file));
}
