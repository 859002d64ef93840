/**
 * What the page shows of a station, and nothing else: what is not named here
 * never leaves the program.
 *
 * @module
 */

import type { BoardStep } from "../result.ts";
import type {
  SlotPhase,
  SlotState,
  StationCounts,
  StationState,
} from "../station_state.ts";

/** An application may print lines without an end. */
const MOST_LOG = 300;

/** Why a board failed, for the operator. */
export interface PageFailure {
  /** What happened. */
  readonly message: string;
  /** The step and the error's code, for whoever is called to help. */
  readonly code: string;
  /** What to do. */
  readonly hint?: string;
}

/** A tile. */
export interface PageSlot {
  /** The slot's name. */
  readonly name: string;
  /** How it stands. */
  readonly phase: SlotPhase;
  /** The step that is being done, or was done last. */
  readonly step?: BoardStep;
  /** How far the step has come, from 0 to 1. */
  readonly progress?: number;
  /** Which attempt it is. */
  readonly attempt?: number;
  /** When the run began: ISO 8601, UTC. */
  readonly startedAt?: string;
  /** How long the last attempt took, in milliseconds. */
  readonly durationMs?: number;
  /** Whether a code is to be scanned. */
  readonly waitsForCode: boolean;
  /** The application's last line. */
  readonly log?: string;
  /** The chip family's name. */
  readonly chip?: string;
  /** The board's MAC address. */
  readonly mac?: string;
  /** The key of the board's row: its serial number. */
  readonly serial?: string;
  /** Why the board failed. */
  readonly failure?: PageFailure;
}

/** All that the page shows. */
export interface PageState {
  /** The server's time, since a phone's may be off: ISO 8601, UTC. */
  readonly now: string;
  /** The station's name. */
  readonly station: string;
  /** The job's name. */
  readonly job: string;
  /** Whether boards are started as they arrive. */
  readonly auto: boolean;
  /** The station's counts. */
  readonly counts: StationCounts;
  /** How many rows nobody has, where rows can run out. */
  readonly rowsLeft?: number;
  /** Why boards cannot be watched for. */
  readonly trouble?: string;
  /** The tiles. */
  readonly slots: readonly PageSlot[];
}

/** Picks what the page shows. */
export function pageState(state: StationState): PageState {
  const { station, job, auto, counts, pool, trouble, slots } = state;
  return {
    now: new Date().toISOString(),
    ...{ station, job, auto, counts },
    ...(pool && { rowsLeft: pool.free }),
    ...(trouble !== undefined && { trouble }),
    slots: slots.map(pageSlot),
  };
}

function pageSlot(slot: SlotState): PageSlot {
  const { name, phase, step, progress, attempt, startedAt, log } = slot;
  const { chip, mac, serial } = slot;
  const { failure, durationMs } = slot.result ?? {};
  return {
    ...{ name, phase, waitsForCode: slot.waitsForCode !== undefined },
    ...(step && { step }),
    ...(progress && { progress: share(progress.done, progress.total) }),
    ...(attempt !== undefined && { attempt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(durationMs !== undefined && { durationMs }),
    ...(log !== undefined && { log: log.slice(0, MOST_LOG) }),
    ...(chip !== undefined && { chip }),
    ...(mac !== undefined && { mac }),
    ...(serial !== undefined && { serial }),
    ...(failure && phase === "fail" && {
      failure: {
        message: failure.message,
        code: [failure.step, failure.code].join(" ").trim(),
        ...(failure.hint !== undefined && { hint: failure.hint }),
      },
    }),
  };
}

function share(done: number, total: number): number {
  if (total === 0) return 1;
  // A tenth of a percent is less than a pixel of the bar.
  return Math.min(1, Math.round(done / total * 1000) / 1000);
}
