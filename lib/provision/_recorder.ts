/**
 * Puts boards into an inventory file as they are done.
 *
 * @module
 */

import {
  type InventoryRow,
  inventoryRows,
  readInventory,
  writeInventory,
} from "./inventory.ts";
import type { BoardResult } from "./result.ts";

/** Writes one board after the other, so that a crash costs those in work at most. */
export class InventoryRecorder {
  readonly #path: string;
  readonly #pending: InventoryRow[] = [];
  #turn: Promise<void> = Promise.resolve();

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Makes sure that the file can be kept.
   *
   * @throws {EspError} `file-invalid` if it cannot be read or is no inventory.
   */
  static async open(path: string): Promise<InventoryRecorder> {
    await readInventory(path);
    return new InventoryRecorder(path);
  }

  /** Takes a board's result, and goes on at once. */
  record(result: BoardResult): void {
    this.#pending.push(...inventoryRows([result]));
    // What cannot be written now is tried again with the next board, and at the end.
    this.#turn = this.#turn.then(() => this.#write()).catch(() => {});
  }

  /**
   * Waits until everything is written.
   *
   * @throws {EspError} `file-invalid` if the file cannot be written.
   */
  async finish(): Promise<void> {
    await this.#turn;
    await this.#write();
  }

  async #write(): Promise<void> {
    if (this.#pending.length === 0) return;
    const rows = this.#pending.slice();
    await writeInventory(this.#path, rows);
    this.#pending.splice(0, rows.length);
  }
}
