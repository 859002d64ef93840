/**
 * The files that a line keeps: its inventory and its log of events.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { EventLog } from "./event_log.ts";
import { readInventory, writeInventory } from "./inventory.ts";
import { type InventoryRow, inventoryRows } from "./inventory_row.ts";
import type { LineEvent } from "./line.ts";
import type { BoardResult } from "./result.ts";

/** Which files. */
export interface RecorderOptions {
  /** The inventory's path; absent if none is kept. */
  readonly inventory?: string | undefined;
  /** The log's path; absent if none is kept. */
  readonly eventLog?: string | undefined;
  /** The clock that paces the log. */
  readonly clock?: Clock | undefined;
}

/** Keeps a line's files as its boards go on, so that a crash costs those in work at most. */
export class Recorder {
  readonly #inventory: string | undefined;
  readonly #log: EventLog | undefined;
  readonly #pending: InventoryRow[] = [];
  #turn: Promise<void> = Promise.resolve();

  private constructor(
    inventory: string | undefined,
    log: EventLog | undefined,
  ) {
    this.#inventory = inventory;
    this.#log = log;
  }

  /**
   * Makes sure that the files can be kept.
   *
   * @throws {EspError} `file-invalid` if one cannot be read or is something else.
   */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const { inventory, eventLog, clock } = options;
    if (inventory !== undefined) await readInventory(inventory);
    const log = eventLog === undefined
      ? undefined
      : await EventLog.open(eventLog, { clock });
    return new Recorder(inventory, log);
  }

  /** Takes an event, and goes on at once. */
  event(slot: string, event: LineEvent): void {
    this.#log?.add(slot, event);
  }

  /** Takes a board's result, and goes on at once. */
  record(result: BoardResult): void {
    if (this.#inventory === undefined) return;
    this.#pending.push(...inventoryRows([result]));
    // What cannot be written now is tried again with the next board, and at the end.
    this.#turn = this.#turn.then(() => this.#write()).catch(() => {});
  }

  /**
   * Waits until everything is written, and closes the log.
   *
   * @throws {EspError} `file-invalid` if a file cannot be written.
   */
  async finish(): Promise<void> {
    await this.#turn;
    try {
      await this.#write();
    } finally {
      await this.#log?.close();
    }
  }

  async #write(): Promise<void> {
    if (this.#inventory === undefined || this.#pending.length === 0) return;
    const rows = this.#pending.slice();
    await writeInventory(this.#inventory, rows);
    this.#pending.splice(0, rows.length);
  }
}
