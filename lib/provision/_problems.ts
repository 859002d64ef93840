/**
 * What is wrong with a job, and where.
 *
 * @module
 */

import { EspError } from "../errors.ts";

/** Where in a job: `["firmware", 0, "chip"]`. */
export type JobPath = readonly (string | number)[];

/** One thing that is wrong with a job. */
export interface JobProblem {
  /** Where. */
  readonly path: JobPath;
  /** What, as a sentence without a final period. */
  readonly message: string;
}

/** The line of a job's file that a part of it stands on, if it came from one. */
export type LineOf = (path: JobPath) => number | undefined;

/** Makes the one error that tells everything that is wrong with a job. */
export function jobInvalid(
  name: string,
  problems: readonly JobProblem[],
  { lineOf = () => undefined, causes = [] }: {
    readonly lineOf?: LineOf | undefined;
    readonly causes?: readonly unknown[];
  } = {},
): EspError {
  const located = problems.map(({ path, message }) => {
    const line = lineOf(path);
    return {
      line: line ?? 0,
      text: line === undefined ? message : `line ${line}: ${message}`,
    };
  }).toSorted((a, b) => a.line - b.line).map(({ text }) => text);
  const [only = ""] = located;
  const list = located.length === 1
    ? ` ${only}`
    : ` ${located.length} problems\n${
      located.map((text) => `- ${text}`).join("\n")
    }`;
  return new EspError(`Cannot use job "${name}":${list}`, {
    code: "job-invalid",
    hint: "No port has been opened. Correct the job and start again.",
    cause: causes.length === 0 ? undefined : new AggregateError(causes),
  });
}
