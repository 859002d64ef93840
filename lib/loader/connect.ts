/**
 * From an open port to a loader: reset, synchronise, detect.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import { CHIPS } from "../chips/registry.ts";
import { delay, systemClock } from "../clock.ts";
import {
  ChipError,
  CommandError,
  FrameError,
  TimeoutError,
  TransportError,
} from "../errors.ts";
import type { OperationOptions } from "../progress.ts";
import { SYNC } from "../protocol/commands.ts";
import { decodeResponse } from "../protocol/packet.ts";
import type { Transport } from "../transport/transport.ts";
import { operate } from "./_operation.ts";
import { detectChip, isStubAnswering } from "./detect.ts";
import { diagnoseConnect, isReadable } from "./diagnosis.ts";
import { type FrameExchange, Link, type LinkOptions } from "./link.ts";
import { powerFlash } from "./flash_power.ts";
import { Loader } from "./loader.ts";
import {
  isUsbJtag,
  playReset,
  RESET_SEQUENCES,
  type ResetSequence,
  stopWatchdogs,
  transistorResets,
} from "./reset.ts";
import { bootLogSpeeds } from "./quirks.ts";
import { readUsbMode } from "./usb_mode.ts";

/**
 * What is done before the first command: `default-reset` resets the chip in
 * the way that fits the port, `usb-reset` as a USB-Serial/JTAG port needs it,
 * `no-reset` expects the loader to run, and `no-reset-no-sync` expects it to
 * be synchronised too.
 */
export type BeforeMode =
  | "default-reset"
  | "usb-reset"
  | "no-reset"
  | "no-reset-no-sync";

/** Options of {@linkcode connectLoader}. */
export interface ConnectOptions extends OperationOptions, LinkOptions {
  /** The chip that it must be; any by default. */
  readonly chip?: ChipFamily | undefined;
  /**
   * What to do first.
   *
   * @default {"default-reset"}
   */
  readonly before?: BeforeMode | undefined;
  /**
   * How often to try; zero, less, or `Infinity` for no limit.
   *
   * @default {7}
   */
  readonly attempts?: number | undefined;
  /** A reset of one's own, in place of the known ones. */
  readonly reset?: ResetSequence | undefined;
  /** How long GPIO0 stays low after one of the usual resets, in milliseconds; longer every second time. */
  readonly resetDelay?: number | undefined;
  /**
   * Whether to wait for the boot log after each reset, for the diagnosis.
   *
   * @default {true}
   */
  readonly readBootLog?: boolean | undefined;
}

const DEFAULT_ATTEMPTS = 7;
const SYNCS_PER_ATTEMPT = 5;
/** How many replies a SYNC has after the first. */
const MORE_SYNC_REPLIES = 7;
/** The pause after a SYNC without reply, in milliseconds. */
const SYNC_PAUSE = 50;
/** A boot log is over when nothing came for this long, in milliseconds. */
const LOG_QUIET = 20;
/** The longest time given to a boot log, in milliseconds: an application may talk for ever. */
const LOG_MOST = 200;
/** How many attempts' logs are kept. */
const LOGS_KEPT = 8;

/**
 * Brings the chip on an open port into its loader and finds out what it is.
 * The loader owns the port from then on. If connecting fails, the port stays
 * open and is the caller's again.
 *
 * @throws {ChipError} Why no chip answered (`no-serial-data`, `wrong-boot-mode`, `no-sync-reply`,
 * `boot-loop`, `chip-panicked`), or `chip-unknown`, or `chip-mismatch`.
 * @throws {TransportError} If the port is gone.
 * @throws {TimeoutError} If `timeout` is over.
 */
export async function connectLoader(
  transport: Transport,
  options: ConnectOptions = {},
): Promise<Loader> {
  const { clock = systemClock } = options;
  const link = new Link(transport, options);
  try {
    return await operate(
      clock,
      `connect to ${transport.port}`,
      options,
      (signal) => connect(link, { ...options, signal }),
    );
  } catch (error) {
    await link.detach();
    throw error;
  }
}

async function connect(link: Link, options: ConnectOptions): Promise<Loader> {
  const { chip: expected, signal } = options;
  const isStub = options.before === "no-reset-no-sync"
    ? undefined
    : await synchronise(link, options);
  const { chip, secureDownload } = await detectChip(link, expected, { signal });
  options.onProgress?.({ kind: "identify", port: link.port, chip: chip.name });
  const answering = isStub ?? await isStubAnswering(link, chip, { signal });
  const state = {
    isStub: answering,
    secureDownload: secureDownload && !answering,
  };
  const loader = new Loader(link, chip, state);
  if (loader.secureDownload) return loader;
  const usbMode = await readUsbMode(loader, { signal });
  const known = new Loader(link, chip, { ...state, usbMode });
  await stopWatchdogs(known, { signal });
  if (!answering) await powerFlash(known, { signal });
  return known;
}

