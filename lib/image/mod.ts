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
