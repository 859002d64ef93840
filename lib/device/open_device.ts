/**
 * From a port to a board in its loader.
 *
 * @module
 */

import { chipById } from "../chips/registry.ts";
import { type Clock, delay, systemClock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import { type BeforeMode, connectLoader } from "../loader/connect.ts";
import type { SpiConnection } from "../loader/flash_pins.ts";
import type { Loader } from "../loader/loader.ts";
import { parseResetSequence, type ResetSequence } from "../loader/reset.ts";
import { CHANGE_BAUDRATE } from "../protocol/commands.ts";
import { publishedStub, runStub, type StubImage } from "../loader/stub.ts";
import type { TraceListener } from "../loader/trace.ts";
import { overrideVddSdio, type VddSdio } from "../loader/vdd_sdio.ts";
import type { OperationOptions } from "../progress.ts";
import type { Timeouts } from "../protocol/timeouts.ts";
import type { Transport } from "../transport/transport.ts";
import { withLimits } from "../limits.ts";
import { AFTER_MODES, type AfterMode } from "./after_mode.ts";
import { Device } from "./device.ts";
import { openTransport, portName, type PortTarget } from "./open.ts";

/** Options of {@linkcode open} and {@linkcode connect}. */
export interface OpenOptions extends OperationOptions {
  /**
   * The chip family's id, such as `esp32c3`; any other chip is refused then.
   *
   * @default {"auto"}
   */
  readonly chip?: string | undefined;
  /**
   * The line's speed for the work, in baud. The first contact is made at 115200
   * at most.
   *
   * @default {115200}
   */
  readonly baud?: number | undefined;
  /**
   * How the chip is brought into its loader.
   *
   * @default {"default-reset"}
   */
  readonly before?: BeforeMode | undefined;
  /**
   * What becomes of the chip on close.
   *
   * @default {"hard-reset"}
   */
  readonly after?: AfterMode | undefined;
  /**
   * Whether the flasher stub is loaded, or which one: any with esptool's JSON keys.
   *
   * @default {true}
   */
  readonly stub?: boolean | StubImage | undefined;
  /**
   * How often to try; zero or less, or `Infinity`, for ever.
   *
   * @default {7}
   */
  readonly attempts?: number | undefined;
  /** A reset sequence of one's own, as in esptool's configuration: `D0|R1|W0.1|D1|R0|W0.05|D0`. */
  readonly reset?: string | undefined;
  /**
   * Where the flash is: `HSPI`, or five GPIOs.
   *
   * @default The package's own pins
   */
  readonly spiConnection?: SpiConnection | undefined;
  /** How long GPIO0 stays low after one of the usual resets, in milliseconds. */
  readonly resetDelay?: number | undefined;
  /** A reset into the application of one's own, written as `reset` is. */
  readonly hardReset?: string | undefined;
  /** Time limits of the commands. */
  readonly timeouts?: Timeouts | undefined;
  /** How long the port may take to accept what is sent, in milliseconds. */
  readonly writeTimeout?: number | undefined;
  /**
   * How often one packet of flash data may be sent.
   *
   * @default {3}
   */
  readonly writeAttempts?: number | undefined;
  /**
   * How often to try to open the port, for one that is yet to appear; zero or
   * less, or `Infinity`, for ever.
   *
   * @default {1}
   */
  readonly openAttempts?: number | undefined;
  /** What an ESP32's flash chip is supplied with until the next reset. */
  readonly vddSdio?: VddSdio | undefined;
  /** Told of everything on the wire. */
  readonly onTrace?: TraceListener | undefined;
  /** The clock that everything goes by; the machine's own, but for tests. */
  readonly clock?: Clock | undefined;
}

/** The highest speed for the first contact: every ROM and adapter takes it. */
const FIRST_CONTACT_BAUD = 115_200;

/**
 * Opens a port, resets the chip on it into its loader, finds out what it is,
 * and loads the flasher stub.
 *
 * `signal` stops the opening and everything after it; `timeout` is for the
 * opening alone. If the opening fails, the port is closed again.
 *
 * @example Read a register
 * ```ts
 * import { open } from "@espline/espline";
 *
 * await using board = await open("sim://esp8266");
 * console.log(board.chip.name, await board.readReg(0x3ff0_0050));
 * ```
 *
 * @throws {TransportError} If the port cannot be opened or is lost.
 * @throws {ChipError} If no chip answers, or another than `chip`.
 */
export function open(
  target: PortTarget,
  options: OpenOptions = {},
): Promise<Device> {
  const { clock = systemClock, signal, timeout } = options;
  const limits = {
    step: `connect to "${portName(target)}"`,
    clock,
    signals: [signal],
    timeout,
  };
  return withLimits(limits, async (opening) => {
    const loader = await openLoader(target, {
      ...options,
      clock,
      signal: opening,
    });
    const { after = "hard-reset", onProgress, spiConnection } = options;
    const reopen = isOpenAlready(target)
      ? undefined
      : (again: OperationOptions) =>
        openLoader(target, { ...options, ...again, clock });
    const settings = { after, clock, signal, onProgress, spiConnection };
    return new Device(loader, settings, reopen);
  });
}

/** Whether a target is a transport, which cannot be opened once more. */
function isOpenAlready(target: PortTarget): boolean {
  return typeof target !== "string" && "readable" in target;
}

const BEFORE_MODES: readonly BeforeMode[] = [
  "default-reset",
  "usb-reset",
  "no-reset",
  "no-reset-no-sync",
];

/** @throws {RangeError} If an option has a value that it cannot have. */
function checkOptions({ before, after, attempts, baud }: OpenOptions): void {
  if (before !== undefined && !BEFORE_MODES.includes(before)) {
    throw new RangeError(
      `Cannot connect with before "${before}": known are ${
        BEFORE_MODES.join(", ")
      }`,
    );
  }
  if (after !== undefined && !AFTER_MODES.includes(after)) {
    throw new RangeError(
      `Cannot connect with after "${after}": known are ${
        AFTER_MODES.join(", ")
      }`,
    );
  }
  if (Number.isNaN(attempts)) {
    throw new RangeError("Cannot connect: attempts is not a number");
  }
  if (baud !== undefined && !(Number.isInteger(baud) && baud > 0)) {
    throw new RangeError(`Cannot connect at ${baud} baud: that is no speed`);
  }
}

async function openLoader(
  target: PortTarget,
  options: OpenOptions,
): Promise<Loader> {
  const {
    chip = "auto",
    baud = FIRST_CONTACT_BAUD,
  } = options;
  checkOptions(options);
  const family = chip === "auto" ? undefined : chipById(chip);
  const baudRate = Math.min(baud, FIRST_CONTACT_BAUD);
  const resets = {
    reset: sequenceOf(options.reset),
    hardReset: sequenceOf(options.hardReset),
  };
  const transport = await openPort(target, { ...options, baud: baudRate });
  try {
    // The time limit is around all of this, not around each part.
    const { timeout: _timeout, ...connecting } = options;
    const rom = await connectLoader(transport, {
      ...connecting,
      chip: family,
      ...resets,
    });
    const loader = await startStub(rom, options);
    const { vddSdio } = options;
    if (vddSdio !== undefined) {
      await overrideVddSdio(loader, vddSdio, options);
    }
    if (baud > baudRate) await raiseBaud(loader, baud, options);
    return loader;
  } catch (error) {
    await transport.close();
    throw error;
  }
}

function sequenceOf(text: string | undefined): ResetSequence | undefined {
  return text === undefined ? undefined : parseResetSequence(text);
}

/** How long to wait for a port to appear before the next look, in milliseconds. */
const OPEN_PAUSE = 100;

async function openPort(
  target: PortTarget,
  options: OpenOptions,
): Promise<Transport> {
  const { baud, signal, onProgress, clock = systemClock } = options;
  const wanted = options.openAttempts ?? 1;
  const attempts = wanted > 0 ? wanted : Infinity;
  for (let attempt = 1;; attempt++) {
    try {
      return await openTransport(target, {
        ...(baud !== undefined && { baudRate: baud }),
        signal,
        onProgress,
      });
    } catch (error) {
      if (!(error instanceof TransportError) || attempt >= attempts) {
        throw error;
      }
      await delay(clock, OPEN_PAUSE, { signal });
    }
  }
}

async function startStub(rom: Loader, options: OpenOptions): Promise<Loader> {
  const { stub = true, signal, onProgress } = options;
  if (stub === false || rom.isStub) return rom;
  const image = stub === true ? await publishedStub(rom, { signal }) : stub;
  if (image !== undefined) {
    return await runStub(rom, { stub: image, signal, onProgress });
  }
  const message = rom.secureDownload
    ? "In secure download mode no flasher stub runs: the ROM does the work"
    : `No flasher stub runs on this ${rom.chip.name}: its ROM does the work`;
  onProgress?.({ kind: "note", port: rom.port, message });
  return rom;
}

async function raiseBaud(
  loader: Loader,
  baud: number,
  options: OpenOptions,
): Promise<void> {
  const { signal, onProgress } = options;
  if (loader.has(CHANGE_BAUDRATE)) {
    await loader.changeBaudRate(baud, { signal, onProgress });
    return;
  }
  const where = loader.secureDownload ? " in secure download mode" : "";
  const message =
    `The ${loader.chip.name} ROM cannot change its speed${where}: the line stays at ${loader.link.baudRate} baud`;
  onProgress?.({ kind: "note", port: loader.port, message });
}
