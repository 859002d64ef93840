import { isAbsolute, join, resolve } from "node:path";
import type { Firmware, ProvisionJob } from "./job.ts";
import type { IdentityPlan } from "./job_identity.ts";

/** Makes the paths of a job independent of where the program runs: they are relative to the job's folder. */
export function absolutePaths(
  job: ProvisionJob,
  folder: string,
): ProvisionJob {
  const path = <T>(value: T) =>
    typeof value === "string" ? resolve(folder, value) : value;
  const template = (text: string) =>
    isAbsolute(text) ? text : join(escapeBraces(folder), text);
  const firmware = job.firmware.map((entry): Firmware => ({
    ...entry,
    files: entry.files?.map((file) => ({ ...file, source: path(file.source) })),
    from: path(entry.from),
    partitionTable: path(entry.partitionTable),
  }));
  const { identity, data, label } = job;
  return {
    ...job,
    firmware,
    identity: identity && absoluteIdentity(identity, path),
    data: data && {
      ...data,
      files: data.files?.map((file) => ({
        ...file,
        file: file.file && template(file.file),
      })),
      patches: data.patches?.map((patch) => ({
        ...patch,
        elf: path(patch.elf),
      })),
      nvs: data.nvs?.map((nvs) => ({
        ...nvs,
        values: mapValues(
          nvs.values,
          (keys) =>
            mapValues(
              keys,
              (value) =>
                typeof value !== "string" && value.type === "file"
                  ? { ...value, value: template(value.value) }
                  : value,
            ),
        ),
      })),
    },
    label: label && { ...label, file: label.file && template(label.file) },
  };
}

function absoluteIdentity(
  plan: IdentityPlan,
  path: <T>(value: T) => T | string,
): IdentityPlan {
  const { source } = plan;
  if (source.kind !== "csv") return plan;
  return { ...plan, source: { ...source, file: path(source.file) } };
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  map: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, map(value)]),
  );
}

function escapeBraces(text: string): string {
  return text.replaceAll(/[{}]/g, "$&$&");
}