/** @returns Whether a stub answers. */
async function synchronise(
  link: Link,
  options: ConnectOptions,
): Promise<boolean> {
  const wanted = options.attempts ?? DEFAULT_ATTEMPTS;
  const attempts = wanted > 0 ? wanted : Infinity;
  const logs: Uint8Array[] = [];
  let reset: ResetSequence | undefined;
  let noted = false;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const resets = resetsFor(link, options);
    reset = resets[(attempt - 1) % Math.max(1, resets.length)];
    if (reset === undefined && !keepsState(options) && !noted) {
      noted = true;
      noteNoLines(link, options);
    }
    options.onProgress?.({
      kind: "connect",
      port: link.port,
      attempt,
      attempts,
      reset: reset?.name ?? "none",
    });
    link.clearRecent();
    if (reset !== undefined) await resetAndListen(link, reset, options);
    const isStub = await trySync(link, options);
    if (isStub !== undefined) {
      // What the chip said before it answered is no matter of later commands.
      link.clearRecent();
      return isStub;
    }
    logs.push(link.recent());
    if (logs.length > LOGS_KEPT) logs.shift();
  }
  throw diagnoseConnect({
    port: link.port,
    canReset: reset !== undefined,
    logs,
    slowLog: await readSlowLog(link, reset, logs.at(-1), options),
  });
}

function noteNoLines(link: Link, { onProgress }: ConnectOptions): void {
  onProgress?.({
    kind: "note",
    port: link.port,
    message:
      "The port has no DTR and RTS: put the chip into download mode by hand",
  });
}

function keepsState({ before }: ConnectOptions): boolean {
  return before === "no-reset" || before === "no-reset-no-sync";
}

/** The resets that are tried in turn; asked again each time, as a port may turn out to have no lines. */
function resetsFor(
  link: Link,
  options: ConnectOptions,
): readonly ResetSequence[] {
  if (keepsState(options) || link.info.signals === "none") return [];
  if (options.reset !== undefined) return [options.reset];
  if (options.before === "usb-reset" || isUsbJtag(link.info)) {
    return [RESET_SEQUENCES.usbJtag];
  }
  const { tight, tightSlow, classic, classicSlow } = transistorResets(
    options.resetDelay,
  );
  return link.info.signals === "together"
    ? [tight, tightSlow, classic, classicSlow]
    : [classic, classicSlow];
}

async function resetAndListen(
  link: Link,
  reset: ResetSequence,
  options: ConnectOptions,
): Promise<void> {
  const { signal } = options;
  await playReset(link, reset, { signal });
  if (options.readBootLog ?? true) {
    await link.drain(LOG_QUIET, { most: LOG_MOST, signal });
  }
}

/** @returns Whether a stub answers; `undefined` if nothing does. */
async function trySync(
  link: Link,
  { signal }: ConnectOptions,
): Promise<boolean | undefined> {
  // A reply that is on its way while the next SYNC is sent must count: so
  // nothing is dropped in between, and the pause is spent listening.
  await link.flushInput();
  const limit = link.timeouts.sync + SYNC_PAUSE;
  for (let sync = 0; sync < SYNCS_PER_ATTEMPT; sync++) {
    try {
      return await link.exchange(async (line) => {
        const value = await line.command(SYNC, undefined, { limit, signal });
        const others = await readOtherReplies(link, line, signal);
        return [value, ...others].every((each) => each === 0);
      });
    } catch (error) {
      if (!isNoAnswer(error) || signal?.aborted) throw error;
      if (error instanceof TimeoutError) continue;
      await delay(link.clock, SYNC_PAUSE, { signal });
    }
  }
  return undefined;
}

/** Whether a SYNC has failed as it does when no loader listens, an application that crashes included. */
function isNoAnswer(error: unknown): boolean {
  return error instanceof TimeoutError || error instanceof CommandError ||
    error instanceof FrameError || error instanceof ChipError;
}

/** Reads the replies that follow the first one, so that no later command finds them. */
async function readOtherReplies(
  link: Link,
  line: FrameExchange,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const values: number[] = [];
  try {
    while (values.length < MORE_SYNC_REPLIES) {
      const frame = await line.receive({
        step: "SYNC",
        timeout: link.timeouts.sync,
        signal,
      });
      values.push(decodeResponse(frame).value);
    }
  } catch (error) {
    // Fewer replies, or a damaged one: the others have had their time.
    const over = error instanceof TimeoutError || error instanceof FrameError;
    if (!over || signal?.aborted) throw error;
  }
  return values;
}

/**
 * Where all that came was unreadable, it may be the log of an ESP8266, or of
 * an ESP32-C2 with its crystal, whose ROMs talk at 74,880 baud: resets once
 * more and listens at that speed.
 */
async function readSlowLog(
  link: Link,
  reset: ResetSequence | undefined,
  log: Uint8Array | undefined,
  options: ConnectOptions,
): Promise<Uint8Array | undefined> {
  const { baudRate } = link;
  const chips = options.chip === undefined ? CHIPS : [options.chip];
  const slow = chips.flatMap(bootLogSpeeds)
    .find((speed) => speed !== baudRate);
  if (
    reset === undefined || log === undefined || log.length === 0 ||
    slow === undefined || isReadable(log)
  ) {
    return undefined;
  }
  try {
    await link.setBaudRate(slow);
  } catch (error) {
    // What is known without this log is said all the same.
    const refused = error instanceof TransportError &&
      error.code === "baud-unsupported";
    if (refused) return undefined;
    throw error;
  }
  try {
    link.clearRecent();
    await resetAndListen(link, reset, { ...options, readBootLog: true });
    return link.recent();
  } finally {
    await link.setBaudRate(baudRate);
  }
}
