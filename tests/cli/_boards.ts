/** Virtual boards for the command line, and firmware for them. */

import { buildImage, chipById } from "../../mod.ts";
import {
  VirtualBoard,
  type VirtualBoardOptions,
} from "../../lib/simulator/mod.ts";

/** A board that is always the same. */
export function makeBoard(
  options: Partial<VirtualBoardOptions> = {},
): VirtualBoard {
  return new VirtualBoard({
    chip: "esp8266",
    mac: "5c:cf:7f:01:02:03",
    flashSize: "4MB",
    ...options,
  });
}

/** Bytes that do not repeat, and the same each time (a linear congruential generator). */
export function noise(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** A bootloader's image for a chip, whose header says another flash size than any test's board has. */
export function makeImage(id: string): Uint8Array<ArrayBuffer> {
  const chip = chipById(id);
  const iram = chip.memory.find(({ kind }) => kind === "iram");
  if (iram === undefined) throw new Error(`${id} has no IRAM`);
  const segments = [{ address: iram.start, data: noise(600) }];
  return buildImage({ entry: iram.start, segments }, {
    chip,
    flashSize: "1MB",
  });
}
