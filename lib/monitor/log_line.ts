/**
 * What a line of ESP-IDF's log says of itself: `W (1234) wifi: no beacon`.
 *
 * Source: ESP-IDF Programming Guide, "Logging library".
 *
 * @module
 */

/** Levels, the gravest first: error, warning, info, debug, verbose. */
export type LogLevel = "E" | "W" | "I" | "D" | "V";

/** The parts of a log line. */
export interface LogLine {
  /** How grave it is. */
  readonly level: LogLevel;
  /** Who says it. */
  readonly tag: string;
  /** The device's own time as it is printed: milliseconds, or a time of day. */
  readonly uptime: string;
  /** What is said. */
  readonly message: string;
}

const LOG_LINE = /^([EWIDV]) \(([\d:. T-]+)\) ([^:]+): (.*)$/s;

/** Takes a line apart, which must be without colours; `undefined` if it is none of ESP-IDF's log. */
export function parseLogLine(text: string): LogLine | undefined {
  const [, level, uptime = "", tag = "", message = ""] = LOG_LINE.exec(text) ??
    [];
  if (level === undefined) return undefined;
  return { level: level as LogLevel, tag, uptime, message };
}
