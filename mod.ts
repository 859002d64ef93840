/**
 * espline: ESP8266 and ESP32-family boards over their serial ROM bootloader.
 *
 * {@linkcode connect} makes a plan of steps for one-liners, {@linkcode open} a
 * {@linkcode Device} for scripts. Both take a port's path or URL:
 * `/dev/ttyUSB0`, `COM5`, `socket://host:port`, `rfc2217://host:port`, and
 * `sim://esp32` for a virtual board, as here:
 *
 * ```ts
 * import { connect } from "@espline/espline";
 *
 * const { mac, chipId, written } = await connect("sim://esp8266")
 *   .writeFlash({ 0x1_0000: new TextEncoder().encode("hello") })
 *   .readMac()
 *   .chipId();
 * console.log(mac, chipId.toString(16), written[0]?.md5);
 * ```
 *
 * @module
 */

export { formatAddress, formatMac, parseMac } from "./lib/bytes.ts";
export type {
  BitField,
  ChipDetection,
  ChipFamily,
  ChipIdDetection,
  ChipRegisters,
  Crystal,
  EarlierStub,
  EfuseBlock,
  EfuseField,
  EfuseLayout,
  FamilyStub,
  FixedCrystal,
  FlashEncoding,
  FlashPinSupport,
  FlashSupplyRegisters,
  ImageFormat,
  MagicDetection,
  MeasuredCrystal,
  MemoryKind,
  MemoryRegion,
  MemoryType,
  NoSecureBootStub,
  PointerStart,
  PortVariable,
  Quirk,
  RegisterBits,
  RomLoader,
  SecureBootStub,
  SpiRegisters,
  SuperWatchdogRegisters,
  TextRule,
  UsbSupport,
  ValueLabels,
  ValueRange,
  WatchdogRegisters,
} from "./lib/chips/family.ts";
export { parseFlashSize } from "./lib/chips/flash_size.ts";
export { chipById, CHIPS } from "./lib/chips/registry.ts";
export { type Clock, ManualClock, systemClock } from "./lib/clock.ts";
export type { AfterMode } from "./lib/device/after_mode.ts";
export { Device } from "./lib/device/device.ts";
export { type InstalledApp, readApps } from "./lib/device/app_descriptors.ts";
export type {
  DeviceSettings,
  EraseFlashOptions,
  ReadFlashOptions,
  WriteFlashStatusOptions,
  WriteRegOptions,
} from "./lib/device/device_options.ts";
export {
  buildFor,
  type FirmwareBuild,
  loadFirmwareBuilds,
} from "./lib/device/firmware_build.ts";
export {
  type FlashContainer,
  type FlashFiles,
  type FlashSource,
  loadFlashFiles,
  type PlacedFile,
  type PreparedFile,
} from "./lib/device/flash_files.ts";
export {
  type OpenPortOptions,
  openTransport,
  type PortSource,
  type PortTarget,
} from "./lib/device/open.ts";
export { open, type OpenOptions } from "./lib/device/open_device.ts";
export {
  checkPartitionFit,
  loadPartitionTable,
  type PartitionFitOptions,
  readPartitionTable,
  type ReadPartitionTableOptions,
  resolvePartition,
  type ResolvePartitionOptions,
  selectBootSlot,
  type SelectBootSlotOptions,
} from "./lib/device/partitions.ts";
export { connect, Plan, type With } from "./lib/device/plan.ts";
export type { FlashParameterOptions } from "./lib/device/prepare_file.ts";
export {
  holdInReset,
  type HoldInResetOptions,
  resetPort,
  type ResetPortOptions,
} from "./lib/device/reset_port.ts";
export { type ServedPortOptions, servePort } from "./lib/device/serve_port.ts";
export type {
  VerifiedFile,
  VerifyFlashOptions,
} from "./lib/device/verify_flash.ts";
export type {
  WriteFlashOptions,
  WrittenFile,
  WrittenRange,
} from "./lib/device/write_flash.ts";
export {
  ChipError,
  CommandError,
  type CommandErrorOptions,
  EspError,
  type EspErrorCode,
  type EspErrorOptions,
  FrameError,
  type FrameErrorOptions,
  ImageError,
  type ImageErrorOptions,
  TimeoutError,
  type TimeoutErrorOptions,
  TransportError,
  type VerifyContents,
  VerifyError,
  type VerifyErrorOptions,
} from "./lib/errors.ts";
export {
  buildImage,
  type ImageSource,
  type Program,
} from "./lib/image/build_image.ts";
export type {
  ElfFile,
  ElfMachine,
  ElfProgramHeader,
  ElfSection,
} from "./lib/image/elf.ts";
export {
  type EspImage,
  type ExtendedHeader,
  isDigestValid,
  parseImage,
} from "./lib/image/esp_image.ts";
export {
  type FlashMode,
  type FlashParameters,
  patchFlashParameters,
} from "./lib/image/flash_parameters.ts";
export type { BuildImageOptions } from "./lib/image/image_options.ts";
export type { Segment } from "./lib/image/segment.ts";
export type { BeforeMode } from "./lib/loader/connect.ts";
export {
  type FlashPins,
  formatSpiConnection,
  parseSpiConnection,
  type SpiConnection,
} from "./lib/loader/flash_pins.ts";
export type { FlashSecurity } from "./lib/loader/flash_security.ts";
export type { FlashSupply, FlashVoltage } from "./lib/loader/flash_supply.ts";
export type { ChipIdentity } from "./lib/loader/identity.ts";
export type { ChipRevision } from "./lib/loader/quirks.ts";
export { parseResetSequence, type ResetSequence } from "./lib/loader/reset.ts";
export type {
  ResetStep,
  SignalStep,
  WaitStep,
} from "./lib/loader/reset_sequence.ts";
export {
  resetTransport,
  type ResetTransportOptions,
} from "./lib/loader/reset_transport.ts";
export { SECURITY_FLAGS, type SecurityInfo } from "./lib/loader/security.ts";
export type { FlashId } from "./lib/loader/spi_flash.ts";
export type {
  BaudTrace,
  BytesTrace,
  CommandTrace,
  SignalsTrace,
  TraceEvent,
  TraceListener,
} from "./lib/loader/trace.ts";
export type { VddSdio } from "./lib/loader/vdd_sdio.ts";
export type { StubImage } from "./lib/loader/stub.ts";
export type {
  BaudProgress,
  ConnectProgress,
  IdentifyProgress,
  NoteProgress,
  OperationOptions,
  ProgressBase,
  ProgressEvent,
  ProgressListener,
  ResetProgress,
  TransferProgress,
} from "./lib/progress.ts";
export { DEFAULT_TIMEOUTS, type Timeouts } from "./lib/protocol/timeouts.ts";
export {
  expandPorts,
  listPorts,
  type PortInfo,
} from "./lib/transport/list_ports.ts";
export {
  openRfc2217,
  type OpenRfc2217Options,
} from "./lib/transport/rfc2217.ts";
export {
  type ClientEvent,
  type LineStep,
  type LocalResets,
  type ResetEvent,
  type ServerEvent,
  serveRfc2217,
  type ServeRfc2217Options,
} from "./lib/transport/rfc2217_server.ts";
export { openSerial, type SerialOptions } from "./lib/transport/serial.ts";
export { openTcp, type OpenTcpOptions } from "./lib/transport/tcp.ts";
export {
  type ServePortOptions,
  serveTcp,
  type TransportServer,
} from "./lib/transport/tcp_server.ts";
export type { UsbMode } from "./lib/loader/usb_mode.ts";
export type {
  SerialSignals,
  Transport,
  TransportInfo,
} from "./lib/transport/transport.ts";
