/**
 * `image-info`: the result is `{ file, size, format, images }`, each image with
 * all that it says about itself; see the verb's schema.
 *
 * @module
 */

import type { ChipFamily, Segment } from "../../../mod.ts";
import { CHIPS } from "../../chips/registry.ts";
import { ImageError } from "../../errors.ts";
import {
  type FlashContent,
  type ImageInfo,
  inspectImage,
  unpackFlashFile,
} from "../../image/mod.ts";
import { type Command, defineCommand } from "../command.ts";
import { imageText } from "../image_text.ts";
import { readInput } from "../input_file.ts";
import { namedChip, required, setting } from "../options.ts";
import { integer, listOf, maybe, object, text, truth } from "../schema.ts";
import type { Screen } from "../screen.ts";
import { hex } from "../text.ts";
import { parseUint32 } from "../values.ts";

/** The first bytes of images. */
const MAGICS = [0xe9, 0xea];
/** The first byte of ELF files. */
const ELF_MAGIC = 0x7f;

const IMAGE_SCHEMA = object({
  address: integer(
    "where it begins: in flash, or in a raw file from the file's start",
  ),
  chip: text("the chip that it has been read for"),
  version: integer("1; on the ESP8266 also 2 or 3."),
  size: integer("how many bytes it has, without signatures"),
  entry: integer("where the program starts"),
  flash: object(
    {
      mode: maybe(text("qio, qout, dio or dout.")),
      size: maybe(text("such as 4MB")),
      frequency: maybe(text("such as 40m")),
    },
    "how the flash is read; what the header's numbers do not name is left out",
  ),
  extended: maybe(object({
    chipId: integer("which chip it is for"),
    minRevision: integer("the least chip revision: major * 100 + minor"),
    maxRevision: integer("the greatest; 65535 is any, 0 is unsaid"),
    legacyMinRevision: integer("the least, in images before ESP-IDF 4.4"),
    writeProtectPin: integer("the write-protect pin; 238 leaves it to eFuse"),
    drives: listOf(
      integer("a strength"),
      "the drive strengths of CLK, Q, D, CS0, HD and WP",
    ),
  }, "the extended header, which the ESP8266 lacks")),
  segments: listOf(
    object({
      address: integer("where it is loaded or mapped"),
      size: integer("how many bytes it has"),
      offset: integer("where its header is in the image"),
      memory: listOf(text("a name"), "what the address is called"),
    }),
    "the segments in their order",
  ),
  checksum: object({
    value: integer("what the image carries"),
    expected: integer("what it should carry"),
    valid: truth("whether the two are the same"),
  }),
  crc: maybe(object({
    value: integer("what the image carries"),
    valid: truth("whether it is right"),
  }, "the CRC of an image of version 2")),
  digest: maybe(object({
    value: text("the digest that the image carries, in hex"),
    expected: text("the digest that it should carry, in hex"),
    valid: truth("whether the two are the same"),
  }, "the SHA-256 digest, if there is one")),
  app: maybe(object({
    project: text("the project's name"),
    version: text("the application's version"),
    date: text("the day of the build"),
    time: text("the time of the build"),
    idfVersion: text("the version of ESP-IDF"),
    elfSha256: text("the SHA-256 digest of the ELF file, in hex"),
    secureVersion: integer("the security version"),
    minEfuseBlockRevision: integer("major * 100 + minor"),
    maxEfuseBlockRevision: integer("major * 100 + minor; 65535 is any"),
    mmuPageSize: maybe(integer("the MMU's page size, in bytes")),
  }, "what an application says about itself")),
  bootloader: maybe(object({
    version: integer("the bootloader's version"),
    idfVersion: text("the version of ESP-IDF"),
    dateTime: text("when it was built"),
    secureVersion: integer("the security version; 0 in older ones"),
  }, "what a bootloader says about itself")),
  signatures: listOf(
    object({
      version: integer("of secure boot: 1 or 2"),
      scheme: maybe(text("rsa-3072, ecdsa-p192, ecdsa-p256 or ecdsa-p384.")),
      offset: integer("where it is, from the image's start"),
      isDigestValid: maybe(truth("whether it is about these bytes")),
    }),
    "the signatures behind the image; they are not verified",
  ),
});

