import type { PortTarget } from "../device/open.ts";
import { portName } from "../device/open.ts";
import { runAttempts } from "./_attempts.ts";
import type { PreparedJob } from "./firmware.ts";
import type { LineEvent, LineOptions, ScanRequest } from "./line.ts";
import type { BoardResult } from "./result.ts";
import type { SlotPhase, SlotState } from "./station_state.ts";

/** What a slot tells its station. */
export interface SlotListener {
  /** Something has happened on it. */
  readonly onEvent: (event: LineEvent) => void;
  /** It stands otherwise than before. */
  readonly onChange: () => void;
  /** An attempt is over. */
  readonly onAttempt: (result: BoardResult) => void;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One place for a board: what is there, and what is done to it. */
export class Slot {
  readonly name: string;
  readonly #listener: SlotListener;
  #target: PortTarget | undefined;
  #state: Mutable<SlotState>;
  #controller: AbortController | undefined;
  #run: Promise<BoardResult> | undefined;
  #code: PromiseWithResolvers<string> | undefined;
  /** Whether the board was taken away during its run. */
  #left = false;

  constructor(name: string, listener: SlotListener) {
    this.name = name;
    this.#listener = listener;
    this.#state = { name, phase: "empty", passed: 0, failed: 0 };
  }

  /** How it stands. */
  get state(): SlotState {
    return { ...this.#state };
  }

  /** Whether a board is being worked on. */
  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  /** A board is there. */
  arrive(target: PortTarget): void {
    this.#left = false;
    if (!this.isRunning) this.#state.phase = "ready";
    this.move(target);
  }

  /** The board that is there has come back under another path. */
  move(target: PortTarget): void {
    this.#target = target;
    this.#state.port = portName(target);
    this.#listener.onChange();
  }

  /** The board is gone. A run that is under way notices by itself. */
  leave(): void {
    this.#target = undefined;
    if (this.isRunning) this.#left = true;
    else this.#empty();
  }

  /**
   * Works on the board.
   *
   * @returns The last attempt's result; `undefined` if there is no board, or it is being worked on.
   */
  async start(
    job: PreparedJob,
    line: LineOptions,
  ): Promise<BoardResult | undefined> {
    const target = this.#target;
    if (target === undefined || this.isRunning) return undefined;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    const { name, port, passed, failed } = this.#state;
    this.#state = {
      ...{ name, passed, failed, phase: "running" },
      ...(port !== undefined && { port }),
      startedAt: new Date().toISOString(),
    };
    this.#listener.onChange();
    this.#run = runAttempts(target, job, {
      ...line,
      slots: { [portName(target)]: this.name },
      signal: line.signal === undefined
        ? signal
        : AbortSignal.any([signal, line.signal]),
      scan: (request) => this.#scan(request, line),
      onEvent: (event) => this.#observe(event),
    }, { onAttempt: this.#listener.onAttempt });
    const result = await this.#run;
    this.#run = undefined;
    this.#finish(result);
    return result;
  }

  /** Stops what is done to the board, and waits until its port is closed. */
  async cancel(reason: Error = new Error("Cancelled")): Promise<void> {
    this.#controller?.abort(reason);
    await this.#run;
  }

  /** Takes the code that was scanned for the board. @returns Whether one was waited for. */
  scan(code: string): boolean {
    if (this.#code === undefined) return false;
    this.#code.resolve(code);
    return true;
  }

  async #scan(request: ScanRequest, line: LineOptions): Promise<string> {
    if (line.scan !== undefined) return await line.scan(request);
    const code = this.#code = Promise.withResolvers<string>();
    this.#state.waitsForCode = request.mac;
    this.#listener.onChange();
    const onAbort = () => code.reject(request.signal.reason);
    request.signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await code.promise;
    } finally {
      request.signal.removeEventListener("abort", onAbort);
      this.#code = undefined;
      delete this.#state.waitsForCode;
    }
  }

  #observe(event: LineEvent): void {
    switch (event.kind) {
      case "start":
        this.#state.attempt = event.attempt;
        break;
      case "step":
        this.#state.step = event.step;
        delete this.#state.progress;
        break;
      case "identified":
        this.#state.chip = event.chip;
        this.#state.mac = event.mac;
        break;
      case "claimed":
        this.#state.serial = event.key;
        break;
      case "log":
        this.#state.log = event.text;
        break;
      case "write":
      case "read":
      case "erase":
      case "verify": {
        const { kind, done, total } = event;
        this.#state.progress = { kind, done, total };
        break;
      }
    }
    this.#listener.onEvent(event);
    this.#listener.onChange();
  }

  #finish(result: BoardResult): void {
    delete this.#state.progress;
    this.#state.result = result;
    if (result.result === "pass") this.#state.passed++;
    if (result.result === "fail") this.#state.failed++;
    // An operator must see how it ended, even if the board is gone by now.
    this.#enter(result.result);
    if (this.#left && result.result === "pass") this.#empty();
  }

  #empty(): void {
    const { passed, failed } = this.#state;
    this.#state = { name: this.name, phase: "empty", passed, failed };
    this.#listener.onChange();
  }

  #enter(phase: SlotPhase): void {
    this.#state.phase = phase;
    this.#listener.onChange();
  }
}
