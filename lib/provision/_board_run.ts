/**
 * The bookkeeping of one attempt at one board: steps, limits, and the record that is left of it.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import type { ProgressEvent } from "../progress.ts";
import { callHooks } from "./_hooks.ts";
import type { FirmwareContents } from "./_contents.ts";
import { MASK, Redactor } from "./_redactor.ts";
import { renderTemplate, type TemplateLookup } from "./_template.ts";
import { Watchdog } from "./_watchdog.ts";
import type { PreparedJob } from "./firmware.ts";
import type { HookMoment } from "./job_actions.ts";
import type { LineEvent, LineOptions } from "./line.ts";
import {
  type BoardClaim,
  type BoardFile,
  type BoardFlash,
  type BoardIdentity,
  type BoardResult,
  type BoardSecurity,
  type BoardStep,
  type BoardUsb,
  failureOf,
  type StepDuration,
} from "./result.ts";
import type { Claim } from "./store/store.ts";

/** Longer than the slowest step that goes well: 16 MiB that do not compress, at 115200 baud. */
const DEFAULT_STEP_TIMEOUT = 30 * 60_000;
const DEFAULT_STALL_TIMEOUT = 45_000;
/** How long an aborted operation may take to let go of its port, in milliseconds. */
const GRACE = 5_000;
const NEVER = new AbortController().signal;

/** Which attempt at which board. */
export interface BoardRunOptions {
  /** The board's port. */
  readonly port: string;
  /** The name of the place where it is. */
  readonly slot: string;
  /** Which attempt of this run, from 1 on. */
  readonly attempt: number;
  /** The line's speed, in baud. */
  readonly baud: number | undefined;
  /** What is to be done; absent if the board is only looked at. */
  readonly job: PreparedJob | undefined;
  /** The line's options. */
  readonly line: LineOptions;
}

/** One attempt at one board. */
export class BoardRun implements Disposable {
  readonly port: string;
  readonly slot: string;
  readonly station: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly id: string = crypto.randomUUID();
  identity: BoardIdentity | undefined;
  flash: BoardFlash | undefined;
  usb: BoardUsb | undefined;
  security: BoardSecurity | undefined;
  columns: Readonly<Record<string, string>> | undefined;
  labelCode: string | undefined;
  boot: Readonly<Record<string, string>> | undefined;
  files: readonly BoardFile[] = [];
  contents: FirmwareContents = {};
  readonly #options: BoardRunOptions;
  readonly #controller = new AbortController();
  readonly #watchdog: Watchdog;
  readonly #redactor = new Redactor();
  readonly #steps: StepDuration[] = [];
  readonly #startedAt = new Date();
  readonly #started: number;
  #claim: Claim | undefined;
  #step: BoardStep | undefined;
  readonly #onAbort = () =>
    this.#controller.abort(this.#options.line.signal?.reason);