/** Tells what images say about themselves. */
export const imageInfo: Command = defineCommand({
  name: "image-info",
  summary: "tell what a firmware image says about itself",
  arguments: {
    file: required("file", "an image, or Intel HEX or UF2 with images", String),
  },
  options: {
    offset: setting<number | undefined>({
      flags: "--offset <bytes>",
      summary: "where in the file the image begins (default: 0)",
      fallback: undefined,
      parse: parseUint32,
    }),
  },
  examples: [
    { line: "image-info app.bin", does: "shows an application's header" },
    {
      line: "image-info --offset 0x1000 all.bin",
      does: "shows the bootloader in a merged file",
    },
  ],
  result: object({
    file: text("the file's path"),
    size: integer("how many bytes the file has"),
    format: text("the file's format", ["raw", "hex", "uf2"]),
    images: listOf(IMAGE_SCHEMA, "the images in it"),
  }),
  async run({ arguments: { file }, options: { offset }, globals, screen, io }) {
    const bytes = await readInput(file);
    const chip = namedChip(globals.chip);
    const content = unpackFlashFile(bytes, { chip });
    const images = imagesIn(content, offset);
    const infos = images.map(({ address, data }) => ({
      address,
      info: inspectImage(data, chip ?? content.chip),
    }));
    for (const [index, { address, info }] of infos.entries()) {
      if (index > 0) screen.line();
      const size = images[index]?.data.length ?? 0;
      show({ address, info, size, chip }, screen, io.stdout.columns);
    }
    return {
      result: {
        file,
        size: bytes.length,
        format: content.format,
        images: infos.map(({ address, info }) => resultOf(address, info)),
      },
    };
  },
});

/**
 * The image at an offset of a raw file, or each one that begins a stretch of another.
 *
 * @throws {ImageError} If there is none.
 */
function imagesIn(
  { format, segments }: FlashContent,
  offset: number | undefined,
): readonly Segment[] {
  const [first] = segments;
  if (format === "raw" && first !== undefined) {
    return [imageAt(first.data, offset)];
  }
  const images = segments.filter(({ address, data }) =>
    MAGICS.includes(data[0] ?? 0) && (offset ?? address) === address
  );
  if (images.length > 0) return images;
  throw new ImageError("Cannot find image: none begins a stretch of the file", {
    offset: 0,
  });
}

/** The image at an offset of a raw file; the start is the place unless told. */
function imageAt(file: Uint8Array, offset: number | undefined): Segment {
  const start = offset ?? 0;
  const magic = file[start];
  if (magic === undefined) {
    throw new ImageError(
      `Cannot find image at ${hex(start)}: the file has ${file.length} bytes`,
      { offset: file.length },
    );
  }
  if (offset === undefined && !MAGICS.includes(magic)) {
    const place = CHIPS.map(({ flash }) => flash.bootloaderOffset)
      .find((place) => MAGICS.includes(file[place] ?? 0));
    throw new ImageError(
      `Cannot find image: the file begins with 0x${
        magic.toString(16).padStart(2, "0")
      }, not with 0xe9`,
      {
        offset: 0,
        hint: place !== undefined
          ? `There may be a bootloader: try --offset 0x${place.toString(16)}.`
          : magic === ELF_MAGIC
          ? "If it is an ELF file, elf2image makes an image of it."
          : undefined,
      },
    );
  }
  return { address: start, data: file.subarray(start) };
}

interface Shown {
  readonly address: number;
  readonly info: ImageInfo;
  /** What there is from the image's start on. */
  readonly size: number;
  /** What `--chip` says. */
  readonly chip: ChipFamily | undefined;
}

function show(
  { address, info, size, chip }: Shown,
  screen: Screen,
  columns: number,
): void {
  if (address > 0) screen.line(`Image at ${hex(address)}`);
  screen.line(`Image size: ${size} bytes`);
  if (chip === undefined) {
    screen.line(`Detected image type: ${info.chip.name}`);
  } else if (
    info.image.extended !== undefined &&
    info.image.extended.chipId !== chip.imageChipId
  ) {
    screen.line(`Note: the image says that it is for another chip.`);
  }
  for (const line of imageText(info, columns)) screen.line(line);
}

function resultOf(address: number, info: ImageInfo) {
  const { chip, image, size, digest, app, bootloader, signatures } = info;
  const { extended, entry } = image;
  const { flashMode, flashSize, flashFrequency, isCrcValid } = info;
  return {
    address,
    chip: chip.id,
    version: info.version,
    size,
    entry,
    flash: { mode: flashMode, size: flashSize, frequency: flashFrequency },
    extended: extended && {
      chipId: extended.chipId,
      minRevision: extended.minRevision,
      maxRevision: extended.maxRevision,
      legacyMinRevision: extended.legacyMinRevision,
      writeProtectPin: extended.pins.writeProtect,
      drives: extended.pins.drives,
    },
    segments: info.segments.map(({ address, data, offset, memory }) => ({
      address,
      size: data.length,
      offset,
      memory,
    })),
    checksum: {
      value: image.checksum,
      expected: image.expectedChecksum,
      valid: info.isChecksumValid,
    },
    crc: isCrcValid === undefined
      ? undefined
      : { value: image.crc, valid: isCrcValid },
    digest: digest && {
      value: digest.bytes.toHex(),
      expected: digest.expected.toHex(),
      valid: digest.isValid,
    },
    app: app && { ...app, elfSha256: app.elfSha256.toHex() },
    bootloader,
    signatures,
  };
}
