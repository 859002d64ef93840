/**
 * What a line is to do to its boards, as data.
 *
 * @module
 */

import { EspError } from "../errors.ts";
import type { FlashMode } from "../image/flash_parameters.ts";

/** A file and where it belongs in flash. */
export interface FirmwareFile {
  /** Where in flash it starts: the start of a 4 KiB sector, since whole sectors are erased. */
  readonly address: number;
  /** A path, a `file:` URL, or the bytes themselves. */
  readonly source: string | URL | Uint8Array;
  /**
   * What records and messages call it.
   *
   * @default the last part of its path, or its address
   */
  readonly name?: string | undefined;
}

/** What boards of one chip family get. */
export interface Firmware {
  /** The family's id or name, such as `esp32`. Boards of other families are left alone. */
  readonly chip: string;
  /** What is written, in any order. */
  readonly files: readonly FirmwareFile[];
  /**
   * The flash access mode to put into the header of the image at the bootloader's offset.
   *
   * @default what the image has
   */
  readonly flashMode?: FlashMode | undefined;
  /**
   * The flash size to put into that header, such as `4MB`.
   *
   * @default what the image has
   */
  readonly flashSize?: string | undefined;
  /**
   * The flash frequency to put into that header, such as `40m`.
   *
   * @default what the image has
   */
  readonly flashFrequency?: string | undefined;
  /**
   * The least flash, in bytes, that a board must have.
   *
   * @default what the files need
   */
  readonly minFlashSize?: number | undefined;
}

/** What a line does to each board. */
export interface ProvisionJob {
  /** What records call it: a product and a release, say. */
  readonly name: string;
  /** What is written, by chip family; a line may have boards of several. */
  readonly firmware: readonly Firmware[];
  /**
   * Whether the whole flash of each board is erased before it is written.
   *
   * @default {false}
   */
  readonly eraseAll?: boolean | undefined;
  /**
   * Whether a file that a board's flash holds already is not written again.
   *
   * @default {false}
   */
  readonly skipFlashed?: boolean | undefined;
}

/** Makes the one error that tells everything that is wrong with a job. */
export function jobInvalid(
  name: string,
  problems: readonly string[],
  causes: readonly unknown[] = [],
): EspError {
  const [only = ""] = problems;
  const list = problems.length === 1
    ? ` ${only}`
    : ` ${problems.length} problems\n${
      problems.map((problem) => `- ${problem}`).join("\n")
    }`;
  return new EspError(`Cannot use job "${name}":${list}`, {
    code: "job-invalid",
    hint: "No port has been opened. Correct the job and start again.",
    cause: causes.length === 0 ? undefined : new AggregateError(causes),
  });
}
