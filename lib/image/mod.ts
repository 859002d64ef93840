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
export { type FrameRule, FrameTable } from "./dwarf_frames.ts";
export { LineTable, type SourceLine } from "./dwarf_lines.ts";
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
export type { Segment } from "./segment.ts";
