/**
 * Provisioning: many boards at once, each on its own, each recorded.
 *
 * {@linkcode runLine} takes ports and a {@linkcode ProvisionJob}, works on all
 * boards at the same time and tells what became of each; a board that fails,
 * hangs or is unplugged touches no other. {@linkcode writeInventory} keeps the
 * records as a CSV table with one row per device.
 *
 * @example Two boards of different families
 * ```ts
 * import { buildImage, chipById } from "@espline/espline";
 * import { formatInventory, inventoryRow, runLine } from "@espline/espline/provision";
 *
 * const program = { entry: 0x4010_0000, segments: [{ address: 0x4010_0000, data: new Uint8Array(64) }] };
 * const image = buildImage(program, { chip: chipById("esp8266") });
 *
 * const results = await runLine(["sim://esp8266", "sim://esp32"], {
 *   name: "lamp 1.0",
 *   firmware: [{ chip: "esp8266", files: [{ address: 0x0, source: image }] }],
 * });
 * // The ESP32 fails: the job has nothing for it.
 * console.log(results.map(({ result, failure }) => failure?.code ?? result));
 * console.log(formatInventory(results.map(inventoryRow)));
 * ```
 *
 * @module
 */

export type { FirmwareContents } from "./_contents.ts";
export {
  type PreparedFirmware,
  type PreparedFirmwareFile,
  type PreparedJob,
  prepareJob,
  type PrepareJobOptions,
} from "./firmware.ts";
export type { JobPath, LineOf } from "./_problems.ts";
export {
  type FirmwareArgumentOptions,
  readFirmwareArguments,
} from "./firmware_arguments.ts";
export { familyOfImage } from "./image_family.ts";
export {
  formatInventory,
  mergeInventory,
  parseInventory,
  readInventory,
  writeInventory,
} from "./inventory.ts";
export {
  INVENTORY_COLUMNS,
  type InventoryColumn,
  type InventoryRow,
  inventoryRow,
  inventoryRows,
} from "./inventory_row.ts";
export {
  attemptRows,
  exportInventory,
  mergeInventories,
} from "./inventory_merge.ts";
export {
  checkInventory,
  type CheckInventoryOptions,
  type InventoryFinding,
  type InventoryFindingKind,
} from "./inventory_check.ts";
export {
  EventLog,
  type EventLogOptions,
  type LoggedEvent,
} from "./event_log.ts";
export {
  defineJob,
  type Firmware,
  type FirmwareFile,
  type ProvisionJob,
} from "./job.ts";
export type {
  BootCheck,
  Hook,
  HookMoment,
  ImprovPlan,
  LabelPlan,
} from "./job_actions.ts";
export type {
  BoardFileData,
  DeviceData,
  NvsData,
  NvsTemplate,
  NvsValueType,
  Patch,
} from "./job_data.ts";
export type {
  CsvSource,
  GeneratorSource,
  HttpSource,
  IdentityPlan,
  IdentitySource,
} from "./job_identity.ts";
export { type JobArgumentOptions, readJobArguments } from "./job_arguments.ts";
export { makeLabel } from "./label.ts";
export { loadJob } from "./load_job.ts";
export {
  type BoardClaimed,
  type BoardFinish,
  type BoardIdentified,
  type BoardLog,
  type BoardStart,
  type BoardStepStart,
  inspectLine,
  type LineEvent,
  type LineOpenOptions,
  type LineOptions,
  runLine,
  type ScanRequest,
} from "./line.ts";
export type {
  BoardApplication,
  BoardClaim,
  BoardFailure,
  BoardFile,
  BoardFlash,
  BoardIdentity,
  BoardResult,
  BoardSecurity,
  BoardStep,
  BoardUsb,
  FailureCode,
  StepDuration,
} from "./result.ts";
export { BOARD_STEPS } from "./result.ts";
export {
  type LineOutput,
  TerminalRows,
  type TerminalRowsOptions,
} from "./rows.ts";
export { formatResults, LineView, type LineViewOptions } from "./terminal.ts";
export { openStore } from "./store/open_store.ts";
export type {
  AddedRows,
  Attempt,
  Claim,
  ClaimRequest,
  ClaimRule,
  CodeRule,
  CounterRule,
  GivenRule,
  IdentityRow,
  MacRule,
  NextRule,
  PoolCounts,
  Store,
} from "./store/store.ts";
export { runStation, type RunStationOptions } from "./run_station.ts";
export {
  Station,
  type StationEvent,
  type StationOptions,
  type WatchOptions,
} from "./station.ts";
export type {
  SlotPhase,
  SlotProgress,
  SlotState,
  StationCounts,
  StationState,
} from "./station_state.ts";
export {
  type DashboardOptions,
  type DashboardServer,
  serveDashboard,
} from "./dashboard/serve_dashboard.ts";
