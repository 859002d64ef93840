/**
 * What a board says: its bytes as lines, its boot log in words, its addresses
 * as functions, files and lines of the program.
 *
 * @example What a board says when it starts
 * ```ts
 * import { explainBootLine, LineDecoder } from "@espline/espline/monitor";
 *
 * const decoder = new LineDecoder();
 * const bytes = new TextEncoder().encode("rst:0xf (BROWN_OUT_RESET),boot:0xc (SPI_FAST_FLASH_BOOT)\r\n");
 * for (const { text } of decoder.push(bytes, 0)) console.log(explainBootLine(text));
 * ```
 *
 * @module
 */

export {
  AddressDecoder,
  type CodeLocation,
  formatLocation,
} from "./address_decoder.ts";
export { CrashDecoder } from "./crash_decoder.ts";
export { explainBootLine } from "./explain_boot_line.ts";
export { type DecodedLine, LineDecoder } from "./line_decoder.ts";
export { type Filterable, LogFilter } from "./log_filter.ts";
export { type LogLevel, type LogLine, parseLogLine } from "./log_line.ts";
export {
  type BackEvent,
  type GoneEvent,
  type LineEvent,
  Monitor,
  type MonitorEvent,
  type MonitorOptions,
  releaseLines,
} from "./monitor.ts";
export { stripColors } from "./_safe_text.ts";
