/**
 * Placed segments as the bytes of an image.
 *
 * @module
 */

import { CHECKSUM_SEED, viewOf, xorChecksum } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import type { Digesting } from "./_digest.ts";
import { DIGEST_SIZE, SEGMENT_HEADER_SIZE } from "./_layout.ts";
import type { PlacedSegment } from "./_placement.ts";
import type { SourcedProgram } from "./_program.ts";

/** What is written where. */
export interface ImageBody {
  /** How many bytes the file has. */
  readonly size: number;
  /** What stands behind the body, up to the file's end. */
  readonly fill: number;
  /** Where the body ends. */
  readonly end: number;
  /** Every segment. */
  readonly segments: readonly PlacedSegment[];
  /** The segments that the checksum covers. */
  readonly summed: readonly PlacedSegment[];
  /** Where the checksum is. */
  readonly checksumOffset: number;
  /** A digest within a segment, and where in the file. */
  readonly inserted?: InsertedDigest | undefined;
  /** Writes the header, or the headers. */
  writeHeaders(view: DataView): void;
}

/** A digest that a segment keeps room for. */
interface InsertedDigest {
  /** Where it is in the file. */
  readonly offset: number;
  /** Its bytes. */
  readonly digest: Uint8Array;
}

/** The digest of the ELF file that a program came from, if it is to be somewhere. */
export function* elfDigest(
  { elf }: SourcedProgram,
  offset: number | undefined,
): Digesting<InsertedDigest | undefined> {
  if (elf === undefined || offset === undefined) return undefined;
  return { offset, digest: yield elf.bytes };
}

/**
 * Writes the file, without what is made of all of it.
 *
 * @throws {ImageError} If a segment keeps no room for the digest.
 */
export function writeBody(body: ImageBody): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(body.size);
  const view = viewOf(image);
  image.fill(body.fill, body.end);
  body.writeHeaders(view);
  for (const { address, data, size, offset } of body.segments) {
    view.setUint32(offset, address, true);
    view.setUint32(offset + 4, size, true);
    image.set(data, offset + SEGMENT_HEADER_SIZE);
  }
  if (body.inserted !== undefined) insertDigest(image, body, body.inserted);
  image[body.checksumOffset] = body.summed.reduce(
    (sum, segment) => xorChecksum(bytesOf(image, segment), sum),
    CHECKSUM_SEED,
  );
  return image;
}

function bytesOf(image: Uint8Array, segment: PlacedSegment): Uint8Array {
  const start = segment.offset + SEGMENT_HEADER_SIZE;
  return image.subarray(start, start + segment.size);
}

function insertDigest(
  image: Uint8Array,
  { segments }: ImageBody,
  { offset, digest }: InsertedDigest,
): void {
  const end = offset + DIGEST_SIZE;
  const room = segments.map((segment) => {
    const start = segment.offset + SEGMENT_HEADER_SIZE;
    return { start, end: start + segment.size };
  }).some((range) => range.start <= offset && end <= range.end);
  if (!room) {
    throw new ImageError(
      `Cannot build image: the ELF file's digest does not fit in a segment at ${offset}`,
      { offset },
    );
  }
  if (image.subarray(offset, end).some((byte) => byte !== 0)) {
    throw new ImageError(
      `Cannot build image: there are no zeros for the ELF file's digest at ${offset}`,
      { offset },
    );
  }
  image.set(digest, offset);
}
