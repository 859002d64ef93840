import { firmwareSchema, JOB_MEMBERS, jobSchema } from "./_job_schema.ts";
import type { JobPath, JobProblem } from "./_problems.ts";
import type { Firmware, ProvisionJob } from "./job.ts";

/** A firmware of a job, and where it stands there. */
export interface FirmwareEntry {
  readonly firmware: Firmware;
  readonly path: JobPath;
}

/** A job as far as it fits the schema. */
export interface CheckedJob {
  /** The members that fit; a job without problems as a whole. */
  readonly job: ProvisionJob;
  /** Its firmware that fits. */
  readonly entries: readonly FirmwareEntry[];
  /** What does not fit. */
  readonly problems: readonly JobProblem[];
}

/** Checks a job against the schema. What fits can be checked further, so that all problems are told at once. */
export function checkJob(value: unknown): CheckedJob {
  const parsed = jobSchema.safeParse(value);
  if (parsed.success) {
    const entries = parsed.data.firmware.map((firmware, index) => ({
      firmware,
      path: ["firmware", index],
    }));
    return { job: parsed.data, entries, problems: [] };
  }
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue));
  const members = typeof value === "object" && value !== null
    ? value as Readonly<Record<string, unknown>>
    : {};
  const entries = entriesOf(members["firmware"]);
  const fitting = Object.entries(JOB_MEMBERS).flatMap(([name, schema]) => {
    const member = schema.safeParse(members[name]);
    return member.success ? [[name, member.data]] : [];
  });
  const job: ProvisionJob = {
    name: "",
    ...Object.fromEntries(fitting),
    firmware: entries.map(({ firmware }) => firmware),
  };
  return { job, entries, problems };
}

function entriesOf(list: unknown): FirmwareEntry[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry, index) => {
    const parsed = firmwareSchema.safeParse(entry);
    return parsed.success
      ? [{ firmware: parsed.data, path: ["firmware", index] }]
      : [];
  });
}

/** What zod says of one place. */
interface Issue {
  readonly code: string;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  /** Members that nobody knows. */
  readonly keys?: readonly string[];
  /** What is wrong with it as each of the kinds that it may be. */
  readonly errors?: readonly (readonly Issue[])[];
}

/** What zod says, in words that name the place. */
function problemsOf(issue: Issue, outer: JobPath = []): JobProblem[] {
  const path = [...outer, ...issue.path.map(toPathPart)];
  const where = path.length === 0 ? "the job" : formatPath(path);
  if (issue.code === "unrecognized_keys") {
    return (issue.keys ?? []).map((key) => ({
      path: [...path, key],
      message: `${where} has no member "${key}"`,
    }));
  }
  // Of the kinds that it may be, the one that it is of, and yet wrong.
  const kind = issue.errors?.find((issues) =>
    issues.every(({ code, path }) => code !== "invalid_type" || path.length > 0)
  );
  return kind === undefined
    ? [{ path, message: `${where}: ${lowerFirst(issue.message)}` }]
    : kind.flatMap((inner) => problemsOf(inner, path));
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
