/**
 * What a person sees of a monitor, and what its file gets.
 *
 * @module
 */

import { type LineEvent, type LogFilter, stripColors } from "../monitor/mod.ts";
import { logName, MonitorLog, timestamp } from "./monitor_log.ts";

/** How a {@linkcode MonitorView} shows things. */
export interface MonitorViewOptions {
  /** Writes to the screen. */
  write(text: string): void;
  /** Whether colours are kept. */
  readonly color: boolean;
  /** Whether lines begin with the time. */
  readonly timestamps: boolean;
  /** Which lines are shown. */
  readonly filter: LogFilter;
  /** Where the output is saved as well. */
  readonly log?: MonitorLog | undefined;
  /** What time it is. */
  now(): Date;
}

const YELLOW = "\x1b[33m";
const PLAIN = "\x1b[0m";

/** Writes lines, notes and what the monitor itself has to say. */
export class MonitorView implements Disposable {
  readonly #options: MonitorViewOptions;
  #log: MonitorLog | undefined;
  #timestamps: boolean;
  #pausedLines: number | undefined;
  /** Whether the line that has no end yet is shown: decided when its first part came. */
  #shown: boolean | undefined;
  /** Whether the cursor stands behind a line that has no end yet. */
  #isOpen = false;
  #time = "";
  /** What was said last about a line: a ROM that repeats itself needs no second explanation. */
  #lastNote: string | undefined;

  /** Makes a view. */
  constructor(options: MonitorViewOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#timestamps = options.timestamps;
  }

  /** Shows a line, or a part of one. */
  line(event: LineEvent): void {
    const { raw, text, ended, notes } = event;
    if (this.#shown === undefined) this.#time = timestamp(this.#options.now());
    const shown = this.#shown ??= this.#options.filter.shows(event);
    if (ended) this.#shown = undefined;
    if (!shown) return;
    this.#show(raw, ended);
    if (!ended) return;
    this.#log?.line(this.#withTime(text));
    for (const note of notes) {
      if (note !== this.#lastNote) this.#note(note);
      this.#lastNote = note;
    }
  }

  /** Says something of the monitor's own. */
  say(text: string): void {
    this.#endLine();
    this.#mark(text);
    this.#log?.line(`--- ${text}`);
  }

  /** Stops showing lines, or goes on with them. What is saved and waited for goes on. */
  togglePause(): void {
    const missed = this.#pausedLines;
    if (missed === undefined) {
      this.say("Output stopped; Ctrl-T Ctrl-Y goes on with it");
      this.#pausedLines = 0;
    } else {
      this.#pausedLines = undefined;
      this.say(`Output goes on; ${missed} lines were not shown`);
    }
  }

  /** Shows the time before each line, or does not. */
  toggleTimestamps(): void {
    this.#timestamps = !this.#timestamps;
    this.say(`Timestamps ${this.#timestamps ? "on" : "off"}`);
  }

  /**
   * Saves what comes to a file of its own, or stops doing so.
   *
   * @throws {EspError} `file-invalid` if the file cannot be written.
   */
  toggleLog(): void {
    if (this.#log === undefined) {
      this.#log = new MonitorLog(logName(this.#options.now()));
      this.say(`Saving to "${this.#log.path}"`);
    } else {
      const { path } = this.#log;
      this.#log[Symbol.dispose]();
      this.#log = undefined;
      this.say(`No longer saving to "${path}"`);
    }
  }

  /** Ends the line that is open, and closes the file. */
  [Symbol.dispose](): void {
    this.#endLine();
    this.#log?.[Symbol.dispose]();
    this.#log = undefined;
  }

  #show(raw: string, ended: boolean): void {
    if (this.#pausedLines !== undefined) {
      if (ended) this.#pausedLines++;
      return;
    }
    const text = this.#options.color ? raw : stripColors(raw);
    const start = this.#isOpen ? "" : this.#withTime("");
    this.#options.write(`${start}${text}${ended ? "\n" : ""}`);
    this.#isOpen = !ended;
  }

  #note(text: string): void {
    if (this.#pausedLines === undefined) this.#mark(text);
    this.#log?.line(`--- ${text}`);
  }

  #mark(text: string): void {
    const { color, write } = this.#options;
    write(color ? `${YELLOW}--- ${text}${PLAIN}\n` : `--- ${text}\n`);
  }

  #endLine(): void {
    if (this.#isOpen) this.#options.write("\n");
    this.#isOpen = false;
  }

  #withTime(text: string): string {
    return this.#timestamps ? `${this.#time} ${text}` : text;
  }
}
