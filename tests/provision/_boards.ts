/** Boards and a job for tests. */

import type { ProvisionJob } from "../../lib/provision/job.ts";
import type { BoardResult } from "../../lib/provision/result.ts";
import {
  VirtualBoard,
  type VirtualBoardOptions,
} from "../../lib/simulator/mod.ts";
import { testImage } from "./_images.ts";

/** Firmware for two families. */
export const IMAGES = {
  esp8266: testImage("esp8266", 20_000),
  esp32: testImage("esp32", 30_000),
};
/** Bytes that need padding. */
export const DATA = Uint8Array.from(
  { length: 5001 },
  (_, index) => index & 0xff,
);

/** A job for ESP8266 and ESP32. */
export const JOB: ProvisionJob = {
  name: "lamp 1.0",
  firmware: [
    {
      chip: "esp8266",
      files: [{ address: 0x1_0000, source: DATA, name: "data" }, {
        address: 0,
        source: IMAGES.esp8266,
      }],
    },
    { chip: "esp32", files: [{ address: 0x1000, source: IMAGES.esp32 }] },
  ],
};

/** An ESP8266 for an even index, an ESP32 for an odd one. */
export function board(
  index: number,
  options: Partial<VirtualBoardOptions> = {},
): VirtualBoard {
  const chip = options.chip ?? (index % 2 === 0 ? "esp8266" : "esp32");
  return new VirtualBoard({
    chip,
    mac: `24:0a:c4:00:00:${index.toString(16).padStart(2, "0")}`,
    name: String(index),
    ...options,
  });
}

/** Runs `work` with boards, and closes them however it ends. */
export async function withBoards(
  boards: VirtualBoard[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } finally {
    for (const board of boards) await board.close();
  }
}

/** Each board as `pass`, or as the step that failed and why. */
export function outcomes(results: readonly BoardResult[]): string[] {
  return results.map(({ result, failure }) =>
    failure === undefined ? result : `${failure.step}: ${failure.code}`
  );
}
