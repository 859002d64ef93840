/**
 * The file that a monitor's output is saved to.
 *
 * @module
 */

import { fileError } from "./output_file.ts";

/** A text file that has whole lines at every moment. */
export class MonitorLog implements Disposable {
  /** Its path. */
  readonly path: string;
  readonly #file: Deno.FsFile;

  /**
   * Opens it, empty.
   *
   * @throws {EspError} `file-invalid` if it cannot be written.
   */
  constructor(path: string) {
    this.path = path;
    try {
      this.#file = Deno.openSync(path, {
        write: true,
        create: true,
        truncate: true,
      });
    } catch (cause) {
      throw fileError("write", path, cause);
    }
  }

  /**
   * Adds a line.
   *
   * @throws {EspError} `file-invalid` if it cannot be written.
   */
  line(text: string): void {
    try {
      const bytes = new TextEncoder().encode(`${text}\n`);
      for (let rest = bytes; rest.length > 0;) {
        rest = rest.subarray(this.#file.writeSync(rest));
      }
    } catch (cause) {
      throw fileError("write", this.path, cause);
    }
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** A name for a log that nobody has named: `monitor-20260131-235959.log`. */
export function logName(now: Date): string {
  return `monitor-${
    timestamp(now).slice(0, 19).replaceAll(/[-:]/g, "").replace(" ", "-")
  }.log`;
}

/** Local time with milliseconds: `2026-01-31 23:59:59.999`. */
export function timestamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [
    date.getFullYear(),
    two(date.getMonth() + 1),
    two(date.getDate()),
  ];
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two);
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${day.join("-")} ${time.join(":")}.${ms}`;
}
