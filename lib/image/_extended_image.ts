/**
 * Images with an extended header: of every chip after the ESP8266.
 *
 * @module
 */

import { alignUp } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import type { Digesting } from "./_digest.ts";
import {
  CHECKSUM_ALIGNMENT,
  CHIP_ID_OFFSET,
  DIGEST_FLAG_OFFSET,
  DIGEST_SIZE,
  EXTENDED_HEADER_SIZE,
  HEADER_SIZE,
  LEGACY_MIN_REVISION_OFFSET,
  MAX_REVISION_ANY,
  MAX_REVISION_OFFSET,
  MIN_REVISION_OFFSET,
  WP_PIN_DISABLED,
} from "./_layout.ts";
import { checkSegmentCount, writeHeader } from "./_header.ts";
import {
  padToPage,
  placeHidden,
  placeInLine,
  placeMapped,
  type Placement,
} from "./_placement.ts";
import { type SourcedProgram, splitMapped } from "./_program.ts";
import { elfDigest, writeBody } from "./_write_image.ts";
import {
  APP_DESCRIPTOR_OFFSET,
  isAppDescriptor,
  parseAppDescriptor,
} from "./app_descriptor.ts";
import type { BuildImageOptions } from "./image_options.ts";

const START = HEADER_SIZE + EXTENDED_HEADER_SIZE;

/** Where an image that begins with an app descriptor keeps room for the ELF file's digest, and where esptool puts it if one comes later. */
const APP_ELF_DIGEST_OFFSET = APP_DESCRIPTOR_OFFSET + 0x90;

/** What follows the checksum once an image is signed, and is to end with a page. */
const SECURE_TAILS = {
  // Digest, then 12 zeros, version and signature of secure boot v1.
  v1: DIGEST_SIZE + 12 + 4 + 64,
  // The digest alone: the signature has a sector of its own.
  v2: DIGEST_SIZE,
} as const;

/**
 * Builds the image.
 *
 * @throws {ImageError} If the program cannot be placed.
 * @throws {RangeError} If an option's value is none of the chip's.
 */
export function* buildExtendedImage(
  program: SourcedProgram,
  options: BuildImageOptions,
): Digesting<Uint8Array<ArrayBuffer>> {
  const { padToSize = 1, ramOnlyHeader = false, securePadding } = options;
  const hasDigest = !ramOnlyHeader && (options.appendDigest ?? true);
  if (securePadding !== undefined && !hasDigest) {
    throw new RangeError(
      "Cannot build image: secure padding needs the digest behind the image",
    );
  }
  const { visible, hidden } = place(program, options);
  const isApp = program.appDescriptor !== undefined && !options.useSegments;
  checkSegmentCount(visible.segments.length);
  const checksumOffset = alignUp(visible.end + 1, CHECKSUM_ALIGNMENT) - 1;
  const end = hidden?.end ?? checksumOffset + 1;
  const image = writeBody({
    size: alignUp(end + (hasDigest ? DIGEST_SIZE : 0), padToSize),
    fill: 0xff,
    end,
    segments: [...visible.segments, ...hidden?.segments ?? []],
    summed: visible.segments,
    checksumOffset,
    inserted: yield* elfDigest(
      program,
      options.elfDigestOffset ?? (isApp ? APP_ELF_DIGEST_OFFSET : undefined),
    ),
    writeHeaders(view) {
      writeHeader(view, { program, count: visible.segments.length, options });
      writeExtendedHeader(view, options, hasDigest);
    },
  });
  if (hasDigest) image.set(yield image.subarray(0, end), end);
  return image;
}

function place(
  program: SourcedProgram,
  options: BuildImageOptions,
): { visible: Placement; hidden?: Placement } {
  const { chip, ramOnlyHeader, securePadding } = options;
  const { mapped, loaded } = splitMapped(program.segments, chip);
  const pageSize = pageSizeOf(program, options);
  if (ramOnlyHeader) {
    const visible = placeInLine(loaded, START);
    const start = alignUp(visible.end + 1, CHECKSUM_ALIGNMENT);
    const { bootloaderOffset } = chip.flash;
    // From the last to the first, as esptool has them.
    const hidden = placeHidden(
      mapped.toReversed(),
      start,
      pageSize,
      bootloaderOffset,
    );
    return { visible, hidden };
  }
  const leastTail = chip.image.leastPageTail ?? 0;
  const visible = placeMapped(mapped, loaded, START, { pageSize, leastTail });
  return {
    visible: securePadding === undefined
      ? visible
      : padToPage(visible, pageSize, SECURE_TAILS[securePadding]),
  };
}

/** What was asked for, else what the app descriptor says, else the chip's default. */
function pageSizeOf(
  { appDescriptor }: SourcedProgram,
  { chip, mmuPageSize }: BuildImageOptions,
): number {
  const { mmuPageSizes: sizes = [] } = chip.image;
  const described = sizes.length > 1 && appDescriptor !== undefined &&
      isAppDescriptor(appDescriptor)
    ? parseAppDescriptor(appDescriptor).mmuPageSize ?? Math.max(...sizes)
    : sizes[0];
  const pageSize = mmuPageSize ?? described;
  if (pageSize !== undefined && sizes.includes(pageSize)) return pageSize;
  const message =
    `Cannot build image: ${chip.name} has no pages of ${pageSize} bytes, but of ${
      sizes.join(", ")
    }`;
  throw mmuPageSize === undefined
    ? new ImageError(message, { offset: APP_DESCRIPTOR_OFFSET })
    : new RangeError(message);
}

function writeExtendedHeader(
  view: DataView,
  options: BuildImageOptions,
  hasDigest: boolean,
): void {
  const {
    chip,
    legacyMinRevision = 0,
    minRevision = 0,
    maxRevision = MAX_REVISION_ANY,
  } = options;
  checkRevision("legacy least", legacyMinRevision, 0xff);
  checkRevision("least", minRevision, MAX_REVISION_ANY);
  checkRevision("greatest", maxRevision, MAX_REVISION_ANY);
  view.setUint8(HEADER_SIZE, WP_PIN_DISABLED);
  view.setUint16(CHIP_ID_OFFSET, chip.imageChipId ?? 0, true);
  view.setUint8(LEGACY_MIN_REVISION_OFFSET, legacyMinRevision);
  view.setUint16(MIN_REVISION_OFFSET, minRevision, true);
  view.setUint16(MAX_REVISION_OFFSET, maxRevision, true);
  view.setUint8(DIGEST_FLAG_OFFSET, hasDigest ? 1 : 0);
}

function checkRevision(which: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(
    `Cannot build image: the ${which} revision ${value} is not from 0 to ${most}`,
  );
}
