/**
 * A line's events as a file of JSON lines.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { EspError } from "../errors.ts";
import { readReason } from "./_text.ts";
import type { LineEvent } from "./line.ts";

/** A line of the log: an event, when it was and in which slot. */
export type LoggedEvent = LineEvent & {
  /** When: ISO 8601, UTC. */
  readonly time: string;
  /** The name of the place where the board was. */
  readonly slot: string;
};

/** Options of {@linkcode EventLog.open}. */
export interface EventLogOptions {
  /**
   * The least time between two lines about the progress of one transfer, in
   * milliseconds; its end is always told.
   *
   * @default {1000}
   */
  readonly progressInterval?: number | undefined;
  /** The clock that paces them. */
  readonly clock?: Clock | undefined;
}

const DEFAULT_INTERVAL = 1000;
/** No event is longer; where no line ends within so many bytes, the file is something else. */
const MAX_LINE = 0x10_0000;
const NEWLINE = 0x0a;

/**
 * Adds events to a file, one line of JSON each, in their order. Only the last
 * line can be torn by a crash or a power cut, and the next program that opens
 * the file cuts it off. The end of each attempt is on disk before more is
 * written. One program at a time may have the file open.
 */
export class EventLog implements AsyncDisposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #interval: number;
  readonly #clock: Clock;
  /** When a slot's progress was told last, by slot and transfer. */
  readonly #told = new Map<string, { what: string; at: number }>();
  /** What waits to be written. */
  #pending: Uint8Array[] = [];
  #mustSync = false;
  #turn: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(
    path: string,
    file: Deno.FsFile,
    { progressInterval = DEFAULT_INTERVAL, clock }: EventLogOptions,
  ) {
    this.#path = path;
    this.#file = file;
    this.#interval = progressInterval;
    this.#clock = clock ?? systemClock;
  }

  /**
   * Opens a log, makes it if it is not there, and mends it if its last line is torn.
   *
   * @throws {EspError} `file-invalid` if it cannot be read and written, another
   * program has it open, or it is no log; then it is as it was.
   */
  static async open(
    path: string,
    options: EventLogOptions = {},
  ): Promise<EventLog> {
    let file: Deno.FsFile | undefined;
    try {
      file = await Deno.open(path, { read: true, write: true, create: true });
      if (!await file.tryLock(true)) {
        throw new TypeError("another program writes to it");
      }
      await mend(file);
      return new EventLog(path, file, options);
    } catch (cause) {
      file?.close();
      throw logInvalid(`Cannot open event log "${path}"`, cause);
    }
  }

  /** Takes an event, and goes on at once. */
  add(slot: string, event: LineEvent): void {
    if (this.#closed !== undefined || !this.#isNews(slot, event)) return;
    const logged = { time: new Date().toISOString(), slot, ...event };
    this.#pending.push(new TextEncoder().encode(`${JSON.stringify(logged)}\n`));
    this.#mustSync ||= event.kind === "finish";
    // What cannot be written now is tried again with the next event, and at the end.
    this.#turn = this.#turn.then(() => this.#write()).catch(() => {});
  }

  /**
   * Writes what is left and closes the file. Closing twice is harmless.
   *
   * @throws {EspError} `file-invalid` if events could not be written.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#turn;
    try {
      this.#mustSync = true;
      await this.#write();
    } catch (cause) {
      throw logInvalid(`Cannot write event log "${this.#path}"`, cause);
    } finally {
      this.#file.close();
    }
  }

  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      const bytes = concat(this.#pending.splice(0));
      let done = 0;
      try {
        while (done < bytes.length) {
          done += await this.#file.write(bytes.subarray(done));
        }
      } finally {
        // Where a full disk cut a line in two, its other half comes first.
        if (done < bytes.length) this.#pending.unshift(bytes.subarray(done));
      }
    }
    if (!this.#mustSync) return;
    await this.#file.syncData();
    this.#mustSync = false;
  }

  /** Whether an event is worth a line: of a transfer's progress only a part is. */
  #isNews(slot: string, event: LineEvent): boolean {
    if (!("done" in event) || event.done === event.total) return true;
    const what = `${event.kind} ${event.address}`;
    const at = this.#clock.now();
    const last = this.#told.get(slot);
    if (last?.what === what && at - last.at < this.#interval) return false;
    this.#told.set(slot, { what, at });
    return true;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Cuts a torn last line off, and goes to the end. */
async function mend(file: Deno.FsFile): Promise<void> {
  const { size, isFile } = await file.stat();
  // A pipe or a terminal has no lines to mend.
  if (!isFile) return;
  const start = Math.max(0, size - MAX_LINE);
  const tail = await readFrom(file, start, size - start);
  const lastEnd = tail.lastIndexOf(NEWLINE);
  const before = lastEnd < 1 ? -1 : tail.lastIndexOf(NEWLINE, lastEnd - 1);
  const line = tail.subarray(before + 1, Math.max(0, lastEnd));
  const torn = tail.subarray(lastEnd + 1);
  const isLog = lastEnd >= 0 ? isEvent(line) : start === 0 && isTornEvent(torn);
  if (size > 0 && !isLog) throw new TypeError("it is no event log");
  const end = start + lastEnd + 1;
  if (end < size) await file.truncate(end);
  await file.seek(end, Deno.SeekMode.Start);
}

async function readFrom(
  file: Deno.FsFile,
  start: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(start, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) return bytes.subarray(0, done);
    done += count;
  }
  return bytes;
}

function isEvent(line: Uint8Array): boolean {
  try {
    const event = JSON.parse(new TextDecoder().decode(line));
    return typeof event === "object" && event !== null && "kind" in event &&
      "time" in event;
  } catch {
    return false;
  }
}

/** What every line begins with. */
const BEGINNING = new TextEncoder().encode('{"time":"');

/** Whether a first line that does not end may be the beginning of an event. */
function isTornEvent(torn: Uint8Array): boolean {
  return BEGINNING.subarray(0, torn.length).every((byte, index) =>
    torn[index] === byte
  );
}

function logInvalid(what: string, cause: unknown): EspError {
  return new EspError(`${what}: ${readReason(cause)}`, {
    code: "file-invalid",
    hint: "It has been left as it is. Choose another file, or free its disk.",
    cause,
  });
}
