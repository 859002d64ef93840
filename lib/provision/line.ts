/**
 * A line: many boards at once, each on its own.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { portName, type PortTarget } from "../device/open.ts";
import type { OpenOptions } from "../device/open_device.ts";
import { EspError } from "../errors.ts";
import type { ProgressBase, ProgressEvent } from "../progress.ts";
import { runAttempts, slotOf } from "./_attempts.ts";
import { Recorder } from "./_recorder.ts";
import { type PreparedJob, prepareJob } from "./firmware.ts";
import type { ProvisionJob } from "./job.ts";
import type { BoardResult, BoardStep } from "./result.ts";
import type { Store } from "./store/store.ts";

/** An attempt at a board begins. */
export interface BoardStart extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "start";
  /** The name of the place where it is. */
  readonly slot: string;
  /** Which attempt of this run it is, from 1 on. */
  readonly attempt: number;
}

/** A board's step begins. */
export interface BoardStepStart extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "step";
  /** The step. */
  readonly step: BoardStep;
}

/** The board has said who it is. */
export interface BoardIdentified extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "identified";
  /** The chip family's name. */
  readonly chip: string;
  /** The base MAC address: lower-case hex pairs with colons. */
  readonly mac: string;
}

/** The board has its row. */
export interface BoardClaimed extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "claimed";
  /** The row's key: a serial number, say. */
  readonly key: string;
  /** Whether the board had it before. */
  readonly again: boolean;
}

/** The application has printed a line. */
export interface BoardLog extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "log";
  /** The line, without colours. */
  readonly text: string;
}

/** An attempt at a board is over; its port is closed. */
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
  | BoardIdentified
  | BoardClaimed
  | BoardLog
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

/** A board whose code is to be scanned. */
export interface ScanRequest {
  /** The name of the place where it is. */
  readonly slot: string;
  /** Its port. */
  readonly port: string;
  /** Its MAC address. */
  readonly mac: string;
  /** Aborts when nobody waits for the code any more. */
  readonly signal: AbortSignal;
}

/** Options of {@linkcode runLine} and {@linkcode inspectLine}. */
export interface LineOptions {
  /** Stops every board; those that are not done become `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** Called as boards go on; it must not throw. */
  readonly onEvent?: ((event: LineEvent) => void) | undefined;
  /**
   * The speed of every line once the stub runs, in baud, in place of the job's.
   *
   * @default what the job says, or else 115200
   */
  readonly baud?: number | undefined;
  /**
   * The station's name, for records.
   *
   * @default {"local"}
   */
  readonly station?: string | undefined;
  /** Who is at the station, for records. @default nobody is named */
  readonly operator?: string | undefined;
  /** Names of the places where ports are, by port. @default the ports */
  readonly slots?: Readonly<Record<string, string>> | undefined;
  /** Where rows are claimed and attempts are kept. A job with a plan of identities needs one. */
  readonly store?: Store | undefined;
  /** Asks for the code of a board, where the job's rule is `code`. */
  readonly scan?: ((request: ScanRequest) => Promise<string>) | undefined;
  /** Looks up an environment variable, for headers of servers. @default none are known */
  readonly env?: ((name: string) => string | undefined) | undefined;
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
  /**
   * The path of a file that every event is added to as a line of JSON.
   *
   * @default none is written
   */
  readonly eventLog?: string | undefined;
  /** How ports are opened. */
  readonly open?: LineOpenOptions | undefined;
  /** The clock of all limits and durations. */
  readonly clock?: Clock | undefined;
}

/**
 * Provisions boards, all at the same time: each is opened, identified, checked
 * against the job, given its row, written, verified by MD5, reset and closed,
 * and whatever else the job says. A board that fails is tried again as often as
 * the job says, at the next speed where the wire is at fault.
 *
 * Boards are isolated: one that fails, hangs or is unplugged touches no other,
 * and is told of in its result. So is an abort: boards that had passed before
 * it stay passed, since they have to be recorded.
 *
 * @returns The last attempt's result per port, in the order of `ports`.
 * @throws {EspError} `job-invalid`, before any port is opened; `store-failed` if
 * the job needs a store that is not there; `identity-conflict` if its rows are
 * not those that boards have; `file-invalid` if
 * the inventory or the log cannot be read, before any port is opened, or cannot
 * be written, after all boards are done.
 * @throws {RangeError} If a port is given twice, or a number makes no sense.
 */
export async function runLine(
  ports: readonly PortTarget[],
  job: ProvisionJob | PreparedJob,
  options: LineOptions = {},
): Promise<BoardResult[]> {
  checkLine(ports, options);
  const prepared = "kind" in job ? job : await prepareJob(job);
  await fillStore(prepared, options.store);
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

/**
 * Puts the rows of a job's table into the store, before any board asks for one.
 *
 * @throws {EspError} `store-failed` if the job has rows and there is no store.
 */
export async function fillStore(
  { identity, name }: PreparedJob,
  store: Store | undefined,
): Promise<void> {
  if (identity === undefined) return;
  if (store === undefined) {
    throw new EspError(
      `Cannot run job "${name}": it gives each board a row, and there is no store to claim them in`,
      { code: "store-failed", hint: "Open one with openStore()." },
    );
  }
  await store.addRows(identity.pool, identity.rows);
}

/** @throws {RangeError} If a port is given twice, or a number makes no sense. */
export function checkLine(
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
  const recorder = await Recorder.open(options);
  const results: BoardResult[] = [];
  // The workers share one iterator, so each board is taken once.
  const queue = ports.entries();
  const work = async () => {
    for (const [index, target] of queue) {
      const slot = slotOf(target, options);
      const onEvent = (event: LineEvent) => {
        recorder.event(slot, event);
        options.onEvent?.(event);
      };
      results[index] = await runAttempts(target, job, { ...options, onEvent }, {
        onAttempt: (attempt) => recorder.record(attempt),
      });
    }
  };
  const workers = Math.min(options.concurrency ?? Infinity, ports.length);
  await Promise.all(Array.from({ length: workers }, work));
  await recorder.finish();
  return results;
}
