/**
 * Which board a verb runs for, where it may be one of several.
 *
 * @module
 */

import { UsageError } from "./usage_error.ts";

/** A board, as much as is known of it while a verb runs. */
export class Board {
  /** Whether the verb runs on other boards at the same time. */
  readonly several: boolean;
  /** What it is found by, once its port has been chosen. */
  port: string | undefined;
  /** Its MAC address, once it has answered. */
  mac: string | undefined;
  /** The files that boards of this run have put in place. */
  readonly #taken: Set<string>;

  /** A board that is the only one or, with `others`, one of several. */
  constructor(port?: string, others?: Set<string>) {
    this.port = port;
    this.several = others !== undefined;
    this.#taken = others ?? new Set();
  }

  /**
   * Checks that a file's name leaves room for a board, if there are several.
   *
   * @throws {UsageError} If several boards would write the same file.
   */
  checkPath(path: string): void {
    if (!this.several || /\{(port|mac)\}/.test(path)) return;
    throw new UsageError(
      `Several boards cannot all write "${path}"`,
      'Put {port} or {mac} into the name, as in "backup-{mac}.bin".',
    );
  }

  /**
   * Checks that work on a file is to be done once.
   *
   * @throws {UsageError} If it would be done for several boards.
   */
  checkFileWork(): void {
    if (!this.several) return;
    throw new UsageError(
      "Work on a file cannot be done on several boards",
      "Name no port for it.",
    );
  }

  /** Fills in what a file's name leaves to the board, `{port}` and `{mac}`, as far as it is known. */
  pathOf(path: string): string {
    return path
      .replaceAll("{port}", (whole) => fileNameOf(this.port) ?? whole)
      .replaceAll("{mac}", (whole) => this.mac?.replaceAll(":", "") ?? whole);
  }

  /**
   * Takes a file's name for this board, once all of it is known.
   *
   * @throws {UsageError} If another board of this run has it.
   */
  take(path: string): void {
    if (this.#taken.has(path)) {
      throw new UsageError(
        `Two boards would write "${path}"`,
        "Put {mac} into the name, or {port} if the MAC addresses are the same.",
      );
    }
    this.#taken.add(path);
  }
}

/** `/dev/ttyUSB0` as `ttyUSB0`, and a URL without what a file name cannot have. */
function fileNameOf(port: string | undefined): string | undefined {
  return port?.replace(/^(\/dev\/|\\\\\.\\)/, "").replaceAll(/[^\w.-]+/g, "_");
}
