/**
 * From a device's bytes to lines of text, however the bytes are cut.
 *
 * @module
 */

import { concatBytes } from "../bytes.ts";
import { openTail, safeText, stripColors } from "./_safe_text.ts";
import { type LogLevel, parseLogLine } from "./log_line.ts";

/** A line, or what has come of one. */
export interface DecodedLine {
  /** When its first byte came, in the clock's milliseconds. */
  readonly time: number;
  /**
   * What is new of it, safe to be shown on a terminal, with its colours: the
   * whole line, unless an earlier part was given out while it had no end.
   */
  readonly raw: string;
  /** The whole line as far as it has come, without colours. */
  readonly text: string;
  /** Whether its end has come. */
  readonly ended: boolean;
  /** Its level, if it is of ESP-IDF's log. */
  readonly level?: LogLevel;
  /** Its tag, if it is of ESP-IDF's log. */
  readonly tag?: string;
}

/** A line longer than this is cut: noise at a wrong speed may never end one. */
const MAX_LINE = 8192;
const LINE_FEED = 0x0a;

/**
 * Cuts bytes into lines. Bytes that are no UTF-8, and control characters other
 * than colours and moves of the cursor, appear as `\x80`; carriage returns
 * around a line's end are dropped.
 */
export class LineDecoder {
  /** Bytes that have not been given out. */
  #waiting: Uint8Array = new Uint8Array();
  /** What has been given out of the line that has no end yet. */
  #shown = "";
  #time: number | undefined;

  /**
   * Takes bytes.
   *
   * @param now When they came, in milliseconds.
   * @returns The lines that they end.
   */
  push(bytes: Uint8Array, now: number): DecodedLine[] {
    const lines: DecodedLine[] = [];
    let rest = concatBytes([this.#waiting, bytes]);
    this.#waiting = new Uint8Array();
    while (rest.length > 0) {
      this.#time ??= now;
      const room = Math.max(1, MAX_LINE - this.#shown.length);
      const end = rest.indexOf(LINE_FEED);
      if (end >= 0 && end <= room) {
        lines.push(this.#emit(rest.subarray(0, end), true));
        rest = rest.subarray(end + 1);
      } else if (rest.length > room) {
        lines.push(this.#emit(rest.subarray(0, room), true));
        rest = rest.subarray(room);
      } else {
        this.#waiting = rest.slice();
        break;
      }
    }
    return lines;
  }

  /** Gives out what has come of a line that waits for its end: a prompt, for one. */
  flush(): DecodedLine | undefined {
    const ready = this.#waiting.length - openTail(this.#waiting);
    if (ready === 0) return undefined;
    const part = this.#emit(this.#waiting.subarray(0, ready), false);
    this.#waiting = this.#waiting.subarray(ready);
    return part;
  }

  /** Ends the line that waits for its end, if there is one. */
  end(): DecodedLine | undefined {
    const rest = this.#waiting;
    this.#waiting = new Uint8Array();
    const last = this.#emit(rest, true);
    return last.text === "" && last.raw === "" ? undefined : last;
  }

  #emit(bytes: Uint8Array, ended: boolean): DecodedLine {
    const time = this.#time ?? 0;
    let raw = safeText(bytes);
    if (this.#shown === "") raw = raw.replace(/^\r+/, "");
    if (ended) raw = raw.replace(/\r+$/, "");
    const text = this.#shown + stripColors(raw);
    this.#shown = ended ? "" : text;
    if (ended) this.#time = undefined;
    const log = parseLogLine(text);
    return {
      time,
      raw,
      text,
      ended,
      ...(log !== undefined && { level: log.level, tag: log.tag }),
    };
  }
}