  constructor(options: BoardRunOptions) {
    const { port, slot, line } = options;
    this.port = port;
    this.slot = slot;
    this.station = line.station ?? "local";
    this.#options = options;
    this.clock = line.clock ?? systemClock;
    this.signal = this.#controller.signal;
    this.#started = this.clock.now();
    this.#watchdog = new Watchdog({
      port,
      clock: this.clock,
      stepTimeout: line.stepTimeout ?? DEFAULT_STEP_TIMEOUT,
      stallTimeout: line.stallTimeout ?? DEFAULT_STALL_TIMEOUT,
      onExpire: (error) => this.#controller.abort(error),
    });
    line.signal?.addEventListener("abort", this.#onAbort);
    if (line.signal?.aborted) this.#onAbort();
    this.emit({ kind: "start", port, slot, attempt: options.attempt });
  }

  /** The row that the board has. */
  get claim(): Claim | undefined {
    return this.#claim;
  }

  /** From here on no text that leaves the run holds a secret of the row. */
  setClaim(claim: Claim): void {
    this.#claim = claim;
    const secrets = this.#options.job?.identity?.secrets ?? new Set();
    for (const [column, value] of Object.entries(claim.values)) {
      if (secrets.has(column)) this.#redactor.hide(value);
    }
    const { key, again } = claim;
    this.emit({ kind: "claimed", port: this.port, key, again });
  }

  /** Keeps a value that is no row's from every text that leaves the run. */
  hide(secret: string): void {
    this.#redactor.hide(secret);
  }

  /** Takes secrets out of a text, before it is cut. */
  readonly clean = (text: string): string => this.#redactor.cleanText(text);

  /** The board's values, for templates. */
  readonly lookup: TemplateLookup = (name) => {
    const { identity } = this;
    const values: Readonly<Record<string, string | undefined>> = {
      ...this.#claim?.values,
      mac: identity?.mac,
      macHex: identity?.mac.replaceAll(":", ""),
      chip: identity?.chip,
      chipId: identity?.chipId.toString(16).padStart(8, "0"),
      job: this.#options.job?.name,
      station: this.station,
      slot: this.slot,
      port: this.port,
    };
    return Object.hasOwn(values, name) ? values[name] : undefined;
  };

  /** Fills a template in for the record, which shows no secret. */
  fillShown(template: string): string {
    const secrets = this.#options.job?.identity?.secrets ?? new Set();
    return renderTemplate(
      template,
      (name) => secrets.has(name) ? MASK : this.lookup(name),
    );
  }

  /** Passes an event on, and takes note that the board is alive. */
  emit(event: LineEvent): void {
    if (this.#step !== undefined && !this.signal.aborted) this.#watchdog.feed();
    this.#options.line.onEvent?.(this.#redactor.clean(event));
  }

  /** The listener for the loader's own events, which may know the port by another name. */
  readonly onProgress = (event: ProgressEvent): void =>
    this.emit({ ...event, port: this.port });

  /**
   * Runs one step with the hooks around it, and records how long it took.
   *
   * @param onLate What to do with a result that comes when nobody waits for it any more.
   */
  async step<T>(
    step: BoardStep,
    work: () => Promise<T>,
    onLate?: (value: T) => Promise<void>,
  ): Promise<T> {
    this.signal.throwIfAborted();
    this.#step = step;
    this.#watchdog.enter(step);
    this.emit({ kind: "step", port: this.port, step });
    const started = this.clock.now();
    try {
      await this.hooks(`before-${step}`);
      const value = await this.guard(work(), onLate);
      await this.hooks(`after-${step}`);
      return value;
    } catch (error) {
      // What an operation throws when it is aborted differs; the reason is one.
      throw this.signal.aborted ? this.signal.reason : error;
    } finally {
      // Between two steps nothing is waited for.
      this.#watchdog.stop();
      this.#steps.push({ step, ms: round(this.clock.now() - started) });
    }
  }

  /** Calls the job's hooks for a moment. */
  async hooks(moment: HookMoment, failure?: unknown): Promise<void> {
    const hooks = this.#options.job?.job.hooks ?? [];
    if (!hooks.some(({ on }) => on === moment)) return;
    const { env = () => undefined, signal = NEVER } = this.#options.line;
    // Each hook has a limit of its own; the board need not move meanwhile.
    this.#watchdog.stop();
    await callHooks(hooks, moment, {
      lookup: this.lookup,
      env,
      // A board that was given up is told of, too.
      signal: moment === "fail" ? signal : this.signal,
      clean: this.clean,
      // A program of the user's own may need what nobody else is shown.
      state: () => ({
        ...this.#state(),
        ...(failure !== undefined && {
          failure: failureOf(failure, this.#step),
        }),
        values: this.#claim?.values ?? {},
      }),
      onIgnored: (message) =>
        this.emit({ kind: "note", port: this.port, message }),
    });
    if (this.#step !== undefined) this.#watchdog.enter(this.#step);
  }

  /** Waits for `work`, but when the run is aborted only for a short time longer. */
  async guard<T>(
    work: Promise<T>,
    onLate?: (value: T) => Promise<void>,
  ): Promise<T> {
    const { promise: abandoned, reject } = Promise.withResolvers<never>();
    let cancel: (() => void) | undefined;
    const onAbort = () => {
      cancel = this.clock.schedule(() => {
        // How it ends after this is nobody's business, as long as it lets go of the port.
        work.then(onLate).catch(() => {});
        reject(this.signal.reason);
      }, GRACE);
    };
    if (this.signal.aborted) onAbort();
    else this.signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([work, abandoned]);
    } finally {
      this.signal.removeEventListener("abort", onAbort);
      cancel?.();
    }
  }

  /** Makes the record of the run as it stands. */
  result(outcome: "pass" | { readonly error: unknown }): BoardResult {
    return this.#redactor.clean({
      ...this.#state(),
      ...this.#verdict(outcome),
      files: this.files,
      ...this.contents,
      steps: [...this.#steps],
      startedAt: this.#startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      durationMs: round(this.clock.now() - this.#started),
    });
  }

  /** Ends the run. */
  finish(result: BoardResult): BoardResult {
    this[Symbol.dispose]();
    this.#options.line.onEvent?.({ kind: "finish", port: this.port, result });
    return result;
  }

  #state() {
    const { identity, flash, boot, id, port, slot, station } = this;
    const { usb, security, columns, labelCode } = this;
    const { attempt, baud, job, line: { operator } } = this.#options;
    return {
      id,
      port,
      slot,
      station,
      ...(operator !== undefined && { operator }),
      attempt,
      ...(baud !== undefined && { baud }),
      ...(job !== undefined && { job: job.name, jobSha256: job.sha256 }),
      ...(identity && { identity }),
      ...(flash && { flash }),
      ...(usb && { usb }),
      ...(security && { security }),
      ...(columns && { columns }),
      ...(labelCode !== undefined && { labelCode }),
      ...(this.#claim && { claim: this.#shownClaim(this.#claim) }),
      ...(boot && { boot }),
    };
  }

  #shownClaim({ pool, key, again, values }: Claim): BoardClaim {
    const secrets = this.#options.job?.identity?.secrets ?? new Set();
    const shown = Object.entries(values).filter(([name]) => !secrets.has(name));
    return { pool, key, again, values: Object.fromEntries(shown) };
  }

  #verdict(
    outcome: "pass" | { readonly error: unknown },
  ): Pick<BoardResult, "result" | "failure"> {
    if (outcome === "pass") return { result: "pass" };
    const failure = failureOf(outcome.error, this.#step);
    const { signal } = this.#options.line;
    return signal?.aborted && outcome.error === signal.reason
      ? { result: "cancelled", failure: { ...failure, code: "cancelled" } }
      : { result: "fail", failure };
  }

  [Symbol.dispose](): void {
    this.#watchdog.stop();
    this.#options.line.signal?.removeEventListener("abort", this.#onAbort);
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
