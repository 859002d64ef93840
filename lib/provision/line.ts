/**
 * A line: many boards at once, each on its own.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { portName, type PortTarget } from "../device/open.ts";
import type { OpenOptions } from "../device/open_device.ts";
import type { ProgressBase, ProgressEvent } from "../progress.ts";
import { runBoard } from "./_board.ts";
import { InventoryRecorder } from "./_recorder.ts";
import { type PreparedJob, prepareJob } from "./firmware.ts";
import type { ProvisionJob } from "./job.ts";
import type { BoardResult, BoardStep } from "./result.ts";

/** A board's turn begins. */
export interface BoardStart extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "start";
}

/** A board's step begins. */
export interface BoardStepStart extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "step";
  /** The step. */
  readonly step: BoardStep;
}

/** A board is done; its port is closed. */
export interface BoardFinish extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "finish";
  /** What became of it. */
  readonly result: BoardResult;
}

/** Something happened on a line. Every event carries its board's port. */
export type LineEvent =
  | BoardStart
  | BoardStepStart
  | BoardFinish
  | ProgressEvent;

/**
 * How ports are opened; the rest of {@linkcode OpenOptions} is the line's own.
 * Without the stub an ESP8266 cannot be verified, and fails.
 */
export type LineOpenOptions = Pick<
  OpenOptions,
  "attempts" | "before" | "reset" | "stub" | "timeouts"
>;

/** Options of {@linkcode runLine} and {@linkcode inspectLine}. */
export interface LineOptions {
  /** Stops every board; those that are not done become `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** Called as boards go on; it must not throw. */
  readonly onEvent?: ((event: LineEvent) => void) | undefined;
  /**
   * The speed of every line once the stub runs, in baud.
   *
   * @default {115200}
   */
  readonly baud?: number | undefined;
  /**
   * How many boards are worked on at the same time.
   *
   * @default {Infinity}
   */
  readonly concurrency?: number | undefined;
  /**
   * How long one step of one board may take, in milliseconds.
   *
   * @default {1_800_000}
   */
  readonly stepTimeout?: number | undefined;
  /**
   * How long nothing may happen on a board, in milliseconds, before it is given
   * up. Does not hold while a whole flash chip is erased.
   *
   * @default {45_000}
   */
  readonly stallTimeout?: number | undefined;
  /**
   * The path of an inventory that each board is put into when it is done.
   *
   * @default none is written
   */
  readonly inventory?: string | undefined;
  /** How ports are opened. */
  readonly open?: LineOpenOptions | undefined;
  /** The clock of all limits and durations. */
  readonly clock?: Clock | undefined;
}

/**
 * Provisions boards, all at the same time: each is opened, identified, checked
 * against the job, written, verified by MD5, reset and closed.
 *
 * Boards are isolated: one that fails, hangs or is unplugged touches no other,
 * and is told of in its result. So is an abort: boards that had passed before
 * it stay passed, since they have to be recorded.
 *
 * @returns One result per port, in the order of `ports`.
 * @throws {EspError} `job-invalid`, before any port is opened; `file-invalid` if
 * the inventory cannot be read, before any port is opened, or cannot be
 * written, after all boards are done.
 * @throws {RangeError} If a port is given twice, or a number makes no sense.
 */
export async function runLine(
  ports: readonly PortTarget[],
  job: ProvisionJob | PreparedJob,
  options: LineOptions = {},
): Promise<BoardResult[]> {
  checkLine(ports, options);
  const prepared = "kind" in job ? job : await prepareJob(job);
  return await runBoards(ports, prepared, options);
}

/**
 * Looks at boards, all at the same time, without writing to their flash: each
 * is opened, identified, reset and closed. Isolated like {@linkcode runLine}.
 *
 * @returns One result per port, in the order of `ports`.
 * @throws {EspError} `file-invalid`, as {@linkcode runLine}.
 * @throws {RangeError} If a port is given twice, or a number makes no sense.
 */
export async function inspectLine(
  ports: readonly PortTarget[],
  options: LineOptions = {},
): Promise<BoardResult[]> {
  checkLine(ports, options);
  return await runBoards(ports, undefined, options);
}

function checkLine(
  ports: readonly PortTarget[],
  { concurrency = Infinity, baud = 115_200 }: LineOptions,
): void {
  const names = ports.map(portName);
  const twin = names.find((name, index) => names.indexOf(name) !== index);
  if (twin !== undefined) {
    throw new RangeError(`Cannot run the line: port "${twin}" is given twice`);
  }
  if (!(concurrency >= 1)) {
    throw new RangeError(
      `Cannot run the line: ${concurrency} boards at a time are none`,
    );
  }
  if (!(Number.isInteger(baud) && baud > 0)) {
    throw new RangeError(`Cannot run the line: ${baud} is no speed in baud`);
  }
}

async function runBoards(
  ports: readonly PortTarget[],
  job: PreparedJob | undefined,
  options: LineOptions,
): Promise<BoardResult[]> {
  const { inventory } = options;
  const recorder = inventory === undefined
    ? undefined
    : await InventoryRecorder.open(inventory);
  const results: BoardResult[] = [];
  // The workers share one iterator, so each board is taken once.
  const queue = ports.entries();
  const work = async () => {
    for (const [index, target] of queue) {
      const result = await runBoard(target, job, options);
      results[index] = result;
      recorder?.record(result);
    }
  };
  const workers = Math.min(options.concurrency ?? Infinity, ports.length);
  await Promise.all(Array.from({ length: workers }, work));
  await recorder?.finish();
  return results;
}
