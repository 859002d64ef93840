/**
 * Where an image's segments are in its file.
 *
 * Flash is mapped into memory page by page, so a segment that is mapped stands
 * in the file as far from a page's start as in memory. What stands between is
 * filled with segments for RAM, cut to fit, then with a segment of zeros.
 *
 * @module
 */

import { alignUp, formatAddress } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import { CHECKSUM_ALIGNMENT, SEGMENT_HEADER_SIZE } from "./_layout.ts";
import type { Segment } from "./segment.ts";

/** A segment and its place. */
export interface PlacedSegment {
  /** Where the first byte is loaded or mapped; 0 for padding. */
  readonly address: number;
  /** Its bytes. */
  readonly data: Uint8Array;
  /** How many bytes it has with the zeros behind its data. */
  readonly size: number;
  /** Where its header is in the file; its bytes follow. */
  readonly offset: number;
}

/** Segments from a place in the file on. */
export interface Placement {
  /** The segments, in the file's order. */
  readonly segments: readonly PlacedSegment[];
  /** Where the last one ends. */
  readonly end: number;
}

/** The pages of a chip. */
export interface Paging {
  /** A page's size in bytes. */
  readonly pageSize: number;
  /** How many bytes of the last page a segment has at least, or the page is not mapped. */
  readonly leastTail: number;
}

/** Puts segments one behind the other, as words. */
export function placeInLine(
  segments: readonly Segment[],
  start: number,
): Placement {
  const line = new Line(start);
  for (const segment of segments) line.add(segment);
  return line;
}

/**
 * Places segments that are mapped, with segments for RAM between and behind them.
 *
 * @throws {ImageError} If two segments are mapped to the same page, or one not to a word.
 */
export function placeMapped(
  mapped: readonly Segment[],
  loaded: readonly Segment[],
  start: number,
  paging: Paging,
): Placement {
  checkPages(mapped, paging.pageSize);
  checkWords(mapped);
  const line = new Line(start);
  const waiting = loaded.map(({ address, data }) => ({
    address,
    data,
    size: alignUp(data.length, 4),
  })).reverse();
  for (const segment of mapped) {
    for (;;) {
      const gap = gapBefore(line.end, segment.address, paging.pageSize);
      if (gap === undefined) break;
      const next = gap === 0 ? undefined : waiting.pop();
      if (next === undefined) {
        line.addZeros(gap);
        break;
      }
      if (next.size > gap) {
        waiting.push({
          address: next.address + gap,
          data: next.data.subarray(gap),
          size: next.size - gap,
        });
      }
      line.add(next, Math.min(next.size, gap));
    }
    const size = alignUp(segment.data.length, 4);
    const end = line.end + SEGMENT_HEADER_SIZE + size;
    const tail = end % paging.pageSize;
    line.add(segment, size + Math.max(0, paging.leastTail - tail));
  }
  for (const segment of waiting.reverse()) line.add(segment, segment.size);
  return line;
}

/**
 * Places segments that are mapped once the file has been written to an offset in flash.
 *
 * @throws {ImageError} If two segments are mapped to the same page, or one not to a word.
 */
export function placeHidden(
  mapped: readonly Segment[],
  start: number,
  pageSize: number,
  flashOffset: number,
): Placement {
  checkPages(mapped, pageSize);
  checkWords(mapped);
  const line = new Line(start);
  for (const segment of mapped) {
    // There are always zeros before it, as esptool has it.
    const start = line.end + flashOffset + 2 * SEGMENT_HEADER_SIZE;
    const gap = segment.address - start;
    line.addZeros((gap % pageSize + pageSize) % pageSize);
    line.add(segment);
  }
  return line;
}

/**
 * Adds zeros so that what follows the checksum ends with a page.
 *
 * @param tail How many bytes follow the checksum.
 */
export function padToPage(
  placement: Placement,
  pageSize: number,
  tail: number,
): Placement {
  const line = new Line(placement.end, placement.segments);
  const end = placement.end + SEGMENT_HEADER_SIZE + CHECKSUM_ALIGNMENT + tail;
  line.addZeros(alignUp(end, pageSize) - end);
  return line;
}

class Line implements Placement {
  readonly segments: PlacedSegment[];
  end: number;

  constructor(start: number, segments: readonly PlacedSegment[] = []) {
    this.segments = [...segments];
    this.end = start;
  }

  add({ address, data }: Segment, size = alignUp(data.length, 4)): void {
    const taken = data.subarray(0, size);
    this.segments.push({ address, data: taken, size, offset: this.end });
    this.end += SEGMENT_HEADER_SIZE + size;
  }

  addZeros(size: number): void {
    this.add({ address: 0, data: new Uint8Array() }, size);
  }
}

/**
 * The data of a segment that fills the file up to another segment's header.
 *
 * @returns `undefined` if the header is in its place already.
 */
function gapBefore(
  end: number,
  address: number,
  pageSize: number,
): number | undefined {
  const place = address % pageSize;
  if ((end + SEGMENT_HEADER_SIZE) % pageSize === place) return undefined;
  // On the next page, less both headers.
  const gap = pageSize - end % pageSize + place - 2 * SEGMENT_HEADER_SIZE;
  return gap < 0 ? gap + pageSize : gap;
}

/**
 * Makes sure that no two segments are mapped to the same page.
 *
 * @throws {ImageError} If two are.
 */
export function checkPages(
  mapped: readonly Segment[],
  pageSize: number,
): void {
  const pages = new Map<number, Segment>();
  for (const segment of mapped) {
    const page = Math.floor(segment.address / pageSize);
    const other = pages.get(page);
    if (other !== undefined) {
      throw new ImageError(
        `Cannot build image: the segments at ${
          formatAddress(other.address)
        } and ${
          formatAddress(segment.address)
        } are mapped to the same page of ${pageSize} bytes`,
        {
          offset: 0,
          hint: "Let the linker script put them on pages of their own.",
        },
      );
    }
    pages.set(page, segment);
  }
}

function checkWords(mapped: readonly Segment[]): void {
  const odd = mapped.find(({ address }) => address % 4 !== 0);
  if (odd === undefined) return;
  throw new ImageError(
    `Cannot build image: the segment at ${
      formatAddress(odd.address)
    } is mapped, but not to a word`,
    { offset: 0 },
  );
}
