/**
 * `image-info`: the result is `{ file, size, format, images }`, each image with
 * all that it says about itself; see the verb's schema.
 *
 * @module
 */

import {
  type ChipFamily,
  CHIPS,
  ImageError,
  type Segment,
} from "../../../mod.ts";
import {
  type FlashContent,
  type ImageInfo,
  inspectImage,
  unpackFlashFile,
} from "../../image/mod.ts";
import { type Command, defineCommand } from "../command.ts";
import { imageText } from "../image_text.ts";
import { readInput } from "../files.ts";
import { namedChip, required, setting } from "../options.ts";
import { integer, listOf, maybe, object, text, truth } from "../schema.ts";
import type { Screen } from "../screen.ts";
import { hex } from "../text.ts";
import { parseUint32 } from "../values.ts";

/** The first bytes of images. */
const MAGICS = [0xe9, 0xea];

const IMAGE_SCHEMA = object({
  address: integer(
    "Where it begins: in flash, or in a raw file from the file's start.",
  ),
  chip: text("The chip that it has been read for."),
  version: integer("1; on the ESP8266 also 2 or 3."),
  size: integer("How many bytes it has, without signatures."),
  entry: integer("Where the program starts."),
  flash: object(
    {
      mode: maybe(text("qio, qout, dio or dout.")),
      size: maybe(text("Such as 4MB.")),
      frequency: maybe(text("Such as 40m.")),
    },
    "How the flash is read; what the header's numbers do not name is left out.",
  ),
  extended: maybe(object({
    chipId: integer("Which chip it is for."),
    minRevision: integer("The least chip revision: major * 100 + minor."),
    maxRevision: integer("The greatest; 65535 is any, 0 is unsaid."),
    legacyMinRevision: integer("The least, in images before ESP-IDF 4.4."),
    writeProtectPin: integer("The write-protect pin; 238 leaves it to eFuse."),
    drives: listOf(
      integer("A strength."),
      "The drive strengths of CLK, Q, D, CS0, HD and WP.",
    ),
  }, "The extended header, which the ESP8266 lacks.")),
  segments: listOf(
    object({
      address: integer("Where it is loaded or mapped."),
      size: integer("How many bytes it has."),
      offset: integer("Where its header is in the image."),
      memory: listOf(text("A name."), "What the address is called."),
    }),
    "The segments in their order.",
  ),
  checksum: object({
    value: integer("What the image carries."),
    expected: integer("What it should carry."),
    valid: truth("Whether the two are the same."),
  }),
  crc: maybe(object({
    value: integer("What the image carries."),
    valid: truth("Whether it is right."),
  }, "The CRC of an image of version 2.")),
  digest: maybe(object({
    value: text("The digest that the image carries, in hex."),
    expected: text("The digest that it should carry, in hex."),
    valid: truth("Whether the two are the same."),
  }, "The SHA-256 digest, if there is one.")),
  app: maybe(object({
    project: text("The project's name."),
    version: text("The application's version."),
    date: text("The day of the build."),
    time: text("The time of the build."),
    idfVersion: text("The version of ESP-IDF."),
    elfSha256: text("The SHA-256 digest of the ELF file, in hex."),
    secureVersion: integer("The security version."),
    minEfuseBlockRevision: integer("Major * 100 + minor."),
    maxEfuseBlockRevision: integer("Major * 100 + minor; 65535 is any."),
    mmuPageSize: maybe(integer("The MMU's page size, in bytes.")),
  }, "What an application says about itself.")),
  bootloader: maybe(object({
    version: integer("The bootloader's version."),
    idfVersion: text("The version of ESP-IDF."),
    dateTime: text("When it was built."),
    secureVersion: integer("The security version; 0 in older ones."),
  }, "What a bootloader says about itself.")),
  signatures: listOf(
    object({
      version: integer("Of secure boot: 1 or 2."),
      scheme: maybe(text("rsa-3072, ecdsa-p192, ecdsa-p256 or ecdsa-p384.")),
      offset: integer("Where it is, from the image's start."),
      isDigestValid: maybe(truth("Whether it is about these bytes.")),
    }),
    "The signatures behind the image; they are not verified.",
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
    file: text("The file's path."),
    size: integer("How many bytes the file has."),
    format: text("The file's format.", ["raw", "hex", "uf2"]),
    images: listOf(IMAGE_SCHEMA, "The images in it."),
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
        hint: place === undefined
          ? undefined
          : `There may be a bootloader: try --offset 0x${place.toString(16)}.`,
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
