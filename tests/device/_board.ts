import {
  VirtualBoard,
  type VirtualBoardOptions,
} from "../../lib/simulator/virtual_board.ts";
import { ManualClock } from "../../lib/clock.ts";
import type { OpenOptions } from "../../lib/device/open_device.ts";
import { open } from "../../lib/device/open_device.ts";
import type { Device } from "../../lib/device/device.ts";

/** A board, and a clock that makes waiting take no time. */
export interface Bench {
  readonly board: VirtualBoard;
  readonly clock: ManualClock;
}

/** Runs `test` with a board on a manual clock, which goes on whenever everything waits. */
export async function withBoard(
  options: VirtualBoardOptions,
  test: (bench: Bench) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  await using board = new VirtualBoard({ clock, ...options });
  await clock.drive(test({ board, clock }));
}

/** Runs `test` with a device on a new board. */
export function withDevice(
  options: VirtualBoardOptions & { readonly open?: OpenOptions },
  test: (device: Device, bench: Bench) => Promise<void>,
): Promise<void> {
  const { open: opening, ...boardOptions } = options;
  return withBoard(boardOptions, async (bench) => {
    await using device = await open(bench.board, {
      clock: bench.clock,
      ...opening,
    });
    await test(device, bench);
  });
}

/** Bytes that do not compress and do not repeat. */
export function noise(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

/** Whether another host can open the board's port, as it can if the last one has closed it. */
export async function isFree(board: VirtualBoard): Promise<boolean> {
  try {
    await using _port = await board.open();
    return true;
  } catch {
    return false;
  }
}
