/**
 * Where in a chip's memory the segments of an image are, as a picture.
 *
 * @module
 */

import type { ChipFamily } from "../../mod.ts";
import type { SegmentInfo } from "../image/mod.ts";
import { hex } from "./text.ts";

/** The widest picture of a range, in characters. */
const MAX_WIDTH = 40;
const MIN_WIDTH = 8;
/** What stands around a picture in its line. */
const MARGIN = 58;

/** A range of addresses; what has two names, such as RAM on two buses, is one. */
interface Range {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Draws each range of memory that an image uses, with a mark for what is used.
 *
 * @param columns How wide a line may be.
 */
export function drawMemory(
  segments: readonly SegmentInfo[],
  chip: ChipFamily,
  columns: number,
): string[] {
  const width = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, columns - MARGIN));
  return rangesOf(chip).flatMap((range) => {
    const inside = segments.filter(({ address, data }) =>
      data.length > 0 && range.start <= address && address < range.end
    );
    return inside.length === 0 ? [] : [drawRange(range, inside, width)];
  });
}

function rangesOf({ memory }: ChipFamily): Range[] {
  const ranges = new Map<string, Range>();
  for (const { kind, start, end } of memory) {
    const key = `${start}-${end}`;
    const known = ranges.get(key)?.name;
    const name = known === undefined ? kind : `${known}/${kind}`;
    ranges.set(key, { name: name.toUpperCase(), start, end });
  }
  return [...ranges.values()].sort((a, b) => a.start - b.start);
}

function drawRange(
  { name, start, end }: Range,
  segments: readonly SegmentInfo[],
  width: number,
): string {
  const cells = new Array<string>(width).fill(".");
  const scale = width / (end - start);
  for (const { address, data } of segments) {
    const first = Math.floor((address - start) * scale);
    const last = Math.ceil((address + data.length - start) * scale);
    cells.fill("#", first, Math.max(first + 1, last));
  }
  const used = segments.reduce((sum, { data }) => sum + data.length, 0);
  return `${name.padEnd(9)} ${hex(start)} [${cells.join("")}] ${hex(end)} ${
    bytesText(used)
  } of ${bytesText(end - start)}`;
}

function bytesText(bytes: number): string {
  if (bytes < 0x400) return `${bytes} bytes`;
  const [unit, name] = bytes < 0x10_0000
    ? [0x400, "KB"] as const
    : [0x10_0000, "MB"] as const;
  const value = bytes / unit;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${name}`;
}
