/**
 * What a boot log says, and what to tell a person whose chip does not answer.
 *
 * Pure functions of what was seen. Sources: ESP32 Technical Reference Manual,
 * "Boot Modes"; ESP8266 boot messages as in the ESP8266 FAQ; ROM traces.
 *
 * @module
 */

import { ChipError } from "../errors.ts";

/** What a boot log says of the last reset in it. */
export interface BootLog {
  /** How many times a reset is announced. */
  readonly resets: number;
  /** The boot mode: the strap register's value, or the first of the ESP8266's two numbers. */
  readonly mode?: number;
  /** What the ROM calls the mode, such as `SPI_FAST_FLASH_BOOT`. */
  readonly modeName?: string;
  /** Whether the chip went into download mode. */
  readonly download: boolean;
  /** Why it was reset, as the ROM says it. */
  readonly cause?: string;
}

/** What was seen while connecting failed. */
export interface ConnectEvidence {
  /** The port's path or URL. */
  readonly port: string;
  /** Whether the port has modem lines. */
  readonly canReset: boolean;
  /** What came in each attempt, the last one last. */
  readonly logs: readonly Uint8Array[];
  /** What came after a reset with the port at an ESP8266's boot log speed, if that was tried. */
  readonly slowLog?: Uint8Array | undefined;
}

const BOOT_LINE =
  /(?:rst:0x[0-9a-f]+ \(([^)]*)\),)?boot:(0x[0-9a-f]+)(?: \(([^)]*)\))?/gi;
const ESP8266_BOOT_LINE = /rst cause:(\d+),\s*boot mode:\((\d+),\d+\)/g;
const DOWNLOAD_NAME = /DOWNLOAD|UART\d?_BOOT/;
const DOWNLOAD_WAIT = /wait(ing for| uart\d) download/;
/** The ESP8266's boot mode for download over the UART. */
const ESP8266_DOWNLOAD = 1;
/** As many announcements of a reset in one attempt, which makes one reset, are a loop. */
const LOOP_RESETS = 3;
const PANIC = /Guru Meditation Error[^\r\n]*/;
/** How much of a text may be damaged: a fifth. */
const READABLE_SHARE = 0.8;
const DOWNLOAD_HINT =
  "Hold the BOOT button (GPIO0 low) while the chip is reset, or check the wiring of DTR and RTS.";

/** Reads bytes as text, one character a byte. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** Reads the boot log in what came; `undefined` if there is none. */
export function parseBootLog(bytes: Uint8Array): BootLog | undefined {
  const text = textOf(bytes);
  const lines = [...text.matchAll(BOOT_LINE)];
  const last = lines.at(-1);
  if (last !== undefined) {
    const [, cause, mode = "", modeName] = last;
    return {
      resets: lines.length,
      mode: parseInt(mode, 16),
      download: DOWNLOAD_NAME.test(modeName ?? "") ||
        DOWNLOAD_WAIT.test(text.slice(last.index)),
      ...(modeName !== undefined && { modeName }),
      ...(cause !== undefined && { cause }),
    };
  }
  const older = [...text.matchAll(ESP8266_BOOT_LINE)];
  const [, cause = "", mode = ""] = older.at(-1) ?? [];
  if (mode === "") return undefined;
  return {
    resets: older.length,
    mode: Number(mode),
    download: Number(mode) === ESP8266_DOWNLOAD,
    cause,
  };
}

/** Whether bytes are text: not noise, and not text at another speed. */
export function isReadable(bytes: Uint8Array): boolean {
  const printable = textOf(bytes).match(/[\x20-\x7e\t\r\n]/g)?.length ?? 0;
  return printable >= READABLE_SHARE * bytes.length;
}

/** Finds a crash report in what came. */
export function findPanic(
  port: string,
  bytes: Uint8Array,
): ChipError | undefined {
  const [report] = textOf(bytes).match(PANIC) ?? [];
  if (report === undefined) return undefined;
  return new ChipError(
    `Cannot talk to the chip on ${port}: its program crashed, "${report.trim()}"`,
    {
      code: "chip-panicked",
      hint: `The application runs instead of the loader. ${DOWNLOAD_HINT}`,
    },
  );
}

/** Explains why no chip answered. */
export function diagnoseConnect(evidence: ConnectEvidence): ChipError {
  const { port, logs } = evidence;
  const seen = logs.filter((log) => log.length > 0);
  if (seen.length === 0) return noData(evidence);
  for (const log of seen.toReversed()) {
    const panic = findPanic(port, log);
    if (panic !== undefined) return panic;
  }
  const boots = [...seen, evidence.slowLog ?? new Uint8Array(0)]
    .map(parseBootLog)
    .filter((boot) => boot !== undefined);
  const loop = boots.find((boot) => boot.resets >= LOOP_RESETS);
  if (loop !== undefined) return bootLoop(port, loop);
  const boot = boots.find((boot) => boot.download) ?? boots.at(-1);
  if (boot !== undefined) return booted(port, boot);
  return noReply(port, seen);
}

function noData({ port, canReset }: ConnectEvidence): ChipError {
  return new ChipError(`Cannot connect to ${port}: no serial data received`, {
    code: "no-serial-data",
    hint: canReset
      ? "Check the port, the power supply and the cable, and that TX and RX are not swapped."
      : "The port has no DTR and RTS: put the chip into download mode by hand (GPIO0 low, then reset).",
  });
}

/** A blank or broken flash loops too, but in download mode it would not be looked at: so the mode is told as well. */
function bootLoop(port: string, { resets, ...boot }: BootLog): ChipError {
  const cause = boot.cause === undefined ? "" : `, cause ${boot.cause}`;
  const mode = boot.download ? "download mode" : `boot mode ${modeText(boot)}`;
  return new ChipError(
    `Cannot connect to ${port}: the chip resets again and again in ${mode}, ${resets} times in one attempt${cause}`,
    { code: "boot-loop", hint: `Check the power supply. ${DOWNLOAD_HINT}` },
  );
}

function modeText({ mode = 0 }: Pick<BootLog, "mode">): string {
  return `0x${mode.toString(16)}`;
}

function booted(port: string, boot: BootLog): ChipError {
  if (boot.download) {
    return new ChipError(
      `Cannot connect to ${port}: the chip is in download mode, but no sync reply came: the TX path to the chip seems to be down`,
      {
        code: "no-sync-reply",
        hint: "Check the wire from the adapter's TX to the chip's RX.",
      },
    );
  }
  const mode = modeText(boot);
  const details = [
    boot.modeName,
    boot.cause === undefined ? undefined : `reset cause ${boot.cause}`,
  ].filter((detail) => detail !== undefined);
  return new ChipError(
    `Cannot connect to ${port}: wrong boot mode ${mode}${
      details.length === 0 ? "" : ` (${details.join(", ")})`
    }, the chip is not in download mode`,
    { code: "wrong-boot-mode", hint: DOWNLOAD_HINT },
  );
}

function noReply(port: string, seen: readonly Uint8Array[]): ChipError {
  const last = seen.at(-1) ?? new Uint8Array(0);
  const what = isReadable(last)
    ? `text, but no sync reply: "${textOf(last).trim().slice(-60)}"`
    : `${last.length} unreadable bytes, and no sync reply`;
  return new ChipError(`Cannot connect to ${port}: the chip sends ${what}`, {
    code: "no-sync-reply",
    hint: isReadable(last)
      ? `An application seems to run. ${DOWNLOAD_HINT}`
      : "Check the baud rate, the ground wire and the signal levels.",
  });
}
