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
  type BuildImageOptions,
  type Program,
} from "./build_image.ts";
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
  isDigestValid,
  parseImage,
} from "./esp_image.ts";
export {
  type FlashMode,
  type FlashParameters,
  patchFlashParameters,
} from "./flash_parameters.ts";
export {
  formatPartitionCsv,
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
