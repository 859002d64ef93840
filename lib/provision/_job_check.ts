import { jobSchema } from "./_job_schema.ts";
import {
  jobInvalid,
  type JobPath,
  type JobProblem,
  type LineOf,
} from "./_problems.ts";
import type { ProvisionJob } from "./job.ts";

/**
 * Checks a job against the schema.
 *
 * @param name What messages call it.
 * @throws {EspError} `job-invalid`, with every problem.
 */
export function checkJob(
  value: unknown,
  name: string,
  lineOf?: LineOf,
): ProvisionJob {
  const parsed = jobSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap(({ path, ...issue }) =>
    problemsOf(path.map(toPathPart), issue)
  );
  throw jobInvalid(name, problems, { lineOf });
}

/** What zod says of one place, in words that name it. */
function problemsOf(
  path: JobPath,
  issue: { readonly code: string; readonly message: string } & {
    readonly keys?: readonly string[];
  },
): JobProblem[] {
  const where = path.length === 0 ? "the job" : formatPath(path);
  if (issue.code !== "unrecognized_keys") {
    return [{ path, message: `${where}: ${lowerFirst(issue.message)}` }];
  }
  return (issue.keys ?? []).map((key) => ({
    path: [...path, key],
    message: `${where} has no member "${key}"`,
  }));
}

function toPathPart(part: PropertyKey): string | number {
  return typeof part === "number" ? part : String(part);
}

/** `firmware[0].files[1].sha256`. */
function formatPath(path: JobPath): string {
  return path.map((part, index) =>
    typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`
  ).join("");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

