/**
 * How a station stands, as plain data for a page or a terminal.
 *
 * @module
 */

import type { PoolCounts } from "./store/store.ts";
import type { BoardResult, BoardStep } from "./result.ts";

/**
 * How a slot stands: `empty`, no board is there; `ready`, one waits for a
 * start; `running`; or how its last run ended, until the board is taken away
 * or run again.
 */
export type SlotPhase =
  | "empty"
  | "ready"
  | "running"
  | "pass"
  | "fail"
  | "cancelled";

/** How far a transfer has come. */
export interface SlotProgress {
  /** What is being done: `write`, `erase`, `verify` … */
  readonly kind: string;
  /** Bytes done. */
  readonly done: number;
  /** Bytes in all. */
  readonly total: number;
}

/** One slot. */
export interface SlotState {
  /** Its name, the same for good. */
  readonly name: string;
  /** Its port, if one is there. */
  readonly port?: string;
  /** How it stands. */
  readonly phase: SlotPhase;
  /** The step that is being done, or was done last. */
  readonly step?: BoardStep;
  /** How far the step has come. */
  readonly progress?: SlotProgress;
  /** Which attempt it is, from 1 on. */
  readonly attempt?: number;
  /** When the run began: ISO 8601, UTC. */
  readonly startedAt?: string;
  /** The board's chip family, once it has said so. */
  readonly chip?: string;
  /** The board's MAC address, once it has said so. */
  readonly mac?: string;
  /** The key of the board's row, once it has one. */
  readonly serial?: string;
  /** The board's MAC address, while its code is waited for. */
  readonly waitsForCode?: string;
  /** The last line that the application printed. */
  readonly log?: string;
  /** How the last attempt ended. */
  readonly result?: BoardResult;
  /** Boards that have passed here. */
  readonly passed: number;
  /** Boards that have failed here. */
  readonly failed: number;
}

/** Counts of a station since it was started. */
export interface StationCounts {
  /** Runs that ended well. */
  readonly passed: number;
  /** Runs that did not; cancelled ones do not count. */
  readonly failed: number;
  /** The share that passed, from 0 to 1; absent before the first. */
  readonly yield?: number;
  /** Boards that passed, by the hour since the first run began; absent before the first. */
  readonly perHour?: number;
  /** The step that takes longest on average, and how long, in milliseconds. */
  readonly slowest?: { readonly step: BoardStep; readonly ms: number };
}

/** A whole station. */
export interface StationState {
  /** Its name. */
  readonly station: string;
  /** The job's name. */
  readonly job: string;
  /** Whether boards are started as they arrive. */
  readonly auto: boolean;
  /** Its slots, in the order in which they were first seen. */
  readonly slots: readonly SlotState[];
  /** Its counts. */
  readonly counts: StationCounts;
  /** The rows that are left, where each board gets one. */
  readonly pool?: PoolCounts;
  /** Why boards cannot be watched for, if they cannot. */
  readonly trouble?: string;
}
