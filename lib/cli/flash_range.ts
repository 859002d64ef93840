/**
 * A range of flash: an address and a size, or a partition.
 *
 * @module
 */

import type { Device } from "../../mod.ts";
import type { Argument, OptionValues } from "./command.ts";
import {
  chosenPartition,
  type PARTITION_OPTIONS,
} from "./partition_options.ts";
import { naming } from "./typed_options.ts";
import { UsageError } from "./usage_error.ts";
import { parseSizeOrAll, parseUint32 } from "./values.ts";

/** A range of flash. */
export interface FlashRange {
  /** Where it begins, in bytes. */
  readonly address: number;
  /** How many bytes. */
  readonly size: number | "all";
}

/** What stands behind a verb that has a range. */
export interface RangeWords {
  /** The range; absent where a partition takes its place. */
  readonly range?: FlashRange;
  /** What follows the range. */
  readonly rest: readonly string[];
}

/**
 * Declares an address, a size and what follows them; with `--partition`, only
 * what follows.
 *
 * @param names What has to follow.
 */
export function rangeArgument(
  ...names: readonly string[]
): Argument<RangeWords> {
  return {
    label: `[${["address", "size", ...names].join(" ")}...]`,
    summary: `where to begin and how many bytes, or all${
      names.length === 0 ? "" : `, and a ${names.join(" and a ")}`
    }; not address and size with --partition`,
    parse(texts, { partition }) {
      const wanted = partition === undefined
        ? ["address", "size", ...names]
        : names;
      checkCount(texts, wanted);
      if (partition !== undefined) return { rest: texts };
      const [address = "", size = "", ...rest] = texts;
      return {
        range: {
          address: naming("ADDRESS", () => parseUint32(address)),
          size: naming("SIZE", () => parseSizeOrAll(size)),
        },
        rest,
      };
    },
  };
}

/**
 * Prepares to tell the range of a verb, once it is known what board there is.
 *
 * @param chip What `--chip` says.
 * @throws {EspError} `file-invalid` if the partition table's file cannot be read.
 */
export async function flashRange(
  { range }: RangeWords,
  options: OptionValues<typeof PARTITION_OPTIONS>,
  chip: string,
): Promise<(device: Device) => Promise<FlashRange>> {
  if (range !== undefined) return () => Promise.resolve(range);
  const partition = await chosenPartition(options, chip);
  return async (device) => {
    if (partition === undefined) throw new TypeError("No range was read");
    const { offset, size } = await partition(device);
    return { address: offset, size };
  };
}

/** @throws {UsageError} If there are too few words or too many. */
function checkCount(
  texts: readonly string[],
  wanted: readonly string[],
): void {
  if (texts.length === wanted.length) return;
  const missing = wanted[texts.length];
  throw new UsageError(
    missing === undefined
      ? `Too many arguments: expected ${wanted.length} but got ${texts.length}`
      : `Missing required argument "${missing}"`,
    'Try "espline help".',
  );
}
