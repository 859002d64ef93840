/**
 * Virtual boards: devices that answer as an Espressif chip's ROM and flasher
 * stub do, with NOR flash, boot straps on DTR and RTS, a UART with a speed of
 * its own, and faults.
 *
 * @example A board whose boot button is held
 * ```ts
 * import { VirtualBoard } from "@espline/espline/simulator";
 *
 * await using board = new VirtualBoard({ chip: "esp32", strap: "download" });
 * await using port = await board.open({ baudRate: 115200 });
 * const { value } = await port.readable.getReader().read();
 * console.log(new TextDecoder().decode(value)); // ends with "waiting for download"
 * console.log(board.state, board.traffic.entries.length); // "rom" 2
 * ```
 *
 * @module
 */

export {
  type BoardState,
  type LinkKind,
  type OpenBoardOptions,
  VirtualBoard,
  type VirtualBoardOptions,
} from "./virtual_board.ts";
export type { VirtualApp } from "./board_options.ts";
export { virtualBoardFromUrl } from "./url.ts";
export {
  type BoardServer,
  type ServeBoardOptions,
  serveVirtualBoard,
} from "./server.ts";
export { openPty, type Pty } from "./pty.ts";
export {
  badMd5,
  type Behavior,
  type BehaviorHooks,
  type BoardControl,
  bootLoop,
  brownOutAt,
  type DelayVerdict,
  type Direction,
  dropBytes,
  failingSector,
  flipBytes,
  type IgnoreVerdict,
  insertBytes,
  lateReplies,
  noSync,
  refuseCommand,
  type RefuseVerdict,
  type RequestVerdict,
  type SpoilOptions,
  unplugAt,
  wrongChip,
} from "./behaviors.ts";
export type { RequestPacket } from "../protocol/packet.ts";
export { BEHAVIOR_NAMES, parseBehavior } from "./behavior_text.ts";
export { FlashMemory, type FlashMemoryOptions } from "./flash_memory.ts";
export {
  type FlashTiming,
  GD25Q32C_TIMING,
  type TimingMode,
} from "./timing.ts";
export {
  type BaudEntry,
  type LoaderKind,
  type RawEntry,
  type ReplyEntry,
  type RequestEntry,
  type ResetEntry,
  type SignalsEntry,
  type TextEntry,
  Traffic,
  type TrafficEntry,
  type TrafficOptions,
} from "./traffic.ts";
export { type ResetCause } from "./boot_log.ts";
