/**
 * A job as it is named on a command line.
 *
 * @module
 */

import {
  type FirmwareArgumentOptions,
  readFirmwareArguments,
} from "./firmware_arguments.ts";
import { type PreparedJob, prepareJob } from "./firmware.ts";
import { loadJob } from "./load_job.ts";

/** Options of {@linkcode readJobArguments}. */
export interface JobArgumentOptions extends FirmwareArgumentOptions {
  /** The path of a job's file, in place of words. */
  readonly job?: string | undefined;
}

/**
 * Makes a job of a command line: of a job's file, or of words that name
 * firmware, as {@linkcode readFirmwareArguments} takes them.
 *
 * @throws {EspError} `job-invalid`, with everything that is wrong in its message.
 * @throws {TypeError} If there are neither words nor a file, or both.
 */
export async function readJobArguments(
  words: readonly string[],
  { job, ...options }: JobArgumentOptions = {},
): Promise<PreparedJob> {
  if ((job === undefined) === (words.length === 0)) {
    throw new TypeError("Give either a job or at least one FILE");
  }
  if (job !== undefined) return await loadJob(job);
  const firmware = await readFirmwareArguments(words, options);
  return await prepareJob({ name: words.join(" "), firmware });
}
