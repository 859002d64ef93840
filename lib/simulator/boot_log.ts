/**
 * What a chip prints when it starts, and what its ROM makes of the flash.
 *
 * Sources: the ROM traces; "Boot Mode Selection" pages of Espressif's esptool
 * documentation; ESP8266 boot logs as users post them.
 *
 * @module
 */

import { formatAddress, viewOf, xorChecksum } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { type ResetCause, siliconOf } from "./_silicon.ts";
import type { FlashMemory } from "./flash_memory.ts";

export type { ResetCause } from "./_silicon.ts";

/** How a boot log is made. */
export interface BootLogOptions {
  /** Why the chip starts. */
  readonly cause: ResetCause;
  /** Whether the straps say download mode. */
  readonly download: boolean;
}

const IMAGE_MAGIC = 0xe9;
const HEADER_SIZE = 8;
const EXTENDED_HEADER_SIZE = 24;
const SEGMENT_HEADER_SIZE = 8;
const MAX_SEGMENTS = 16;
/** How often a ROM's complaint is repeated; silicon goes on until it is reset. */
const COMPLAINTS = 5;
/** The ESP8266's ROM reads flash in pieces of this size. */
const READ_CHUNK = 16;

/** The first lines: cause and mode. In download mode that is all there is. */
export function bootBanner(chip: ChipFamily, options: BootLogOptions): string {
  const { boot } = siliconOf(chip);
  const mode = options.download ? boot.download : boot.run;
  const line = `${boot.banner}${boot.causes[options.cause]}${mode}\r\n`;
  if (options.download) return line + (boot.waiting || "\r\n");
  return line;
}

/** What a ROM found where it looks for the first image. */
export interface BootImage {
  /** Whether the ROM runs it. */
  readonly runs: boolean;
  /** What the ROM prints. */
  readonly text: string;
}

/** Does what the ROM does with the flash after a reset into run mode. */
export function bootFromFlash(
  chip: ChipFamily,
  flash: FlashMemory,
): BootImage {
  const image = flash.read(chip.flash.bootloaderOffset);
  const segments = parseSegments(chip, image);
  const classic = chip.imageChipId === undefined;
  if (segments === undefined) {
    return { runs: false, text: complaint(chip, image, classic) };
  }
  return classic
    ? loadByChunks(image, segments)
    : { runs: true, text: loadLines(chip, image, segments) };
}

interface Segment {
  readonly address: number;
  /** Where its bytes are, from the image's start. */
  readonly offset: number;
  readonly size: number;
}

function parseSegments(
  chip: ChipFamily,
  image: Uint8Array,
): Segment[] | undefined {
  const view = viewOf(image);
  const count = view.getUint8(1);
  if (view.getUint8(0) !== IMAGE_MAGIC || count === 0) return undefined;
  if (count > MAX_SEGMENTS) return undefined;
  const segments: Segment[] = [];
  let offset = chip.imageChipId === undefined
    ? HEADER_SIZE
    : EXTENDED_HEADER_SIZE;
  for (let i = 0; i < count; i++) {
    if (offset + SEGMENT_HEADER_SIZE > image.length) return undefined;
    const address = view.getUint32(offset, true);
    const size = view.getUint32(offset + 4, true);
    offset += SEGMENT_HEADER_SIZE;
    if (offset + size > image.length) return undefined;
    segments.push({ address, offset, size });
    offset += size;
  }
  return segments;
}

function complaint(
  chip: ChipFamily,
  image: Uint8Array,
  classic: boolean,
): string {
  if (!classic) {
    const word = viewOf(image).getUint32(0, true);
    const line = `invalid header: 0x${word.toString(16).padStart(8, "0")}\r\n`;
    return line.repeat(COMPLAINTS);
  }
  // The ESP8266's ROM says nothing and hangs until its watchdog bites.
  const again = bootBanner(chip, { cause: "watchdog", download: false });
  return `${again}\r\nwdt reset\r\n`.repeat(COMPLAINTS);
}

function loadLines(
  chip: ChipFamily,
  image: Uint8Array,
  segments: readonly Segment[],
): string {
  const hex = (value: number) => formatAddress(value).replace("_", "");
  const mapped = chip.memory.filter(({ kind }) =>
    kind === "irom" || kind === "drom"
  );
  const lines = segments.filter(({ address }) =>
    !mapped.some(({ start, end }) => address >= start && address < end)
  ).map(({ address, size }) => `load:${hex(address)},len:${size}\r\n`);
  const entry = viewOf(image).getUint32(4, true);
  return siliconOf(chip).boot.flashLines + lines.join("") +
    `entry ${hex(entry)}\r\n`;
}

/** The ESP8266's way: flash comes in chunks, whose rests it reports. */
function loadByChunks(
  image: Uint8Array,
  segments: readonly Segment[],
): BootImage {
  const hex = (value: number, digits: number) =>
    `0x${value.toString(16).padStart(digits, "0")}`;
  let checksum = xorChecksum(new Uint8Array(0));
  let end = HEADER_SIZE;
  let text = "\r\n";
  for (const { address, offset, size } of segments) {
    const room = READ_CHUNK - offset % READ_CHUNK;
    const tail = Math.max(0, size - room) % READ_CHUNK;
    checksum = xorChecksum(image.subarray(offset, offset + size), checksum);
    end = offset + size;
    text += `load ${hex(address, 8)}, len ${size}, room ${room} \r\n` +
      `tail ${tail}\r\nchksum ${hex(checksum, 2)}\r\n`;
  }
  // The checksum is the last byte of the chunk that follows the segments.
  const stored = image[end + READ_CHUNK - 1 - end % READ_CHUNK] ?? 0;
  text += `csum ${hex(stored, 2)}\r\n`;
  if (stored === checksum) return { runs: true, text };
  return { runs: false, text: `${text}csum err\r\nets_main.c\r\n` };
}
