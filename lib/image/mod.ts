/**
 * Firmware images and what lies in flash beside them, as bytes in and bytes
 * out: no port, no file, no console.
 *
 * ```ts
 * import { buildImage, parseImage } from "@espline/espline/image";
 * import { chipById } from "@espline/espline";
 *
 * const chip = chipById("esp32c3");
 * const segments = [{ address: 0x4038_0000, data: new Uint8Array(64) }];
 * const image = buildImage({ entry: 0x4038_0000, segments }, { chip });
 * console.log(parseImage(image, chip).segments.length);
 * ```
 *
 * @module
 */

export {
  buildImage,
  buildImageFiles,
  buildImageFilesAsync,
  type ImageFile,
  type ImageSource,
  type Program,
} from "./build_image.ts";
export { type FrameRule, FrameTable } from "./dwarf_frames.ts";
export { LineTable, type SourceLine } from "./dwarf_lines.ts";
export {
  type BuildImageOptions,
  uselessImageOptions,
} from "./image_options.ts";
export {
  type ElfFile,
  type ElfMachine,
  type ElfProgramHeader,
  type ElfSection,
  parseElf,
} from "./elf.ts";
export {
  type ElfSymbol,
  type ElfSymbolBinding,
  type ElfSymbolType,
  parseElfSymbols,
} from "./elf_symbols.ts";
export {
  type EspImage,
  type ExtendedHeader,
  type ImageSegment,
  imageSize,
  isCrcValid,
  isDigestValid,
  parseImage,
  type PinSettings,
} from "./esp_image.ts";
export {
  type FlashMode,
  type FlashParameters,
  patchFlashParameters,
} from "./flash_parameters.ts";
export {
  bootPartition,
  eraseOtaData,
  findOtaData,
  OTA_DATA_SIZE,
  type OtaCopy,
  type OtaData,
  otaSlots,
  type OtaState,
  parseOtaData,
  selectOtaSlot,
  type SelectOtaSlotOptions,
} from "./ota_data.ts";
export {
  formatPartitionCsv,
  formatPartitionSize,
  parsePartitionCsv,
  type PartitionCsvOptions,
} from "./partition_csv.ts";
export {
  type PartitionProblem,
  partitionProblems,
  type PartitionRules,
} from "./partition_rules.ts";
export {
  encodePartitionTable,
  type EncodePartitionTableOptions,
  findPartition,
  parsePartitionTable,
  type Partition,
  PARTITION_TABLE_OFFSET,
  PARTITION_TABLE_SECTOR,
  PARTITION_TABLE_SIZE,
  type PartitionTable,
} from "./partition_table.ts";
export { partitionSubtypeName, partitionTypeName } from "./partition_types.ts";
export type { Segment } from "./segment.ts";
export {
  APP_DESCRIPTOR_OFFSET,
  APP_DESCRIPTOR_SIZE,
  type AppDescriptor,
  isAppDescriptor,
  parseAppDescriptor,
} from "./app_descriptor.ts";
export {
  type BootloaderDescriptor,
  isBootloaderDescriptor,
  parseBootloaderDescriptor,
} from "./bootloader_descriptor.ts";
export {
  type FlashContent,
  type FlashFormat,
  unpackFlashFile,
  type UnpackOptions,
} from "./flash_content.ts";
export {
  detectImageChip,
  type ImageDigest,
  type ImageInfo,
  inspectImage,
  type SegmentInfo,
} from "./image_info.ts";
export { type MergeFile, mergeImages, type MergeOptions } from "./merge.ts";
export {
  type SplitImage,
  splitImage,
  type SplitKind,
  type SplitOptions,
  type SplitPart,
} from "./split.ts";
export {
  findSignatures,
  type ImageSignature,
  type SignatureScheme,
} from "./signature.ts";
export { formatIntelHex, isIntelHex, parseIntelHex } from "./intel_hex.ts";
export {
  encodeUf2,
  isUf2,
  parseUf2,
  type Uf2Family,
  type Uf2File,
  type Uf2Options,
} from "./uf2.ts";
// NVS
export {
  buildNvs,
  type BuildNvsOptions,
  NVS_MIN_WRITABLE_SIZE,
} from "./nvs_build.ts";
export type {
  NvsChanges,
  NvsContents,
  NvsContentsLike,
  NvsNamed,
} from "./nvs_contents.ts";
export {
  formatNvsCsv,
  parseNvsCsv,
  type ParseNvsCsvOptions,
  parseNvsValue,
} from "./nvs_csv.ts";
export {
  editNvs,
  type EditNvsOptions,
  type NvsEdit,
  type NvsSector,
} from "./nvs_edit.ts";
export { decryptNvs, encryptNvs } from "./nvs_encryption.ts";
export {
  deriveNvsKeys,
  encodeNvsKeys,
  generateNvsKeys,
  type NvsKeys,
  parseNvsKeys,
} from "./nvs_keys.ts";
export {
  type NvsIssue,
  type NvsPage,
  type NvsPageState,
  type NvsPartition,
  type NvsVersion,
  parseNvs,
  type ParseNvsOptions,
} from "./nvs_parse.ts";
export {
  i16,
  i32,
  i64,
  i8,
  type NvsBlob,
  type NvsInteger,
  nvsInteger,
  type NvsIntegerKind,
  type NvsString,
  type NvsValue,
  type NvsValueLike,
  u16,
  u32,
  u64,
  u8,
} from "./nvs_value.ts";
